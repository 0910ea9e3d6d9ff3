"""Questions as text, for the shell and for HTTP: ``errors?exception=ValueError&tags.graph=g1``.

The text becomes what a test would hand to `find`: a noun, its positional criterion and named ones. Views,
matching and failures are those of `sentry_events`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.views import View
from pytest_sentryintegration.matching.criteria import AllOf
from pytest_sentryintegration.matching.exception_classes import ExceptionNamed
from pytest_sentryintegration.matching.fields import UnknownField, fields_of, unknown_field
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from pytest_sentryintegration.model.reading import moment

__all__ = [
    "Question",
    "QuestionError",
    "Spelled",
    "no_such",
    "parse_question",
    "question",
    "seconds",
    "switched_on",
    "whole_number",
]

PATTERN: Final = 10_000
"""Characters of a pattern: a longer one is a mistake, and slow to compile."""

NAME: Final = 1000
"""Characters of the name of a criterion, with all of its dots."""

_SPELLINGS: Final = re.compile(
    r"true|false|null|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|\d{4}-\d\d-\d\d(?:[T ]\S*)?",
    re.ASCII | re.IGNORECASE,
)


class QuestionError(ValueError):
    """A question that cannot be asked; one sentence says what is wrong, and names what is nearest."""


class Spelled:
    """Text that is equal to what it spells: a number, ``true``, ``null``, a time; and to the same text.

    >>> Spelled("503") == 503, Spelled("true") == True, Spelled("null") == None, Spelled("1.50") == "1.5"
    (True, True, True, False)
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, value: object) -> bool:
        if isinstance(value, str):
            return value == self._text
        if value is None or isinstance(value, bool):
            return self._text.lower() == ("null" if value is None else str(value).lower())
        if isinstance(value, datetime):
            return value == moment(self._text)
        if isinstance(value, int | float):
            try:
                # Not by float alone: ids may have more digits than it holds.
                return value == (int if self._text.lstrip("+-").isdecimal() else float)(self._text)
            except ValueError:
                return False
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def as_written(self) -> str:
        """Return it as a failure shows it."""
        return self._text


@dataclass(frozen=True)
class Question:
    """What is asked of one inbox.

    >>> asked = parse_question("errors?exception=ValueError&tags.graph=g1&count=2")
    >>> asked.noun, list(asked.criteria), asked.count
    ('errors', ['tags.graph'], 2)
    """

    noun: str
    """Such as ``errors``."""
    main: Any = ...
    """The positional criterion of `find`; ``...`` for none."""
    criteria: Mapping[str, Any] = field(default_factory=dict)
    """The named ones."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What is no criterion, as it was written."""

    @property
    def count(self) -> int:
        """How many are asked for: the parameter ``count``, 1 where it is not given."""
        return whole_number("count", self.parameters.get("count", "1"))

    @property
    def query(self) -> Query:
        """Its criteria, which may be asked of single objects."""
        return Query(NOUNS[self.noun], self.main, self.criteria, CLASSES[self.noun])

    def view(self, events: SentryEvents) -> View[Any]:
        """Return the view of its noun."""
        view: View[Any] = getattr(events, self.noun)
        return view

    def where(self, events: SentryEvents) -> tuple[Any, ...]:
        """Return all that match, at once."""
        return self.view(events).where(self.main, **self.criteria)

    def wait(
        self, events: SentryEvents, timeout: float, count: int | None = None, *, complete: bool = False
    ) -> tuple[Any, ...]:
        """Return all that match, once there are *count* (the one asked for, where it is not given).

        Args:
            events: What is asked.
            timeout: Seconds to wait.
            count: How many there are to be.
            complete: Of traces, whether they are to be complete.

        Raises:
            AssertionError: There were fewer when the time was over.
        """
        wanted = self.count if count is None else count
        further = {"complete": True} if complete else {}
        return self.view(events).wait(wanted, self.main, timeout=timeout, **further, **self.criteria)

    def find(self, events: SentryEvents, timeout: float) -> Any:
        """Return the one that matches, waiting up to *timeout* seconds.

        Raises:
            AssertionError: None or several match.
        """
        return self.view(events).find(self.main, timeout=timeout, **self.criteria)

    def none(self, events: SentryEvents, within: float = 0) -> None:
        """Fail if one matches, or comes within that many seconds.

        Raises:
            AssertionError: There is one.
        """
        self.view(events).none(self.main, within=within, **self.criteria)


