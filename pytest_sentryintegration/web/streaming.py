"""What comes, as it comes: summaries as server-sent events, or whole objects as lines of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from pytest_sentryintegration import clock
from pytest_sentryintegration.inbox.queries import Question, QuestionError, no_such, question, switched_on
from pytest_sentryintegration.ingest.request import Client, Reply
from pytest_sentryintegration.matching.fields import fields_of
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.model.nouns import CLASSES, EACH_ONCE, NOUNS
from pytest_sentryintegration.store import Batch, Entry
from pytest_sentryintegration.web.asking import PART, Asked, reply
from pytest_sentryintegration.web.objects import as_json, dump, entry_of, reader, rfc3339
from pytest_sentryintegration.web.reading import Kept, Part
from pytest_sentryintegration.words.labels import label

__all__ = ["Streaming", "by_request", "contents_of", "summary_of"]

SLICE: Final = 0.25
"""Seconds after which a stream looks whether its client has left."""

HEARTBEAT: Final = 15.0
"""Seconds of silence after which something is sent, so that nobody between takes the connection for dead."""

MOST: Final = 200
"""Requests that are read at once."""

SHARE: Final = 40
"""A stream rests so many times as long as it worked, where much comes: ingest goes on beside it."""

BUSY: Final = 1000
"""Requests a second that are much."""

_LINKED: Final = frozenset({"traces", "transactions", "spans"})
"""Nouns whose objects are put together of several requests."""

_SUMMARY: Final = (
    "id", "level", "name", "op", "status", "tags", "trace_id", "span_id", "transaction", "environment",
    "release", "server_name", "filename", "content_type", "monitor_slug", "text", "body", "message",
    "reason", "type", "value", "unit", "duration", "count", "errors", "contact_email", "url", "timestamp",
)  # fmt: skip

_NUMBERS: Final = (int, float)

_PARAMETERS: Final = PART | {"verdicts"}

_CUT: Final = 500
"""Characters of a text in a summary."""


class Streaming:
    """Answers that end when the client leaves."""

    def __init__(self, kept: Kept, pause: Callable[[float], None] = time.sleep) -> None:
        self._kept = kept
        self._pause = pause

    def stream(self, asked: Asked) -> Reply:
        """Answer with a summary of each request that comes."""
        pairs = asked.pairs
        nouns = [text for name, text in pairs if name == "noun"]
        rest = [(name, text) for name, text in pairs if name != "noun"]
        if len(nouns) > 1:
            raise QuestionError("noun is given twice")
        asking = [question(nouns[0], rest, _PARAMETERS)] if nouns else _of_each_noun(rest)
        given = asking[0].parameters if asking else dict(rest)
        verdicts = switched_on("verdicts", given)
        last = asked.request.headers.get("last-event-id", "")
        restarted = False
        if last:
            if not (last.isascii() and last.isdecimal() and len(last) <= 12):
                raise QuestionError(f"Last-Event-ID is the id of an event of this stream, got {last[:80]!r}")
            # Browsers go on by themselves, also where the server was started anew meanwhile.
            restarted = int(last) > self._kept.store.count
            given = {**given, "after": "0" if restarted else str(int(last))}
        part = asked.part(self._kept, given)
        chunks = self._events(part, asking, asked.client, restarted=restarted, verdicts=verdicts)
        answer = reply(200, "text/event-stream", b"", x_accel_buffering="no")
        answer.chunks = chunks
        return answer

    def follow(self, asked: Asked, asking: Question, part: Part) -> Reply:
        """Answer with a line of JSON for each match, those that are there already first."""
        answer = reply(200, "application/x-ndjson", b"")
        answer.chunks = self._lines(part, asking, asked.client)
        return answer

    def _events(
        self, part: Part, asking: Sequence[Question], client: Client, *, restarted: bool, verdicts: bool
    ) -> Iterator[bytes]:
        yield b"retry: 1000\n\n"
        if restarted:
            text = "the server was started anew, and numbers begin again"
            yield b"event: restarted\ndata: %b\n\n" % dump({"text": text})
        for batch in self._batches(part, client):
            if batch is None:
                yield b": nothing new\n\n"
                continue
            if batch.evicted:
                text = "something was evicted before it could be sent"
                yield b"event: evicted\ndata: %b\n\n" % dump({"text": text})
            entries = [entry for entry in batch.entries if part.holds_entry(entry)]
            yield b"".join(_summaries(contents_of(entries), asking, verdicts=verdicts))

    def _lines(self, part: Part, asking: Question, client: Client) -> Iterator[bytes]:
        cursor = part.after
        for batch in self._batches(part, client):
            if batch is None:
                # A blank line is no value, and tells that the connection lives.
                yield b"\n"
                continue
            if asking.noun in _LINKED:
                contents = replace(part, after=cursor, until=batch.cursor).contents()
                contents.update()
            else:
                contents = contents_of([entry for entry in batch.entries if part.holds_entry(entry)])
            cursor = batch.cursor
            matched = asking.query.among(getattr(contents, asking.noun))
            yield b"".join(dump(as_json(obj)) + b"\n" for obj in matched)

    def _batches(self, part: Part, client: Client) -> Iterator[Batch | None]:
        """Yield what comes, a few requests at a time; ``None`` after a silence."""
        store, cursor = self._kept.store, part.after
        heard, came = clock.monotonic(), store.count
        while not client.has_left():
            if part.inbox is not None and not store.knows(part.inbox):
                return
            batch = store.follow(part.inbox, cursor, timeout=SLICE, most=MOST)
            if batch.cursor == cursor:
                if clock.monotonic() - heard > HEARTBEAT:
                    heard = clock.monotonic()
                    yield None
                continue
            cursor = batch.cursor
            since, heard = heard, clock.monotonic()
            rate = (store.count - came) / max(heard - since, 0.001)
            came = store.count
            worked = time.thread_time()
            yield batch
            self._pause((time.thread_time() - worked) * SHARE * min(rate / BUSY, 1))


def contents_of(entries: Sequence[Entry]) -> Contents:
    """Return the contents of a few requests: those of all that is kept would be read as a whole."""
    contents = Contents(lambda number: entries if number == 0 else [])
    contents.update()
    return contents


def _of_each_noun(pairs: Sequence[tuple[str, str]]) -> list[Question]:
    """Return the question that criteria without a noun ask of each noun that has all of them."""
    criteria = [name.partition(".")[0] for name, _ in pairs if name not in _PARAMETERS]
    if not criteria:
        return []
    fields = {noun: {*fields_of(CLASSES[noun]), NOUNS[noun].main} for noun in EACH_ONCE}
    nouns = [noun for noun, known in fields.items() if known.issuperset(criteria)]
    if not nouns:
        known = set().union(*fields.values())
        for name in criteria:
            if name not in known:
                no_such("parameter or criterion of a stream", name, sorted(known | _PARAMETERS | {"noun"}))
        raise QuestionError(f"no noun has all of {', '.join(criteria)}")
    return [question(noun, pairs, _PARAMETERS) for noun in nouns]


def _summaries(contents: Contents, asking: Sequence[Question], *, verdicts: bool) -> Iterator[bytes]:
    # One message a request: what is cut between two is neither lost nor sent again.
    for pairs in by_request(contents, asking):
        summary = summary_of(pairs, verdicts=verdicts)
        yield b"id: %d\ndata: %b\n\n" % (summary["number"], dump(summary))


def by_request(contents: Contents, asking: Sequence[Question] = ()) -> Iterator[list[tuple[str, Any]]]:
    """Yield what came, request by request: each thing once, with its noun.

    Args:
        contents: What came.
        asking: What of it; none for all.
    """
    requests: dict[int, list[tuple[str, Any]]] = {}
    for each in asking:
        for obj in each.query.among(getattr(contents, each.noun)):
            requests.setdefault(entry_of(obj).number, []).append((each.noun, obj))
    if not asking:
        for noun in EACH_ONCE:
            for obj in getattr(contents, noun):
                requests.setdefault(entry_of(obj).number, []).append((noun, obj))
        # What has no noun of its own: unknown items, spans without their segment.
        told = set(requests)
        for item in contents.items:
            if (number := entry_of(item).number) not in told:
                requests.setdefault(number, []).append(("items", item))
    for number in sorted(requests):
        yield requests[number]


def summary_of(pairs: Sequence[tuple[str, Any]], *, verdicts: bool = False) -> dict[str, Any]:
    """Return what lists show of one request, of which `by_request` gave *pairs*.

    Args:
        pairs: Each thing with its noun.
        verdicts: Whether to tell the outcome of the verdict on each, which takes about a millisecond.
    """
    entry = entry_of(pairs[0][1])
    items = []
    for noun, obj in pairs:
        item = {"noun": noun, "label": label(noun, obj), **_facts(obj)}
        # Judging takes ten times as long as all of the rest, so it is done for those who ask.
        if verdicts and (verdict := getattr(obj, "verdict", None)) is not None:
            item["verdict"] = verdict.outcome
        items.append(item)
    return {
        "number": entry.number,
        "inbox": entry.inbox,
        "received": rfc3339(entry.received),
        "project_id": getattr(entry, "project_id", None),
        "test": getattr(entry, "test", ""),
        "items": items,
    }


@cache
def _reading(kind: type) -> tuple[tuple[str, ...], Callable[[Any], Iterable[Any]]]:
    """Return what a summary tells of the objects of a class, and what reads it of one, all at once."""
    names = tuple(name for name in _SUMMARY if hasattr(kind, name))
    return names, reader(names)


def _facts(obj: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    kind: Any = type(obj)
    names, read = _reading(kind)
    for name, value in zip(names, read(obj), strict=True):
        if isinstance(value, str):
            facts[name] = value[:_CUT]
        elif isinstance(value, datetime):
            facts[name] = rfc3339(value)
        elif isinstance(value, _NUMBERS) or (isinstance(value, dict) and value):
            facts[name] = value
    if facts.get("message") == facts.get("text"):
        facts.pop("message", None)
    payload = getattr(obj, "payload", None)
    if isinstance(payload, bytes):
        facts["size"] = len(payload)
    at = _line(obj)
    return {**facts, "at": at} if at else facts


def _line(obj: Any) -> str:
    """Return where it happened: the last line of the application's own code in its stack."""
    exception = getattr(obj, "exception", None)
    frames = (exception.frames if exception is not None else ()) or getattr(obj, "frames", ())
    if not frames:
        return ""
    own = next((frame for frame in reversed(frames) if frame.in_app), frames[-1])
    return f"{own.filename}:{own.lineno}"[-_CUT:]
