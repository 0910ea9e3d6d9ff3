"""What holds a store's entries outside of this process, so that they outlive it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pytest_sentryintegration.store.entries import Entry

__all__ = ["NOTHING", "Evicted", "HeldInbox", "Holder", "HolderError", "State"]


class HolderError(OSError):
    """What came cannot be kept outside of this process; the text says why, and what to do about it."""


class Evicted(NamedTuple):
    """What a store had to forget, to keep to its limit and its greatest age."""

    total: int = 0
    newest: int = 0
    """The number of the newest of these entries, 0 where there is none."""


NOTHING = Evicted()


class HeldInbox(NamedTuple):
    """An open inbox, as it is held."""

    name: str
    test: str = ""
    expires: bool = False
    evicted: Evicted = NOTHING


class State(NamedTuple):
    """All that a holder holds but for the entries."""

    total: int = 0
    """How many requests have come."""
    evicted: Evicted = NOTHING
    inboxes: Sequence[HeldInbox] = ()


class Holder(Protocol):
    """Holds what one store has. Called by one thread at a time; every method may raise `HolderError`."""

    def load(self) -> tuple[State, list[Entry]]:
        """Return what is held from before; what was evicted may be among the entries."""

    def save(self, entries: Sequence[Entry], packed: Sequence[bytes]) -> None:
        """Hold further entries, all or none; where it returns, they are there after the process was killed.

        Args:
            entries: In order of arrival.
            packed: What `packing.pack` makes of each of them.
        """

    def update(self, state: State, *emptied: str) -> None:
        """Hold that state from now on, and neither what was evicted nor what the *emptied* inboxes held."""

    def close(self) -> None:
        """End."""
