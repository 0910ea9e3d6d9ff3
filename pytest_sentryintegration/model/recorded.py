"""What a span and a transaction have in common: what was recorded of the one, or of the root of the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.records import Record

__all__ = ["Recorded"]


class Recorded:
    """What is read off a record."""

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
