"""What was recorded of a span, or of the root of a transaction: all but how spans are related."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.items import Envelope, Item
from pytest_sentryintegration.model.records import Record
from pytest_sentryintegration.model.services import service_of

__all__ = ["RecordedSegment", "RecordedSpan"]


class Recorded:
    """What is read off any record: what a span and a transaction have in common."""

    __slots__ = ()

    @property
    def _record(self) -> Record:
        raise NotImplementedError

    @property
    def raw(self) -> Any:
        """It as it was sent: a JSON object (of a transaction's root the whole event), or an `OtlpSpan`."""
        return self._record.raw

    @property
    def op(self) -> str | None:
        """What kind of work it is, such as ``db.query``."""
        return self._record.op

    @property
    def status(self) -> str | None:
        """How it ended, as sent: ``ok``, ``internal_error``, ...; streamed and OTLP ``ok`` or ``error``."""
        return self._record.status

    @property
    def tags(self) -> dict[str, str]:
        """Its tags; of a streamed span the attributes outside ``sentry.*``, as text."""
        return self._record.tags

    @property
    def data(self) -> dict[str, Any]:
        """Its data; of a streamed or OTLP span its attributes."""
        return self._record.data

    @property
    def start(self) -> datetime | None:
        """When it started, in UTC."""
        return self._record.start

    @property
    def end(self) -> datetime | None:
        """When it ended, in UTC."""
        return self._record.end

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        return self._record.duration

    @property
    def trace_id(self) -> str:
        """The trace that it belongs to, 32 hexadecimal digits."""
        return self._record.trace_id

    @property
    def span_id(self) -> str | None:
        """Its id, 16 hexadecimal digits; of a transaction that of its root."""
        return self._record.span_id

    @property
    def parent_span_id(self) -> str | None:
        """The id of the span above, which may be in another service and need not have come."""
        return self._record.parent_span_id


class RecordedSpan(Recorded):
    """What is read off the record of one span."""

    __slots__ = ()

    @property
    def description(self) -> str | None:
        """What was done; the name of the transaction for a root, ``None`` where it only repeats the op."""
        return self._record.description

    @property
    def origin(self) -> str | None:
        """What instrumented it: ``manual``, ``auto.http.django``, ..."""
        return self._record.origin

    @property
    def service(self) -> str:
        """The service that sent it: its server name, else its SDK and project."""
        return service_of(self._record)

    @property
    def project_id(self) -> str:
        """The project that it was sent to."""
        return self._record.item.envelope.project_id

    @property
    def item(self) -> Item:
        """The item that it was sent in."""
        return self._record.item

    @property
    def envelope(self) -> Envelope:
        """The envelope that it came in."""
        return self._record.item.envelope


class RecordedSegment(Recorded):
    """What is read off the record in which a transaction begins."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its name, ``""`` where it has none."""
        return self._record.name

    @property
    def source(self) -> str | None:
        """Where the name is from: ``route``, ``url``, ``custom``, ..."""
        return self._record.source

    @property
    def measurements(self) -> dict[str, Any]:
        """Its measurements by name, each with ``value`` and ``unit``."""
        return self._record.measurements

    @property
    def contexts(self) -> dict[str, Any]:
        """Its contexts by name; streamed spans have none."""
        return self._record.contexts

    @property
    def server_name(self) -> str | None:
        """The host."""
        return self._record.server_name

    @property
    def release(self) -> str | None:
        """The version of the application."""
        return self._record.release

    @property
    def environment(self) -> str | None:
        """Such as ``production``."""
        return self._record.environment

    @property
    def sdk(self) -> dict[str, Any]:
        """What sent it: ``name``, ``version``."""
        return self._record.sdk
