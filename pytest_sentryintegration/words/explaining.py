"""Why nothing arrived: sentences made of what is known about the senders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.matching.nouns import NOUNS
from pytest_sentryintegration.matching.showing import plain, show


def explain(evidence: Evidence, contents: Any) -> str:
    """Return why nothing (more) arrived: a line for each reason, the likeliest first."""
    return "\n".join(reasons(evidence, contents))


def reasons(evidence: Evidence, contents: Any, noun: str | None = None) -> list[str]:
    """Return the lines of `explain`, at least one; only what concerns *noun*, where that is given."""
    said = [
        *_of_client(evidence),
        *_of_delivery(evidence),
        *_of_refused(contents.refused),
        *_of_losses(lost(contents), evidence),
        *_of_threads(evidence),
        *(_of_tracing(evidence) if noun is None or noun in _TRACED else ()),
        *_of_processes(evidence),
        *evidence.notes,
    ]
    if said:
        return list(dict.fromkeys(said))
    what = f"no {NOUNS[noun].singular}" if noun and contents.envelopes else "nothing"
    return [_NOTHING.format(what), *([_FALLBACK] if evidence.fallback else [])]


_NOTHING: Final = (
    "Nothing was lost on the way: {} was captured, or the SDK passed over it silently (ignore_errors, "
    "an ignored logger)."
)
_FALLBACK: Final = (
    "The application did not call sentry_sdk.init() here, so sentry_sdk.is_initialized() is false for it."
)
_TRACED: Final = ("transactions", "spans", "traces", "envelopes", "items")


def lost(contents: Any) -> Counter[tuple[str, str]]:
    """Count what the senders' client reports say they dropped, by reason and category."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in contents.client_reports:
        for discarded in report.discarded:
            counts[str(discarded.reason), str(discarded.category)] += int(discarded.quantity or 0)
    return counts


def dropped(contents: Any) -> str:
    """Return what was dropped: ``2 events dropped by before_send``; ``""`` where nothing was."""
    return ", ".join(
        f"{things(category, count)} dropped by {_BY.get(reason) or plain(reason)}"
        for (reason, category), count in lost(contents).items()
    )


def things(category: str, count: int) -> str:
    """Return *count* of a data category in words: ``2 events``.

    >>> things("error", 2), things("log_item", 1)
    ('2 events', '1 log')
    """
    one = _THINGS.get(category) or plain(category.replace("_", " "))
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


_THINGS: Final = {
    "error": "event",
    "default": "event",
    "transaction": "transaction",
    "span": "span",
    "log_item": "log",
    "log_byte": "byte of log",
    "trace_metric": "metric",
    "monitor": "check-in",
    "feedback": "feedback message",
}

_BY: Final = {
    "sample_rate": "sampling",
    "event_processor": "an event processor",
    "ratelimit_backoff": "rate limits",
    "network_error": "a network error",
    "send_error": "an error response",
    "queue_overflow": "a full queue",
    "cache_overflow": "a full cache",
    "buffer_overflow": "a full buffer",
    "backpressure": "backpressure",
    "internal_sdk_error": "an error inside the SDK",
    "insufficient_data": "the SDK, for want of data",
}

_DROPPED: Final = {
    "before_send": "before_send returned None",
    "before_send_transaction": "before_send_transaction returned None",
    "before_send_log": "before_send_log returned None",
    "before_send_metric": "before_send_metric returned None",
    "before_send_span": "before_send_span returned None",
    "ignore_spans": "ignore_spans names them",
    "event_processor": "an event processor returned None (one is the SDK's deduplication, which drops an "
    "exception that was captured just before)",
    "ratelimit_backoff": "the SDK holds back what the fake Sentry told it to rate limit",
    "network_error": "the SDK could not connect",
    "send_error": "the answer was an error",
    "queue_overflow": "the SDK's queue was full",
    "buffer_overflow": "the SDK's buffer was full, or a span finished after its transaction",
    "backpressure": "the SDK holds itself for overloaded",
    "internal_sdk_error": "the SDK failed on it; init(debug=True) logs how",
}


