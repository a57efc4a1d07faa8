"""Errors that a user causes or can mend: each is one line that names the remedy, and an exit code."""


class UserError(Exception):
    exit_code = 1


class Diverged(UserError):
    """The loss is no finite number any more; the log ends as failed and keeps the last finite numbers."""

    exit_code = 3
