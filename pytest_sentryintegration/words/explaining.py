"""Why nothing arrived: one sentence for each reason, and none without evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.matching.showing import plain
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.log_records import of_logging
from pytest_sentryintegration.words.losses import concerning, lost, of_losses, of_raised
from pytest_sentryintegration.words.senders import of_senders
from pytest_sentryintegration.words.unsent_spans import TRACED, incomplete, of_spans


def explain(evidence: Evidence, contents: Any) -> str:
    """Return why nothing (more) arrived: a line for each reason, the likeliest first."""
    return "\n".join(reasons(evidence, contents))


def reasons(evidence: Evidence, contents: Any, noun: str | None = None, waited: float = 0) -> list[str]:
    """Return the lines of `explain`, at least one.

    Args:
        evidence: What is known about the senders.
        contents: What came, all nouns.
        noun: Leaves out what does not concern this noun.
        waited: For how many seconds the search waited.
    """
    losses = concerning(noun, lost(contents))
    if ("buffer_overflow", "span") in losses and incomplete(contents):
        # `of_spans` names the transactions; the client report only counts these spans.
        losses.pop(("buffer_overflow", "span"), None)
    untraced = [*_of_tracing(evidence)] if noun is None or noun in TRACED else []
    said = [
        *_of_client(evidence),
        *_of_delivery(evidence),
        *_of_refused(contents.refused),
        *of_losses(losses, evidence),
        *of_raised(losses, evidence, noun),
        *_of_ignored(evidence, noun),
        *_of_features(evidence, noun),
        *of_spans(evidence, contents, noun, explained=bool(losses or untraced)),
        *untraced,
        *of_senders(evidence, waited, explained=bool(losses)),
        *evidence.notes,
    ]
    if not said:
        if noun in _KEPT:
            return [_KEPT[noun]]
        if evidence.client is not None:
            what = "nothing"
            if noun and contents.envelopes:
                what = f"no {'further ' if len(getattr(contents, noun)) else ''}{NOUNS[noun].singular}"
            silently = " (an ignored logger)" if noun not in _NOT_OF_EVENTS else ""
            if evidence.facade and noun in ("transactions", "spans", "traces"):
                silently = " (sentryintegration.start_transaction with trace_id=None)"
            said.append(_nothing(what, silently, evidence.transport_class))
            said += of_logging(evidence, noun)
        elif not evidence.connected:
            said.append("Nothing is known of the senders: whether they sent anything, and where to.")
        if evidence.connected:
            said.append("What another process lost, if anything, is not known here.")
        if evidence.fallback:
            said.append(_FALLBACK)
    return list(dict.fromkeys(said))


def doubts(evidence: Evidence, contents: Any, noun: str, waited: float) -> list[str]:
    """Return the reasons to give where something came, but nothing that matches; may be empty.

    Client reports and refused requests are left out: the line "Also received" counts them.
    """
    losses = concerning(noun, lost(contents))
    said = [
        *_of_closed(evidence),
        *_of_own_transport(evidence),
        *_of_delivery(evidence),
        *of_raised(losses, evidence, noun),
        *of_spans(evidence, contents, noun, explained=bool(losses)),
        *of_senders(evidence, waited, explained=bool(losses)),
        *evidence.notes,
    ]
    return list(dict.fromkeys(said))


def _nothing(what: str, silently: str, transport_class: str | None) -> str:
    said = f"{what} was captured, or the SDK passed over it silently{silently}"
    if transport_class is None:
        return f"Nothing was lost on the way: {said}."
    name = plain(transport_class.rpartition("<locals>.")[2])
    return f"{said[0].upper()}{said[1:]}, or {name}, the application's transport class, did not send it."


_KEPT: Final[dict[str | None, str]] = {
    "refused": "The fake Sentry accepted every request that came.",
    "client_reports": "No SDK has reported that it dropped anything.",
}
"""What is said of the nouns that hold only what was lost, where nothing was."""
_NOT_OF_EVENTS: Final = (
    "transactions",
    "spans",
    "traces",
    "logs",
    "metrics",
    "check_ins",
    "feedback",
    "sessions",
)
"""Nouns that never come of an error or a message."""
_FALLBACK: Final = (
    "The application did not call sentry_sdk.init() here, so sentry_sdk.is_initialized() is false for it."
)


def _of_client(evidence: Evidence) -> Iterable[str]:
    if evidence.imported is False:
        yield "This process has not imported sentry_sdk: nothing in it can report."
    elif evidence.client is False:
        yield (
            "This process has no SDK client: sentry_sdk.init() was not called, sentryintegration.init() had "
            "no DSN, or the client was closed."
        )
    elif evidence.turned_off:
        yield 'init was given dsn="", which means off whatever SENTRY_DSN is: leave it out.'
    elif evidence.dsn is False:
        yield "The application's SDK client has no DSN, so it sends nothing: pass dsn= or set SENTRY_DSN."
    yield from _of_closed(evidence)
    yield from _of_own_transport(evidence)


def _of_own_transport(evidence: Evidence) -> Iterable[str]:
    if evidence.own_transport:
        name = evidence.own_transport.rpartition("<locals>.")[2]
        yield (
            f"The application's SDK client has a transport of its own, {name}, which is "
            "left alone: what it sends does not come here."
        )
    if evidence.unflushed_transport:
        name = evidence.unflushed_transport.rpartition("<locals>.")[2]
        yield (
            f"The application's SDK client was given an instance of {name}, which is "
            "not flushed here: call sentry_sdk.flush() first, or give transport= the class."
        )


def _of_closed(evidence: Evidence) -> Iterable[str]:
    if evidence.closed:
        yield "The SDK client is closed: what is captured after that is not sent."


def _of_delivery(evidence: Evidence) -> Iterable[str]:
    if evidence.blocked_by:
        yield f"Sockets are blocked by {evidence.blocked_by}: set sentry_transport = memory."
    elif evidence.failure:
        yield f"The SDK could not deliver: {plain(evidence.failure, 300)}."
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


def _of_ignored(evidence: Evidence, noun: str | None) -> Iterable[str]:
    if noun in (None, "events", "errors", "envelopes", "items"):
        for name, count in evidence.ignored_errors:
            were = "was" if count == 1 else "were"
            yield f"{NOUNS['errors'].counted(count)} {were} dropped: ignore_errors covers {plain(name)}."


def _of_features(evidence: Evidence, noun: str | None) -> Iterable[str]:
    for off, what, option in evidence.switched_off:
        if noun in (None, off) or off == "client_reports":
            yield f"The SDK client sends no {what} without {option}."
    for callback in evidence.unreported:
        if noun in (None, _DROPPED_BY.get(callback)):
            yield f"{callback} is set; what it drops, this SDK may not report."


_DROPPED_BY: Final = {"before_send_log": "logs", "before_send_metric": "metrics"}


def _of_tracing(evidence: Evidence) -> Iterable[str]:
    if evidence.client and evidence.traces_sample_rate is None and evidence.traces_sampler is False:
        yield "Tracing is off: the SDK client has neither traces_sample_rate nor traces_sampler."
