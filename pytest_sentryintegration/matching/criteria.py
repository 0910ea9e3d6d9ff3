"""What a test expects of a value, compared with the value: one function matches and tells the differences.

A criterion is compared by ``==`` first, so `unittest.mock.ANY` and dirty-equals work. Then a compiled
pattern searches, an exception class compares types, another callable decides, a mapping matches recursively
as a subset, a list element by element, and ``...`` accepts anything that is there. A name may have dots:
``tags.graph`` is what ``graph`` is in ``tags``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_sentryintegration.matching.exception_classes import is_instance
from pytest_sentryintegration.matching.fields import fields_of, unknown_field
from pytest_sentryintegration.matching.showing import MISSING, plain, show


class CriterionError(Exception):
    """A criterion could not be applied: its callable or its comparison raised, which is the cause.

    >>> event_id = capture_message("out of tea")
    >>> sentry_events.find(tags=lambda tags: tags["shop"] == "north", timeout=0)
    Traceback (most recent call last):
    pytest_sentryintegration.matching.criteria.CriterionError: ...
    """


class AllOf:
    """Several criteria of one value: each of them must match.

    >>> list(compare(AllOf("a", "b"), "a", "text"))[0].text
    "text: expected 'b', got 'a'"
    """

    def __init__(self, *criteria: Any) -> None:
        self.criteria = criteria

    def as_written(self) -> str:
        """Return it as a failure shows it."""
        return " and ".join(show(criterion) for criterion in self.criteria)


@dataclass(frozen=True)
class Difference:
    """One place where an object is not as expected."""

    path: str
    """Where: a field, and further keys and indices, as in ``tags.graph`` or ``breadcrumbs[0].message``."""
    expected: Any
    """The criterion of that place."""
    got: Any
    """The value there, `MISSING` where there is none."""
    note: str = ""
    """Why it does not match, where the two values alone do not say it."""
    beside: tuple[Any, Mapping[Any, Any]] | None = field(default=None, compare=False, repr=False)
    """Where a key is missing: that key, and the mapping which lacks it."""

    @property
    def text(self) -> str:
        """The difference as one line: ``level: expected 'warning', got 'error'``."""
        note = f" ({self.note})" if self.note else ""
        return f"{plain(self.path)}: expected {show(self.expected)}, got {show(self.got)}{note}"


def differences(obj: object, criteria: Mapping[str, Any]) -> list[Difference]:
    """Compare the attributes of *obj* with *criteria*, by name; an empty list means that it matches.

    Raises:
        TypeError: A criterion names a field that *obj* does not have; the nearest one is named.
        CriterionError: A callable or a comparison raised.

    >>> from types import SimpleNamespace
    >>> event = SimpleNamespace(level="error", tags={"graph": "g1", "region": "eu"})
    >>> differences(event, {"tags": {"graph": "g1"}})
    []
    >>> [difference.text for difference in differences(event, {"level": "warning"})]
    ["level: expected 'warning', got 'error'"]
    """
    return list(iter_differences(obj, criteria))


def iter_differences(obj: object, criteria: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield what `differences` lists, one at a time: the first tells that there is no match."""
    __tracebackhide__ = True
    for name, criterion in criteria.items():
        field, *inside = name.split(".")
        try:
            value = field_value(obj, field)
        except ValueError as error:
            # A field that cannot be told yet, as the one tree of a trace while parts of it are on the way.
            yield Difference(name, criterion, MISSING, str(error))
        else:
            yield from (
                _compare_inside(criterion, value, inside, name) if inside else compare(criterion, value, name)
            )


def field_value(obj: Any, name: str) -> Any:
    """Return the field *name* of *obj*, or raise a `TypeError` that names the nearest field."""
    __tracebackhide__ = True
    try:
        return getattr(obj, name)
    except AttributeError:
        if name in fields_of(type(obj)):
            raise
        known = fields_of(type(obj)) or tuple(getattr(obj, "__dict__", ()))
        raise unknown_field(type(obj).__name__, name, known) from None


def compare(criterion: Any, value: Any, path: str) -> Iterator[Difference]:
    """Yield the differences between one criterion and one value, which is at *path*.

    >>> [d.text for d in compare({"rows": [1, ...]}, {"rows": [2, 3], "other": 1}, "extra")]
    ['extra.rows[0]: expected 1, got 2']
    """
    __tracebackhide__ = True
    if criterion is ...:
        if not _is_there(value):
            yield Difference(path, criterion, value, "nothing is there")
    elif isinstance(criterion, AllOf):
        for one in criterion.criteria:
            yield from compare(one, value, path)
    elif equal(criterion, value, path):
        return
    elif isinstance(criterion, re.Pattern):
        yield from _compare_pattern(criterion, value, path)
    elif isinstance(criterion, type):
        yield from _compare_class(criterion, value, path)
    elif isinstance(criterion, Mapping):
        yield from _compare_mapping(criterion, value, path)
    elif isinstance(criterion, list | tuple):
        yield from _compare_elements(criterion, value, path)
    elif callable(criterion):
        yield from _compare_callable(criterion, value, path)
    else:
        yield Difference(path, criterion, value)


