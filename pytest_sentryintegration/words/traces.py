"""Why a trace is not complete: which service owes a span, and what is not sent yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.matching.span_nodes import span_label
from pytest_sentryintegration.words.failures import bulleted
from pytest_sentryintegration.words.labels import label

LISTED: Final = 5
"""How many missing spans, and how many traces, are named."""


def incomplete(traces: Sequence[Any], sentences: Sequence[str], waited: float = 0) -> str:
    """Return the failure of a wait for complete traces.

    Args:
        traces: What was found, and is to be complete.
        sentences: What is lacking.
        waited: For how many seconds it was waited.
    """
    expected = "one complete trace" if len(traces) == 1 else f"{len(traces)} complete traces"
    within = f" within {waited:g} s" if waited else ""
    lines = [f"Expected {expected}{within}; not all of {'it' if len(traces) == 1 else 'them'} has come:"]
    lines += [f"  {label('traces', trace)}" for trace in traces[:LISTED]]
    return "\n".join([*lines, *bulleted(list(dict.fromkeys(sentences)))])


def of_nothing(trace: Any) -> str:
    """Return what is said of a trace that a test has begun, and of which no span has come."""
    said = f"No span of trace {trace.trace_id} has come"
    for noun in ("events", "logs"):
        for sent in getattr(trace, noun)[:1]:
            service = getattr(sent, "server_name", None)
            sender = f" of {show(service)}" if service else ""
            return (
                f"{said}, but the {noun[:-1]} {label(noun, sent)}{sender} has: its service does not trace, "
                "did not sample the trace, or has not sent its spans yet."
            )
    return f"{said}: no service got its headers, or none has sent yet."


def of_missing(trace: Any) -> list[str]:
    """Return a sentence for each parent of *trace* that has not come."""
    missing = trace.missing
    said = [_of_parent(trace, parent) for parent in missing[:LISTED]]
    if len(missing) > LISTED:
        said.append(f"{len(missing) - LISTED} more parents have not come.")
    return said


def _of_parent(trace: Any, parent: Any) -> str:
    span, service = parent.span, show(parent.service)
    named = plain(span_label(span), 60)
    if span.transaction is None or span.transaction.span_id != span.span_id:
        return f"{service} owes span {parent.span_id}, which it names as the parent of its span {named}."
    began = "" if trace.roots else _beginning(span.envelope.headers.get("trace"))
    return (
        f"The caller of {service} owes span {parent.span_id}, the parent of {named}{began}. Either the "
        "caller ended before it flushed, or it did not sample the trace, or it does not report here."
    )


def _beginning(header: Any) -> str:
    """Return what the trace header says of where the trace began, which has not come either."""
    if not isinstance(header, dict):
        return ""
    said = [
        f"{name.replace('_', ' ')} {show(header[name])}"
        for name in ("transaction", "release", "environment", "public_key")
        if isinstance(header.get(name), str)
    ]
    return f"; by its trace header, the trace began in {', '.join(said)}" if said else ""


def too_recent(seconds: float, quiet: float) -> str:
    """Return that something has come only just now."""
    return f"The newest of it came only {seconds:.2f} s ago: less than sentry_quiet, {quiet:g} s."
