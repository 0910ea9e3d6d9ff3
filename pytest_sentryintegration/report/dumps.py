"""Dumps, read: tests with what they sent, from folders of one run, of shards, of other languages."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.model.reading import listing
from pytest_sentryintegration.report.files import is_plain, read_entry, text
from pytest_sentryintegration.report.manifest import (
    ENVELOPE,
    PATTERN,
    RUNNING,
    UNCOLLECTED,
    VERSION,
    is_safe,
    lines_of,
)
from pytest_sentryintegration.store import Entry
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["OUTCOMES", "RED", "Problems", "Test", "read_dumps"]

RED: Final = (UNCOLLECTED, "failed", "error", RUNNING)
"""Outcomes for which somebody opens a report."""
OUTCOMES: Final = (*RED, "xpassed", "rerun", "passed", "xfailed", "skipped", "")
"""Outcomes in the order of a report; of envelopes without a manifest none is known."""

MOST: Final = 100_000
"""Files that one test, or one folder without a manifest, may have."""


class Problems:
    """What could not be read, a sentence each; of one kind the first `SHOWN` are kept, the others counted."""

    SHOWN: Final = 10

    def __init__(self) -> None:
        self._shown: dict[str, list[str]] = {}
        self._counts = Counter[str]()

    def add(self, kind: str, sentence: str) -> None:
        """Take note of one."""
        self._counts[kind] += 1
        shown = self._shown.setdefault(kind, [])
        if len(shown) < self.SHOWN:
            shown.append(sentence)

    def __iter__(self) -> Iterator[str]:
        for kind, sentences in sorted(self._shown.items()):
            yield from sorted(sentences)
            if self._counts[kind] > self.SHOWN:
                yield f"... and {self._counts[kind] - self.SHOWN} more: {kind}"


@dataclass(slots=True)
class Test:
    """One test, or the envelopes of a folder that has no manifest."""

    test: str
    """Its node id; the name of the folder where nothing is known of tests."""
    outcome: str
    """One of `OUTCOMES`."""
    folder: Path
    """Where its files are."""
    shown: str
    """How that folder is called in sentences: without what is above the one that was named."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """The rest of its line: ``duration``, ``failure``, ..."""
    sent: Sequence[Mapping[str, Any]] = ()
    """Its files, with what is known of each."""

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in a report."""
        return OUTCOMES.index(self.outcome), self.test

    @property
    def line(self) -> str:
        """What tells it from a test of the same name that ended alike, whatever the order of the dumps."""
        return json.dumps([self.about, self.sent], sort_keys=True)

    @property
    def digest(self) -> bytes:
        """What tells it from a test of which all else is the same, in another dump."""
        found = hashlib.sha256()
        for each in self.sent:
            path = self.folder / str(each["file"])
            found.update(hashlib.sha256(path.read_bytes()).digest() if is_plain(path) else b"")
        return found.digest()

    def entries(self, number: int, problems: Problems, most: int = MOST) -> Iterator[tuple[Entry, Any]]:
        """Yield what it sent, numbered from *number* on, each with the number that it had in the run.

        Args:
            number: Of the first.
            problems: Is told what cannot be read.
            most: How many files are read.
        """
        for known in self.sent[:most]:
            name = str(known["file"])
            try:
                entry = read_entry(number, os.path.join(self.folder, name), known, self.test)
            except Refusal as refusal:
                said = f"{self.shown}{name}: Sentry refuses it with status {refusal.status}: {refusal.reason}"
                problems.add("files that are no envelopes", said)
            except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
                said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                problems.add("files that cannot be read", f"{self.shown}{name} cannot be read: {said}")
            else:
                yield entry, known.get("number")
                number += 1


def read_dumps(folders: Iterable[Path], problems: Problems) -> list[Test]:
    """Return the tests of all folders, and of the folders in them, in the order of a report.

    Failed tests come first. What a manifest does not name is a test of its own, with the name of its folder.

    Args:
        folders: may be named twice, and hold each other.
        problems: is told what cannot be read.
    """
    seen: set[Path] = set()
    tests: list[Test] = []
    for top in folders:
        for folder, _, names in os.walk(top):
            path = Path(folder)
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            inner = path.relative_to(top).as_posix()
            name = top.resolve().name if inner == "." else f"{top.resolve().name}/{inner}"
            tests += _of_folder(path, name, names, problems)
    return _in_order(tests, attrgetter("place"), attrgetter("line"), attrgetter("digest"))


