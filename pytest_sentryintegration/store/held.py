"""A store whose entries something outside of this process has, too: they outlive it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pytest_sentryintegration.store.entries import Entry
from pytest_sentryintegration.store.holding import HeldInbox, Holder, HolderError, State
from pytest_sentryintegration.store.inboxes import Inbox
from pytest_sentryintegration.store.keeping import Store
from pytest_sentryintegration.store.packing import pack

__all__ = ["HeldStore"]

_LEFT_OVER = 256
"""How many entries that were evicted a holder still has: forgetting them one by one would double its work."""


class HeldStore(Store):
    """A store that is read in memory, and that a holder has as well.

    Args:
        holder: What holds it.
        **options: Those of `Store`.

    Raises:
        HolderError: What the holder has cannot be read.
    """

    outlives = True

    def __init__(self, holder: Holder, **options: Any) -> None:
        super().__init__(**options)
        self.holder = holder
        """What holds all of it outside of this process, too."""
        self._unsaved: list[tuple[Inbox, Entry, bytes]] = []
        self._failure: HolderError | None = None
        self._released = 0
        self._load()

    def commit(self) -> None:
        """Have the holder save what came since the last time; see `Store.commit`."""
        with self._lock:
            self.save()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def save(self) -> None:
        """Have the holder save what came since the last time; where that fails, `commit` says so."""
        with self._lock:
            unsaved, self._unsaved = self._unsaved, []
            if not unsaved:
                return
            try:
                self.holder.save([entry for _, entry, _ in unsaved], [packed for *_, packed in unsaved])
            except HolderError as error:
                # For the next `commit`, whoever needed it to be saved now.
                self._failure = error
                return
            for box, entry, _ in unsaved:
                self._append(box, entry)
            if self._bounds.evicted.total - self._released >= _LEFT_OVER:
                with suppress(HolderError):  # They are saved all the same, and this is tried again.
                    self._changed()

    def end(self) -> None:
        """Save what came since the last time, and let go of the holder."""
        with self._lock:
            self.save()
            with suppress(HolderError):
                self._changed()
            self.holder.close()

    def _load(self) -> None:
        state, entries = self.holder.load()
        for held in state.inboxes:
            box = Inbox(held.name, held.test, expires=held.expires, evicted=held.evicted)
            self._inboxes[held.name] = box
            if held.expires:
                self._expiring.add(box, self._now())
        self._bounds.evicted = state.evicted
        self._released = state.evicted.total
        for entry in entries:
            # What a closed inbox held may not have been forgotten before the process ended.
            if entry.number > state.evicted.newest and entry.inbox in self._inboxes:
                self._append(self._inboxes[entry.inbox], entry)
        self._count = max(state.total, self._last)

    def _keep(self, box: Inbox, entry: Entry) -> None:
        if not box.closed:
            self._unsaved.append((box, entry, pack(entry)))

    def _changed(self, *emptied: str) -> None:
        boxes = self._inboxes.values()
        inboxes = [HeldInbox(box.name, box.test, box.expires, box.evicted) for box in boxes]
        self.holder.update(State(self._count, self._bounds.evicted, inboxes), *emptied)
        self._released = self._bounds.evicted.total

    def _close_unused(self) -> None:
        for box in self._expiring.unused(self._now()):
            self._forget(box.name)
            with suppress(HolderError):  # It is closed all the same, until the process ends.
                self._changed(box.name)
