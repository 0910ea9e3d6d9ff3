"""What the views of one inbox share: where it comes from, and which events were looked at."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from pytest_sentryintegration import model
from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.matching.query import Noun, Query
from pytest_sentryintegration.model.objects import number_of_part
from pytest_sentryintegration.verdict.relay import available
from pytest_sentryintegration.words.allowing import Allowed
from pytest_sentryintegration.words.policies import Objection, objections_to

LEVELS: Final = ("debug", "info", "warning", "error", "fatal")
"""Sentry's levels, the least first."""

_NORMALISED: Final = {"event", "transaction"}


class IncompleteWarning(UserWarning):
    """What was read may lack something: this process's SDK could not send all that it holds.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", IncompleteWarning)
    ...     len(sentry_events)
    0
    """


class NotJudgedWarning(UserWarning):
    """Something was to be judged, and what judges it is not installed.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", NotJudgedWarning)
    ...     sentry_events.assert_accepted()
    """


class Unmet(NamedTuple):
    """A `find` or `wait` that failed."""

    query: Query
    text: str
    """What it said."""


class Reader:
    """Reads one inbox for its views and for the policies, and knows which events were looked at."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.unmet: Unmet | None = None
        """What the last `find` or `wait` asked for that failed."""
        # By identity; the object is kept with it, so that no other gets its id.
        self._looked_at: dict[int, model.Event] = {}
        self._evicted = 0

    def objects(self, noun: Noun) -> Any:
        """Return the objects of a noun that have come so far."""
        contents = self.source.contents
        contents.update()
        if contents.evicted > self._evicted:
            self._evicted = contents.evicted
            self._looked_at = {
                key: event for key, event in self._looked_at.items() if number_of_part(event) > self._evicted
            }
        return getattr(contents, noun.name)

    def drain(self) -> None:
        """Send what this process's SDK holds; warn where not everything could be sent."""
        notes = self.source.drain()
        if notes:
            text = f"not everything that was sent has arrived: {'; '.join(notes)}"
            warnings.warn(IncompleteWarning(text), stacklevel=4)

    def evidence(self, notes: Sequence[str] = ()) -> Evidence:
        """Return what is known about the senders, and what the last drain said."""
        known = self.source.evidence()
        return replace(known, notes=(*notes, *known.notes))

    def look(self, objects: Sequence[Any]) -> None:
        """Count these objects as looked at."""
        self._looked_at.update((id(obj), obj) for obj in objects if isinstance(obj, model.Event))

    def clear(self) -> None:
        """Forget what came so far, also what this process's SDK still holds, and what was looked at."""
        self.drain()
        self.source.clear()
        self._looked_at.clear()

    def unlooked(self, minimum: str = "error", allow: Iterable[Any] = ()) -> tuple[model.Event, ...]:
        """Return events of level *minimum* or above that were not looked at and *allow* does not name.

        Looked at are events that `find`, `where` or `wait` returned, by any view, or that an index or an
        iteration gave. `len`, `bool`, `in`, comparing and `repr` do not look.
        """
        allowed = Allowed(allow)
        least = LEVELS.index(minimum)
        self.drain()
        self.source.contents.update()
        return tuple(
            event
            for event in self.source.contents.events
            if _rank(event.level) >= least and id(event) not in self._looked_at and not allowed.covers(event)
        )

    def objections(self, allow: Iterable[str] | None = None) -> list[Objection]:
        """Return what real Sentry would refuse, drop or trim, worst first."""
        self.drain()
        contents = self.source.contents
        contents.update()
        if not available() and any(item.type in _NORMALISED for item in contents.items):
            warnings.warn(
                "sentry-relay is not installed: events and transactions were not judged, only what contains"
                ' them; pip install "sentryintegration[relay]"',
                NotJudgedWarning,
                stacklevel=3,
            )
        return objections_to(contents, self.source.invalid_allow if allow is None else tuple(allow))


def _rank(level: Any) -> int:
    # Real Sentry takes a level that it does not know for an error.
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("error")
