"""All that one `find` asks for: the positional criterion of its noun and the named ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.matching.criteria import Difference, compare, iter_differences
from pytest_sentryintegration.matching.exception_classes import ExceptionNamed, any_is_named, wire_names
from pytest_sentryintegration.matching.fields import fields_of, unknown_field
from pytest_sentryintegration.matching.paths import check_path
from pytest_sentryintegration.matching.showing import MISSING, Name, show


@dataclass(frozen=True)
class Noun:
    """One kind of thing that is asked about."""

    name: str
    """What several of them are kept as, such as ``check_ins``."""
    singular: str
    """One of them, in a sentence."""
    main: str
    """What the positional criterion is called."""
    values: Callable[[Any], Iterable[Any]] | None = None
    """Returns what the positional criterion is compared with, any of it; ``None`` for the field called so."""
    by_exception: bool = False
    """Whether an exception class is compared with the object's ``exceptions``."""
    as_sent: frozenset[str] = frozenset()
    """Fields whose texts stand in the bytes, so that the bytes can be searched for them."""

    @property
    def plural(self) -> str:
        """Several of them, in a sentence."""
        return f"{self.singular[:-1]}ies" if self.singular.endswith("y") else f"{self.singular}s"

    def values_of(self, obj: Any) -> tuple[Any, ...]:
        """Return what the positional criterion is compared with."""
        return (getattr(obj, self.main),) if self.values is None else tuple(dict.fromkeys(self.values(obj)))

    def counted(self, count: int) -> str:
        """Return *count* of them, as in ``1 message`` and ``2 messages``."""
        return f"{count} {self.singular if count == 1 else self.plural}"


class Query:
    """The criteria of one question about a noun.

    Args:
        noun: What is asked about.
        main: The positional criterion; ``...`` for none.
        criteria: The named ones. The name of the positional one may be among them.
        cls: The class of the objects, which says what fields there are; without it the objects say so.

    Raises:
        TypeError: A criterion names an unknown field, or a path that leads nowhere.
    """

    def __init__(self, noun: Noun, main: Any, criteria: Mapping[str, Any], cls: type | None = None) -> None:
        __tracebackhide__ = True
        self.noun = noun
        named = dict(criteria)
        fields = fields_of(cls) if cls is not None else ()
        if main is ... and noun.values is not None and noun.main in named:
            main = named.pop(noun.main)
        # A class is looked for in the whole chain, whether it is named or comes first.
        if main is ... and noun.by_exception and _is_class(named.get("exception")):
            main = named.pop("exception")
        for name in named:
            if cls is not None and (field := name.partition(".")[0]) not in fields:
                raise unknown_field(noun.singular, field, fields)
            if cls is not None and "." in name:
                check_path(noun.singular, cls, name)
        self.main = main
        self.criteria = named
        self._of_fields = dict(named)
        # Beside a class: what is searched for a text is the same as without one.
        self._beside = ... if noun.values is None else self._of_fields.pop(noun.main, ...)
        self._class_beside = None
        if noun.by_exception and _is_class(named.get("exception")):
            self._class_beside = self._of_fields.pop("exception")
        self.needle = _needle(noun, main, named)
        """A text (UTF-8) of every match; ``None`` where none is known."""
        self._wire_names: dict[type[BaseException], frozenset[tuple[str, object]]] = {}

    def among(self, objects: Any) -> list[Any]:
        """Return those of *objects* that match.

        Args:
            objects: A sequence of objects. What `model.Sifted` can rule out by its bytes is not read.
        """
        __tracebackhide__ = True
        candidates = objects
        self._wire_names = {}  # a subclass may have been imported since
        if self.needle is not None:
            candidates = objects.containing(self.needle)
        elif self._asks_for_a_class and (types := self._types()) is not None:
            candidates = objects.of_types({name.encode("utf-8", "surrogatepass") for name in types})
        return [obj for obj in candidates if self.matches(obj)] if len(self) else list(candidates)

    def __len__(self) -> int:
        """Return how many criteria there are."""
        return len(self.criteria) + (self.main is not ...)

    def __str__(self) -> str:
        """Return the criteria as a failure shows them: ``text='boom', level='error'``."""
        return ", ".join(self.parts())

    def parts(self) -> list[str]:
        """Return each criterion as a failure shows it: ``level='error'``."""
        main = [] if self.main is ... else [f"{self._main_name}={show(self.main)}"]
        return main + [f"{name}={show(criterion)}" for name, criterion in self.criteria.items()]

    def matches(self, obj: Any) -> bool:
        """Return whether *obj* meets every criterion."""
        __tracebackhide__ = True
        return next(self._iter_differences(obj), None) is None

    def differences(self, obj: Any) -> list[Difference]:
        """Return where *obj* differs; an empty list means that it matches."""
        return list(self._iter_differences(obj))

    def differing(self, differences: list[Difference]) -> int:
        """Return how many of the criteria these differences are of."""
        names = sorted(self.criteria, key=len, reverse=True)
        return len({_criterion_at(difference.path, names) for difference in differences})

    def main_agrees(self, differences: Iterable[Difference]) -> bool:
        """Return whether none of these differences is of the positional criterion."""
        return self.main is ... or all(difference.path != self._main_name for difference in differences)

    @property
    def _main_name(self) -> str:
        return "exception" if self._asks_for_a_class else self.noun.main

    @property
    def _asks_for_a_class(self) -> bool:
        return self.noun.by_exception and (isinstance(self.main, ExceptionNamed) or _is_class(self.main))

    def _iter_differences(self, obj: Any) -> Iterator[Difference]:
        __tracebackhide__ = True
        if self.main is not ...:
            yield from self._main_differences(obj)
        if self._beside is not ...:
            yield from self._text_differences(self._beside, obj)
        if self._class_beside is not None:
            yield from self._class_differences(self._class_beside, obj)
        yield from iter_differences(obj, self._of_fields)

    def _names(self, cls: type[BaseException]) -> frozenset[tuple[str, object]]:
        # Not for each of 50,000 events: a class may have hundreds of subclasses.
        if cls not in self._wire_names:
            self._wire_names[cls] = wire_names(cls)
        return self._wire_names[cls]

    def _types(self) -> Iterable[str] | None:
        if isinstance(self.main, ExceptionNamed):
            return self.main.types
        return {name for name, _ in self._names(self.main)}

    def _is_named(self, cls: Any, exceptions: tuple[Any, ...]) -> bool:
        if isinstance(cls, ExceptionNamed):
            return cls.are_named(exceptions)
        return any_is_named(exceptions, self._names(cls))

    def _class_differences(self, cls: Any, obj: Any) -> Iterator[Difference]:
        exceptions = tuple(obj.exceptions or ())
        if not self._is_named(cls, exceptions):
            names = [_qualified(sent) for sent in reversed(exceptions)]
            yield Difference(
                "exception", Name(_class_name(cls)), Name(", ".join(names)) if names else MISSING
            )

    def _main_differences(self, obj: Any) -> Iterator[Difference]:
        __tracebackhide__ = True
        if self._asks_for_a_class:
            yield from self._class_differences(self.main, obj)
        elif self.noun.values is None:
            yield from compare(self.main, getattr(obj, self.noun.main), self.noun.main)
        else:
            yield from self._text_differences(self.main, obj)

    def _text_differences(self, criterion: Any, obj: Any) -> Iterator[Difference]:
        yield from _any(criterion, self.noun.values_of(obj), self.noun.main, first=self.noun.by_exception)


