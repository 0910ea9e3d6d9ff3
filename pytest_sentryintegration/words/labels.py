"""Received objects as one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.matching.span_nodes import span_label
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.losses import BY, things

WIDTH: Final = 48
"""Characters of a value; with the rest of its line it fits into 80 columns."""


def label(noun: str, obj: Any) -> str:
    """Return *obj*, which is of that noun, as one line: ``'Spec failed'``, ``ValueError: 'boom'``."""
    return plain(_LABELS.get(noun, _repr)(obj), WIDTH + 20)


def _event(event: Any) -> str:
    exception = event.exception
    if exception is None:
        return show(event.message, WIDTH)
    value = show(exception.value, WIDTH) if exception.value is not None else ""
    name = f"{exception.module}.{exception.type}" if exception.module else str(exception.type)
    return f"{name}: {value}" if value else name


def _transaction(transaction: Any) -> str:
    return (
        f"{show(transaction.name, WIDTH)}, op {transaction.op}"
        if transaction.op
        else show(transaction.name, WIDTH)
    )


def _trace(trace: Any) -> str:
    return f"{trace.trace_id} with {NOUNS['spans'].counted(len(trace.spans))}"


def _log(log: Any) -> str:
    return f"{log.level}: {show(log.body, WIDTH)}"


def _metric(metric: Any) -> str:
    return f"{metric.name} = {show(metric.value)} ({metric.type})"


def _check_in(check_in: Any) -> str:
    return f"{show(check_in.monitor_slug)}, {check_in.status}"


def _session(session: Any) -> str:
    return f"{session.status}, {session.errors} errors, release {session.release}"


def _client_report(report: Any) -> str:
    return ", ".join(
        f"{things(str(lost.category), lost.quantity)} dropped by {BY.get(lost.reason) or lost.reason}"
        for lost in report.discarded
    )


def _envelope(envelope: Any) -> str:
    return f"with {', '.join(str(item.type) for item in envelope.items[:8]) or 'no items'}"


def _item(item: Any) -> str:
    return f"{item.type}, {len(item.payload)} bytes"


def _refused(refused: Any) -> str:
    return f"status {refused.status}: {refused.reason}"


def _repr(obj: Any) -> str:
    return show(obj, WIDTH)


_LABELS: Final[dict[str, Callable[[Any], str]]] = {
    "events": _event,
    "messages": _event,
    "errors": _event,
    "transactions": _transaction,
    "spans": span_label,
    "traces": _trace,
    "attachments": lambda attachment: f"{show(attachment.filename)}, {len(attachment.payload)} bytes",
    "logs": _log,
    "metrics": _metric,
    "check_ins": _check_in,
    "feedback": lambda feedback: show(feedback.message, WIDTH),
    "sessions": _session,
    "client_reports": _client_report,
    "envelopes": _envelope,
    "items": _item,
    "refused": _refused,
}
