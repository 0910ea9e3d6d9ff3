"""Notes that are taken while a test runs, of what cannot be found out any more when it fails.

What is noted is rare, or cheap to note: errors that the SDK swallows (it logs them, and a filter of its
logger sees them), what sampled something out, ignored errors, spans that end outside of their transaction,
calls of the API of the other span mode, processes that are started, and forks.
`gathering` finds out everything else when the test fails.
"""

from __future__ import annotations

import builtins
import functools
import linecache
import logging
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import sentry_sdk

from pytest_sentryintegration.evidence import LateSpan
from pytest_sentryintegration.sdk import event_loops, ownership
from pytest_sentryintegration.sdk.child_processes import STARTS, of_multiprocessing, processes
from pytest_sentryintegration.sdk.notes import MOST, begin_notes, noticed_now
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.sampling import package
from pytest_sentryintegration.sdk.stacklevels import uncounted

_LOGGER: Final = logging.getLogger("sentry_sdk.errors")
_GROUP: Final[Any] = getattr(builtins, "BaseExceptionGroup", ())
"""A class since Python 3.11."""
_CALLS: Final = re.compile(r'\b(before_\w+|\w+_processor|\w+_sampler)(?:"\])?\(')
"""A call of a callback in the SDK's sources."""
_DROPPED: Final = frozenset(
    f"%s ({kind}) dropped event" for kind in ("%s", "event processor", "error processor")
)
"""What the SDK logs when an event processor returned None."""


def begin(owner: Owner) -> Callable[[], None]:
    """Begin the notes on *owner*; returns what ends them."""
    begin_notes(owner, processes())
    if _swallowed not in _LOGGER.filters:
        # First, since the SDK's own filter stops every record unless the client has debug=True.
        _LOGGER.filters.insert(0, _swallowed)
    _install()
    return _end


def _end() -> None:
    if ownership.running() is None:
        _LOGGER.removeFilter(_swallowed)


def _swallowed(record: logging.LogRecord) -> bool:
    """Note errors and event processors of which the SDK logs; a filter that lets every record pass."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        noted = noticed_now()
        if noted is not None and len(noted.raised) < MOST:
            key = _callback(error), _in_words(error)
            noted.raised[key] = noted.raised.get(key, 0) + 1
    elif (
        isinstance(record.msg, str)
        and record.msg in _DROPPED
        and record.args
        and (noted := noticed_now()) is not None
    ):
        processor: Any = record.args[-1] if isinstance(record.args, tuple) else None
        noted.processors.setdefault(str(getattr(processor, "__qualname__", type(processor).__qualname__)))
    return True


def _callback(error: BaseException) -> str:
    """Return the callback that raised *error*, read from the SDK's line that called it; ``""`` for none."""
    trace, called = error.__traceback__, None
    while trace is not None and _is_of_the_sdk(trace.tb_frame.f_globals):
        called, trace = trace, trace.tb_next
    if called is None:
        return ""
    frame = called.tb_frame
    found = _CALLS.search(linecache.getline(frame.f_code.co_filename, called.tb_lineno))
    if found is None:
        return ""
    # In the SDK the callbacks of logs, metrics and streamed spans are all a local `before_send`.
    kind = frame.f_locals.get("ty")
    if kind and found[1] == "before_send":
        return f"before_send_{kind}"
    return found[1].replace("_processor", " processor")


def _is_of_the_sdk(names: dict[str, Any]) -> bool:
    return package(names) == "sentry_sdk"


def _in_words(error: BaseException) -> str:
    try:
        text = str(error)[:200]
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _install() -> None:
    """Wrap methods and functions, once: after each change of a class Python must fill its caches anew."""
    modules = [sys.modules.get(name) for name in _MODULES]
    if modules == _installed:
        return
    _installed[:] = modules
    sdk, tracing, streaming, *_ = modules
    for owner, name, wrap in (
        (getattr(tracing, "Span", None), "finish", _finish),
        (getattr(tracing, "NoOpSpan", None), "__init__", _no_op),
        (getattr(streaming, "NoOpStreamedSpan", None), "__init__", _no_op),
        (getattr(sdk, "Client", None), "_is_ignored_error", _is_ignored_error),
        *STARTS,
        *of_multiprocessing(),
        *event_loops.wraps(),
        *_django(),
    ):
        if owner is not None and (owner, name) not in _WRAPPED and hasattr(owner, name):
            _WRAPPED[owner, name] = vars(owner).get(name), wrap(getattr(owner, name))
            setattr(owner, name, _WRAPPED[owner, name][1])


_MODULES: Final = (
    "sentry_sdk",
    "sentry_sdk.tracing",
    "sentry_sdk.traces",
    "uvloop",
    "django.test.client",
    "multiprocessing.process",
)
_installed: list[Any] = []
"""The modules of these names whose functions are wrapped: while they are the same, there is nothing to do."""
_WRAPPED: dict[tuple[Any, str], tuple[Any, Any]] = {}
"""By owner and name: what was there before (``None`` where it is inherited), and what wraps it."""


