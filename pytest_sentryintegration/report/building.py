"""What a report holds: a list of tests, and what the captured API would answer of each."""

from __future__ import annotations

import base64
import gc
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from pytest_sentryintegration.garbage import uncollected
from pytest_sentryintegration.matching.showing import plain
from pytest_sentryintegration.model.traces import Trace
from pytest_sentryintegration.report.blocks import Blocks, Limits, Piece
from pytest_sentryintegration.report.dumps import RED, Problems, Test, read_dumps
from pytest_sentryintegration.report.page import packed, report_page
from pytest_sentryintegration.store import Arrival, Entry
from pytest_sentryintegration.web.findings import judged
from pytest_sentryintegration.web.objects import as_json, attachment_name, dump, entry_of
from pytest_sentryintegration.web.streaming import by_request, contents_of, summary_of
from pytest_sentryintegration.wire.envelope import serialize_envelope
from pytest_sentryintegration.words.losses import dropped

__all__ = ["TITLE", "build"]

VERSION: Final = 1
TITLE: Final = "Sentry report"

_HEADLINE: Final = 200
"""Characters of a failure that the list shows."""
_SPANS: Final = 5_000
"""Spans of a trace that is shown."""
_BODY: Final = 200_000
"""Bytes of an envelope that is shown as it was sent."""
_TOGETHER: Final = 32
"""Requests of which only lines are held that are read at once: test by test takes a fifth longer."""


def build(
    folders: Iterable[Path], title: str = TITLE, limits: Limits | None = None
) -> tuple[bytes, list[str]]:
    """Return a report as HTML, and a sentence for each thing that it lacks.

    The same dumps give the same bytes, in whatever order they are named.

    Args:
        folders: Dumps: of one run, of its shards, of other languages.
        title: What it is called.
        limits: How large it may become.
    """
    problems = Problems()
    report = _Report(limits or Limits(), problems)
    with uncollected():
        for test in read_dumps(folders, problems):
            report.add(test)
            # What was read of a request refers to itself in circles. To collect it right after, and nothing
            # else, takes a third of the time.
            gc.collect(0)
        return report.page(title)


