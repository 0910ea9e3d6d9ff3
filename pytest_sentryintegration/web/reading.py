"""Which part of what came a request concerns: an inbox or all, a project, what came after a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.ingest.request import Client
from pytest_sentryintegration.ingest.routes import find_route
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.store import Arrival, Entry, Store
from pytest_sentryintegration.web.objects import entry_of

__all__ = ["ClosedError", "Kept", "LeftError", "Part"]


class LeftError(Exception):
    """The client has left: nobody waits for the answer."""


class ClosedError(Exception):
    """An inbox that is not open: nothing comes to it any more."""

    def __init__(self, inbox: str) -> None:
        super().__init__(f"there is no inbox {inbox[:80]!r}: it was closed, or never opened")


class Kept:
    """What each inbox holds, read into objects once, and kept for the next request."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = reentrant_lock()
        self._contents: dict[str | None, Contents] = {}
        self._cleared = 0
        self._evicted = 0

    def contents(self, inbox: str | None) -> Contents:
        """Return what is in *inbox*; ``None`` for all."""
        with self._lock:
            if self._cleared != self.store.cleared:
                self._cleared = self.store.cleared
                self._contents.clear()
            asked = self._contents.get(inbox)
            if asked is None:
                # Closing one that is empty clears nothing: it is let go of here.
                known = {name: kept for name, kept in self._contents.items() if self._is_open(name)}
                asked = known[inbox] = Contents.of_inbox(self.store, inbox)
                self._contents = known
            evicted = self.store.evicted().total
            if self._evicted != evicted:
                self._evicted = evicted
                # Those that nobody asks for any more, too: they let go of what was evicted.
                for contents in self._contents.values():
                    contents.update()
            asked.update()
            return asked

    def _is_open(self, inbox: str | None) -> bool:
        return inbox is None or self.store.knows(inbox)


@dataclass(frozen=True)
class Part:
    """The part of what came that a request concerns."""

    kept: Kept
    inbox: str | None = None
    """One inbox; ``None`` for all."""
    project: str | None = None
    """One project; ``None`` for all."""
    after: int = 0
    """Only what came after the entry of that number."""
    until: int | None = None
    """Only what came up to the entry of that number."""

    def events(self, client: Client) -> SentryEvents:
        """Return the views of it; a wait ends when *client* has left."""
        return SentryEvents(Reader(_Asked(self, client)))

    def holds(self, obj: Any) -> bool:
        """Return whether a captured object is in it."""
        return self.holds_entry(entry_of(obj))

    def holds_entry(self, entry: Entry) -> bool:
        """Return whether a request is in it."""
        if entry.number <= self.after or (self.until is not None and entry.number > self.until):
            return False
        if self.project is None:
            return True
        if isinstance(entry, Arrival):
            return entry.project_id == self.project
        return find_route(entry.path).arguments.get("project_id") == self.project

    def contents(self) -> Contents | Any:
        """Return what is in it, a sequence for each noun."""
        contents = self.kept.contents(self.inbox)
        if self.project is None and not self.after and self.until is None:
            return contents
        return _Selected(contents, self)

    @property
    def cursor(self) -> int:
        """What to go on after. It never goes back, also where all was cleared before the server's start."""
        return max(self.after, self.kept.store.last(self.inbox))

    def evidence(self) -> Evidence:
        """Return what is known about the senders."""
        return Evidence(handed_out=True, connected=self.kept.store.last(self.inbox) > 0)

    def __str__(self) -> str:
        """Return which part it is, as a sentence begins; ``""`` where it is all there is."""
        parts = []
        if self.inbox is not None:
            parts.append(f"inbox {self.inbox}")
        if self.project is not None:
            parts.append(f"project {self.project}")
        if self.after:
            parts.append(f"what came after cursor {self.after}")
        return f"Of {', '.join(parts)}: " if parts else ""


class _Asked(Source):
    """What the views of one request stand on."""

    def __init__(self, part: Part, client: Client) -> None:
        self._part = part
        self._store = part.kept.store
        self._client = client

    @property
    def contents(self) -> Any:  # type: ignore[override]
        # Anew each time: it may have been cleared meanwhile.
        return self._part.contents()

    def number(self) -> int:
        return self._store.last(self._part.inbox)

    def wait(self, number: int, timeout: float) -> bool:
        if self._client.has_left():
            raise LeftError
        if self._part.inbox is not None and not self._store.knows(self._part.inbox):
            raise ClosedError(self._part.inbox)
        return self._store.wait(self._part.inbox, number, timeout)

    def evidence(self) -> Evidence:
        return self._part.evidence()

    def clear(self) -> None:
        raise NotImplementedError("a part is read only")


class _Selected:
    """Those objects of `Contents` that a part holds."""

    def __init__(self, contents: Contents, part: Part) -> None:
        self._contents = contents
        self._part = part

    @property
    def evicted(self) -> int:
        return self._contents.evicted

    def update(self) -> None:
        self._contents.update()

    def __getattr__(self, noun: str) -> Any:
        if noun not in NOUNS:
            raise AttributeError(noun)
        # A trace stands where its first span came, and may have got others since.
        return _Objects(getattr(self._contents, noun), self._part, in_order=noun != "traces")


class _Objects(Sequence[Any]):
    """The objects of one noun that a part holds."""

    def __init__(self, objects: Any, part: Part, *, in_order: bool) -> None:
        self._objects = objects
        self._part = part
        self._in_order = in_order
        self._held: list[Any] | None = None

    def containing(self, needle: bytes) -> list[Any]:
        return list(filter(self._part.holds, self._objects.containing(needle)))

    def of_types(self, types: Iterable[bytes]) -> list[Any]:
        return list(filter(self._part.holds, self._objects.of_types(types)))

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def _read(self) -> list[Any]:
        # Not before it is needed: a search by text reads few of many objects.
        if self._held is None:
            found = list(self._objects)
            if self._in_order:
                # From the end, since it is mostly a few of many.
                newer = takewhile(lambda obj: entry_of(obj).number > self._part.after, reversed(found))
                found = list(newer)[::-1]
            self._held = list(filter(self._part.holds, found))
        return self._held
