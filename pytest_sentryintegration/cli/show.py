"""``show``: what is in ``.envelope`` files."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_sentryintegration import clock
from pytest_sentryintegration.cli import DONE
from pytest_sentryintegration.cli.options import Command, Option, WrongUse
from pytest_sentryintegration.inbox.reader import NotJudgedWarning, Reader
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.report.files import read_arrival
from pytest_sentryintegration.report.manifest import ENVELOPE
from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.web.objects import as_json, dump
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.words.captured import captured
from pytest_sentryintegration.words.policies import Objection, not_accepted


class Damaged(NamedTuple):
    """A file that Sentry would refuse."""

    file: str
    status: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: Sentry refuses it with status {self.status}: {self.reason}"


class Files(Source):
    """Envelopes that were written to files, read as an inbox.

    Args:
        bodies: name, bytes, and when each was written.
    """

    def __init__(self, bodies: Iterable[tuple[str, bytes, datetime]]) -> None:
        self.damaged: list[Damaged] = []
        """The files that are no envelopes."""
        self.names: list[str] = []
        """The file of each arrival."""
        arrivals: list[Arrival] = []
        for name, body, written in bodies:
            try:
                arrivals.append(read_arrival(len(arrivals) + 1, body, written))
                self.names.append(name)
            except Refusal as refusal:
                self.damaged.append(Damaged(name, refusal.status, refusal.reason))
        self.contents = Contents(lambda number: arrivals[number:])
        self.contents.update()

    def clear(self) -> None:
        """Do nothing: the files stay."""
        return


def _show(options: Namespace) -> int:
    source = Files(_bodies(options.files))
    found, notes = judged(source)
    for note in notes:
        sys.stderr.write(f"{note}\n")
    shown = _data(source, found) if options.json else _text(source, found)
    sys.stdout.write(f"{shown}\n")
    return DONE


def _text(source: Files, found: Sequence[Objection]) -> str:
    others = Counter(item.type for item in source.contents.items if item.type not in _SHOWN)
    lines = [captured(source.contents, whole=True)]
    lines += (f"{count} of type {kind!r}" for kind, count in others.items())
    shown = [line for line in lines if line] or ["no events, spans or other telemetry"]
    rest = "the rest" if source.damaged else "it"
    verdict = not_accepted(found) if found else f"Sentry would keep all of {rest} as it was sent."
    return "\n".join([*shown, "", *map(str, source.damaged), verdict])


def _data(source: Files, found: Sequence[Objection]) -> str:
    nouns = {noun: [_object(source, obj) for obj in getattr(source.contents, noun)] for noun in _NOUNS}
    verdicts = [
        {**_fields(each), "findings": [_fields(finding) for finding in each.findings]} for each in found
    ]
    damaged = [each._asdict() for each in source.damaged]
    return dump({**nouns, "verdicts": verdicts, "damaged": damaged}).decode()


def _fields(value: Any) -> dict[str, Any]:
    # Not dataclasses.asdict, which would copy what was sent, however deep that is.
    shown = ((field.name, getattr(value, field.name)) for field in fields(value))
    # A payload that cannot be read is found as bytes.
    return {
        name: each.decode("utf-8", "backslashreplace") if isinstance(each, bytes) else each
        for name, each in shown
    }


def _object(source: Files, obj: Any) -> dict[str, Any]:
    shown = as_json(obj)
    name = source.names[shown["number"] - 1]
    return {"file": name, **{key: value for key, value in shown.items() if key not in _OF_A_SERVER}}


_NOUNS: Final = (
    "events", "transactions", "spans", "traces", "attachments", "logs", "metrics", "check_ins", "feedback",
    "sessions", "client_reports",
)  # fmt: skip
_OF_A_SERVER: Final = ("number", "inbox", "received", "path")
"""What the API says of an object that only a server has."""

_SHOWN: Final = frozenset({
    "attachment", "check_in", "client_report", "csp", "event", "feedback", "integration", "log",
    "raw_security", "security", "session", "sessions", "span", "trace_metric", "transaction", "user_report",
})  # fmt: skip
"""Item types that have lines of their own; attachments are named by their events."""


def judged(source: Source) -> tuple[list[Objection], list[str]]:
    """Return what real Sentry would not keep of an inbox, and what of it cannot be judged here."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", NotJudgedWarning)
        found = Reader(source).objections()
    return found, [str(warning.message) for warning in said]


def _bodies(names: Sequence[str]) -> Iterator[tuple[str, bytes, datetime]]:
    if not names:
        raise WrongUse("what is to be shown: FILE, DIR, or - for standard input?")
    for name in names:
        if name == "-":
            if sys.stdin is None:
                raise WrongUse("standard input is closed")
            yield "standard input", sys.stdin.buffer.read(), clock.now()
            continue
        path = Path(name)
        files = sorted(path.rglob(f"*{ENVELOPE}")) if path.is_dir() else [path]
        if not files:
            raise WrongUse(f"there is no {ENVELOPE} file in {name}")
        for file in files:
            try:
                written = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
                yield str(file), file.read_bytes(), written
            except OSError as error:
                raise WrongUse(f"{file} cannot be read: {error.strerror}") from None


SHOW: Final = Command(
    "show",
    "[--json] FILE|DIR|-...",
    "Prints what is in .envelope files: events, the trees of transactions, other\n"
    "telemetry, and what real Sentry would refuse, drop or trim. Of a DIR all files\n"
    "that end in .envelope, those in its folders too; - is standard input. pytest\n"
    "--sentry-dump and run --dump write such files.",
    (Option("json", "print the objects as JSON, in the shape of the captured API"),),
    _show,
    arguments="files",
)
