"""What became of spans that did not arrive: open, late, outside of a transaction, left out of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.matching.nearest import EXAMINED
from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.words.losses import lost

LISTED: Final = 3
"""How many spans are named."""
TRACED: Final = ("transactions", "spans", "traces", "envelopes", "items")
"""The nouns that spans come in."""


def of_spans(evidence: Evidence, contents: Any, noun: str | None, *, explained: bool) -> Iterable[str]:
    """Yield what became of spans; those outside of any transaction where nothing else *explained* it."""
    if noun is not None and noun not in TRACED:
        return
    for label in evidence.unfinished()[:LISTED]:
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
    for late in evidence.late_spans[:LISTED]:
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
    for transaction, left_out in incomplete(contents)[:LISTED]:
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


def incomplete(contents: Any) -> list[tuple[Any, int]]:
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
    sent = transaction.raw.get("spans") if isinstance(transaction.raw, dict) else None  # not OpenTelemetry's
    return max(meta - len(sent), 0) if isinstance(meta, int) and isinstance(sent, list) else 0
