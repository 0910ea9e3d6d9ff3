"""The command line: one module a command. Data goes to stdout, text for people to stderr."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
NOT_THERE: Final = 1
"""A thing that was waited for did not come."""
WRONG_USE: Final = 2
NOT_MET: Final = 3
"""A condition on what was captured is not met."""
BY_SIGNAL: Final = 128
"""And the number of the signal that ended it."""


class Terminated(BaseException):
    """SIGTERM was sent to this process, as Ctrl-C is `KeyboardInterrupt`."""
