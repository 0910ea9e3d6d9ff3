"""``/api/captured/<noun>``: what came, by noun and criteria, at once or once there is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pytest_sentryintegration.inbox.queries import (
    Question,
    QuestionError,
    question,
    seconds,
    switched_on,
    whole_number,
)
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.matching.nearest import nearest_misses
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.matching.showing import show
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.web.asking import PART, Asked, json_reply, reply, text_reply
from pytest_sentryintegration.web.objects import as_json, dump, entry_of
from pytest_sentryintegration.web.reading import Kept, Part
from pytest_sentryintegration.web.sharing import MOST, Shared
from pytest_sentryintegration.web.streaming import Streaming
from pytest_sentryintegration.words.captured import captured
from pytest_sentryintegration.words.failures import why_too_few
from pytest_sentryintegration.words.labels import label
from pytest_sentryintegration.words.traces import of_missing

__all__ = ["LONGEST", "Captured", "nearest_of"]

LONGEST: Final = 600.0
"""Seconds that a request may wait."""

_LISTING: Final = PART | {"wait", "count", "expect", "limit", "order", "follow"}


class Captured:
    """Answers questions about nouns."""

    def __init__(self, kept: Kept, streaming: Streaming) -> None:
        self._kept = kept
        self._streaming = streaming
        self._shared = Shared()

    def counts(self, asked: Asked) -> Reply:
        """Answer with how much of each noun there is; where text is asked for, with what it is."""
        part = asked.part(self._kept, asked.parameters(PART))
        cursor = part.cursor
        contents = part.contents()
        contents.update()
        if "text/plain" in asked.request.headers.get("accept", ""):
            return text_reply(200, captured(contents), vary="accept")
        counts = {noun: len(getattr(contents, noun)) for noun in NOUNS}
        store = self._kept.store
        evicted = store.evicted(part.inbox).total
        return json_reply(
            200,
            {"counts": counts, "cursor": cursor, "evicted": evicted, "limit": store.limit},
            vary="accept",
        )

    def clear(self, asked: Asked) -> Reply:
        """Forget what an inbox holds, or what all hold."""
        part = asked.part(self._kept, asked.parameters({"inbox"}))
        store = self._kept.store
        store.clear(*(store.inboxes if part.inbox is None else [part.inbox]))
        return json_reply(200, {"cursor": store.last(part.inbox)})

    def listing(self, asked: Asked, noun: str) -> Reply:
        """Answer with what matches; with ``wait`` or ``count`` once there is enough, else with 408."""
        asking = question(noun, asked.pairs, _LISTING | _further(noun))
        given = asking.parameters
        part = asked.part(self._kept, given)
        if switched_on("follow", given):
            beside = sorted(given.keys() & {"wait", "count", "expect", "limit", "order", "complete"})
            if beside:
                raise QuestionError(
                    f"follow=true sends each match as it comes: leave out {', '.join(beside)}"
                )
            return self._streaming.follow(asked, asking, part)
        limit = whole_number("limit", given["limit"]) if "limit" in given else None
        newest_first = _newest_first(given.get("order", "oldest"))
        # Read first: what comes meanwhile is after the cursor, or both listed and after it.
        cursor = part.cursor
        expected = _expected(given)
        if expected == "none":
            return self._none(asked, asking, part, cursor)
        found, failure = self._found(asked, asking, part)
        if failure is not None:
            return json_reply(408, {**failure, "cursor": cursor})
        if expected == "one":
            try:
                found = (asking.find(part.events(asked.client), 0),)
            except AssertionError as error:
                return _otherwise(part, error, cursor)
        count = len(found)
        if newest_first:
            found = found[::-1]
        items = b",".join(self._json_of(found[:limit], part))
        return reply(
            200, "application/json", b'{"count":%d,"items":[%b],"cursor":%d}' % (count, items, cursor)
        )

    def latest(self, asked: Asked, noun: str) -> Reply:
        """Answer with the newest that matches, else with 404."""
        asking = question(noun, asked.pairs, PART | {"wait"} | _further(noun))
        part = asked.part(self._kept, asking.parameters)
        found, failure = self._found(asked, asking, part, count=1)
        if failure is not None:
            return json_reply(404, failure)
        return reply(200, "application/json", b"".join(self._json_of(found[-1:], part)))

    def _json_of(self, found: Sequence[Any], part: Part) -> Iterable[bytes]:
        if len(found) > MOST:
            return (dump(as_json(obj)) for obj in found)
        contents = self._kept.contents(part.inbox)
        return (self._shared.json_of(obj, contents) for obj in found)

    def _none(self, asked: Asked, asking: Question, part: Part, cursor: int) -> Reply:
        within = seconds("wait", asking.parameters.get("wait", "0"), LONGEST)
        try:
            asking.none(part.events(asked.client), within)
        except AssertionError as error:
            return _otherwise(part, error, cursor)
        return json_reply(200, {"count": 0, "items": [], "cursor": cursor})

    def _found(
        self, asked: Asked, asking: Question, part: Part, count: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
        given = asking.parameters
        events = part.events(asked.client)
        wait = seconds("wait", given.get("wait", "0"), LONGEST)
        complete = switched_on("complete", given)
        if count is None:
            if not complete and not given.keys() & {"wait", "count", "expect"}:
                return asking.where(events), None
            count = asking.count
        try:
            return asking.wait(events, wait, count, complete=complete), None
        except AssertionError as error:
            return (), self._failure(str(error), asking, part, wait, complete=complete)

    def _failure(
        self, text: str, asking: Question, part: Part, waited: float, *, complete: bool
    ) -> dict[str, Any]:
        query = asking.query
        contents = part.contents()
        received = list(getattr(contents, asking.noun))
        matched = query.among(getattr(contents, asking.noun))
        reasons = [sentence for trace in matched for sentence in of_missing(trace)] if complete else []
        reasons = reasons or why_too_few(
            query, received, matched, contents=contents, evidence=part.evidence(), waited=waited
        )
        return {"text": f"{part}{text}", "nearest": nearest_of(query, received), "reasons": reasons}


def nearest_of(query: Query, received: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the nearest misses of a question, each with its request, its label and what differs."""
    return [
        {
            "number": entry_of(miss.obj).number,
            "label": label(query.noun.name, miss.obj),
            "differences": [
                {
                    "path": difference.path,
                    "expected": show(difference.expected),
                    "got": show(difference.got),
                    "text": difference.text,
                }
                for difference in miss.differences
            ],
        }
        for miss in (nearest_misses(received, query) if len(query) else [])
    ]


def _otherwise(part: Part, error: AssertionError, cursor: int) -> Reply:
    return json_reply(409, {"text": f"{part}{error}", "nearest": [], "reasons": [], "cursor": cursor})


def _expected(given: Mapping[str, str]) -> str | None:
    expected = given.get("expect")
    if expected is None:
        return None
    if expected not in ("one", "none"):
        raise QuestionError(f"expect is one or none, got {expected[:80]!r}")
    if "count" in given:
        raise QuestionError(f"expect={expected} says how many: leave out count")
    if expected == "none" and "complete" in given:
        raise QuestionError(
            "complete waits for a trace, and expect=none for that there is none: leave one out"
        )
    return expected


def _further(noun: str) -> frozenset[str]:
    return frozenset({"complete"} if noun == "traces" else ())


def _newest_first(order: str) -> bool:
    if order not in ("oldest", "newest"):
        raise QuestionError(f"order is oldest or newest, got {order[:80]!r}")
    return order == "newest"
