"""Hints at what was meant by a criterion that does not match: a near key, a part of a text, another field."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_sentryintegration.matching.criteria import Difference, compare
from pytest_sentryintegration.matching.query import Query
from pytest_sentryintegration.matching.showing import MISSING, show

_LONGEST: Final = 2000
"""Characters of a text that are compared: a text may have 100 MB."""
_HIGHEST: Final = 100
"""Levels above a span in which its parent is looked for."""
_PATTERN: Final = 60
"""Characters of a pattern that is written out in a hint."""
_MARKS: Final = frozenset(".^$*+?[](){}|\\")
"""Characters that mean something in a pattern."""
_LEVELS: Final = {"warn": "warning", "critical": "fatal", "err": "error", "information": "info"} | {
    10: "debug",
    20: "info",
    30: "warning",
    40: "error",
    50: "fatal",
}
"""Levels as others write them, those of `logging` among them, and Sentry's words for them."""
_NAMING: Final = ("name", "op", "description", "status", "body", "monitor_slug", "filename", "message")
"""Fields of which one is easily taken for another."""


@dataclass(frozen=True)
class Hint:
    """What the reason of a difference probably is."""

    fact: str
    """A note after the received value: ``which contains it``."""
    remedy: str = ""
    """What to do about it, as the beginning of a sentence that ends in `code`."""
    code: str = ""
    """The code to write, on one line; ``""`` where the fact says enough."""


def hint(query: Query, obj: Any, difference: Difference) -> Hint | None:
    """Return a hint at the reason of *difference*, a difference of *obj* from *query*; ``None`` for none."""
    return next(_hints(query, obj, difference), None)


def near_key(key: object, keys: Iterable[object]) -> object:
    """Return the one of *keys* that was probably meant by *key*, `MISSING` where none is alike.

    >>> near_key("crad", ["region", "card"]), near_key("User-Id", ["user_id"]), near_key("x", ["card"])
    ('card', 'user_id', nothing)
    """
    by_text = {_folded(known): known for known in keys if known != key}
    if _folded(key) in by_text:
        return by_text[_folded(key)]
    near = difflib.get_close_matches(_folded(key), by_text, n=1, cutoff=0.6)
    return by_text[near[0]] if near else MISSING


def _folded(key: object) -> str:
    return re.sub(r"[\s_.-]+", "_", str(key)[:200].strip().casefold())


def _hints(query: Query, obj: Any, difference: Difference) -> Iterator[Hint]:
    expected, got = difference.expected, difference.got
    if difference.beside is not None:
        yield from _near_keys(*difference.beside)
    if difference.path == "level":
        yield from _of_levels(expected)
    yield from _of_parents(query, obj, difference)
    is_main = query.main is not ... and difference.path in (query.noun.main, "exception")
    if is_main and query.noun.by_exception:
        yield from _of_exceptions(query, obj)
        for text in query.noun.values_of(obj):
            for found in _of_texts(expected, text):
                yield found if text == got else replace(found, fact=f"beside {show(text, 40)}, {found.fact}")
    elif is_main and isinstance(query.main, str):
        yield from _of_other_fields(query, obj)
    yield from _of_class_names(expected, got)
    yield from _of_texts(expected, got)
    yield from _of_patterns(expected, got)
    yield from _of_numbers(expected, got)


def _near_keys(key: object, there: Mapping[Any, Any]) -> Iterator[Hint]:
    near = near_key(key, there)
    if near is not MISSING:
        kind = "" if isinstance(near, str) else f", which is no text, but {_kind(near)}"
        yield Hint(f"did you mean {show(near, 40)}{kind}?")


def _of_levels(expected: Any) -> Iterator[Hint]:
    """Hint at Sentry's word for a level."""
    key = expected.casefold() if isinstance(expected, str) else expected
    word = _LEVELS.get(key) if type(key) in (str, int) else None
    if word is not None:
        yield Hint(f"Sentry's word for {show(expected, 40)} is {word!r}")


def _of_texts(expected: Any, got: Any) -> Iterator[Hint]:
    if not isinstance(expected, str) or not isinstance(got, str) or not expected or not got:
        return
    wanted, sent = expected[:_LONGEST], got[:_LONGEST]
    lower, sent_lower = wanted.casefold(), sent.casefold()
    if wanted.split() == sent.split():
        yield Hint("which differs in white space only")
    elif lower == sent_lower:
        yield Hint("which differs in case only")
    elif lower.split() == sent_lower.split():
        yield Hint("which differs in case and white space only")
    elif wanted in sent:
        yield Hint("which contains it", _WHOLE, _pattern_of(wanted))
    elif lower in sent_lower:
        yield Hint("which contains it in another case", _WHOLE, _pattern_of(wanted, ", re.IGNORECASE"))
    elif _finds(wanted, sent):
        remedy = "Text is compared as it is; to search by a pattern, pass"
        yield Hint("which it matches as a pattern", remedy, f"re.compile({wanted!r})")


