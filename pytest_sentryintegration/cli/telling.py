"""What `run` says on stderr: a line for each thing as it comes, then what came in all."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from pytest_sentryintegration.inbox.secrets import masked
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.model.nouns import EACH_ONCE, NOUNS
from pytest_sentryintegration.store import Entry, Store
from pytest_sentryintegration.words.labels import label

_PAUSE: Final = 0.05
"""Seconds after which the thread that tells looks whether it is to end."""


def say(text: str) -> None:
    """Write lines to stderr, each marked as not of the command. Does nothing where nobody reads them."""
    try:
        for line in text.splitlines():
            sys.stderr.write(f"sentry: {line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # closed: the command goes on, and so does its exit code


def things(entry: Entry) -> Iterator[str]:
    """Yield a line for each thing that came in one request."""
    contents = Contents(partial(_alone, entry))
    contents.update()
    lines = [f"{NOUNS[noun].singular} {label(noun, obj)}" for noun, obj in _objects(contents)]
    yield from lines or (f"envelope {label('envelopes', envelope)}" for envelope in contents.envelopes)


def counts(contents: Contents) -> str:
    """Return how much of each kind came: ``1 error, 2 messages``."""
    counted = ((noun, len(getattr(contents, noun))) for noun in EACH_ONCE)
    kinds = [NOUNS[noun].counted(count) for noun, count in counted if count]
    if not kinds and contents.envelopes:
        kinds = [NOUNS["envelopes"].counted(len(contents.envelopes))]
    return ", ".join(kinds) or "nothing"


class Telling:
    """Says what comes to one inbox of a store, in a thread of its own, for the length of a ``with``.

    Args:
        store: holds the inbox.
        inbox: its name.
        secrets: what is not shown, as ``sentry_secrets`` names it.
    """

    def __init__(self, store: Store, inbox: str, secrets: Sequence[str] = ()) -> None:
        self._secrets = secrets
        self._store = store
        self._inbox = inbox
        self._told = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="sentryintegration-telling", daemon=True)

    def __enter__(self) -> Telling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._tell_new()

    def _tell(self) -> None:
        while not self._ended.is_set():
            if self._store.wait(self._inbox, self._told, _PAUSE):
                self._tell_new()

    def _tell_new(self) -> None:
        for entry in self._store.since(self._inbox, self._told):
            self._told = entry.number
            for line in things(entry):
                say(masked(line, self._secrets))


def _objects(contents: Contents) -> Iterable[tuple[str, Any]]:
    return ((noun, obj) for noun in EACH_ONCE for obj in getattr(contents, noun))


def _alone(entry: Entry, number: int) -> list[Entry]:
    return [entry] if entry.number > number else []
