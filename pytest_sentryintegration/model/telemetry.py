"""Logs, metrics, check-ins, sessions, client reports and feedback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from pytest_sentryintegration.model.frozen import Frozen, lazy
from pytest_sentryintegration.model.items import Envelope, Item
from pytest_sentryintegration.model.otlp import read_otlp_logs
from pytest_sentryintegration.model.reading import identifier, listing, mapping, moment, number, shown, text
from pytest_sentryintegration.model.sent_spans import unwrapped

__all__ = [
    "CheckIn",
    "ClientReport",
    "Discarded",
    "Feedback",
    "Log",
    "Metric",
    "Session",
    "read_check_ins",
    "read_client_reports",
    "read_feedback",
    "read_logs",
    "read_metrics",
    "read_sessions",
]


class _Sent(Frozen):
    """What was made of an item, or of an element of one."""

    item: Item
    """The item that it was sent in."""
    raw: dict[str, Any]
    """The JSON object as it was sent."""

    def __init__(self, item: Item, raw: dict[str, Any]) -> None:
        own = self.__dict__
        own["item"] = item
        own["raw"] = raw

    @property
    def envelope(self) -> Envelope:
        """The envelope that it came in."""
        return self.item.envelope


class Log(_Sent):
    """One structured log record; of OTLP, `raw` is the `OtlpLog`."""

    _fields: dict[str, Any]

    def __init__(self, item: Item, raw: Any, fields: dict[str, Any] | None = None) -> None:
        super().__init__(item, raw)
        self.__dict__["_fields"] = raw if fields is None else fields

    @property
    def level(self) -> str:
        """``trace``, ``debug``, ``info``, ``warn``, ``error`` or ``fatal``; ``""`` where none was sent."""
        return text(self._fields.get("level")) or ""

    @property
    def body(self) -> str:
        """Its text, ``""`` where none was sent."""
        return shown(self._fields.get("body")) or ""

    @lazy
    def attributes(self) -> dict[str, Any]:
        """Its attributes, without their types."""
        return unwrapped(self._fields.get("attributes"))

    @property
    def trace_id(self) -> str | None:
        """The trace that it was written in, 32 hexadecimal digits."""
        return identifier(self._fields.get("trace_id"))

    @property
    def span_id(self) -> str | None:
        """The span that was active, 16 hexadecimal digits."""
        return identifier(self._fields.get("span_id"))

    @lazy
    def timestamp(self) -> datetime | None:
        """When it was written, in UTC."""
        return moment(self._fields.get("timestamp"))

    def __repr__(self) -> str:
        return f"<Log {self.level} {self.body[:80]!r}>"


class Metric(_Sent):
    """One measurement of an application metric."""

    @property
    def name(self) -> str:
        """Its name, ``""`` where none was sent."""
        return text(self.raw.get("name")) or ""

    @property
    def type(self) -> str:
        """``counter``, ``gauge`` or ``distribution``; ``""`` where none was sent."""
        return text(self.raw.get("type")) or ""

    @property
    def value(self) -> float | int | None:
        """What was measured, as sent; ``None`` where that is no number."""
        value = self.raw.get("value")
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def unit(self) -> str | None:
        """Its unit, such as ``millisecond``."""
        return text(self.raw.get("unit"))

    @lazy
    def attributes(self) -> dict[str, Any]:
        """Its attributes, without their types."""
        return unwrapped(self.raw.get("attributes"))

    @property
    def trace_id(self) -> str | None:
        """The trace that it was measured in, 32 hexadecimal digits."""
        return identifier(self.raw.get("trace_id"))

    @property
    def span_id(self) -> str | None:
        """The span that was active, 16 hexadecimal digits."""
        return identifier(self.raw.get("span_id"))

    @lazy
    def timestamp(self) -> datetime | None:
        """When it was measured, in UTC."""
        return moment(self.raw.get("timestamp"))

    def __repr__(self) -> str:
        return f"<Metric {self.type} {self.name} {self.value}>"


class CheckIn(_Sent):
    """One report of a cron job's run."""

    @property
    def monitor_slug(self) -> str:
        """The job, ``""`` where none was sent."""
        return text(self.raw.get("monitor_slug")) or ""

    @property
    def status(self) -> str:
        """``in_progress``, ``ok`` or ``error``; ``""`` where none was sent."""
        return text(self.raw.get("status")) or ""

    @property
    def id(self) -> str | None:
        """Its id, the same in all reports of one run."""
        return identifier(self.raw.get("check_in_id"))

    @property
    def duration(self) -> float | None:
        """Seconds that the run took."""
        return number(self.raw.get("duration"))

    @property
    def monitor_config(self) -> dict[str, Any]:
        """What the job is to be like: ``schedule``, ``timezone``, ``checkin_margin``, ..."""
        return mapping(self.raw.get("monitor_config"))

    def __repr__(self) -> str:
        return f"<CheckIn {self.monitor_slug} {self.status}>"


