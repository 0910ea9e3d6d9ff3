"""Messages and exceptions."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final

import sentry_sdk

from sentryintegration import _repair
from sentryintegration._attachments import Attachable
from sentryintegration._attachments import attachments as attachments_of
from sentryintegration._fitting import fit_stacks
from sentryintegration._guard import guarded, repaired, shown
from sentryintegration._internals import EXCEPTIONS
from sentryintegration._levels import Error, Level, level_of
from sentryintegration._sdk import event_from, is_absent, stack_here
from sentryintegration._tracing import Tags

EXCEPTIONS_LIMIT = 50
VALUES_LIMIT = 100


class _Default(str):
    """The default level of a message. The scope's level replaces it, as it would not replace ``Info``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Info"


_INFO: Final = _Default("info")


@guarded(lambda: None)
def capture_message(
    message: str,
    level: Level | str | int = _INFO,
    *,
    tags: Tags | None = None,
    attachments: Iterable[Attachable] = (),
) -> str | None:
    """Send a message; return its event id, or ``None`` when nothing was sent.

    >>> event_id = capture_message("Unknown API", "warn", tags={"api": "v3"}, attachments=[{"path": "/v3"}])

    Args:
        message: The text, up to 8,192 characters.
        level: A :class:`Level`, or its equivalent: ``"warn"``, ``logging.WARNING``. By default the scope's,
            else ``Info``.
        tags: A mapping or pairs, for this event; they win over those of scopes.
        attachments: What is sent along: see :class:`Attachment`.
    """
    __tracebackhide__ = True
    event: dict[str, Any] = {"message": _repair.message(message), "level": "info"}
    return _capture(event, {}, None if level is _INFO else level_of(level), tags, attachments)


@guarded(lambda: None)
def capture_exception(
    error: BaseException | Iterable[BaseException] | None = None,
    *,
    level: Level | str | int | None = None,
    tags: Tags | None = None,
    attachments: Iterable[Attachable] = (),
) -> str | None:
    """Send an exception; return the event id, or ``None`` when nothing was sent.

    >>> try:
    ...     1 / 0
    ... except ZeroDivisionError as error:
    ...     event_id = capture_exception(error, tags={"where": "core"})

    Args:
        error: The exception; by default the one being handled. Several give one event with all of them,
            the last one foremost.
        level: As for :func:`capture_message`; by default the scope's, else ``Error``.
        tags: As for :func:`capture_message`.
        attachments: As for :func:`capture_message`.
    """
    __tracebackhide__ = True
    if error is None or (type(error) is tuple and len(error) == 3 and all(one is None for one in error)):
        error = sys.exc_info()[1]
        if error is None:
            return None
    found = _exceptions(error)
    if not found:
        repaired("capture_exception was given %s, which is no exception", shown(error))
        plain = {"message": _repair.message(error), "level": "error"}
        return _capture(plain, {}, Error if level is None else level_of(level), tags, attachments)
    severity = None if level is None else level_of(level)
    if not EXCEPTIONS.usable:
        applied: dict[str, Any] = {"tags": _repair.tags(tags).tags} if tags is not None else {}
        if severity is not None:
            applied["level"] = severity.value
        return sentry_sdk.capture_exception(found[-1][1], **applied)
    client = sentry_sdk.get_client()
    event, hint = event_from(found[-1], client)
    if len(found) > 1:
        several: list[Any] = []
        for one in found[:-1]:
            several += _renumbered(event_from(one, client)[0]["exception"]["values"], len(several))
        several += _renumbered(event["exception"]["values"], len(several))
        event["exception"]["values"] = several[-VALUES_LIMIT:]
    values = event["exception"]["values"]
    fit_stacks([value.get("stacktrace") for value in values])
    for value in values:
        for key in ("type", "value", "module"):
            if isinstance(value.get(key), str):
                value[key] = _repair.text(value[key])
    return _capture(event, hint, severity, tags, attachments)


def _capture(
    event: Any, hint: dict[str, Any], level: Level | None, tags: Any, attachments: Any
) -> str | None:
    __tracebackhide__ = True
    client = sentry_sdk.get_client()
    if is_absent(client):
        return None
    if "exception" not in event:
        threads = stack_here(client)
        if threads is not None:
            fit_stacks([thread["stacktrace"] for thread in threads["values"]])
            event["threads"] = threads
    applied: dict[str, Any] = {}
    if level is not None:
        event["level"] = applied["level"] = level.value
    if tags is not None:
        valid = _repair.tags(tags)
        applied["tags"] = valid.tags
        event.update(valid.fields)
    files = attachments_of(attachments)
    if files:
        hint["attachments"] = files
    return sentry_sdk.get_current_scope().capture_event(event, hint, **applied)


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def _exceptions(given: object) -> list[ExcInfo]:
    """Return the exceptions in *given*, each as the SDK takes it."""
    if isinstance(given, BaseException):
        return [(type(given), given, given.__traceback__)]
    if isinstance(given, tuple) and len(given) == 3 and not isinstance(given[0], BaseException):
        _, error, trace = given
        if isinstance(error, BaseException) and (trace is None or isinstance(trace, TracebackType)):
            return [(type(error), error, trace)]
    if isinstance(given, type) and issubclass(given, BaseException):
        return [(given, given(), None)]
    found: list[ExcInfo] = []
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        return found
    try:
        for item in itertools.islice(given, EXCEPTIONS_LIMIT):
            if isinstance(item, BaseException):
                found.append((type(item), item, item.__traceback__))
            else:
                repaired("capture_exception was given %s among exceptions; it is left out", shown(item))
    except Exception as error:
        repaired("the exceptions for capture_exception could not all be read (%s)", shown(error))
    return found


def _renumbered(values: list[Any], offset: int) -> list[Any]:
    """Shift the ids by which exceptions of a group refer to each other: those before use the lower ones."""
    for value in values:
        mechanism = value.get("mechanism")
        if mechanism:
            for key in ("exception_id", "parent_id"):
                if isinstance(mechanism.get(key), int):
                    mechanism[key] += offset
    return values
