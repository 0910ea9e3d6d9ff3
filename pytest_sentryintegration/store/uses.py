"""How often the faults of an inbox were applied, counted together by all replicas of a store."""

from __future__ import annotations

import secrets

from pytest_sentryintegration.store.holding import HolderError
from pytest_sentryintegration.store.stream import Stream

__all__ = ["Uses", "named"]

_ID = 16
"""Characters that faults begin with in Redis: so uses of faults that were replaced are told from others."""


def named(faults: str) -> str:
    """Return faults, as JSON, with an id of their own before them; ``""`` stays as it is."""
    return f"{secrets.token_hex(_ID // 2)}{faults}" if faults else ""


class Uses:
    """The uses of the faults that were set together, by the place of each.

    Args:
        stream: Where they are counted.
        inbox: Whose faults they are, ``""`` for those of all.
        faults: What `named` returned.
    """

    def __init__(self, stream: Stream, inbox: str, faults: str) -> None:
        self._stream = stream
        self._inbox = inbox
        self._id, self.faults = faults[:_ID], faults[_ID:]

    def count(self, place: int) -> int:
        """Count one more use, and return how many there are; 0 where the fault cannot be applied.

        That is where it was taken back meanwhile, and where Redis cannot be reached: then what comes cannot
        be saved either, and is refused for that.
        """
        return self._count(str(place))

    def count_tried(self, place: int) -> int:
        """Count one more request for which chance decides, as `count` does."""
        return self._count(f"tried {place}")

    def _count(self, what: str) -> int:
        try:
            return self._stream.use_fault(self._inbox, self._id, what)
        except HolderError:
            return 0

    def all(self) -> dict[int, int]:
        """Return how often each was used.

        Raises:
            HolderError: Redis cannot be reached.
        """
        return self._stream.fault_uses(self._id)
