"""One colour for one thing, in every picture, plot and table (after Okabe and Ito's safe set).

Colours are "#rrggbb". They stay apart for the common kinds of colour blindness, and no
meaning rests on colour alone: a word or a line style always says the same.
"""

from __future__ import annotations

from collections.abc import Iterable

GIVEN = "#009e73"  # frames the predictor was shown
PREDICTED = "#d55e00"  # frames it made up
TRUTH = "#8a919c"

TERMS = {
    "loss": "#24292f",
    "mse": "#c77c02",
    "log_mse": "#8c5a00",
    "kl": "#a8327e",
    "kl_weight": "#cc79a7",
    "teacher_forcing": "#009e73",
    "lr": "#56b4e9",
    "grad_norm": "#7f6a3f",
    "validation_psnr": "#0072b2",
}

# Baselines keep a colour of their own, so that every report shows them alike.
BASELINES = {
    "copy last frame": "#767d88",
    "mean frame": "#b08d2e",
    "mean true frame": "#b08d2e",
    "mean true frame (oracle)": "#b08d2e",
    "previous true frame": "#57606a",
    "previous true frame (oracle)": "#57606a",
}
# Not the green of given and the orange of predicted frames, which mean something else.
_PREDICTORS = ("#0072b2", "#cc79a7", "#e69f00", "#56b4e9", "#6a3d9a", "#8c3b1f")


def of_predictors(names: Iterable[str]) -> dict[str, str]:
    """A colour for each predictor: baselines always their own, others by order of naming."""
    chosen: dict[str, str] = {}
    free = 0
    for name in names:
        plain = name.lower().replace("-", " ").replace("_", " ")
        if plain in BASELINES:
            chosen[name] = BASELINES[plain]
        elif name not in chosen:
            chosen[name] = _PREDICTORS[free % len(_PREDICTORS)]
            free += 1
    return chosen


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#rrggbb" -> (red, green, blue), each 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
