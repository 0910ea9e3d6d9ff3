"""``show``: what is in ``.envelope`` files."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from pytest_sentryintegration import clock
from pytest_sentryintegration.cli.options import Command, WrongUse
from pytest_sentryintegration.inbox.reader import NotJudgedWarning, Reader
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.wire.dsn import Dsn
from pytest_sentryintegration.wire.envelope import parse_envelope
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.words.captured import captured
from pytest_sentryintegration.words.policies import not_accepted

SUFFIX: Final = ".envelope"


class Files(Source):
    """Envelopes that were written to files, read as an inbox.

    Args:
        bodies: name, bytes, and when each was written.
    """

    def __init__(self, bodies: Iterable[tuple[str, bytes, datetime]]) -> None:
        self.damaged: list[str] = []
        """A line for each file that is no envelope."""
        arrivals: list[Arrival] = []
        for name, body, written in bodies:
            try:
                arrivals.append(_arrival(len(arrivals) + 1, body, written))
            except Refusal as refusal:
                self.damaged.append(
                    f"{name}: Sentry refuses it with status {refusal.status}: {refusal.reason}"
                )
        self.contents = Contents(lambda number: arrivals[number:])
        self.contents.update()

    def clear(self) -> None:
        """Do nothing: the files stay."""
        return


def _arrival(number: int, body: bytes, written: datetime) -> Arrival:
    envelope = parse_envelope(body)
    headers = envelope.headers
    # Not every SDK writes its DSN into its envelopes.
    project_id = Dsn.parse(headers["dsn"]).project_id if headers.get("dsn") else ""
    return Arrival(number, "", _received(headers.get("sent_at"), written), project_id, "", None, envelope)


def _received(sent_at: object, written: datetime) -> datetime:
    # An event is judged by its age when it came; it was sent moments before.
    try:
        moment = datetime.fromisoformat(str(sent_at).replace("Z", "+00:00"))
    except ValueError:
        return written
    return moment if moment.tzinfo is not None else written


def _show(options: Namespace) -> int:
    source = Files(_bodies(options.files))
    text = captured(source.contents, whole=True)
    others = Counter(item.type for item in source.contents.items if item.type not in _SHOWN)
    lines = [text, *(f"{count} of type {kind!r}" for kind, count in others.items())]
    shown = [line for line in lines if line] or ["no events, spans or other telemetry"]
    sys.stdout.write("\n".join([*shown, "", *source.damaged, verdict(source)]) + "\n")
    return 0


_SHOWN: Final = frozenset({
    "attachment", "check_in", "client_report", "csp", "event", "feedback", "integration", "log",
    "raw_security", "security", "session", "sessions", "span", "trace_metric", "transaction", "user_report",
})  # fmt: skip
"""Item types that have lines of their own; attachments are named by their events."""


def verdict(source: Files) -> str:
    """Return what real Sentry would not keep of an inbox; writes to stderr what cannot be judged."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", NotJudgedWarning)
        objections = Reader(source).objections()
    for warning in said:
        sys.stderr.write(f"{warning.message}\n")
    if objections:
        return not_accepted(objections)
    return f"Sentry would keep all of {'the rest' if source.damaged else 'it'} as it was sent."


def _bodies(names: Sequence[str]) -> Iterator[tuple[str, bytes, datetime]]:
    if not names:
        raise WrongUse("what is to be shown: FILE, DIR, or - for standard input?")
    for name in names:
        if name == "-":
            yield "standard input", sys.stdin.buffer.read(), clock.now()
            continue
        path = Path(name)
        files = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not files:
            raise WrongUse(f"there is no {SUFFIX} file in {name}")
        for file in files:
            try:
                written = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
                yield str(file), file.read_bytes(), written
            except OSError as error:
                raise WrongUse(f"{file} cannot be read: {error.strerror}") from None


SHOW: Final = Command(
    "show",
    "print .envelope files: events, trees, verdicts",
    "FILE|DIR|-...",
    "Prints what is in .envelope files: events, the trees of transactions, other telemetry, and what real\n"
    "Sentry would refuse, drop or trim. Of a DIR all files that end in .envelope, those in its folders too;\n"
    "- is standard input. pytest --sentry-dump and run --dump write such files.",
    (),
    _show,
    arguments="files",
)
