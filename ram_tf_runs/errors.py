"""Errors that whoever runs a command can mend."""


class UserError(ValueError):
    """A setting, a file or an argument breaks a rule, which the message states.

    Commands tell it in one line. The other packages have errors of this sort of
    their own, and `for_the_user` is what they have in common.
    """

    for_the_user = True