def uninstall() -> None:
    """Put back what was wrapped; what something else has wrapped since stays, and notes nothing."""
    _installed.clear()
    while _WRAPPED:
        (owner, name), (original, wrapper) = _WRAPPED.popitem()
        if vars(owner).get(name) is not wrapper:
            continue
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _finish(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Span.finish``: the SDK drops what is in no open transaction, and logs nothing."""

    @uncounted
    @functools.wraps(original)
    def finish(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        transaction = self.containing_transaction
        if self.timestamp is None and (transaction is None or transaction.timestamp is not None):
            _note_span(self, transaction)
        return original(self, *args, **kwargs)

    return finish


def _note_span(span: Any, transaction: Any) -> None:
    noted = noticed_now()
    label = str(span.op or span.description or "without op")
    # The SDK's spans of processes are usually those that a test starts, and never what it asks for.
    if noted is None or label.partition(".")[0] == "subprocess":
        return
    if transaction is None:
        if len(noted.outside) < MOST:
            noted.outside.append(label)
    elif len(noted.late) < MOST:
        begun = _began_before_the_end(span, transaction)
        noted.late.append(LateSpan(label, str(transaction.name), str(transaction.span_id), begun))


def _began_before_the_end(span: Any, transaction: Any) -> bool:
    # At a start the SDK reads the time, and a moment later the clock by which it works out the end: where the
    # thread was held up between the two, the end is before the time at which a span inside began.
    try:
        took = transaction.timestamp - transaction.start_timestamp
        started = getattr(transaction, "_start_timestamp_monotonic_ns", None)
        began = getattr(span, "_start_timestamp_monotonic_ns", None)
        if started is None or began is None:
            return bool(span.start_timestamp <= transaction.timestamp)
        return bool(began - started <= (took / timedelta(microseconds=1) + 1) * 1000)
    except TypeError:  # one of the times has a zone, and one that the application gave has none
        return False


def _django() -> list[tuple[Any, str, Callable[..., Any]]]:
    module = sys.modules.get("django.test.client")
    makers = (
        # Called for each response of the test clients, DRF's too, and not while a view runs.
        (module, "conditional_content_removal", "test client"),
        # The test clients, which are subclasses, do not call this one.
        (getattr(module, "RequestFactory", None), "request", "RequestFactory"),
        (getattr(module, "AsyncRequestFactory", None), "request", "RequestFactory"),
    )
    return [
        (owner, name, functools.partial(_request_of, tool))
        for owner, name, tool in makers
        if hasattr(owner, name)
    ]


def _request_of(tool: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what is called once for each request that *tool* makes: it makes no transaction."""

    @functools.wraps(original)
    def called_once(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if (noted := noticed_now()) is not None:
            noted.django[tool] += 1
        return original(*args, **kwargs)

    return called_once


def _no_op(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap the making of the spans that the SDK gives where the other span mode is on."""

    @uncounted
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        original(self, *args, **kwargs)
        if not args and not kwargs:
            called = sys._getframe(1)
            if called.f_code.co_name in ("start_span", "start_transaction"):
                _note_other_mode(called.f_globals, called.f_code.co_name)

    return init


def _note_other_mode(names: dict[str, Any], function: str) -> None:
    is_streamed_api = names.get("__name__") == "sentry_sdk.traces"
    options = sentry_sdk.get_client().options
    modes = (options, options.get("_experiments") or {})
    streams = any(mode.get("trace_lifecycle") == "stream" for mode in modes)
    if (noted := noticed_now()) is not None and streams is not is_streamed_api:
        noted.other_mode[f"sentry_sdk.{'traces.' if is_streamed_api else ''}{function}"] = None


def _keep_classes(kept: set[type[BaseException]], *errors: Any) -> None:
    """Keep the classes of *errors*, of their causes and of the members of groups; not more than `MOST`."""
    left = [*errors]
    for _ in range(MOST):
        if not left or len(kept) >= MOST:
            return
        each = left.pop()
        if isinstance(each, BaseException):
            kept.add(type(each))
            left += each.__cause__, each.__context__, *(each.exceptions if isinstance(each, _GROUP) else ())


def _is_ignored_error(original: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap ``Client._is_ignored_error``, asked of each event: what it ignores is reported nowhere."""

    @uncounted
    @functools.wraps(original)
    def is_ignored_error(self: Any, event: Any, hint: Any) -> bool:
        __tracebackhide__ = True
        ignored = original(self, event, hint)
        if (exc_info := hint.get("exc_info")) is not None and (noted := noticed_now()) is not None:
            _keep_classes(noted.reported, *exc_info[1:2])
            if ignored:
                noted.ignored[str(exc_info[0].__name__)] += 1
        return ignored

    return is_ignored_error