class _Report:
    """Takes tests in the order of the report: the last ones are left out."""

    def __init__(self, limits: Limits, problems: Problems) -> None:
        self._limits = limits
        self._problems = problems
        self._blocks = Blocks(limits)
        self._tests: list[dict[str, Any]] = []
        self._requests: list[dict[str, Any]] = []
        self._traces: dict[str, int] = {}
        self._outcomes = Counter[str]()
        self._unlisted = 0
        self._judged = 0
        self._whole = 0
        self._is_brief = False
        """Whether only lines are held of the test that is added and of all later ones: red ones are first."""
        self._waiting: dict[int, dict[int, Entry]] = {}
        """What tests have sent and is not read yet, by their places and its numbers."""
        self._number = 0

    def add(self, test: Test) -> None:
        """Add a test and what it sent."""
        self._outcomes[test.outcome] += 1
        if len(self._tests) >= self._limits.tests:
            self._unlisted += len(test.sent)
            return
        place = len(self._tests)
        failure = str(test.about.get("failure", ""))
        shown: dict[str, Any] = {
            "test": plain(test.test, 1000),
            "outcome": test.outcome,
            "duration": test.about.get("duration"),
            "headline": headline(failure),
            "sent": len(test.sent),
        }
        self._tests.append(shown)
        numbers: dict[int, int] = {}
        entries: dict[int, Entry] = {}
        room = max(self._limits.requests - self._number, 0)
        self._unlisted += max(len(test.sent) - room, 0)
        for entry, before in test.entries(self._number + 1, self._problems, room):
            entries[entry.number] = entry
            if isinstance(before, int):
                numbers[before] = entry.number
        self._number += len(entries)
        shown["block"] = self._add_details(place, test.about, numbers)
        self._is_brief = self._blocks.is_full or (
            test.outcome not in RED and self._whole >= self._limits.whole
        )
        self._waiting[place] = entries
        if not self._is_brief or sum(map(len, self._waiting.values())) >= _TOGETHER:
            self._read_waiting(test.outcome in RED)

    def _read_waiting(self, is_red: bool = False) -> None:
        """Read what the last tests have sent: of those of which only lines are held several at once."""
        places = {number: place for place, entries in self._waiting.items() for number in entries}
        contents = contents_of([entry for entries in self._waiting.values() for entry in entries.values()])
        counts: dict[int, dict[str, int]] = {place: {} for place in self._waiting}
        # Spans are read, and linked, for what is held whole alone.
        linked = () if self._is_brief else contents.traces
        traces = {trace.trace_id for trace in linked if self._add_trace(trace)}
        reports: dict[int, list[Any]] = {}
        for pairs in by_request(contents):
            number = entry_of(pairs[0][1]).number
            place = places[number]
            counted = counts[place]
            for noun, obj in pairs:
                counted[noun] = counted.get(noun, 0) + 1
                if noun == "client_reports":
                    reports.setdefault(place, []).append(obj)
            summary = self._request(pairs, place, traces)
            if is_red and not self._is_brief:
                self._add_envelope(summary, self._waiting[place][number])
            self._requests.append(summary)
        for place in self._waiting:
            self._tests[place]["counts"] = counts[place]
        for place, told in reports.items():
            if lost := dropped(SimpleNamespace(client_reports=told)):
                self._tests[place]["lost"] = lost
        self._waiting.clear()

    def _add_details(self, place: int, about: Mapping[str, Any], numbers: Mapping[int, int]) -> int | None:
        details = {name: value for name, value in about.items() if name != "duration"}
        if not details:
            return None
        details["nearest"] = [
            {**miss, "number": numbers.get(before) if isinstance(before := miss.get("number"), int) else None}
            for miss in details.get("nearest", ())
        ]
        return self._blocks.add([("tests", str(place), dump(details))])

    def _request(
        self, pairs: Sequence[tuple[str, Any]], place: int, traces: Collection[str]
    ) -> dict[str, Any]:
        """Return the summary of one request, and add what it stands for; *traces* are there already."""
        summary = {**summary_of(pairs), "of": place}
        if self._is_brief:
            return summary
        self._whole += 1
        number = summary["number"]
        pieces: list[Piece] = []
        is_judged = self._judged < self._limits.judged
        if is_judged:
            self._judged += 1
            verdict = judged(_alone(pairs))
            pieces.append(("findings", str(number), dump(verdict)))
            if verdict["items"]:
                summary["verdict"] = verdict["items"][0]["outcome"]
        counts: dict[str, int] = {}
        for noun, obj in pairs:
            without = [] if is_judged else ["verdict"]
            if noun == "transactions" and obj.trace_id in traces:
                # Half of what a report would hold. The page takes them from the trace.
                without.append("spans")
            before = counts.get(noun, 0)
            counts[noun] = before + 1
            pieces.append(("objects", f"{number}:{noun}:{before}", dump(as_json(obj, without=without))))
            if noun == "attachments":
                file = [
                    obj.content_type or "application/octet-stream",
                    base64.b64encode(obj.payload).decode(),
                ]
                pieces.append(("attachments", attachment_name(obj), dump(file)))
        summary["block"] = self._blocks.add(pieces)
        return summary

    def _add_envelope(self, summary: dict[str, Any], entry: Entry) -> None:
        """Add what was sent as it was sent; of failed tests alone, since it is as long as all else."""
        body = serialize_envelope(entry.envelope) if isinstance(entry, Arrival) else entry.body
        if len(body) <= _BODY:
            summary["bytes"] = self._blocks.add([("envelopes", str(entry.number), dump(_as_text(body)))])

    def _add_trace(self, trace: Trace) -> bool:
        """Add a trace, and return whether it is there now."""
        if trace.trace_id in self._traces or len(trace.spans) > _SPANS:
            return False
        block = self._blocks.add([("traces", trace.trace_id, dump(as_json(trace)))])
        if block is not None:
            self._traces[trace.trace_id] = block
        return block is not None

    def page(self, title: str) -> tuple[bytes, list[str]]:
        """Return the page, and a sentence for each thing that it lacks."""
        self._read_waiting()
        self._blocks.end_block()
        there = len(self._blocks.packed)
        for each in (*self._tests, *self._requests):
            for name in ("block", "bytes"):
                if each.get(name) is not None and each[name] >= there:
                    each[name] = None
        self._traces = {trace_id: block for trace_id, block in self._traces.items() if block < there}
        while True:
            lacking = [*self._left_out(), *self._problems]
            head = packed(dump(self._head(title, lacking)))
            if len(head) <= self._limits.head or not self._tests:
                return report_page(title, head, self._blocks.packed), lacking
            # What is in the last tests was left out already, where anything was.
            if self._requests:
                half = len(self._requests) // 2
                self._unlisted += len(self._requests) - half
                del self._requests[half:]
            else:
                del self._tests[len(self._tests) // 2 :]

    def _head(self, title: str, lacking: Sequence[str]) -> dict[str, Any]:
        return {
            "version": VERSION,
            "title": title,
            "outcomes": self._outcomes,
            "lacking": lacking,
            "tests": self._tests,
            "rows": self._requests,
            "traces": self._traces,
        }

    def _left_out(self) -> list[str]:
        total = self._outcomes.total()
        tests = total - len(self._tests)
        lines = sum(each.get("block") is None for each in self._requests)
        unjudged = len(self._requests) - lines - self._judged
        said = []
        if tests:
            said.append(f"{tests} of {total} tests are not listed, passed ones first.")
        if self._unlisted:
            said.append(f"{self._unlisted} requests are not listed, those of passed tests first.")
        if lines:
            said.append(f"Of {lines} requests only a line is shown, those of passed tests first.")
        said = [
            f"{sentence} The dump holds them; so the report stays small and quick to make."
            for sentence in said
        ]
        if unjudged > 0:
            said.append(
                f"{unjudged} requests have no verdict, those of passed tests first: sentryintegration show"
                " DIR gives all of them."
            )
        return said


def headline(failure: str) -> str:
    """Return the line of a failure that says most: what the assertion or the exception said."""
    lines = failure.splitlines()
    told = [line[1:].strip() for line in lines if line.startswith("E ")]
    said = told[0] if told else ""
    if said.endswith(" matching"):
        # What was asked for stands below, a criterion a line, with a comma after all but the last.
        for line in told[1:]:
            said = f"{said} {line}"
            if not line.endswith(","):
                break
    return plain(said or next((line.strip() for line in lines if line.strip()), ""), _HEADLINE)


def _as_text(body: bytes) -> list[str]:
    """Return bytes as the page reads them: as text where they are one, which is compressed far better."""
    try:
        return ["text", body.decode()]
    except UnicodeDecodeError:
        return ["base64", base64.b64encode(body).decode()]


def _alone(pairs: Sequence[tuple[str, Any]]) -> SimpleNamespace:
    """Return the contents of one request, as far as they are judged: objects that were read already."""
    objects: dict[str, list[Any]] = {"refused": [], "events": [], "transactions": [], "attachments": []}
    for noun, obj in pairs:
        objects.setdefault("events" if noun in ("errors", "messages") else noun, []).append(obj)
    first = pairs[0][1]
    items = () if objects["refused"] else first.envelope.items
    return SimpleNamespace(**{**objects, "items": items})