def _of_client(evidence: Evidence) -> Iterable[str]:
    if evidence.imported is False:
        yield "This process has not imported sentry_sdk: nothing in it can report."
    elif evidence.client is False:
        yield "This process has no SDK client: sentry_sdk.init() was not called, or the client was closed."
    elif evidence.dsn is False:
        yield "The application's SDK client has no DSN, so it sends nothing: pass dsn= or set SENTRY_DSN."
    if evidence.own_transport:
        yield (
            f"The application's SDK client has a transport of its own, {evidence.own_transport}, which is "
            "left alone: what it sends does not come here."
        )


def _of_delivery(evidence: Evidence) -> Iterable[str]:
    if evidence.blocked_by:
        yield f"Sockets are blocked by {evidence.blocked_by}: set sentry_transport = memory."
    elif evidence.failure:
        yield f"The SDK could not deliver: {evidence.failure}."
    if evidence.rate_limited:
        what = "everything" if "all" in evidence.rate_limited else ", ".join(evidence.rate_limited)
        yield f"The SDK is rate limited for {what}, as the fake Sentry told it to be."
    if evidence.queued:
        count = f"{evidence.queued} envelope{'s are' if evidence.queued > 1 else ' is'}"
        yield f"{count} still queued in the SDK."


def _of_refused(refused: Iterable[Any]) -> Iterable[str]:
    counts = Counter((request.status, request.reason) for request in refused)
    for (status, reason), count in counts.items():
        what = "1 request was" if count == 1 else f"{count} requests were"
        yield f"{what} refused by the fake Sentry with status {status}: {plain(reason, 200)}."


def _of_losses(losses: Counter[tuple[str, str]], evidence: Evidence) -> Iterable[str]:
    grouped: dict[tuple[str, bool], list[str]] = {}
    total: Counter[tuple[str, bool]] = Counter()
    for (reason, category), count in losses.items():
        key = (reason, reason == "sample_rate" and category in ("transaction", "span"))
        grouped.setdefault(key, []).append(things(category, count))
        total[key] += count
    for (reason, traced), parts in grouped.items():
        what = f"{' and '.join(parts)} {'was' if total[reason, traced] == 1 else 'were'}"
        if reason == "sample_rate":
            yield f"{what} sampled out{_by_which_rate(traced, evidence)}."
        else:
            yield f"{what} dropped: {_DROPPED.get(reason) or plain(reason)}."


def _by_which_rate(traced: bool, evidence: Evidence) -> str:
    if traced and evidence.traces_sampler:
        return " by the traces_sampler"
    option = "traces_sample_rate" if traced else "sample_rate"
    rate = evidence.traces_sample_rate if traced else evidence.sample_rate
    return "" if rate is None else f": {option} is {rate}"


def _of_threads(evidence: Evidence) -> Iterable[str]:
    for there in evidence.elsewhere:
        if there.thread.startswith("sentry-sdk."):
            continue  # the SDK's own worker, which sends what others captured
        what = f"{there.count} came" if there.count else "What it captures goes"
        whose = f"the inbox of {there.test}" if there.test else "no test's inbox"
        yield (
            f"Thread {show(there.thread)} was started by another test: {what} into {whose}. "
            "sentry_events.adopt(thread) moves it here."
        )


def _of_tracing(evidence: Evidence) -> Iterable[str]:
    if evidence.client and evidence.traces_sample_rate is None and evidence.traces_sampler is False:
        yield "Tracing is off: the SDK client has neither traces_sample_rate nor traces_sampler."


def _of_processes(evidence: Evidence) -> Iterable[str]:
    if evidence.handed_out and evidence.connected is False:
        yield "No other process has connected: does it get sentry_events.env, and flush before it ends?"
