"""What `run` requires of what a command has sent, and the texts of what is not met."""

from __future__ import annotations

import shlex
import threading
import warnings
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.queries import Question, parse_question
from pytest_sentryintegration.inbox.reader import IncompleteWarning, NotJudgedWarning, Reader
from pytest_sentryintegration.inbox.secrets import found_secrets, occurrences, secrets_of_settings
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.words.policies import not_accepted, reported

KINDS: Final = ("error", "invalid", "secret")
"""What ``--fail-on`` knows."""


class Asked(NamedTuple):
    """A question, and how it was written."""

    text: str
    question: Question

    @classmethod
    def read(cls, text: str) -> Asked:
        """Read ``NOUN?QUERY``.

        Raises:
            ValueError: an unknown noun or criterion, a broken pattern, with what is nearest.
        """
        return cls(text, parse_question(text))


def unmet(source: Source, options: Namespace) -> tuple[list[str], list[str]]:
    """Return a text for each condition of *options* that what came does not meet, and what cannot be judged.

    What an ``--expect`` asks for is waited for, all at once, for ``--timeout`` seconds.
    """
    reader = Reader(source)
    events = SentryEvents(reader)
    found = list(_missing(events, options.expect, options.timeout))
    for asked in options.refuse:
        try:
            asked.question.none(events)
        except AssertionError as failure:
            found.append(f"--refuse {shlex.quote(asked.text)}\n{failure}")
    source.contents.update()
    with warnings.catch_warnings(record=True) as said:
        for kind in (NotJudgedWarning, IncompleteWarning):
            warnings.simplefilter("always", kind)
        found += [
            f"--fail-on {kind}\n{text}"
            for kind in options.fail_on
            if (text := _FAILURES[kind](reader, options.secret))
        ]
    return found, [str(warning.message) for warning in said]


def _missing(events: SentryEvents, expected: Sequence[Asked], timeout: float) -> Iterator[str]:
    outcomes: list[BaseException | None] = [None] * len(expected)

    def wait(place: int) -> None:
        try:
            expected[place].question.wait(events, timeout)
        except BaseException as error:
            outcomes[place] = error

    # At once, so that each has the whole time. Daemons: an interrupt is not to wait for them.
    threads = [threading.Thread(target=wait, args=(place,), daemon=True) for place in range(len(expected))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for asked, outcome in zip(expected, outcomes, strict=True):
        if isinstance(outcome, AssertionError):
            yield f"--expect {shlex.quote(asked.text)}\n{outcome}"
        elif outcome is not None:
            raise outcome


def _errors(reader: Reader, secrets: Sequence[str]) -> str:
    events = reader.unlooked()
    if not events:
        return ""
    ready = dict.fromkeys(question for event in events if (question := _question_for(event)))
    hint = (
        ["Expect what is intended:", *(f"  --expect {shlex.quote(text)}" for text in ready)] if ready else []
    )
    what = (
        "1 event of level error or above was sent"
        if len(events) == 1
        else f"{len(events)} events of level error or above were sent"
    )
    return "\n".join([f"{what} that no --expect asks for:", *reported(events), *hint])


def _question_for(event: Any) -> str:
    """Return a question that finds *event*; ``""`` where it has neither a class nor a short text."""
    if event.exception is not None:
        return (
            f"errors?exception={quote(event.exception.type)}" if isinstance(event.exception.type, str) else ""
        )
    return f"messages?text={quote(event.message)}" if event.message and len(event.message) <= 60 else ""


def _invalid(reader: Reader, secrets: Sequence[str]) -> str:
    objections = reader.objections()
    return not_accepted(objections) if objections else ""


def _secret(reader: Reader, secrets: Sequence[str]) -> str:
    found = occurrences(reader.source.contents, secrets_of_settings(secrets, "--secret"))
    return found_secrets(found) if found else ""


_FAILURES: Final = {"error": _errors, "invalid": _invalid, "secret": _secret}
