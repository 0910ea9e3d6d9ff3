"""Why nothing arrived: one sentence for each reason, and none without evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pytest_sentryintegration.evidence import Child, Evidence
from pytest_sentryintegration.matching.nearest import EXAMINED
from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.captured import end_of
from pytest_sentryintegration.words.log_records import of_logging
from pytest_sentryintegration.words.losses import concerning, lost, of_losses, of_raised

OUTPUT: Final = 12
"""Lines of the output of a process that are shown."""
LISTED: Final = 3
"""How many threads, processes or open spans are named."""


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
    if ("buffer_overflow", "span") in losses and _incomplete(contents):
        # `_of_spans` names the transactions; the client report only counts these spans.
        losses.pop(("buffer_overflow", "span"), None)
    said = [
        *_of_client(evidence),
        *_of_delivery(evidence),
        *_of_refused(contents.refused),
        *of_losses(losses, evidence),
        *of_raised(losses, evidence, noun),
        *_of_ignored(evidence, noun),
        *_of_features(evidence, noun),
        *_of_spans(evidence, contents, noun, explained=bool(losses)),
        *(_of_tracing(evidence) if noun is None or noun in _TRACED else ()),
        *_of_senders(evidence, waited, explained=bool(losses)),
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
            said.append(_NOTHING.format(what, silently))
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
        *_of_spans(evidence, contents, noun, explained=bool(losses)),
        *_of_senders(evidence, waited, explained=bool(losses)),
        *evidence.notes,
    ]
    return list(dict.fromkeys(said))


_NOTHING: Final = "Nothing was lost on the way: {} was captured, or the SDK passed over it silently{}."
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
_TRACED: Final = ("transactions", "spans", "traces", "envelopes", "items")


def _of_client(evidence: Evidence) -> Iterable[str]:
    if evidence.imported is False:
        yield "This process has not imported sentry_sdk: nothing in it can report."
    elif evidence.client is False:
        yield "This process has no SDK client: sentry_sdk.init() was not called, or the client was closed."
    elif evidence.turned_off:
        yield 'init was given dsn="", which means off whatever SENTRY_DSN is: leave it out.'
    elif evidence.dsn is False:
        yield "The application's SDK client has no DSN, so it sends nothing: pass dsn= or set SENTRY_DSN."
    yield from _of_closed(evidence)
    yield from _of_own_transport(evidence)


def _of_own_transport(evidence: Evidence) -> Iterable[str]:
    if evidence.own_transport:
        yield (
            f"The application's SDK client has a transport of its own, {evidence.own_transport}, which is "
            "left alone: what it sends does not come here."
        )
    if evidence.unflushed_transport:
        yield (
            f"The application's SDK client was given an instance of {evidence.unflushed_transport}, which is "
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


def _of_spans(evidence: Evidence, contents: Any, noun: str | None, *, explained: bool) -> Iterable[str]:
    """Yield what became of spans; those outside of any transaction where no client report *explained* it."""
    if noun is not None and noun not in _TRACED:
        return
    for label in _first(evidence.unfinished()):
        yield unsent(label)
    for tool, count in evidence.django:
        requests = "1 request was" if count == 1 else f"{count} requests were"
        yield (
            f"{requests} made with Django's {tool}, which makes no transaction: it does not call the "
            "WSGI or ASGI handler, where the SDK begins them. Call that handler, or use LiveServerTestCase."
        )
    for function in evidence.other_mode:
        when, instead = _MODES[function.startswith("sentry_sdk.traces.")]
        yield f"{function} was called, which does nothing {when} trace_lifecycle='stream': call {instead}."
    for late in _first(evidence.late_spans):
        yield (
            f"Span {show(late.label)} finished after its transaction {show(late.transaction)}: the SDK sends "
            "a transaction with the spans that have finished before it."
        )
    if (count := len(evidence.outside)) and not explained:
        what = f"{count} span{'s were' if count > 1 else ' was'} finished outside of any transaction"
        named = ", ".join(plain(label, 30) for label in dict.fromkeys(evidence.outside[:LISTED]))
        more = ", ..." if count > LISTED else ""
        yield f"{what} ({named}{more}): the SDK sends spans inside of transactions only."
    told = Counter(late.span_id for late in evidence.late_spans[:LISTED] if late.begun)
    for transaction, left_out in _first(_incomplete(contents)):
        count = left_out - told[str(transaction.span_id)]
        if count <= 0:
            continue
        had = "that one had" if count == 1 else "these had"
        why = f"{had} not finished when the transaction did"
        if evidence.max_spans is not None and len(transaction.spans) >= evidence.max_spans:
            why += f", or there were more than max_spans={evidence.max_spans}"
        yield f"Transaction {show(transaction.name)} was sent without {count} of its spans: {why}."


_MODES: Final = {
    True: ("without", "sentry_sdk.start_transaction and start_span"),
    False: ("under", "sentry_sdk.traces.start_span"),
}
"""By whether a function is for streamed spans: when it does nothing, and what to call instead."""


def unsent(label: str) -> str:
    """Return that a transaction or span of this process is open: ``transaction 'checkout'``."""
    return f"{label[:1].upper()}{plain(label[1:], 200)} is not finished, so it is not sent yet."


def still_running(pid: int, name: str) -> str:
    """Return that a process that is expected to end still runs."""
    return (
        f"Process {pid} (`{plain(name)}`) still runs, and may send more; a service that does not end by "
        "itself is started with popen(..., ready=...)."
    )


def _incomplete(contents: Any) -> list[tuple[Any, int]]:
    """Return the transactions that the SDK sent without some of their spans, and how many these are."""
    if lost(contents)["event_processor", "span"]:
        # Then spans may also be missing because a processor took them out; client reports tell of that.
        return []
    transactions = contents.transactions
    recent = transactions[max(len(transactions) - EXAMINED, 0) :]
    return [(transaction, count) for transaction in recent if (count := _left_out(transaction))]


def _left_out(transaction: Any) -> int:
    """Return how many spans the SDK left out, by the ``_meta`` of the transaction."""
    meta: Any = transaction.raw
    for key in ("_meta", "spans", "", "len"):
        meta = meta.get(key) if isinstance(meta, dict) else None
    sent = transaction.raw.get("spans")
    return max(meta - len(sent), 0) if isinstance(meta, int) and isinstance(sent, list) else 0


def _of_senders(evidence: Evidence, waited: float, *, explained: bool) -> Iterable[str]:
    if evidence.blocks_loop:
        yield (
            "find and wait block the running event loop, so that no task can go on meanwhile: await "
            "find_async or wait_async instead."
        )
    yield from _of_inboxes(evidence)
    longer = f"raise timeout= (it was {waited:g} s)" if waited else "wait with timeout="
    for name in _first(evidence.threads):
        yield f"Thread {show(name)}, which this test started, still runs: join it first, or {longer}."
    children = [*_of_children(evidence, longer, explained=explained)]
    yield from children
    if evidence.handed_out and evidence.connected is False and not children:
        within = f" within {waited:g} s" if waited else ""
        flushes = "and does it flush before it ends?"
        if evidence.client is None:  # asked over HTTP
            yield (
                f"No process has connected{within}: does it get the DSN of this fake Sentry, does it need "
                f"longer to start, {flushes}"
            )
        else:
            yield (
                f"No other process has connected{within}: does it get sentry_events.env, does it need longer "
                f"to start (timeout=), {flushes}"
            )


def _of_inboxes(evidence: Evidence) -> Iterable[str]:
    for there in evidence.elsewhere:
        if there.thread.startswith("sentry-sdk."):
            continue  # a worker of the SDK: it sends what other threads captured
        what = f"{there.count} came" if there.count else "what it captures goes"
        whose = f"the inbox of {there.test}" if there.test else "no test's inbox"
        yield (
            f"Thread {show(there.thread)} was started by another test: {what} into {whose}. "
            "sentry_events.adopt(thread) moves it here."
        )
    for late in evidence.late:
        count = "1 envelope" if late.count == 1 else f"{late.count} envelopes"
        whose = f"the inbox of {late.test}, which is over" if late.test else "no test's inbox"
        yield (
            f"Meanwhile {count} of {plain(late.sender)} came into {whose}. A process keeps the DSN that it "
            "was started with: start it in this test."
        )


def _of_children(evidence: Evidence, longer: str, *, explained: bool) -> Iterable[str]:
    """Yield what became of other processes; not of one that ended where a client report *explained* it."""
    explained = explained and bool(evidence.connected)
    if evidence.alone and evidence.children:
        yield "sentry_transport = memory captures this process alone, and the test started others."
    elif evidence.children:
        # Where a process has reported, another that ended with 0 may have nothing to do with Sentry.
        telling = [child for child in evidence.children if child.ended != 0 or not evidence.connected]
        if explained:
            # One that a signal ended (a negative code) has not reported what it lost: another has.
            telling = [c for c in telling if c.running or not c.has_dsn or (c.ended or 0) < 0]
        telling.sort(key=lambda child: (child.has_dsn, not child.ended))
        for child in _first(telling):
            yield _of_child(child, bool(evidence.connected), longer)
    forks = evidence.forks - sum(child.forked for child in evidence.children)
    if forks > 0 and not explained:
        times = "once" if forks == 1 else f"{forks} times"
        yield f"This process was forked {times} while the test ran: {_UNFLUSHED}."


_UNFLUSHED: Final = (
    "what a fork captured and did not send before its end is lost; call sentry_sdk.flush() there"
)


def _of_child(child: Child, connected: bool, longer: str) -> str:
    name = (
        f"Process {show(child.name)}" if child.pid is None else f"Process {child.pid} (`{plain(child.name)}`)"
    )
    if not child.has_dsn:
        return (
            f"{name} was started with an environment without this test's SENTRY_DSN: pass "
            "env=sentry_events.env."
        )
    if child.pid is not None:
        return _of_started(child, name, connected, longer)
    if child.running:
        return f"{name} was started, and nobody has waited for its end: do that first, or {longer}."
    if child.forked:
        return f"{name}, a fork of this one, ended with exit code {child.ended}: {_UNFLUSHED}."
    ended = f"{name} was started" if child.ended is None else f"{name} ended with exit code {child.ended}"
    if connected:
        return f"{ended}: what it did not send before its end is lost; call sentry_sdk.flush() there."
    if child.spawned:
        return (
            f"{ended} and sent nothing: a spawned process does not inherit the parent's init(). Call "
            "sentry_sdk.init() there, and sentry_sdk.flush() before it ends."
        )
    return f"{ended} and sent nothing: does it read SENTRY_DSN, and flush before it ends?"


def _of_started(child: Child, name: str, connected: bool, longer: str) -> str:
    """Say what became of a process whose output is known; it follows on lines of its own."""
    if child.running:
        said = f"{name} still runs{'' if connected else ', and has not connected'}: {longer}."
    elif connected:
        said = f"{name} {child.ending}: what it did not send before its end is lost."
    else:
        said = f"Nothing came from another process: p{name[1:]} {child.ending} before it connected."
    lines = end_of(child.output, OUTPUT)
    if not lines:
        return f"{said} It wrote nothing."
    return "\n".join([f"{said} The end of its output:", *(f"    {line}" for line in lines)])


def _first(texts: Sequence[Any]) -> Sequence[Any]:
    return texts[:LISTED]
