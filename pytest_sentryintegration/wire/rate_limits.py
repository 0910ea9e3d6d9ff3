"""Rate limits: the header that announces them, and which items of an envelope they take away.

Relay: ``relay-server/src/utils/rate_limits.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_sentryintegration.wire.attachments import is_span_attachment
from pytest_sentryintegration.wire.categories import ItemKind, kind_of
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = [
    "NAMESPACES",
    "SCOPES",
    "Enforced",
    "RateLimit",
    "enforce",
    "format_rate_limits",
    "parse_rate_limits",
    "rate_limited",
]

SCOPES = ("key", "project", "organization")
"""What a rate limit may hold for."""
NAMESPACES = ("sessions", "spans", "transactions", "outcomes", "unsupported")
"""Of metrics. Relay: ``MetricNamespace`` in ``relay-base-schema/src/metrics/mri.rs``."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit of the header ``X-Sentry-Rate-Limits``."""

    seconds: int
    """How long it holds from now."""
    categories: tuple[str, ...] = ()
    """Names of data categories; empty for all."""
    scope: str = "organization"
    reason: str = ""
    """Machine-readable name of the quota."""
    namespaces: tuple[str, ...] = ()
    """For the category ``metric_bucket``: which metrics it is said to hold for."""

    def covers(self, category: str) -> bool:
        """Whether the limit holds for *category*; one with namespaces holds for metric buckets alone."""
        if self.namespaces and category != "metric_bucket":
            return False
        return not self.categories or category in self.categories


def format_rate_limits(limits: Iterable[RateLimit]) -> str:
    """Return the value of ``X-Sentry-Rate-Limits`` that announces *limits*.

    >>> format_rate_limits([RateLimit(42, reason="my_limit"), RateLimit(4711, ("span", "error"), "project")])
    '42::organization:my_limit, 4711:span;error:project'
    >>> format_rate_limits([RateLimit(42, ("metric_bucket",), namespaces=("spans",))])
    '42:metric_bucket:organization::spans'
    """
    announced = []
    for limit in limits:
        parts = [str(limit.seconds), ";".join(limit.categories), limit.scope]
        if limit.reason or limit.namespaces:
            parts.append(limit.reason)
        if limit.namespaces:
            parts.append(";".join(limit.namespaces))
        announced.append(":".join(parts))
    return ", ".join(announced)


def parse_rate_limits(header: str) -> list[RateLimit]:
    """Return the limits that a value of ``X-Sentry-Rate-Limits`` announces; what is malformed is passed over.

    >>> parse_rate_limits("60:error;transaction:key, nonsense")
    [RateLimit(seconds=60, categories=('error', 'transaction'), scope='key', reason='', namespaces=())]
    """
    limits = []
    for text in header.split(","):
        seconds, *rest = text.strip().split(":")
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 20):
            continue
        categories, scope, reason, namespaces = (rest + [""] * 4)[:4]
        limits.append(
            RateLimit(int(seconds), _names(categories), scope or "organization", reason, _names(namespaces))
        )
    return limits


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(";") if name)


def rate_limited(limits: Iterable[RateLimit]) -> Refusal:
    """Return the refusal (429) that announces *limits*."""
    active = list(limits)
    return Refusal(
        429,
        "Sentry dropped data due to a quota or internal rate limit being reached. This will not affect your "
        "application. See https://docs.sentry.io/product/accounts/quotas/ for more information.",
        headers={
            "retry-after": str(max((limit.seconds for limit in active), default=0)),
            "x-sentry-rate-limits": format_rate_limits(active),
        },
    )


@dataclass(frozen=True, slots=True)
class Enforced:
    """What rate limits leave of an envelope."""

    kept: tuple[RawItem, ...]
    removed: tuple[RawItem, ...]
    limits: tuple[RateLimit, ...]
    """The limits that met an item: they are announced, also where they removed none of the items."""
    categories: tuple[str, ...]
    """The categories in which they met one."""


def enforce(limits: Iterable[RateLimit], envelope: RawEnvelope) -> Enforced:
    """Take from *envelope* what *limits* cover, as Relay's endpoint does.

    A limited event takes along all that requires it, a limited transaction its spans too; a limit on spans
    takes their attachments, and leaves transactions, though it is announced for theirs. Limits on
    attachments leave crash reports alone; limits on sessions leave ``sessions``, though they are announced.
    The indexed categories are not looked at; client reports and unknown items are never taken. Limits on
    metric buckets are announced for any of them, whatever its namespace, and take none: Relay drops those
    later (``services/projects/cache/project.rs:107``, ``MetricNamespaceScoping::Any``).

    >>> report = RawEnvelope({}, (RawItem({"type": "event"}, b"{}"), RawItem({"type": "check_in"}, b"{}")))
    >>> [item.type for item in enforce([RateLimit(60, ("error",))], report).removed]
    ['event']
    """
    active = [limit for limit in limits if limit.seconds > 0]
    kinds = [kind_of(item) for item in envelope.items]
    met: list[RateLimit] = []
    categories: list[str] = []

    def limited(names: Iterable[str]) -> bool:
        for name in names:
            covering = [limit for limit in active if limit.covers(name)]
            if covering:
                met.extend(limit for limit in covering if limit not in met)
                if name not in categories:
                    categories.append(name)
                return True
        return False

    event = next((_event_category(kind) for kind in kinds if kind.creates_event), None)
    event_limited = event is not None and limited((event,))
    kept: list[RawItem] = []
    removed: list[RawItem] = []
    for item, kind in zip(envelope.items, kinds, strict=True):
        if event_limited and (kind.requires_event or (event == "transaction" and item.type == "span")):
            taken = True
        elif kind.creates_event:
            if item.type == "transaction":
                limited(("span",))  # Announced for its spans, and takes nothing.
            taken = False
        elif is_span_attachment(item):
            taken = limited(("span", *kind.categories))
        elif item.type == "metric_buckets":
            limited(("metric_bucket",))
            taken = False
        elif item.type == "profile":
            alone = ("transaction",) if event is None else ()
            taken = limited(("profile", *alone, *kind.categories[2:]))
        else:
            taken = limited(name for name in kind.categories if not name.endswith("_indexed"))
        (removed if taken and item.type != "sessions" else kept).append(item)
    return Enforced(tuple(kept), tuple(removed), tuple(met), tuple(categories))


def _event_category(kind: ItemKind) -> str:
    return "error" if kind.categories[:1] == ("attachment",) else kind.categories[0]