def _in_order(tests: list[Test], key: Callable[[Test], Any], *further: Callable[[Test], Any]) -> list[Test]:
    """Sort by *key*, and by the *further* ones those alone that are alike: each takes longer to work out."""
    ordered = sorted(tests, key=key)
    if not further:
        return ordered
    alike = (list(group) for _, group in groupby(ordered, key=key))
    return [test for group in alike for test in (_in_order(group, *further) if len(group) > 1 else group)]


def _of_folder(folder: Path, name: str, names: Sequence[str], problems: Problems) -> Iterator[Test]:
    named: set[str] = set()
    there = {each for each in names if each.endswith(ENVELOPE) or is_safe(each)}
    for manifest in sorted(folder.glob(PATTERN)):
        for test in _of_manifest(manifest, f"{name}/", problems):
            sent = []
            for each in test.sent:
                file = str(each["file"])
                if file not in there:
                    problems.add(
                        "files that a manifest names and that are not there",
                        f"{test.shown}{file}, which {test.test} has sent, is not there",
                    )
                elif file in named:
                    problems.add(
                        "files that a manifest names twice", f"{test.shown}{file} is named by two tests"
                    )
                else:
                    sent.append(each)
                    named.add(file)
            test.sent = sent
            yield test
    rest = sorted(each for each in there - named if each.endswith(ENVELOPE))
    if len(rest) > MOST:
        said = f"{name}: of {len(rest)} envelopes the first {MOST} are taken"
        problems.add("files that are too many", said)
        rest = rest[:MOST]
    if rest:
        files: list[Mapping[str, Any]] = [{"file": each} for each in rest]
        yield Test(name, "", folder, f"{name}/", {}, files)


def _of_manifest(path: Path, shown: str, problems: Problems) -> Iterator[Test]:
    whose, folder = f"{shown}{path.name}", path.parent
    found: dict[str, list[Test]] = {}
    if not is_plain(path):
        problems.add("manifests that cannot be read", f"{whose} is no file of its own, or too large")
        return
    for number, line in lines_of(path):
        if isinstance(line, ValueError):
            what = f"{whose}, line {number}, is cut off or damaged"
            problems.add("lines of manifests that cannot be read", what)
        elif isinstance(line, dict) and "manifest" in line:
            if line.get("version") != VERSION:
                version = str(line.get("version"))[:20]
                problems.add(
                    "manifests of another version",
                    f"{whose} was written by another version ({version}; this one reads {VERSION}): what it "
                    "has beyond that is not shown",
                )
        else:
            test = _test(line, folder, shown)
            if test is None:
                what = f"{whose}, line {number}, is no test"
                problems.add("lines of manifests that cannot be read", what)
                continue
            before = found.setdefault(test.test, [])
            if before and before[-1].outcome == RUNNING:
                before.pop()
            elif before and before[-1].outcome in ("failed", "error"):
                before[-1].outcome = "rerun"
            before.append(test)
    for tests in found.values():
        yield from tests


def _test(line: Any, folder: Path, shown: str) -> Test | None:
    if not isinstance(line, dict) or not isinstance(line.get("test"), str):
        return None
    outcome = line.get("outcome")
    if outcome not in OUTCOMES:
        # Of a newer version: it may be a failure, which is not to be overlooked.
        outcome = "error"
    sent = line.get("sent")
    files = {
        each["file"]: each
        for each in (sent if isinstance(sent, list) else ())[:MOST]
        if isinstance(each, dict) and is_safe(each.get("file"))
    }
    about = {
        "duration": _number(line.get("duration")),
        "failure": text(line.get("failure")),
        "nearest": [each for each in listing(line.get("nearest")) if isinstance(each, dict)][:10],
        "reasons": [each for each in listing(line.get("reasons")) if isinstance(each, str)][:50],
    }
    about = {name: value for name, value in about.items() if value not in (None, "", [])}
    return Test(line["test"], str(outcome), folder, shown, about, list(files.values()))


def _number(value: Any) -> float | None:
    # NaN is no number either: comparing it is false.
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**12
    return round(float(value), 4) if is_number else None