def parse_question(text: str, parameters: Collection[str] = ("count",)) -> Question:
    """Read ``NOUN?QUERY``, percent-encoded where needed, as in a URL.

    Args:
        text: The question; without a query it asks for anything of that noun.
        parameters: What the query may name beside criteria.

    Raises:
        QuestionError: An unknown noun, criterion or parameter, a broken pattern or number.

    >>> parse_question("messages?text=~^Spec failed&level=warning").criteria
    {'level': 'warning'}
    >>> parse_question("mesages")
    Traceback (most recent call last):
    ...
    pytest_sentryintegration.inbox.queries.QuestionError: there is no noun 'mesages'; did you mean 'messages'?
    """
    noun, _, query = text.partition("?")
    for part in filter(None, query.split("&")):
        if "=" not in part:
            raise QuestionError(
                f"{part[:80]!r} is no NAME=VALUE; an & that belongs to a value is written %26"
            )
    asked = question(noun.strip(), parse_qsl(query, keep_blank_values=True), parameters)
    if "count" in asked.parameters:
        whole_number("count", asked.parameters["count"])
    return asked


def question(
    noun: str, pairs: Iterable[tuple[str, str]], parameters: Collection[str] = ("count",)
) -> Question:
    """Return the question that *pairs* of names and texts ask of a noun; see `parse_question`."""
    if noun not in NOUNS:
        no_such("noun", noun, list(NOUNS))
    kind = NOUNS[noun]
    known = {*fields_of(CLASSES[noun]), kind.main}
    given: dict[str, str] = {}
    criteria: dict[str, list[Any]] = {}
    classes: list[str | re.Pattern[str]] = []
    for name, text in pairs:
        if name in parameters:
            if name in given:
                raise QuestionError(f"{name} is given twice")
            given[name] = text
        elif (first := name.partition(".")[0]) not in known:
            raise QuestionError(str(unknown_field(kind.singular, first[:80], known.union(parameters))))
        elif len(name) > NAME:
            raise QuestionError(f"{name[:80]}...: a name has at most {NAME} characters, this one {len(name)}")
        elif name == "exception" and kind.by_exception and text != "*":
            classes.append(_pattern(name, text) if text.startswith("~") else text)
        else:
            criteria.setdefault(name, []).append(_criterion(name, text))
    named = {name: found[0] if len(found) == 1 else AllOf(*found) for name, found in criteria.items()}
    main = ExceptionNamed(*classes) if classes else named.pop(kind.main, ...)
    asked = Question(noun, main, named, given)
    if any("." in name for name in named):
        try:
            asked.query  # noqa: B018 (a path that leads nowhere is told before anything is waited for)
        except UnknownField as error:
            raise QuestionError(str(error)) from None
    return asked


def no_such(what: str, name: str, known: Sequence[str]) -> NoReturn:
    """Raise a `QuestionError` that names what is nearest to *name*."""
    near = difflib.get_close_matches(name[:80].lower(), known, n=1, cutoff=0.5)
    there = "is" if len(known) == 1 else "are"
    instead = f"did you mean {near[0]!r}?" if near else f"there {there} {', '.join(known) or 'none'}"
    raise QuestionError(f"there is no {what} {name[:80]!r}; {instead}")


def switched_on(name: str, given: Mapping[str, str]) -> bool:
    """Return whether the parameter of that name is ``true``, and not ``false`` or left out.

    Raises:
        QuestionError: It is neither.
    """
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise QuestionError(f"{name} is true or false, got {text[:80]!r}")
    return text == "true"


def whole_number(name: str, text: str, least: int = 1, most: int = 10**9) -> int:
    """Return the number that *text* is.

    Raises:
        QuestionError: It is none, or not between *least* and *most*.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 12 and least <= int(text) <= most):
        raise QuestionError(f"{name} is a whole number from {least} to {most}, got {text[:80]!r}")
    return int(text)


def seconds(name: str, text: str, most: float) -> float:
    """Return how many seconds *text* says.

    Raises:
        QuestionError: It says none, or more than *most*.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise QuestionError(f"{name} is a number of seconds from 0 to {most:g}, got {text[:80]!r}")
    return value


def _criterion(name: str, text: str) -> Any:
    if text == "*":
        return ...
    if text.startswith("~"):
        return _pattern(name, text)
    return Spelled(text) if _SPELLINGS.fullmatch(text) else text


def _pattern(name: str, text: str) -> re.Pattern[str]:
    if len(text) > PATTERN:
        raise QuestionError(
            f"{name}=~...: a pattern has at most {PATTERN} characters, this one {len(text) - 1}"
        )
    try:
        return re.compile(text[1:])
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise QuestionError(f"{name}={text[:200]}: the pattern is broken{place}: {error.msg}") from None
    except (OverflowError, RecursionError, Warning) as error:
        # A warning that was made an error is one of a pattern that will soon mean something else.
        raise QuestionError(f"{name}={text[:200]}: the pattern is broken: {error}") from None
