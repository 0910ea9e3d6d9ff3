"""How large a report becomes, and its blocks: what is unpacked when it is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from pytest_sentryintegration.report.page import packed

__all__ = ["Blocks", "Limits", "Piece"]

_SECTIONS: Final = ("tests", "objects", "findings", "traces", "attachments", "envelopes")

Piece = tuple[str, str, bytes]
"""Its section, its key there, and JSON."""


class Limits(NamedTuple):
    """How large a report becomes. What is over a limit is left out, passed tests first, and is told."""

    blocks: int = 6_000_000
    """Bytes of what is looked at, compressed and as text; with the list and the page, below 10 MB."""
    head: int = 2_200_000
    """Bytes of the list, the same way."""
    block: int = 400_000
    """Bytes that are unpacked at once."""
    one: int = 1_000_000
    """Bytes of one event, trace or attachment."""
    requests: int = 50_000
    """Requests that are listed."""
    tests: int = 50_000
    """Tests that are listed."""
    whole: int = 5_000
    """Requests that are held whole before those of further tests that passed are not: each takes half a
    millisecond, and 10,000 tests are to be done in 10 s."""
    judged: int = 2_000
    """Requests that get a verdict, which takes longer than all else: 10,000 tests are to be done in 10 s."""


class Blocks:
    """What is read when it is looked at: blocks of JSON, each compressed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.packed: list[bytes] = []
        """Those that are done, as text."""
        self.is_full = False
        """Whether nothing more is taken."""
        self._size = 0
        self._parts: dict[str, list[bytes]] = {name: [] for name in _SECTIONS}
        self._held = 0

    def add(self, pieces: Sequence[Piece]) -> int | None:
        """Add *pieces* to one block, and return its number; ``None`` where they are left out."""
        fitting = [piece for piece in pieces if len(piece[2]) <= self._limits.one]
        size = sum(len(value) for _, _, value in fitting)
        if self._held and self._held + size > self._limits.block:
            self.end_block()
        if self.is_full or not fitting:
            return None
        for section, key, value in fitting:
            self._parts[section].append(b"%b:%b" % (json.dumps(key).encode(), value))
        self._held += size
        return len(self.packed)

    def end_block(self) -> None:
        """Compress what was added since the last one; leave it out where all would be too much then."""
        if not self._held:
            return
        sections = (b'"%b":{%b}' % (name.encode(), b",".join(parts)) for name, parts in self._parts.items())
        text = packed(b"{%b}" % b",".join(sections))
        self._parts = {name: [] for name in _SECTIONS}
        self._held = 0
        self._size += len(text)
        if self._size > self._limits.blocks:
            self.is_full = True
        else:
            self.packed.append(text)
