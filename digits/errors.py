"""Errors that a user causes or can fix: one line that names the remedy, and an exit code."""

_OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",  # of a shared library
)


def is_out_of_memory(error: Exception) -> bool:
    """Whether this is a MemoryError, or an error with the words that the system, libc or torch use for one."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _OUT_OF_MEMORY)


class ConfigError(ValueError):
    """Invalid or contradictory options; `option` is the name of the field at fault, if it is a single one."""

    def __init__(self, message: str, option: str | None = None):
        super().__init__(message)
        self.option = option


class UserError(Exception):
    """An expected failure: one line that names the remedy, and the exit code of the process."""

    exit_code = 1


class Diverged(UserError):
    """The loss became NaN or infinite; the log ends as failed and keeps the last finite numbers."""

    exit_code = 3
