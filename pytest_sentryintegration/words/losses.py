"""What senders say they dropped, in words: the reasons and data categories of their client reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence, Raised
from pytest_sentryintegration.matching.showing import plain

Losses = Counter[tuple[str, str]]
"""How much was lost, by reason and data category."""


def lost(contents: Any) -> Losses:
    """Count what the senders' client reports say they dropped, by reason and category."""
    counts: Losses = Counter()
    for report in contents.client_reports:
        for discarded in report.discarded:
            counts[str(discarded.reason), str(discarded.category)] += int(discarded.quantity or 0)
    for reason, category in list(counts):
        # The SDK reports lost logs and metrics twice: their number and their size.
        if (reason, _SIZES.get(category)) in counts:
            del counts[reason, category]
    return counts


def concerning(noun: str | None, losses: Losses) -> Losses:
    """Return those of *losses* whose category may be of *noun*; unknown categories always are."""
    if noun not in _OF_NOUNS:
        return losses
    wanted = _OF_NOUNS[noun]
    return Counter({key: count for key, count in losses.items() if key[1] in wanted or key[1] not in THINGS})


def dropped(contents: Any, processors: Sequence[str] = ()) -> str:
    """Return what was dropped: ``2 events dropped by before_send``; ``""`` where nothing was.

    Args:
        contents: All nouns.
        processors: The event processors of this process that dropped something, by their qualified names.
    """
    by = dict(BY)
    if processors and all(map(_is_deduplication, processors)):
        by["event_processor"] = "the SDK as a duplicate (DedupeIntegration)"
    return ", ".join(
        f"{things(category, count)} dropped by {by.get(reason) or plain(reason)}"
        for (reason, category), count in lost(contents).items()
    )


def things(category: str, count: int) -> str:
    """Return *count* of a data category in words: ``2 events``.

    >>> things("error", 2), things("log_item", 1), things("log_byte", 5)
    ('2 events', '1 log', '5 bytes of logs')
    """
    named = plain(category.replace("_", " "))
    one, many = THINGS.get(category) or (named, f"{named}s")
    return f"{count} {one if count == 1 else many}"


def _things(one: str, many: str = "") -> tuple[str, str]:
    return one, many or f"{one}s"


THINGS: Final = {
    "default": _things("event"),
    "error": _things("event"),
    "crash": _things("crash"),
    "transaction": _things("transaction"),
    "security": _things("security report"),
    # The SDK counts the bytes of attachments.
    "attachment": _things("byte of attachments", "bytes of attachments"),
    "session": _things("session"),
    "internal": _things("report of the SDK itself", "reports of the SDK itself"),
    "profile": _things("profile"),
    "profile_chunk": _things("profile chunk"),
    "monitor": _things("check-in"),
    "span": _things("span"),
    "log_item": _things("log"),
    "log_byte": _things("byte of logs", "bytes of logs"),
    "trace_metric": _things("metric"),
    "trace_metric_byte": _things("byte of metrics", "bytes of metrics"),
    "feedback": _things("feedback message"),
}
"""Data categories: their names in the singular and the plural."""

_SIZES: Final = {"log_byte": "log_item", "trace_metric_byte": "trace_metric"}

BY: Final = {
    "sample_rate": "sampling",
    "before_send": "before_send",
    "callback_error": "a callback that raised",
    "event_processor": "an event processor",
    "ignored": "ignore_spans",
    "ratelimit_backoff": "rate limits",
    "network_error": "a failed request",
    "send_error": "an error in answer",
    "queue_overflow": "a full queue",
    "cache_overflow": "a full cache",
    "buffer_overflow": "the SDK (buffer_overflow)",
    "backpressure": "backpressure",
    "internal_sdk_error": "an error inside the SDK",
    "insufficient_data": "the SDK, for want of data",
    "no_parent_span": "the SDK, for want of a parent span",
}
"""Reasons of client reports, after "dropped by"."""

DROPPED: Final = {
    "event_processor": "an event processor returned None (one is the SDK's deduplication, which drops an "
    "exception that was captured before)",
    "ignored": "ignore_spans names them",
    "ratelimit_backoff": "the SDK holds back what the fake Sentry told it to rate limit",
    "network_error": "the request failed (no connection, or an error in answer)",
    "send_error": "the answer was an error",
    "queue_overflow": "the SDK's queue was full",
    "cache_overflow": "the SDK's cache was full",
    "buffer_overflow": "there were more than max_spans, or one had not finished when its transaction did",
    "backpressure": "the SDK holds itself for overloaded (enable_backpressure_handling)",
    "internal_sdk_error": "the SDK failed on it; init(debug=True) logs how",
    "insufficient_data": "too little was recorded for a profile",
    # Of @sentry/browser.
    "no_parent_span": "requests of a page are spans only inside of one",
}
"""Reasons of client reports, as explanations. `_why` has those of callbacks, `_SAMPLED_BY` of sampling."""

_CALLBACKS: Final = {
    "transaction": ("before_send_transaction",),
    "span": ("before_send_transaction", "traces_sampler"),
    "log_item": ("before_send_log",),
    "log_byte": ("before_send_log",),
    "trace_metric": ("before_send_metric",),
    "trace_metric_byte": ("before_send_metric",),
}
"""Options whose callback may drop a data category, the usual one first; of all others ``before_send``."""
_TRACED: Final = ("transaction", "span")
_OF_EVENTS: Final = ("default", "error", "crash", "security", "attachment")
_OF_NOUNS: Final = {
    "events": _OF_EVENTS,
    "messages": _OF_EVENTS,
    "errors": _OF_EVENTS,
    "attachments": (*_OF_EVENTS, "transaction"),
    "transactions": _TRACED,
    "spans": _TRACED,
    "traces": _TRACED,
    "logs": ("log_item", "log_byte"),
    "metrics": ("trace_metric", "trace_metric_byte"),
    "check_ins": ("monitor",),
    "sessions": ("session",),
    "feedback": ("feedback",),
}
"""Data categories by noun; all other nouns may hold any category."""
_TAKING: Final = {"before_send": "before_send_transaction", "event_processor": "an event processor"}
_PROCESSORS: Final = ("event processor", "error processor")