def _criterion_at(path: str, names: Iterable[str]) -> str:
    """Return the one of *names*, the longest first, that *path* is of; a name may have dots."""
    return next(
        (
            name
            for name in names
            if path[len(name) : len(name) + 1] in ("", ".", "[") and path.startswith(name)
        ),
        path,
    )


def _any(criterion: Any, values: tuple[Any, ...], path: str, *, first: bool) -> Iterator[Difference]:
    if not values:
        if criterion is not None:
            yield Difference(path, criterion, MISSING)
    elif all(next(compare(criterion, value, path), None) is not None for value in values):
        yield Difference(path, criterion, values[0] if first or len(values) == 1 else list(values))


def _is_class(criterion: Any) -> bool:
    return isinstance(criterion, type) and issubclass(criterion, BaseException)


def _class_name(cls: Any) -> str:
    if isinstance(cls, ExceptionNamed):
        return cls.as_written()
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _qualified(sent: Any) -> str:
    return f"{sent.module}.{sent.type}" if sent.module else str(sent.type)


def _needle(noun: Noun, main: Any, criteria: Mapping[str, Any]) -> bytes | None:
    if not noun.as_sent:
        return None
    texts = [main] if type(main) is str else []
    for field, criterion in criteria.items():
        if field.partition(".")[0] in noun.as_sent:
            texts += _texts(criterion)
    # The longest is in the fewest.
    return max(texts, key=len).encode("utf-8", "surrogatepass") if texts else None


def _texts(criterion: Any) -> Iterator[str]:
    if type(criterion) is dict:
        for value in criterion.values():
            yield from _texts(value)
    elif type(criterion) is str:
        yield criterion
