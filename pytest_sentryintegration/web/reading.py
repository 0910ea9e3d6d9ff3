"""Which part of what came a request concerns: an inbox or all, a project, what came after a cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
from pytest_sentryintegration.store import Arrival, Store
from pytest_sentryintegration.web.objects import entry_of

__all__ = ["Kept", "LeftError", "Part"]


class LeftError(Exception):
    """The client has left: nobody waits for the answer."""


class Kept:
    """What each inbox holds, read into objects once, and kept for the next request."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = reentrant_lock()
        self._contents: dict[str | None, Contents] = {}

    def contents(self, inbox: str | None) -> Contents:
        """Return what is in *inbox*; ``None`` for all."""
        with self._lock:
            self._forget_closed()
            return self._contents.setdefault(inbox, Contents(lambda number: self.store.since(inbox, number)))

    def forget(self) -> None:
        """Read everything anew from now on."""
        with self._lock:
            self._contents.clear()

    def _forget_closed(self) -> None:
        for inbox in [inbox for inbox in self._contents if inbox is not None]:
            if not self.store.knows(inbox):
                del self._contents[inbox]


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

    def events(self, client: Client) -> SentryEvents:
        """Return the views of it; a wait ends when *client* has left."""
        return SentryEvents(Reader(_Asked(self, client)))

    def holds(self, obj: Any) -> bool:
        """Return whether a captured object is in it."""
        entry = entry_of(obj)
        if entry.number <= self.after:
            return False
        if self.project is None:
            return True
        if isinstance(entry, Arrival):
            return entry.project_id == self.project
        return find_route(entry.path).arguments.get("project_id") == self.project

    def contents(self) -> Contents | Any:
        """Return what is in it, a sequence for each noun."""
        contents = self.kept.contents(self.inbox)
        return contents if self.project is None and not self.after else _Selected(contents, self.holds)

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
        self.contents = part.contents()
        self.timeout = 0.0
        self._part = part
        self._store = part.kept.store
        self._client = client

    def number(self) -> int:
        return self._store.last(self._part.inbox)

    def wait(self, number: int, timeout: float) -> bool:
        if self._client.has_left():
            raise LeftError
        return self._store.wait(self._part.inbox, number, timeout)

    def evidence(self) -> Evidence:
        return self._part.evidence()

    def clear(self) -> None:
        raise NotImplementedError("a part is read only")


class _Selected:
    """Those objects of `Contents` that a part holds."""

    def __init__(self, contents: Contents, holds: Callable[[Any], bool]) -> None:
        self._contents = contents
        self._holds = holds

    def update(self) -> None:
        self._contents.update()

    def __getattr__(self, noun: str) -> Any:
        if noun not in NOUNS:
            return getattr(self._contents, noun)
        return _Objects(getattr(self._contents, noun), self._holds)


class _Objects(Sequence[Any]):
    """The objects of one noun that a part holds."""

    def __init__(self, objects: Any, holds: Callable[[Any], bool]) -> None:
        self._objects = objects
        self._holds = holds
        self._held: list[Any] | None = None

    def containing(self, needle: bytes) -> list[Any]:
        return list(filter(self._holds, self._objects.containing(needle)))

    def of_types(self, types: Iterable[bytes]) -> list[Any]:
        return list(filter(self._holds, self._objects.of_types(types)))

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, index: Any) -> Any:
        return self._read()[index]

    def _read(self) -> list[Any]:
        # Not before it is needed: a search by text reads few of many objects.
        if self._held is None:
            self._held = list(filter(self._holds, self._objects))
        return self._held
