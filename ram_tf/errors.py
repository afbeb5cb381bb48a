"""Errors that whoever calls can mend: commands tell them in one line.

Each is also the built-in error that fits, so that `except ValueError` and the
like go on to work. Any other exception is a fault of the program's, and keeps
its traceback.
"""


class UserError(ValueError):
    """What was asked for breaks a rule, which the message states.

    Attributes:
        for_the_user: True; how a command knows it without importing this.
    """

    for_the_user = True
    # What has it, TensorFlow raises as it is inside a tf.function that it has
    # translated, with words around; of others it makes errors of its own.
    __init__ = Exception.__init__


class DamagedError(UserError, RuntimeError):
    """Nothing that was saved can be read."""


class DivergedError(UserError, FloatingPointError):
    """A loss is not finite."""


class FileError(UserError, OSError):
    """A file cannot be written."""