def _of_patterns(expected: Any, got: Any) -> Iterator[Hint]:
    if (
        not isinstance(expected, re.Pattern)
        or not isinstance(got, str)
        or not isinstance(expected.pattern, str)
    ):
        return
    if re.compile(expected.pattern, expected.flags | re.IGNORECASE).search(got[:_LONGEST]) is not None:
        yield Hint("which matches in another case", "To ignore case, pass", "re.compile(..., re.IGNORECASE)")


_WHOLE: Final = "Text is compared as a whole; to find a part of it, pass"


def _pattern_of(text: str, flags: str = "") -> str:
    part = re.escape(text).replace(r"\ ", " ") if _MARKS & set(text) else text
    if len(part) > _PATTERN:
        return f"re.compile(...{flags})"
    raw = "\\" in part and "'" not in part and part.isprintable()
    return f"re.compile(r'{part}'{flags})" if raw else f"re.compile({part!r}{flags})"


def _finds(pattern: str, text: str) -> bool:
    # Nested repetitions, as in "(a+)+", may take exponential time.
    if not _MARKS & set(pattern) or "(" in pattern or pattern.count("*") + pattern.count("+") > 2:
        return False
    try:
        return re.search(pattern, text[:200]) is not None
    except re.error:
        return False


def _of_exceptions(query: Query, obj: Any) -> Iterator[Hint]:
    """Hint at a class given as text, a class of another module, and a class that only a text names."""
    exceptions = tuple(obj.exceptions or ())
    if isinstance(query.main, str):
        for sent in exceptions:
            if query.main in (f"{sent.type}: {sent.value}", f"{_qualified(sent)}: {sent.value}"):
                yield Hint(
                    "which has no class", "The class is no part of the text:", f"find({show(sent.value, 60)})"
                )
            if query.main in (sent.type, _qualified(sent)):
                remedy = "Text is compared with what an exception says; to find it by its class, use"
                yield Hint("which an exception of that class says", remedy, f"find({sent.type})")
    elif isinstance(query.main, type):
        name = query.main.__name__
        for sent in exceptions:
            if sent.type == name:
                yield Hint(f"the same name, but {'in another module' if sent.module else 'a builtin'}")
        for text in query.noun.values_of(obj):
            if not exceptions and name in text[:_LONGEST]:
                remedy = "What was sent without an exception is found by its text"
                yield Hint(
                    f"its text names {name}, and no exception was sent",
                    f"{remedy}:",
                    f"find({show(text, 40)})",
                )


def _of_class_names(expected: Any, got: Any) -> Iterator[Hint]:
    """Hint at text where a field holds an exception, and at a class where a field holds text."""
    names = (got.type, _qualified(got)) if hasattr(got, "type") and hasattr(got, "module") else ()
    if isinstance(expected, str) and expected in names:
        yield Hint(
            "whose class has that name", "To compare the class, pass it and not its name:", str(got.type)
        )
    elif isinstance(expected, type) and isinstance(got, str) and expected.__name__ == got.rpartition(".")[2]:
        yield Hint("which is its name, as text", "Compare the name:", repr(got))
    elif isinstance(expected, type) and isinstance(got, str) and expected.__name__ in got[:_LONGEST]:
        yield Hint("which is text", "Search the text for the name:", _pattern_of(expected.__name__))


def _of_numbers(expected: Any, got: Any) -> Iterator[Hint]:
    if isinstance(got, str) and not isinstance(expected, str) and _spelled(expected, got):
        yield Hint("which is text")
    elif isinstance(expected, str) and not isinstance(got, str) and _spelled(got, expected):
        yield Hint(f"which is no text, but {_kind(got)}")


def _spelled(value: Any, text: str) -> bool:
    if not isinstance(value, bool | int | float | None):
        return False
    return text.strip().casefold() in (str(value).casefold(), "null" if value is None else "")


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return "a bool" if isinstance(value, bool) else "a number"


def _of_other_fields(query: Query, obj: Any) -> Iterator[Hint]:
    for field in _NAMING:
        if field != query.noun.main and getattr(obj, field, None) == query.main:
            remedy = f"{query.noun.name}.find compares its first argument with {query.noun.main}; use"
            yield Hint(f"which has it as its {field}", remedy, f"{field}={show(query.main, 40)}")
            return


def _of_parents(query: Query, obj: Any, difference: Difference) -> Iterator[Hint]:
    """Hint at an expected parent that is further up."""
    wanted = query.criteria.get("parent")
    if wanted is None or difference.path.partition(".")[0] != "parent":
        return
    between, above = 0, getattr(obj, "parent", None)
    while above is not None and between < _HIGHEST:
        if between and next(compare(wanted, above, "parent"), None) is None:
            yield Hint(f"that one is there, {between + 1} levels above the span")
            return
        between, above = between + 1, getattr(above, "parent", None)


def _qualified(sent: Any) -> str:
    return f"{sent.module}.{sent.type}" if sent.module else str(sent.type)
