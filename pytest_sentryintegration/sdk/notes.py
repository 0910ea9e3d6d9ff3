"""The notes on a running test: what a failure tells, and cannot find out any more."""

from __future__ import annotations

import subprocess
import time
import weakref
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_sentryintegration.evidence import LateSpan, SampledOut
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.ownership import Owner

MOST: Final = 100
"""How many notes of one kind a test has."""

# Bound at import: a test may freeze the clock.
now = time.perf_counter_ns
"""The clock by which the SDK's spans start, in nanoseconds."""


@dataclass
class Started:
    """A process that was started, by `subprocess.Popen` or a function of `os`."""

    command: str
    has_dsn: bool
    popen: weakref.ref[subprocess.Popen[Any]] | None = None
    ended: int | None = None
    """Its exit code, where that is known and there is no `popen` any more."""


@dataclass(slots=True)
class Noticed:
    """The notes on one test."""

    began: int = field(default_factory=now)
    sampled_out: Counter[SampledOut] = field(default_factory=Counter)
    raised: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often an error was swallowed, by callback (``""`` for none) and text."""
    processors: dict[str, None] = field(default_factory=dict)
    """Event processors that dropped something, by their qualified names."""
    outside: list[str] = field(default_factory=list)
    """Spans that ended outside of any transaction, by op or name."""
    late: list[LateSpan] = field(default_factory=list)
    """Spans that ended after their transaction."""
    other_mode: dict[str, None] = field(default_factory=dict)
    """Functions of the SDK that were called and do nothing in the client's span mode."""
    reported: set[type[BaseException]] = field(default_factory=set)
    """Classes of exceptions that were captured: a class that a function defines may else be collected before
    it is known of which other one it is a subclass."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Exceptions that `ignore_errors` covers, by class."""
    django: Counter[str] = field(default_factory=Counter)
    """Requests that Django's tools for tests have made, by the name of the tool."""
    started: list[Started] = field(default_factory=list)
    spawned: list[tuple[weakref.ref[Any], str]] = field(default_factory=list)
    """The processes of `multiprocessing` that were started and are no forks, with their names."""
    forks: int = 0
    others: frozenset[weakref.ref[Any]] = frozenset()
    """The processes of `multiprocessing` that were started before. Later ones may get the ids of these."""


def noticed(owner: Owner) -> Noticed:
    """Return the notes on *owner*."""
    return notes_of(owner) or Noticed()


def begin_notes(owner: Owner, others: list[Any]) -> None:
    """Begin the notes on *owner*, without *others*: the processes of `multiprocessing` that were started."""
    owner.notes = Noticed(others=frozenset(map(weakref.ref, others))) if others else Noticed()


def noticed_now() -> Noticed | None:
    """Return the notes on whom the calling thread captures for; ``None`` where nobody is noted."""
    return notes_of(ownership.current())


def notes_of(owner: Owner | None) -> Noticed | None:
    """Return the notes on *owner* that are added to; ``None`` where there are none."""
    notes: Noticed | None = None if owner is None else owner.notes
    return notes