def equal(criterion: Any, value: Any, path: str) -> bool:
    """Return whether *criterion* equals *value*; a comparison that raises is a `CriterionError`."""
    __tracebackhide__ = True
    try:
        return bool(criterion == value)
    except Exception as error:
        raise _raised(criterion, value, path, error) from error


def _compare_inside(criterion: Any, value: Any, keys: list[str], path: str) -> Iterator[Difference]:
    """Yield the differences between a criterion and what *keys* lead to, from *value* inwards."""
    __tracebackhide__ = True
    while keys:
        length = 1
        if isinstance(value, Mapping):
            # Keys may have dots, as tags do: the longest that is there.
            length = next((end for end in range(len(keys), 0, -1) if ".".join(keys[:end]) in value), 0)
            if not length:
                yield Difference(path, criterion, MISSING, beside=(".".join(keys), value))
                return
            value = value[".".join(keys[:length])]
        elif isinstance(value, list | tuple) and keys[0].isdecimal() and int(keys[0][:9]) < len(value):
            value = value[int(keys[0][:9])]
        elif _has_fields(value):
            known = fields_of(type(value)) or tuple(getattr(value, "__dict__", ()))
            if keys[0] not in known:
                raise unknown_field(type(value).__name__, keys[0], known)
            try:
                value = getattr(value, keys[0])
            except ValueError as error:
                yield Difference(path, criterion, MISSING, str(error))
                return
        else:
            yield Difference(path, criterion, MISSING)
            return
        keys = keys[length:]
    yield from compare(criterion, value, path)


def _is_there(value: Any) -> bool:
    # Where nothing was sent, a mapping or list of the model is empty.
    if value is None or value is MISSING:
        return False
    return bool(value) or not isinstance(value, Mapping | list | tuple)


def _compare_pattern(criterion: re.Pattern[Any], value: Any, path: str) -> Iterator[Difference]:
    if isinstance(value, str | bytes | bytearray):
        if isinstance(criterion.pattern, str) is not isinstance(value, str):
            wanted, got = ("text", "bytes") if isinstance(criterion.pattern, str) else ("bytes", "text")
            yield Difference(path, criterion, value, f"a pattern of {wanted} does not search {got}")
        elif criterion.search(value) is None:
            yield Difference(path, criterion, value)
    elif value is None or value is MISSING:
        yield Difference(path, criterion, value)
    else:
        yield Difference(path, criterion, value, f"a pattern searches text only, not {type(value).__name__}")


def _compare_class(criterion: type, value: Any, path: str) -> Iterator[Difference]:
    __tracebackhide__ = True
    if issubclass(criterion, BaseException):
        if not is_instance(value, criterion):
            yield Difference(path, criterion, value)
    elif "__eq__" in type(criterion).__dict__:
        # A class of dirty-equals compares by `==`, too, and that has decided.
        yield Difference(path, criterion, value)
    elif criterion is bool:
        yield from _compare_callable(criterion, value, path)
    else:
        # Called as a condition, `str` or `int` would accept nearly everything.
        name = criterion.__qualname__
        instead = f"lambda value: isinstance(value, {name})"
        raise TypeError(f"{path}={name} is a class, not a condition; use {instead}")


def _compare_callable(criterion: Any, value: Any, path: str) -> Iterator[Difference]:
    __tracebackhide__ = True
    if value is MISSING:
        yield Difference(path, criterion, value)
        return
    try:
        decided = bool(criterion(value))
    except Exception as error:
        raise _raised(criterion, value, path, error) from error
    if not decided:
        yield Difference(path, criterion, value)


def _compare_mapping(criterion: Mapping[Any, Any], value: Any, path: str) -> Iterator[Difference]:
    __tracebackhide__ = True
    if isinstance(value, Mapping):
        for key, inner in criterion.items():
            inner_path = f"{path}.{key}"
            if key not in value:
                yield Difference(inner_path, inner, MISSING, beside=(key, value))
            elif inner is not ...:
                yield from compare(inner, value[key], inner_path)
    elif _has_fields(value):
        for key, inner in criterion.items():
            yield from compare(inner, field_value(value, str(key)), f"{path}.{key}")
    else:
        yield Difference(path, criterion, value)


def _has_fields(value: Any) -> bool:
    if value is None or isinstance(value, str | bytes | int | float | list):
        return False
    return hasattr(value, "__dict__") or bool(fields_of(type(value)))


def _compare_elements(criterion: Sequence[Any], value: Any, path: str) -> Iterator[Difference]:
    __tracebackhide__ = True
    if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray):
        yield Difference(path, criterion, value)
        return
    for index, inner in enumerate(criterion):
        if index >= len(value):
            yield Difference(f"{path}[{index}]", inner, MISSING)
        elif inner is not ...:
            yield from compare(inner, value[index], f"{path}[{index}]")
    if len(value) > len(criterion):
        extra = len(value) - len(criterion)
        note = f"{extra} more than the {len(criterion)} expected"
        yield Difference(f"{path}[{len(criterion)}]", MISSING, value[len(criterion)], note)


def _raised(criterion: Any, value: Any, path: str, error: Exception) -> CriterionError:
    raised = f"{type(error).__name__}: {error}"
    return CriterionError(
        f"the criterion {path}={show(criterion)} raised {raised}; it was given {show(value)}"
    )
