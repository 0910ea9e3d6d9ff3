"""Where a trace is not continuous, hop by hop, and what to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.matching.span_nodes import span_label
from pytest_sentryintegration.words.failures import bulleted
from pytest_sentryintegration.words.labels import label

LISTED: Final = 10
"""How many breaks are told."""

_CORS: Final = "CORS does not allow it (Access-Control-Allow-Headers: sentry-trace, baggage)"
_TARGETS: Final = "trace_propagation_targets (JavaScript: tracePropagationTargets)"


@dataclass(frozen=True)
class Told:
    """One break in words."""

    hop: str
    """Where: ``From 'page' (http.client 'GET /stock') to 'api-1' (http.server 'GET /stock')``."""
    evidence: str
    """What was sent that shows it."""
    cure: str
    """What to look at: one or two sentences."""

    def __str__(self) -> str:
        return f"{self.hop}: {self.evidence}. {self.cure}"


def told(broken: Any) -> Told:
    """Return where *broken*, a `Break`, is, what shows it, and what to look at."""
    return Told(_hop(broken), *_SAID[broken.kind](broken))


def discontinuous(trace: Any, breaks: Sequence[Any]) -> str:
    """Return the failure of a trace that is not continuous."""
    places = "1 hop" if len(breaks) == 1 else f"{len(breaks)} hops"
    lines = [f"Trace {trace.trace_id} is not continuous, at {places}:"]
    lines += bulleted([str(told(broken)) for broken in breaks[:LISTED]])
    if len(breaks) > LISTED:
        lines.append(f"... and {len(breaks) - LISTED} more")
    return "\n".join(lines)


def called_service(broken: Any) -> str | None:
    """Return the service that was called; ``None`` where nothing tells which that is."""
    if broken.callee is not None:
        service: str = broken.callee.service
        return service
    return broken.event.server_name if broken.event is not None else None


def _hop(broken: Any) -> str:
    if broken.kind == "second_root":
        return f"Beside root {_end(broken.caller)} there is root {_end(broken.callee)}"
    if broken.caller is not None:
        caller = _end(broken.caller)
    else:
        caller = "the test" if broken.by_test else "a service that has not sent its span"
    if broken.callee is not None:
        return f"From {caller} to {_end(broken.callee)}"
    service = called_service(broken)
    return f"From {caller} to {show(service) if service else 'the service that it called'}"


def _end(span: Any) -> str:
    return f"{show(span.service)} ({plain(span_label(span), 60)})"


def _second_root(broken: Any) -> tuple[str, str]:
    return (
        "it has the trace id and no parent",
        "Hand the whole header sentry-trace to continue_trace(), or to headers= of start_transaction(); or "
        "begin a new trace (new_trace() of sentry_sdk.traces).",
    )


def _several_headers(broken: Any) -> tuple[str, str]:
    name, first, second = broken.differences[0]
    said = f"{name} twice, {first}" if first == second else f"two values of {name}, {first} and {second}"
    return (
        f"the request carried {said}",
        "Two instrumentations of the caller, or a proxy, each add headers: leave one of them.",
    )


def _headers_disagree(broken: Any) -> tuple[str, str]:
    said = "; ".join(
        f"{name}: sentry-trace has {one}, it has {other}" for name, one, other in broken.differences
    )
    return (
        f"the headers of the request disagree ({said})",
        "They are of different traces: look for a proxy or a client that replaces one of the headers, or "
        "keeps one of an earlier request.",
    )


def _baggage_lost(broken: Any) -> tuple[str, str]:
    return (
        "the trace id arrived and baggage did not, so that sampling and release are no longer those of the "
        "trace",
        f"A proxy or gateway between them drops the header baggage, or {_CORS}.",
    )


def _changed(broken: Any) -> tuple[str, str]:
    said = ", ".join(
        f"{name} was {_value(one)} and is {_value(other)}" for name, one, other in broken.differences
    )
    return (
        f"the trace header has changed: {said}",
        "Something between them replaces the header baggage (a proxy, another tracing library), or the "
        "service makes a trace header of its own.",
    )


def _value(value: Any) -> str:
    return "missing" if value is None else show(value, 40)


def _not_continued(broken: Any) -> tuple[str, str]:
    began = f"it began a trace of its own, {broken.callee.trace_id}"
    if broken.has_headers and not broken.differences:
        return (
            f"{began}, although the request carried sentry-trace",
            "Give the request's headers to continue_trace(), and look at strict_trace_continuation.",
        )
    if broken.has_headers:
        header = broken.differences[0][2]
        return (
            f"{began}: the request carried a sentry-trace that does not name the trace of the caller, "
            f"{show(header, 60)}",
            "It is TRACE_ID-SPAN_ID-1 (or -0), with 32 and 16 hexadecimal digits: look for a proxy or a "
            "client that replaces or cuts the header, or keeps one of an earlier request.",
        )
    if broken.caller is not None and broken.caller.op != "http.client":
        return (
            f"{began}, and processes the message that was sent there",
            "Look at whether both sides instrument the queue (Celery: CeleryIntegration, propagate_traces), "
            "and whether another tracing library replaces the context of the message.",
        )
    if broken.has_headers is None:
        return (
            f"{began}; whether the request carried sentry-trace is not known, as its headers were not "
            "recorded",
            f"Look at {_TARGETS} of the caller, at a proxy that drops the header, and at whether the "
            "service goes on with it (continue_trace(); OpenTelemetry reads traceparent alone: "
            f"propagateTraceparent); in a browser, whether {_CORS}.",
        )
    return (
        f"{began}: the request carried no sentry-trace",
        f"Look at {_TARGETS} of the caller, and at a proxy that drops the header; in a browser, whether "
        f"{_CORS}.",
    )


def _unsampled(broken: Any) -> tuple[str, str]:
    return (
        f"it reported {label('events', broken.event)} in this trace, and not the span in which that happened",
        "Tracing is off there, its traces_sampler decides against the caller (use parent_sampled), or it did "
        "not flush.",
    )


def _unanswered(broken: Any) -> tuple[str, str]:
    return (
        "the browser gave the page no answer, not even a status, and no service went on with the trace",
        f"Where the service is of another origin, {_CORS}; the console of the browser names the header. Else "
        "the service is not there, or the page left before it answered.",
    )


_SAID: Final[dict[str, Callable[[Any], tuple[str, str]]]] = {
    "second_root": _second_root,
    "several_headers": _several_headers,
    "headers_disagree": _headers_disagree,
    "baggage_lost": _baggage_lost,
    "changed": _changed,
    "not_continued": _not_continued,
    "unsampled": _unsampled,
    "unanswered": _unanswered,
}
