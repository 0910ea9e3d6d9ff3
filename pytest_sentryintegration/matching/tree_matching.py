"""Whether a tree of spans is as a pattern says. No recursion, and never more than patterns times spans steps.

Works on anything with an op, a description and children. A pattern's children are patterns and ``...``.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeAlias

Pair: TypeAlias = tuple[Any, Any]
Matches: TypeAlias = Generator[Pair, bool, bool]
"""Yields pairs of a pattern and a span whose answer it needs, is sent these, and returns its own."""


class Matcher:
    """Answers whether spans match patterns, and remembers each answer.

    Args:
        node_matches: Whether a span matches a pattern apart from its children.
    """

    def __init__(self, node_matches: Callable[[Any, Any], bool]) -> None:
        self._node_matches = node_matches
        # With the span, which may be made for this comparison alone: a new one must not get its id.
        self._known: dict[tuple[int, int], tuple[bool, Any]] = {}

    def matches(self, pattern: Any, span: Any) -> bool:
        """Return whether the whole tree below *span* is as *pattern* says."""
        answer = self._at_once(pattern, span)
        if answer is not None:
            return answer
        return self._run((pattern, span), self._children(pattern, span))

    def missing(self, wanted: Sequence[Any], span: Any) -> list[Any]:
        """Return which of these patterns, made by `span.anywhere`, have no span of their own below *span*."""
        missing: list[Any] = []
        found: list[Any] = []
        for pattern in wanted:
            if self._run((object(), span), self._below([*found, pattern], span)):
                found.append(pattern)
            else:
                missing.append(pattern)
        return missing

    def _run(self, first: Pair, steps: Matches) -> bool:
        waiting: list[tuple[Pair, Matches]] = [(first, steps)]
        send: bool | None = None
        while waiting:
            pair, steps = waiting[-1]
            try:
                needed = steps.send(send)  # type: ignore[arg-type]
            except StopIteration as stop:
                send = bool(stop.value)
                self._known[id(pair[0]), id(pair[1])] = (send, pair[1])
                waiting.pop()
                continue
            waiting.append((needed, self._children(*needed)))
            send = None
        return bool(send)

    def _at_once(self, pattern: Any, span: Any) -> bool | None:
        """Answer where the children need not be compared one by one, else return None."""
        wanted = pattern.children
        if not wanted:
            return self._node_matches(pattern, span) and not span.children
        known = self._known.get((id(pattern), id(span)))
        if known is not None:
            return known[0]
        if not self._node_matches(pattern, span):
            return False
        if all(child is ... for child in wanted):
            return True
        return None if span.children else False

    def _ask(self, pattern: Any, span: Any) -> Matches:
        answer = self._at_once(pattern, span)
        return (yield pattern, span) if answer is None else answer

    def _children(self, pattern: Any, span: Any) -> Matches:
        there = span.children
        if pattern.anywhere:
            return (yield from self._any_below(pattern, there))
        claims = [child for child in pattern.children if child is not ... and child.anywhere]
        if claims and not (yield from self._below(claims, span)):
            return False
        if pattern.unordered:
            wanted = [child for child in pattern.children if child is not ... and not child.anywhere]
            if len(wanted) > len(there) or (len(wanted) == len(pattern.children) != len(there)):
                return False
            return (yield from self._assign(wanted, there))
        segments: list[list[Any]] = [[]]
        for child in pattern.children:
            if child is ... or child.anywhere:
                segments.append([])
            else:
                segments[-1].append(child)
        return (yield from self._in_order(segments, there))

    def _any_below(self, pattern: Any, there: Sequence[Any]) -> Matches:
        # Those near first: a chain of 10,000 spans is looked through once.
        wanted = pattern.children[0]
        for child in there:
            if (yield from self._ask(wanted, child)):
                return True
        for child in there:
            if (yield from self._ask(pattern, child)):
                return True
        return False

    def _below(self, claims: Sequence[Any], span: Any) -> Matches:
        """Find a span of its own anywhere below for each of *claims*."""
        for claim in claims:
            if not (yield from self._ask(claim, span)):
                return False
        if len(claims) == 1:
            return True
        # As many for each as there are claims are enough: then one of them is free.
        found: dict[int, Any] = {}
        for claim in claims:
            count, waiting = 0, [span]
            while waiting and count < len(claims):
                at = waiting.pop()
                for child in at.children:
                    if (yield from self._ask(claim.children[0], child)):
                        found[id(child)] = child
                        count += 1
                    if (yield from self._ask(claim, child)):
                        waiting.append(child)
        return (yield from self._assign([claim.children[0] for claim in claims], list(found.values())))

    def _in_order(self, segments: list[list[Any]], there: Sequence[Any]) -> Matches:
        """Place segments with gaps between: the first at the start, the last at the end, others leftmost."""
        first, last = segments[0], segments[-1]
        if len(segments) == 1:
            return len(first) == len(there) and (yield from self._at(first, there, 0))
        end = len(there) - len(last)
        if end < len(first):
            return False
        if not (yield from self._at(first, there, 0)) or not (yield from self._at(last, there, end)):
            return False
        position = len(first)
        for segment in segments[1:-1]:
            while position + len(segment) <= end and not (yield from self._at(segment, there, position)):
                position += 1
            position += len(segment)
            if position > end:
                return False
        return True

    def _at(self, segment: list[Any], there: Sequence[Any], position: int) -> Matches:
        for offset, wanted in enumerate(segment):
            answer = self._at_once(wanted, there[position + offset])
            if answer is None:
                answer = yield wanted, there[position + offset]
            if not answer:
                return False
        return True

    def _assign(self, wanted: Sequence[Any], there: Sequence[Any]) -> Matches:
        """Find a span of its own for each pattern: a free one, else by rearranging (augmenting paths)."""
        candidates = _Candidates(there)
        taken_by: dict[int, int] = {}
        for index, pattern in enumerate(wanted):
            for position in candidates.free_for(pattern):
                if (yield from self._ask(pattern, there[position])):
                    candidates.take(position)
                    taken_by[position] = index
                    break
            else:
                if not (yield from self._rearrange(index, wanted, there, candidates, taken_by)):
                    return False
        return True

    def _rearrange(
        self,
        start: int,
        wanted: Sequence[Any],
        there: Sequence[Any],
        candidates: _Candidates,
        taken_by: dict[int, int],
    ) -> Matches:
        reached_from: dict[int, tuple[int, int | None]] = {}
        # Entries: a pattern, and the position that it would give up.
        queue: deque[tuple[int, int | None]] = deque([(start, None)])
        while queue:
            index, given_up = queue.popleft()
            for position in candidates.all_for(wanted[index]):
                if position in reached_from or not (yield from self._ask(wanted[index], there[position])):
                    continue
                reached_from[position] = (index, given_up)
                if position in taken_by:
                    queue.append((taken_by[position], position))
                    continue
                candidates.take(position)
                step: int | None = position
                while step is not None:
                    taken_by[step], step = reached_from[step]
                return True
        return False


class _Candidates:
    """The spans of one level by what they are called, and which are still free: few need to be tried."""

    def __init__(self, there: Sequence[Any]) -> None:
        self._names: list[tuple[Any, ...]] = [((), (span.op,), (span.op, span.description)) for span in there]
        self._all: dict[Any, list[int]] = {}
        # A plain dict is slow to begin with once its first keys have gone.
        self._free: dict[Any, OrderedDict[int, None]] = {}
        for position, names in enumerate(self._names):
            for name in names:
                self._all.setdefault(name, []).append(position)
                self._free.setdefault(name, OrderedDict())[position] = None

    def free_for(self, pattern: Any) -> Iterable[int]:
        return self._free.get(_name(pattern), ())

    def all_for(self, pattern: Any) -> Iterable[int]:
        return self._all.get(_name(pattern), ())

    def take(self, position: int) -> None:
        for name in self._names[position]:
            self._free[name].pop(position, None)


def _name(pattern: Any) -> tuple[str, ...]:
    if type(pattern.op) is not str:
        return ()
    if pattern.described and type(pattern.description) is str:
        return (pattern.op, pattern.description)
    return (pattern.op,)
