"""The errors a person can meet. Each says what was found, what was expected, and what to do.

The command prints `str(error)` on one line and exits with the class's code; a traceback
appears only with `--debug`. Broken invariants of our own are `assert`s, never these.
"""


class FramecastError(Exception):
    """Base of every error meant for a person; `exit_code` is the command's exit status."""

    exit_code = 1


class InputError(FramecastError, ValueError):
    """What the user gave cannot be used: a bad file, a bad name, a bad value."""

    exit_code = 2


class StorageError(FramecastError, OSError):
    """The disk did not do what was asked: no space, no permission, a damaged file."""

    exit_code = 3


class LockedError(FramecastError):
    """Another process is writing the same folder."""

    exit_code = 4


class NonFiniteError(FramecastError, ArithmeticError):
    """A loss, gradient or weight is no longer a number."""

    exit_code = 5
