"""The manifest of a dump: which tests ran, how each ended, and which files hold what it sent.

A folder has one file of lines of JSON for each process that ran tests; the first line says the version, each
further one is a test. A line is written when a test begins and when it has ended, so a run that is killed
leaves a manifest that can be read, and says which test ran at that moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.store import Arrival, Entry
from pytest_sentryintegration.wire.envelope import serialize_envelope

__all__ = [
    "ENVELOPE",
    "PATTERN",
    "REFUSED",
    "RUNNING",
    "UNCOLLECTED",
    "VERSION",
    "Manifest",
    "is_safe",
    "lines_of",
    "remove",
]

VERSION: Final = 1
PATTERN: Final = "manifest-*.jsonl"
ENVELOPE: Final = ".envelope"
REFUSED: Final = ".refused"
"""How files end that hold the body of a request that was not accepted."""
RUNNING: Final = "running"
"""The outcome of a test that has begun and not ended."""
UNCOLLECTED: Final = "collection error"
"""The outcome of a file or folder of which pytest could not collect the tests."""

LONGEST: Final = 100_000
"""Characters of a failure that are written."""


class Manifest:
    """Writes the manifest of one process, and the files that it names.

    Args:
        folder: made where it is not there.
        process: tells this process from others that write into the folder, such as ``gw0``.
        about: what else the first line says of the run.
    """

    def __init__(self, folder: Path, process: str = "main", **about: Any) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"manifest-{_readable(process)}.jsonl"
        self._write({"manifest": "sentryintegration", "version": VERSION, **about})

    def begin(self, test: str) -> None:
        """Write that a test begins."""
        self._write({"test": test, "outcome": RUNNING})

    def add(
        self, test: str, outcome: str, entries: Iterable[Entry], *, named: str = "", **about: Any
    ) -> None:
        """Write how a test ended, and what it sent.

        Args:
            test: its node id.
            named: what the names of its files begin with; made of *test* where it is not given.
            outcome: ``passed``, ``failed``, ``error``, ``skipped``, ``xfailed``, ``xpassed``,
                `UNCOLLECTED`.
            entries: what came, each into a file of its own.
            about: ``duration``, ``failure``, and whatever else is known and can be JSON.
        """
        sent = list(self._files(_readable(named or test), entries))
        self._write({"test": test, "outcome": outcome, **_filled(about), **_filled({"sent": sent})})

    def _write(self, line: Mapping[str, Any]) -> None:
        # Opened for each line: a process that a test forks may write it. ASCII: a node id may hold a lone
        # surrogate.
        with self.path.open("a", encoding="ascii") as file:
            file.write(f"{json.dumps(line, default=str)}\n")

    def _files(self, named: str, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
        number = 0
        for entry in entries:
            is_envelope = isinstance(entry, Arrival)
            body = serialize_envelope(entry.envelope) if isinstance(entry, Arrival) else entry.body
            while True:
                number += 1
                path = self._folder / f"{named}-{number:03}{ENVELOPE if is_envelope else REFUSED}"
                try:
                    # Names of two tests may read alike, and the same test may run twice.
                    with path.open("xb") as file:
                        file.write(body)
                    break
                except FileExistsError:
                    continue
            yield {"file": path.name, **_about(entry)}


def _about(entry: Entry) -> dict[str, Any]:
    known: dict[str, Any] = {"number": entry.number, "received": entry.received.isoformat()}
    if isinstance(entry, Arrival):
        names = ("project_id", "public_key", "client", "endpoint", "tolerated", "query")
    else:
        names = ("status", "reason", "method", "path", "headers", "fault")
    return {**known, **_filled({name: getattr(entry, name) for name in names})}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], (), False)}


def _readable(name: str) -> str:
    """Return *name* as part of a file name: on every system, and of bounded length."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_-.")[-150:].lstrip("_-.") or "capture"


def is_safe(name: object) -> bool:
    """Whether *name* is one that a manifest may give to a file: in its own folder, and of ours.

    >>> is_safe("test_it.py_test_it-001.envelope"), is_safe("../../etc/passwd")
    (True, False)
    """
    return (
        isinstance(name, str) and re.fullmatch(r"\w[\w.-]*\.(envelope|refused)", name, re.ASCII) is not None
    )


def lines_of(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each line of a manifest; a `ValueError` for one that is not JSON."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(str(error))


def remove(folder: Path) -> None:
    """Remove what an earlier run has left in *folder*: its manifests, and the files that these name."""
    for manifest in folder.glob(PATTERN):
        for _, line in lines_of(manifest):
            sent = line.get("sent") if isinstance(line, dict) else None
            for each in sent if isinstance(sent, list) else ():
                if isinstance(each, dict) and is_safe(each.get("file")):
                    (folder / each["file"]).unlink(missing_ok=True)
        manifest.unlink()