class Session(_Sent):
    """One update of a release-health session, or the count of those of one status in a ``sessions`` item."""

    def __init__(
        self,
        item: Item,
        raw: dict[str, Any],
        attributes: dict[str, Any],
        counted: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(item, raw)
        own = self.__dict__
        own["_attributes"] = attributes
        own["_counted"] = counted

    @property
    def sid(self) -> str | None:
        """Its id, 32 hexadecimal digits; ``None`` for counted sessions, which have none."""
        return identifier(self.raw.get("sid"))

    @property
    def status(self) -> str:
        """``ok`` (begun, or still going on), ``exited``, ``errored``, ``crashed`` or ``abnormal``."""
        counted = self.__dict__["_counted"]
        return counted[0] if counted else text(self.raw.get("status")) or "ok"

    @property
    def count(self) -> int:
        """How many sessions it stands for: 1, or as many as were counted."""
        counted = self.__dict__["_counted"]
        return counted[1] if counted else 1

    @property
    def errors(self) -> int:
        """How many errors happened in it (in each, where several are counted)."""
        if self.__dict__["_counted"]:
            return int(self.status in ("errored", "crashed"))
        return int(number(self.raw.get("errors")) or 0)

    @property
    def release(self) -> str | None:
        """The version of the application."""
        return text(self.__dict__["_attributes"].get("release"))

    @property
    def environment(self) -> str | None:
        """Such as ``production``."""
        return text(self.__dict__["_attributes"].get("environment"))

    def __repr__(self) -> str:
        return f"<Session {self.status} {self.release}>"


class Discarded(NamedTuple):
    """What an SDK discarded, for one reason and of one category."""

    reason: str
    category: str
    quantity: int


class ClientReport(_Sent):
    """What an SDK did not send, and why."""

    @lazy
    def discarded(self) -> tuple[Discarded, ...]:
        """What was discarded: reason, category and quantity each."""
        return tuple(
            Discarded(
                text(entry.get("reason")) or "",
                text(entry.get("category")) or "",
                int(number(entry.get("quantity")) or 0),
            )
            for entry in listing(self.raw.get("discarded_events"))
            if isinstance(entry, dict)
        )

    @property
    def timestamp(self) -> datetime | None:
        """When it was made, in UTC."""
        return moment(self.raw.get("timestamp"))

    def __repr__(self) -> str:
        parts = ", ".join(f"{lost.quantity} {lost.category} {lost.reason}" for lost in self.discarded[:5])
        return f"<ClientReport {parts}>"


class Feedback(_Sent):
    """What a user wrote."""

    @property
    def _written(self) -> dict[str, Any]:
        if self.item.type == "user_report":
            return self.raw
        return mapping(mapping(self.raw.get("contexts")).get("feedback"))

    @property
    def message(self) -> str:
        """The text, ``""`` where there is none."""
        return text(self._written.get("message")) or text(self._written.get("comments")) or ""

    @property
    def name(self) -> str | None:
        """Who wrote it."""
        return text(self._written.get("name"))

    @property
    def contact_email(self) -> str | None:
        """Where to answer."""
        return text(self._written.get("contact_email")) or text(self._written.get("email"))

    @property
    def url(self) -> str | None:
        """The page that it was written on."""
        return text(self._written.get("url"))

    def __repr__(self) -> str:
        return f"<Feedback {self.message[:80]!r}>"


def read_logs(item: Item) -> Iterator[Log]:
    """Yield the logs of a ``log`` item, or of what came by OTLP."""
    if item.type == "integration":
        return (Log(item, raw, fields) for raw, fields in read_otlp_logs(item))
    return (Log(item, raw) for raw in _elements(item))


def read_metrics(item: Item) -> Iterator[Metric]:
    """Yield the metrics of a ``trace_metric`` item."""
    return (Metric(item, raw) for raw in _elements(item))


def read_check_ins(item: Item) -> Iterator[CheckIn]:
    """Yield the check-in of a ``check_in`` item."""
    if item._is_object:
        yield CheckIn(item, item._fields)


def read_client_reports(item: Item) -> Iterator[ClientReport]:
    """Yield the report of a ``client_report`` item."""
    if item._is_object:
        yield ClientReport(item, item._fields)


def read_feedback(item: Item) -> Iterator[Feedback]:
    """Yield the feedback of a ``feedback`` item, or of a ``user_report`` item, its predecessor."""
    if item._is_object:
        yield Feedback(item, item._fields)


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


def _elements(item: Item) -> list[dict[str, Any]]:
    # One log or metric without a container is dropped by Sentry, which is the verdict's to say.
    payload = item._fields
    elements = listing(payload.get("items")) if "items" in payload or not payload else [payload]
    return [element for element in elements if isinstance(element, dict)]