def of_losses(losses: Mapping[tuple[str, str], int], evidence: Evidence) -> Iterable[str]:
    """Yield a sentence for each reason for which something was lost."""
    grouped: dict[str, Counter[str]] = {}
    for (reason, category), count in losses.items():
        if reason == "sample_rate":
            for why, sampled in _sampled_out(category, count, evidence):
                grouped.setdefault(f"sampled out{why}", Counter())[category] += sampled
            continue
        # A callback is called once for a transaction and all of its spans.
        calls = losses.get((reason, "transaction"), count) if category == "span" else count
        why = _why(reason, _culprits(reason, category), calls, evidence)
        if category == "span" and reason in _TAKING and (reason, "transaction") not in losses:
            why = f"taken out of {'its' if count == 1 else 'their'} transaction by {_TAKING[reason]}"
        grouped.setdefault(why, Counter())[category] += count
    for why, counts in grouped.items():
        what = _and([things(category, count) for category, count in counts.items()])
        yield f"{what} {'was' if sum(counts.values()) == 1 else 'were'} {why}."


def of_raised(
    losses: Mapping[tuple[str, str], int], evidence: Evidence, noun: str | None = None
) -> Iterable[str]:
    """Yield a sentence for each callback that raised, concerns *noun* and is not named by `of_losses`."""
    named = {culprit for reason, category in losses for culprit in _culprits(reason, category)}
    if noun in _OF_NOUNS:
        named |= _callbacks(THINGS) - _callbacks(_OF_NOUNS[noun])
    for raised in evidence.raised:
        if raised.callback in named:
            continue
        times = f", {raised.count} times" if raised.count > 1 else ""
        if raised.callback:
            yield f"{_raised([raised])}{times}; {_DEBUG}."
        else:
            yield f"The SDK swallowed an error{times}: {plain(raised.error, 200)}; {_DEBUG}."


def _callbacks(categories: Iterable[str]) -> set[str]:
    return {name for category in categories for name in _CALLBACKS.get(category, ("before_send",))}


_DEBUG: Final = "init(debug=True) logs the traceback"


def _culprits(reason: str, category: str) -> tuple[str, ...]:
    """Return the options and callbacks that may be the cause of a loss."""
    if reason == "sample_rate":
        return ("traces_sample_rate", "traces_sampler") if category in _TRACED else ("sample_rate",)
    callbacks = _CALLBACKS.get(category, ("before_send",))
    if reason == "before_send":
        return callbacks[:1]
    if reason == "event_processor":
        return _PROCESSORS
    return (*callbacks, *_PROCESSORS) if reason == "callback_error" else ()


def _why(reason: str, culprits: tuple[str, ...], count: int, evidence: Evidence) -> str:
    """Return what became of it and why: ``dropped: before_send returned None``."""
    raised = [raised for raised in evidence.raised if raised.callback in culprits]
    why = f"{_raised(raised)}; {_DEBUG}" if raised else ""
    if reason == "callback_error":
        return f"dropped: {why or f'a callback raised ({_or(culprits)}); {_DEBUG}'}"
    returned = f"{culprits[0]} returned None" if reason == "before_send" else DROPPED.get(reason)
    if reason == "event_processor" and evidence.processors:
        returned = " and ".join(map(_processed, evidence.processors))
    if not why:
        return f"dropped: {returned or plain(reason)}"
    # sentry-sdk 2.41 has no reason of its own for a callback that raised: it reports ``before_send``.
    as_often = sum(each.count for each in raised) >= count
    return f"dropped: {why}" if as_often else f"dropped: {returned}, or {why}"


def _raised(raised: Iterable[Raised]) -> str:
    return " and ".join(
        f"{'an ' if each.callback in _PROCESSORS else ''}{each.callback} raised {plain(each.error, 200)}"
        for each in raised
    )


def _is_deduplication(processor: str) -> bool:
    return processor.startswith("DedupeIntegration.")


def _processed(processor: str) -> str:
    if _is_deduplication(processor):
        return "it was captured before, and the SDK drops such a duplicate (DedupeIntegration)"
    return f"the event processor {plain(processor.rpartition('<locals>.')[2])} returned None"


def _sampled_out(category: str, count: int, evidence: Evidence) -> Iterable[tuple[str, int]]:
    """Yield what sampled out how much of *count*."""
    for sampled, noted in (evidence.sampled_out or {}).items():
        if sampled.category == category and (by_it := min(noted, count)) > 0:
            count -= by_it
            raised = [each for each in evidence.raised if each.callback == sampled.by]
            why = f": {_raised(raised)}; {_DEBUG}" if raised else _SAMPLED_BY.get(sampled.by)
            yield why if why is not None else f": {sampled.by} is {sampled.rate}", by_it
    if count:
        # The options of another process are not known here.
        yield " by another process" if evidence.connected and evidence.sampled_out is not None else "", count


_SAMPLED_BY: Final = {
    "": "",
    "caller": ": the caller did not sample the trace (sentry-trace: ...-0)",
    "sampled=False": ": start_transaction was given sampled=False",
    "error_sampler": " by the error_sampler",
    "traces_sampler": " by the traces_sampler",
    "traces_sampler or sampled=False": " by the traces_sampler, or by sampled=False",
}
"""What decides on sampling, for `SampledOut.by`; where it is missing, the option's rate is told."""


def _or(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
