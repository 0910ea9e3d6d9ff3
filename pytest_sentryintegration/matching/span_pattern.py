"""`span(...)`: what a test says a tree of spans looks like."""

from __future__ import annotations

from contextlib import nullcontext
from types import EllipsisType
from typing import Any, TypeAlias

from pytest_sentryintegration.garbage import uncollected
from pytest_sentryintegration.matching.showing import cut, show
from pytest_sentryintegration.matching.span_nodes import is_span_like, node_matches
from pytest_sentryintegration.matching.tree_difference import first_difference
from pytest_sentryintegration.matching.tree_matching import Matcher

Child: TypeAlias = "SpanPattern | EllipsisType"

_MANY = 1000
"""Spans in a pattern from which on it is compared without the garbage collector."""

REPR_WIDTH = 300
"""Characters after which a pattern's repr is cut."""


class SpanPattern:
    """A tree of spans as a test expects it; made by `span`, compared with ``==``.

    Equal to any span (anything with an op, a description and children) whose whole tree is as it says.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     pass
    >>> sentry_events.transactions.find("checkout").tree == span("http.server", "checkout")
    True
    """

    __slots__ = (
        "_differs_from",
        "anywhere",
        "children",
        "criteria",
        "described",
        "description",
        "op",
        "unordered",
    )

    op: Any
    """What the span's op is compared with."""
    described: bool
    """Whether a description was given; one that was not is not compared."""
    description: Any
    """What the span's description is compared with."""
    children: tuple[Child, ...]
    """What its children are compared with, by start; ``...`` stands for any number of further spans."""
    unordered: bool
    """Whether the order of the children counts for nothing."""
    criteria: dict[str, Any]
    """What other fields of the span are compared with."""
    anywhere: bool
    """Whether its one child is looked for below the span at any depth; made by `span.anywhere`."""

    def __init__(
        self,
        op: Any,
        children: tuple[Child, ...],
        *,
        described: bool,
        description: Any,
        unordered: bool = False,
        criteria: dict[str, Any],
        anywhere: bool = False,
    ) -> None:
        self.op = op
        self.described = described
        self.description = description
        self.children = children
        self.unordered = unordered
        self.criteria = criteria
        self.anywhere = anywhere
        self._differs_from: object = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SpanPattern):
            return self is other
        if not is_span_like(other):
            # A transaction or trace stands for its tree: what else could be meant?
            other = getattr(other, "tree", None)
            if not is_span_like(other):
                return NotImplemented
        with uncollected() if _is_large(self) else nullcontext():
            matched = Matcher(node_matches).matches(self, other)
        self._differs_from = None if matched else other
        return matched

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the pattern as it is written; after a comparison that failed, also the first difference."""
        if self._differs_from is None:
            return self.as_written()
        return f"<{self.as_written()}: {cut(first_difference(self, self._differs_from), REPR_WIDTH)}>"

    def as_written(self) -> str:
        """Return the call of `span` that makes this pattern, cut to `REPR_WIDTH` characters or so.

        >>> span("http.server", ..., span("db.query")).as_written()
        "span('http.server', ..., span('db.query'))"
        """
        return _shown(self)


def _is_large(pattern: SpanPattern) -> bool:
    seen, waiting = 0, [pattern]
    while waiting and seen < _MANY:
        seen += 1
        waiting += [child for child in waiting.pop().children if isinstance(child, SpanPattern)]
    return seen == _MANY


class _SpanMaker:
    """Makes a `SpanPattern`: ``span(op, description, *children, **criteria)``.

    >>> with start_transaction(name="checkout", op="http.server"):
    ...     with start_transaction(op="db.query", description="SELECT * FROM cart"):
    ...         pass
    >>> sentry_events.transactions.find("checkout").tree == span("http.server", span("db.query"))
    True
    """

    def __call__(self, op: Any, /, *args: Any, unordered: bool = False, **criteria: Any) -> SpanPattern:
        """Say what a span and everything below it looks like; compare it with ``==``.

        Args:
            op: The span's op. As every criterion it may be text, a compiled pattern, a callable, or ``...``.
            args: A description, if the first is neither a `span` nor ``...``; then the children: each a
                `span`, a `span.anywhere`, or ``...`` for any number of further spans. Without children, the
                span must have none. A description that is not given is not compared.
            unordered: Whether the children may come in any order; it holds for this level. Otherwise they
                are expected in the order in which they started.
            criteria: What else is expected of the span, by attribute: ``status="ok"``, ``data={"rows": 3}``.

        Raises:
            TypeError: A child is neither a `span` nor ``...``.

        >>> from types import SimpleNamespace
        >>> query = SimpleNamespace(op="db.query", description="SELECT 1", children=[])
        >>> request = SimpleNamespace(op="http.server", description=None, children=[query])
        >>> request == span("http.server", span("db.query", "SELECT 1"))
        True
        >>> request == span("http.server", ..., span("cache.get"))
        False
        """
        children = list(args)
        described = "description" in criteria
        description = criteria.pop("description", None)
        if children and not _is_child(children[0]):
            if described:
                raise TypeError("span() got a description twice: as an argument and as description=")
            described, description = True, children.pop(0)
        for position, child in enumerate(children):
            if not _is_child(child):
                hint = (
                    "; a description comes right after the op"
                    if isinstance(child, str) or position == 0
                    else ""
                )
                raise TypeError(f"a child of a span is another span(...) or ..., not {show(child)}{hint}")
        return SpanPattern(
            op,
            tuple(children),
            described=described,
            description=description,
            unordered=unordered,
            criteria=criteria,
        )

    def anywhere(self, op: Any, /, *args: Any, unordered: bool = False, **criteria: Any) -> SpanPattern:
        """Say that such a span is somewhere below, at any depth; for use among the children of a `span`.

        As ``...`` does, it leaves room for further children at its place. Several of them among the same
        children mean as many different spans; where they lie to each other is not compared.

        Args:
            op: As of `span`, like all other arguments.
            args: A description and children of the span that is looked for. Without children, it must have
                none.
            unordered: Whether these may come in any order.
            criteria: What else is expected of it.

        >>> from types import SimpleNamespace
        >>> query = SimpleNamespace(op="db.query", description="SELECT 1", children=[])
        >>> view = SimpleNamespace(op="view", description=None, children=[query])
        >>> request = SimpleNamespace(op="http.server", description=None, children=[view])
        >>> request == span("http.server", span.anywhere("db.query"))
        True
        """
        wanted = self(op, *args, unordered=unordered, **criteria)
        return SpanPattern(..., (wanted,), described=False, description=None, criteria={}, anywhere=True)


span = _SpanMaker()


def _is_child(arg: object) -> bool:
    return arg is ... or isinstance(arg, SpanPattern)


def _shown(pattern: SpanPattern) -> str:
    parts: list[str] = []
    length = 0
    # Without recursion, as a pattern may be deeper than Python's stack; and only its beginning is shown.
    waiting: list[SpanPattern | str] = [pattern]
    while waiting and length < REPR_WIDTH:
        item = waiting.pop()
        if isinstance(item, SpanPattern):
            maker = "span"
            if item.anywhere:
                maker, item = "span.anywhere", _inner(item)
            closing = ", unordered=True)" if item.unordered else ")"
            waiting.append(closing)
            for child in reversed(item.children):
                waiting += ["..." if child is ... else child, ", "]
            item = f"{maker}({', '.join(_arguments(item))}"
        parts.append(item)
        length += len(item)
    return "".join(parts) + (" ...)" if waiting else "")


def _inner(pattern: SpanPattern) -> SpanPattern:
    (wanted,) = (child for child in pattern.children if isinstance(child, SpanPattern))
    return wanted


def _arguments(pattern: SpanPattern) -> list[str]:
    positional = pattern.described and pattern.description is not ...
    arguments = [show(pattern.op), show(pattern.description)] if positional else [show(pattern.op)]
    if pattern.described and not positional:
        arguments.append("description=...")
    return arguments + [f"{name}={show(criterion)}" for name, criterion in pattern.criteria.items()]
