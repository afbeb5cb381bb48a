"""Errors that whoever chooses the data can mend."""


class UserError(ValueError):
    """Data, or what is asked of them, break a rule, which the message states.

    Commands tell it in one line; they know it by `for_the_user`.
    """

    for_the_user = True


class SourceError(UserError, RuntimeError):
    """Data that are not there, and cannot be fetched."""
