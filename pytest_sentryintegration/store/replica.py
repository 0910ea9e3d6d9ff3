"""A store that is one of several over the same stream: what one of them took is in all of them."""

from __future__ import annotations

import contextvars
import random
import threading
from typing import Any, Final

from pytest_sentryintegration import clock
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.store.bounds import IDLE
from pytest_sentryintegration.store.entries import Entry
from pytest_sentryintegration.store.holding import NOTHING, HeldInbox, HolderError
from pytest_sentryintegration.store.inboxes import Inbox
from pytest_sentryintegration.store.keeping import Store, TakeFaults
from pytest_sentryintegration.store.memory import STRAYS
from pytest_sentryintegration.store.packing import pack
from pytest_sentryintegration.store.records import entry_of, placed
from pytest_sentryintegration.store.shared_uploads import SharedUploads
from pytest_sentryintegration.store.stream import BLOCK, TIMEOUT, ChangedError, Stream
from pytest_sentryintegration.store.uses import Uses, named

__all__ = ["Replica"]

_LEFT_OVER: Final = 256
"""How many records too many the stream has before they are deleted."""

_FIRST, _LONGEST = 0.05, 2.0
"""Seconds after which Redis is tried again: at first, and at most."""

_TOLD: Final = 60.0
"""Seconds after which the others are told which inboxes were used here."""


