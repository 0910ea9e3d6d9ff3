"""Sessions of release health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.model.items import Item
from pytest_sentryintegration.model.parts import Element
from pytest_sentryintegration.model.reading import identifier, listing, mapping, number, text

__all__ = ["Session", "read_sessions"]


@dataclass(frozen=True, eq=False, repr=False)
class Session(Element):
    """One update of a release-health session, or the count of those of one status in a ``sessions`` item.

    >>> with capture(release="shop@1.2") as sentry_events:
    ...     with sentry_sdk.sessions.track_session(sentry_sdk.get_isolation_scope()):
    ...         pass
    ...     sentry_events.sessions.find(status="exited").release
    'shop@1.2'
    """

    _attributes: dict[str, Any]
    _counted: tuple[str, int] | None = None
    """Of counted sessions the status, and how many they are."""

    @property
    def sid(self) -> str | None:
        """Its id, 32 hexadecimal digits; ``None`` for counted sessions, which have none."""
        return identifier(self.raw.get("sid"))

    @property
    def status(self) -> str:
        """``ok`` (begun, or still going on), ``exited``, ``errored``, ``crashed`` or ``abnormal``."""
        return self._counted[0] if self._counted else text(self.raw.get("status")) or "ok"

    @property
    def count(self) -> int:
        """How many sessions it stands for: 1, or as many as were counted."""
        return self._counted[1] if self._counted else 1

    @property
    def errors(self) -> int:
        """How many errors happened in it (in each, where several are counted)."""
        if self._counted:
            return int(self.status in ("errored", "crashed"))
        return int(number(self.raw.get("errors")) or 0)

    @property
    def release(self) -> str | None:
        """The version of the application."""
        return text(self._attributes.get("release"))

    @property
    def environment(self) -> str | None:
        """Such as ``production``."""
        return text(self._attributes.get("environment"))

    def __repr__(self) -> str:
        return f"<Session {self.status} {self.release}>"


def read_sessions(item: Item) -> Iterator[Session]:
    """Yield the session of a ``session`` item; of a ``sessions`` item one for each status that was counted.

    Relay: aggregates have ``started`` and counts named ``exited``, ``errored``, ``crashed``, ``abnormal``.
    """
    if not item._is_object:
        return
    attributes = mapping(item._fields.get("attrs"))
    if item.type == "session":
        yield Session(item, item._fields, attributes)
        return
    for raw in listing(item._fields.get("aggregates")):
        for status in ("exited", "errored", "abnormal", "crashed", "unhandled"):
            count = number(mapping(raw).get(status))
            if count is not None and count > 0:
                yield Session(item, raw, attributes, (status, int(count)))
