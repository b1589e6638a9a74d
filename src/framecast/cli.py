"""The command: verbs, their arguments (tyro), and one line for every error.

Torch takes a second to import, so a verb's module is imported when the verb is asked for.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from framecast import __version__
from framecast.errors import FramecastError, InputError, StorageError

HELP = """\
framecast: train, judge and drive small video predictors that obey a control

  framecast demo --out demo                          the whole path on simulated pushing

  framecast simulate push --clips N --out STORE      clips of a robot arm pushing objects
  framecast simulate dancer --clips N --out STORE    clips of a person who moves, with drawn poses
  framecast convert bair SRC --out STORE             clips from the BAIR folder layout
  framecast convert pose SRC --out STORE             clips from folders of frames and drawn poses
  framecast inspect STORE                            counts, statistics, contact sheet
  framecast verify STORE                             every file against its sha256

  framecast train RECIPE --data STORE --out RUN      train; --resume goes on
  framecast eval RUN --data STORE --out FILE.json    judge, beside the baselines
  framecast predict RUN --data STORE --clip ID --out DIR
                                                     GIF, WebP, strip and curves of one clip
  framecast plot FILE.json... --out FILE.png         PSNR a frame of several results, one axis
  framecast submit RUN --data STORE --out FILE.csv   predicted sequences as the course wants them
  framecast score FILE.csv --data STORE              judge a submission

`framecast VERB --help` shows a verb's flags, `framecast train` the recipes.
Every verb takes --debug (show the traceback of an error). Exit codes: 0 fine, 2 input,
3 reading or writing, 4 locked by another process, 5 not a number."""


VERBS = {
    "demo": "demo.demo",
    "simulate push": "data.simulate_push",
    "simulate dancer": "data.simulate_dancer",
    "convert bair": "data.convert_bair",
    "convert pose": "data.convert_pose",
    "inspect": "data.inspect",
    "verify": "data.verify",
    "eval": "judging.eval_run",
    "predict": "showing.predict_clip",
    "plot": "plotting.plot",
    "submit": "submission.submit",
    "score": "submission.score",
}
"""What is typed -> the function in framecast.verbs; `train` alone takes a recipe first."""
SOURCES = {
    verb: tuple(name.split()[1] for name in VERBS if name.startswith(f"{verb} "))
    for verb in ("simulate", "convert")
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run one verb; the process's exit status says how it went."""
    # OpenMP threads that spin long cost up to ten times on a machine that does other things too,
    # threads that never spin a quarter; read when torch is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]
    before = signal.getsignal(signal.SIGTERM)
    try:
        # A polite end unwinds like Ctrl-C does, so that nothing half-written stays behind.
        # Only the main thread may ask for that.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _end)
        _run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to say, nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (FramecastError, OSError) as error:
        if debug:
            raise
        known = error if isinstance(error, FramecastError) else StorageError(str(error))
        print(f"framecast: {known}".replace("\n", " "), file=sys.stderr)
        sys.exit(known.exit_code)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


def _run(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    if arguments[0] == "--version":
        print(f"framecast {__version__}")
        return
    verb, rest = arguments[0], arguments[1:]
    if verb == "train":
        _train(rest)
    elif verb in SOURCES and rest in (["-h"], ["--help"]):
        for source in SOURCES[verb]:
            print(f"framecast {verb} {source}: see framecast {verb} {source} --help")
    elif verb in SOURCES and rest and f"{verb} {rest[0]}" in VERBS:
        _call(f"{verb} {rest[0]}", rest[1:])
    elif verb in VERBS:
        _call(verb, rest)
    else:
        raise InputError(_unknown(verb, rest))


def _call(name: str, arguments: list[str]) -> None:
    import importlib

    import tyro

    module, function = VERBS[name].split(".")
    verb = getattr(importlib.import_module(f"framecast.verbs.{module}"), function)
    tyro.cli(verb, prog=f"framecast {name}", args=arguments)


def _train(arguments: list[str]) -> None:
    import tyro

    from framecast.recipes import RECIPES, recipe

    if not arguments or arguments[0].startswith("-"):
        print("framecast train RECIPE --data STORE --out RUN [--resume] [--steps N] ...")
        print("recipes (framecast train RECIPE --help shows every setting):")
        for name, (_, what) in RECIPES.items():
            print(f"  {name:24} {what}")
        if arguments and arguments[0] not in ("-h", "--help"):
            raise InputError(f"expected a recipe before {arguments[0]}")
        return

    from framecast.verbs.training import TrainCommand, train_run

    config = recipe(arguments[0])
    default = TrainCommand(tyro.MISSING, tyro.MISSING, config.model, config.train)
    prog = f"framecast train {arguments[0]}"
    train_run(config.recipe, tyro.cli(TrainCommand, default=default, prog=prog, args=arguments[1:]))


def _unknown(verb: str, rest: list[str]) -> str:
    import difflib

    if verb in SOURCES:
        found = repr(rest[0]) if rest else "nothing"
        return f"framecast {verb} knows {' and '.join(SOURCES[verb])}; found {found}"
    verbs = ("train", *dict.fromkeys(name.split()[0] for name in VERBS))
    near = difflib.get_close_matches(verb, verbs, 1, 0.0)
    return f"no verb is called {verb!r}: did you mean {near[0]!r}? `framecast --help` lists them"
