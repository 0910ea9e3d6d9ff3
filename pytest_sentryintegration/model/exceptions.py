"""The exceptions of an event and their stack frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.reading import mapping, number, shown, text, truth, values

__all__ = ["Frame", "SentException", "read_exceptions", "read_frames"]


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One call of a stack trace.

    >>> try:
    ...     {}["tea"]
    ... except KeyError as error:
    ...     event_id = capture_exception(error)
    >>> frame = sentry_events.errors.find(KeyError).exception.frames[-1]
    >>> frame.function, frame.lineno
    ('<module>', 2)
    """

    raw: dict[str, Any]
    """The frame as it was sent."""

    @property
    def filename(self) -> str | None:
        """The file, usually relative to where its package is found."""
        return text(self.raw.get("filename"))

    @property
    def function(self) -> str | None:
        """The name of the function."""
        return text(self.raw.get("function"))

    @property
    def lineno(self) -> int | None:
        """The line, from 1."""
        line = number(self.raw.get("lineno"))
        return None if line is None else int(line)

    @property
    def in_app(self) -> bool | None:
        """Whether the SDK holds it for the application's own code."""
        return truth(self.raw.get("in_app"))

    @property
    def context_line(self) -> str | None:
        """The source of the line."""
        return text(self.raw.get("context_line"))

    @property
    def vars(self) -> dict[str, Any]:
        """The local variables; the Python SDK sends their ``repr``."""
        return mapping(self.raw.get("vars"))

    def __repr__(self) -> str:
        return f"<Frame {self.function} at {self.filename}:{self.lineno}>"


@dataclass(frozen=True, eq=False, repr=False)
class SentException:
    """One exception of an event; its causes and group members are exceptions of the event, too.

    >>> try:
    ...     int("tea")
    ... except ValueError as error:
    ...     event_id = capture_exception(error)
    >>> sent = sentry_events.errors.find(ValueError).exception
    >>> sent.type, sent.value
    ('ValueError', "invalid literal for int() with base 10: 'tea'")
    """

    raw: dict[str, Any]
    """The exception as it was sent."""

    @property
    def type(self) -> str | None:
        """The name of its class, such as ``ValueError``."""
        return text(self.raw.get("type"))

    @property
    def value(self) -> str | None:
        """Its text; the Python SDK appends PEP 678 notes, a line each."""
        return shown(self.raw.get("value"))

    @property
    def module(self) -> str | None:
        """The module of its class, ``None`` for builtins."""
        return text(self.raw.get("module"))

    @lazy
    def frames(self) -> tuple[Frame, ...]:
        """Its stack, outermost call first: the last frame is where it was raised."""
        return read_frames(self.raw.get("stacktrace"))

    @property
    def mechanism(self) -> dict[str, Any]:
        """How it was captured: ``type``, ``handled``, ``exception_id``, ``parent_id``, ..."""
        return mapping(self.raw.get("mechanism"))

    @property
    def handled(self) -> bool | None:
        """Whether the application handled it; ``None`` where the sender does not say."""
        return truth(self.mechanism.get("handled"))

    def __repr__(self) -> str:
        return f"<SentException {self.type}: {(self.value or '')[:80]!r}>"


def read_frames(stack: object) -> tuple[Frame, ...]:
    """Return the frames of a ``stacktrace``."""
    return tuple(Frame(frame) for frame in values(mapping(stack).get("frames")))


def read_exceptions(value: object) -> tuple[SentException, ...]:
    """Return the exceptions of an event: of a list, of ``{"values": [...]}`` or of one exception."""
    if isinstance(value, dict) and "values" not in value and ("type" in value or "value" in value):
        value = [value]
    return tuple(SentException(raw) for raw in values(value))