class Replica(Store):
    """A store that is read in memory, and is filled by a thread that reads the stream.

    What is added is written to the stream, and read by all replicas, this one too. So all have it under the
    same number and in the same order. The numbers count changes of inboxes as well.

    Args:
        stream: What it shares with the others.
        **options: Those of `Store`. The *limit* is one of the stream: the newest of its records are kept.

    Raises:
        HolderError: The stream cannot be used.
    """

    outlives = True

    def __init__(self, stream: Stream, **options: Any) -> None:
        super().__init__(**options)
        self._stream = stream
        self.uploads = SharedUploads(stream)
        self._position = 0
        self._trimmed = 0
        self._unsaved: list[tuple[str, bytes]] = []
        self._saving = reentrant_lock()
        self._failure: HolderError | None = None
        self._moved = threading.Condition(self._lock)
        self._ending = threading.Event()
        self._problem = ""
        self._faults: dict[str, str] = {}
        self._take: TakeFaults | None = None
        self._begin()
        last = stream.last()
        while self._position < last:
            try:
                self._read()
            except ChangedError:  # It was deleted meanwhile.
                self._begin(anew=True)
        self._told = clock.monotonic()
        self._thread = threading.Thread(target=self._follow, name="sentryintegration-stream", daemon=True)
        contextvars.Context().run(self._thread.start)

    @property
    def count(self) -> int:
        """The number of the newest record that was read."""
        return self._position

    @property
    def problem(self) -> str:
        """Why nothing comes from the stream at present; ``""`` where all is well."""
        return self._problem

    def open(self, inbox: str, test: str = "", *, expires: bool = False) -> None:
        """Make an inbox, at all replicas; see `Store.open`."""
        now = self._now().timestamp()
        self.catch_up(self._stream.open_inbox(inbox, test, expires=expires, now=now))

    def close(self, inbox: str) -> None:
        """Forget an inbox and what it holds, at all replicas; what still comes for it is a stray."""
        self.save()
        self.catch_up(self._stream.close_inbox(inbox))

    def clear(self, *inboxes: str) -> None:
        """Forget what these inboxes hold, at all replicas; they stay open."""
        self.save()
        everything = self._inboxes.keys() <= set(inboxes)
        if everything:
            # With its records goes what one who comes later would count of them.
            self._trim(1)
        self.catch_up(self._stream.clear(None if everything else inboxes))

    def share_faults(self, inbox: str | None, faults: str) -> bool:
        """Set the faults of an inbox at all replicas; see `Store.share_faults`."""
        self.catch_up(self._stream.set_faults(inbox or "", named(faults)))
        return True

    def take_faults(self, take: TakeFaults) -> None:
        """Have *take* called with the faults of each inbox, those that are set already first."""
        with self._lock:
            self._take = take
            for inbox, faults in self._faults.items():
                self._hand_on(inbox, faults)

    def save(self) -> None:
        """Write what came since the last time to the stream; where that fails, `commit` says so."""
        with self._saving:
            with self._lock:
                unsaved, self._unsaved = self._unsaved, []
            if unsaved:
                try:
                    self._stream.add(unsaved)
                except HolderError as error:
                    self._failure = error

    def commit(self) -> None:
        """Write what came since the last time to the stream; see `Store.commit`."""
        with self._saving:
            self.save()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def catch_up(self, number: int | None = None) -> None:
        """Return when all up to the record of that number was read here; ``None`` for all that there is.

        Raises:
            HolderError: That could not be done, for a few seconds.
        """
        until = clock.monotonic() + TIMEOUT
        failure: HolderError | None = None
        while True:
            try:
                if self._reach(self._stream.last() if number is None else number, until):
                    return
            except HolderError as error:
                failure = error
            if clock.monotonic() >= until or self._ending.wait(_FIRST):
                raise failure or HolderError(self._problem or "what Redis has could not be read in time")

    def _reach(self, number: int, until: float) -> bool:
        with self._lock:
            return self._moved.wait_for(lambda: self._position >= number, until - clock.monotonic())

    def end(self) -> None:
        """Write what came since the last time, and leave the stream to the others."""
        self.save()
        self._ending.set()
        # Where Redis does not answer, the thread ends later.
        self._thread.join(2 * BLOCK)
        self._stream.close()

    def _resolve(self, inbox: str | None) -> tuple[str, Inbox]:
        # One that another replica opened just now may not be known here yet: Redis decides.
        name = self.running if inbox is None else inbox
        return name, self._inboxes.get(name) or Inbox(name)

    def _keep(self, box: Inbox, entry: Entry) -> None:
        self._unsaved.append((box.name, pack(entry)))

    def _close_unused(self) -> None:
        """Nothing: an inbox is closed where no replica uses it."""

    def _follow(self) -> None:
        delay = _FIRST
        broken = changed = False
        while not self._ending.is_set():
            try:
                if broken or changed:
                    self._begin(anew=changed)
                    broken = changed = False
                self._read()
                self._tell()
                delay, self._problem = _FIRST, ""
            except ChangedError:
                changed = True
            except Exception as error:
                # Whatever it was: a replica that reads nothing any more would look as if nothing came.
                broken, self._problem = True, str(error) or repr(error)
                # Several replicas do not come back at once.
                self._ending.wait(delay * random.uniform(0.5, 1))
                delay = min(delay * 2, _LONGEST)

    def _begin(self, *, anew: bool = False) -> None:
        begun = self._stream.begin(self._position, anew=anew)
        if begun is None:
            return
        with self._lock:
            open_ones = {STRAYS, *(held.name for held in begun.inboxes)}
            for box in list(self._inboxes.values()):
                # One that stays open is the same one: somebody may wait for it.
                if box.name in open_ones:
                    self._empty(box)
                else:
                    self._forget(box.name)
            self._bounds.evicted, self._bounds.reach = begun.evicted.get("", NOTHING), 0
            for held in begun.inboxes:
                self._open(held)
            for box in self._inboxes.values():
                box.evicted = begun.evicted.get(box.name, NOTHING)
            for inbox in self._faults.keys() | begun.faults.keys():
                if self._faults.get(inbox) != begun.faults.get(inbox):
                    self._set_faults(inbox, begun.faults.get(inbox, ""))
            self._position, self._trimmed = begun.position, begun.trimmed

    def _read(self) -> None:
        records = self._stream.read(self._position)
        entries = [entry_of(record) for record in records]
        if not records:
            return
        with self._lock:
            for record, entry in zip(records, entries, strict=True):
                if record.number != self._position + 1:
                    # What was between was deleted: it was too old before this replica came to it.
                    raise ChangedError
                self._position = record.number
                if self.limit is not None:
                    self._bounds.reach = record.number - self.limit
                if entry is None:
                    self._change(record.change)
                else:
                    # Where it is not known, what opened it was deleted, and what closes it comes.
                    box = self._open(HeldInbox(record.inbox or STRAYS))
                    self._append(box, placed(entry, box))
            self._bounds.evict(self._now())
            self._moved.notify_all()
        self._trim(_LEFT_OVER)

    def _trim(self, least: int) -> None:
        """Delete what was evicted from the stream, where it is so many records at least."""
        with self._lock:
            evicted = self._bounds.evicted
            reach = max(self._bounds.reach, evicted.newest)
            counted = {box.name: box.evicted for box in self._inboxes.values() if box.evicted.total}
        if reach - self._trimmed >= least:
            self._stream.trim(reach, evicted, counted)
            self._trimmed = reach

    def _change(self, change: dict[str, Any]) -> None:
        for kind, value in change.items():
            if kind == "open":
                self._open(HeldInbox(*value))
            elif kind == "close":
                self._forget(value)
                if value in self._faults:
                    self._set_faults(value, "")
            elif kind == "clear":
                for box in filter(None, map(self._inboxes.get, self._inboxes if value is None else value)):
                    self._empty(box)
            elif kind == "faults":
                self._set_faults(*value)

    def _open(self, held: HeldInbox) -> Inbox:
        box = self._inboxes.get(held.name)
        if box is None:
            box = self._inboxes[held.name] = Inbox(held.name, held.test, expires=held.expires)
            if held.expires:
                self._expiring.add(box, self._now())
        return box

    def _set_faults(self, inbox: str, faults: str) -> None:
        if faults:
            self._faults[inbox] = faults
        else:
            self._faults.pop(inbox, None)
        self._hand_on(inbox, faults)

    def _hand_on(self, inbox: str, faults: str) -> None:
        if self._take is not None:
            uses = Uses(self._stream, inbox, faults)
            self._take(inbox or None, uses.faults, uses)

    def _tell(self) -> None:
        """Tell the others which inboxes are used here, and close those that nobody uses."""
        if not self._expiring or clock.monotonic() - self._told < _TOLD:
            return
        self._told = clock.monotonic()
        now = self._now()
        with self._lock:
            for box in list(self._expiring.values()):
                if box.waiting is not None and box.waiting.count:
                    self._expiring.use(box, now)
            used = {box.name: box.used for box in self._expiring.values()}
        self._stream.use({inbox: time.timestamp() for inbox, time in used.items()})
        for inbox, time in used.items():
            if now - time >= IDLE:
                self._stream.close_inbox(inbox, (now - IDLE).timestamp())
