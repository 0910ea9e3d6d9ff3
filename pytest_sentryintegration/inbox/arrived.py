"""What arrived of one noun, as a live and read-only sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.matching.hints import near_key
from pytest_sentryintegration.matching.query import Noun
from pytest_sentryintegration.matching.showing import MISSING
from pytest_sentryintegration.words.captured import captured
from pytest_sentryintegration.words.explaining import reasons

__unittest = True  # hides the frames of this module in unittest's tracebacks

T = TypeVar("T")

_REPR_ITEMS: Final = 8


class Arrived(Sequence[T], Generic[T]):
    """What a view is without its searches."""

    def __init__(self, reader: Reader, noun: Noun, cls: type | None = None) -> None:
        self._reader = reader
        self._noun = noun
        self._class = cls

    if not TYPE_CHECKING:  # with it, type checkers would accept any name

        def __getattr__(self, name: str) -> Any:
            __tracebackhide__ = True
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            public = [known for known in dir(type(self)) if not known.startswith("_")]
            near = MISSING if name.startswith("_") else near_key(name, public)
            # With an object that has nothing alike: from Python 3.12 on a traceback says what is near, too.
            raise AttributeError(
                text if near is MISSING else f"{text}; did you mean {near!r}?", name=name, obj=None
            )

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[T]:
        objects = self._read()
        self._reader.look(objects)
        return iter(objects)

    def __reversed__(self) -> Iterator[T]:
        objects = self._read()
        self._reader.look(objects)
        return reversed(objects)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        __tracebackhide__ = True
        objects = self._read()
        if isinstance(index, slice):
            chosen = tuple(objects[index])
            self._reader.look(chosen)
            return chosen
        try:
            obj = objects[index]
        except IndexError:
            raise IndexError(self._no_such(index, len(objects))) from None
        self._reader.look([obj])
        return obj

    def __contains__(self, obj: object) -> bool:
        if isinstance(obj, str):
            # It would never be there, and `not in` would always pass.
            raise TypeError(f"{obj!r} is text, and {self._noun.name} holds objects: use where({obj!r})")
        return obj in self._read()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Arrived):
            return self._read() == other._read()
        if isinstance(other, list | tuple):
            return self._read() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def index(self, value: Any, *bounds: Any) -> int:
        """Return the place of the first object that equals *value*; *bounds* are those of `list.index`.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.index(sentry_events.messages.find("out of tea"))
        0
        """
        return self._read().index(value, *bounds)

    def count(self, value: Any) -> int:
        """Return how many objects equal *value*.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.count(sentry_events.messages.find("out of tea"))
        1
        """
        return self._read().count(value)

    def __repr__(self) -> str:
        objects = list(self._objects())
        shown = ", ".join(repr(obj) for obj in objects[:_REPR_ITEMS])
        more = f", ... {len(objects) - _REPR_ITEMS} more" if len(objects) > _REPR_ITEMS else ""
        rest = "; the SDK holds more that is not sent yet" if self._reader.source.holds_back() else ""
        return f"<{self._noun.counted(len(objects))}{f': {shown}{more}' if objects else ''}{rest}>"

    def __str__(self) -> str:
        """Return what has arrived, and what this process's SDK still held, as text of bounded length."""
        return self._text(self._noun.name)

    def _text(self, noun: str) -> str:
        count = len(self._read())
        processors = self._reader.source.evidence().processors
        shown = captured(self._reader.source.contents, noun, processors=processors)
        return shown or "\n".join([f"no {self._noun.singular} arrived", *self._because(count)])

    def _because(self, count: int) -> list[str]:
        return [] if count else [f"- {reason}" for reason in self._reasons()]

    def _read(self) -> list[T]:
        self._reader.drain()
        return list(self._objects())

    def _objects(self) -> Any:
        return self._reader.objects(self._noun)

    def _reasons(self) -> list[str]:
        return reasons(self._reader.evidence(), self._reader.source.contents, self._noun.name)

    def _no_such(self, index: int, count: int) -> str:
        arrived = f"{self._noun.counted(count)} arrived" if count else f"no {self._noun.singular} arrived"
        return "\n".join([f"{self._noun.name}[{index}]: {arrived}", *self._because(count)])
