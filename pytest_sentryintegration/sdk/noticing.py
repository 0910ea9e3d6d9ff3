"""Notes that are taken while a test runs, of what cannot be found out any more when it fails.

What is noted is rare, or cheap to note: errors that the SDK swallows (it logs them, and a filter of its
logger sees them), what sampled something out, spans that end outside of any transaction, processes that are
started, and forks.
`gathering` finds out everything else when the test fails.
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import logging
import os
import re
import subprocess
import sys
import time
import types
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_sentryintegration.evidence import SampledOut
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.stacklevels import uncounted

MOST: Final = 100
"""How many notes of one kind a test has."""

# Bound at import: a test may freeze the clock.
now = time.perf_counter_ns
"""The clock by which the SDK's spans start, in nanoseconds."""

_FRAMES: Final = 8
"""How far from the transport a span that it reports as lost may be."""
_LOGGER: Final = logging.getLogger("sentry_sdk.errors")
_CALLS: Final = re.compile(r'\b(before_\w+|\w+_processor|\w+_sampler)(?:"\])?\(')
"""A call of a callback in the SDK's sources."""
_DROPPED: Final = frozenset(
    f"%s ({kind}) dropped event" for kind in ("%s", "event processor", "error processor")
)
"""What the SDK logs when an event processor returned None."""


@dataclass
class Started:
    """A process that was started by `subprocess.Popen`."""

    command: str
    has_dsn: bool
    popen: weakref.ref[subprocess.Popen[Any]]


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
    started: list[Started] = field(default_factory=list)
    forks: int = 0
    others: frozenset[int] = frozenset()
    """Ids of the processes of `multiprocessing` that were there before."""


_noticed: weakref.WeakKeyDictionary[Owner, Noticed] = weakref.WeakKeyDictionary()


def noticed(owner: Owner) -> Noticed:
    """Return the notes on *owner*."""
    return _noticed.get(owner) or Noticed()


def begin(owner: Owner) -> Callable[[], None]:
    """Begin the notes on *owner*; returns what ends them."""
    known = processes()
    _noticed[owner] = Noticed(others=frozenset(map(id, known))) if known else Noticed()
    if _swallowed not in _LOGGER.filters:
        # First, since the SDK's own filter stops every record unless the client has debug=True.
        _LOGGER.filters.insert(0, _swallowed)
    _install()
    return _end


def _end() -> None:
    if ownership.running() is None:
        _LOGGER.removeFilter(_swallowed)


def processes() -> list[Any]:
    """Return the processes of `multiprocessing` that are known, without importing it."""
    known = getattr(sys.modules.get("multiprocessing.process"), "_dangling", ())
    return list(known)


def _current() -> Noticed | None:
    owner = ownership.current()
    return None if owner is None else _noticed.get(owner)


def _swallowed(record: logging.LogRecord) -> bool:
    """Note errors and event processors of which the SDK logs; a filter that lets every record pass."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        noted = _current()
        if noted is not None and len(noted.raised) < MOST:
            key = _callback(error), _in_words(error)
            noted.raised[key] = noted.raised.get(key, 0) + 1
    elif (
        isinstance(record.msg, str)
        and record.msg in _DROPPED
        and record.args
        and (noted := _current()) is not None
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
    return _package(names) == "sentry_sdk"


def _package(names: dict[str, Any]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]


def _in_words(error: BaseException) -> str:
    try:
        text = str(error)[:200]
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def note_sampling(owner: Owner | None, options: dict[str, Any], category: str, quantity: int) -> None:
    """Note what sampled something out; to be called where the SDK reports the loss.

    Args:
        owner: to whom it belongs.
        options: of the client.
        category: the data category of what was lost.
        quantity: how much of it.
    """
    noted = _noticed.get(owner) if owner is not None else None
    if noted is not None:
        noted.sampled_out[SampledOut(category, *_sampled_by(options, category))] += quantity


def _sampled_by(options: dict[str, Any], category: str) -> tuple[str, float | None]:
    if category == "error":
        sampler = callable(options.get("error_sampler"))
        return ("error_sampler", None) if sampler else ("sample_rate", options["sample_rate"])
    if category not in ("transaction", "span"):
        return "", None
    span = _unsampled_span()
    is_static = hasattr(span, "_span_recorder")
    segment = span if is_static else getattr(span, "_segment", None)
    # Not of the span that is lost: the parent of a streamed one is usually in this process.
    decided = getattr(segment, "parent_sampled" if is_static else "_parent_sampled", None)
    # With `sampled=False` the SDK sets the transaction's rate to 0, whatever the options say.
    refused = is_static and span.sample_rate == 0
    rate = options.get("traces_sample_rate")
    if callable(options.get("traces_sampler")):
        return "traces_sampler or sampled=False" if refused else "traces_sampler", None
    if decided is False:
        return "caller", None
    if refused and rate:
        return "sampled=False", None
    # A rate of 1 samples nothing out: what did is not known.
    return ("", None) if rate is None or rate >= 1 else ("traces_sample_rate", rate)


def _unsampled_span() -> Any:
    """Return the span of which the SDK, or the facade, is just now reporting the loss."""
    kinds = tuple(tracing_kinds())
    frame: types.FrameType | None = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame is None:
            break
        if _package(frame.f_globals) in ("sentry_sdk", "sentryintegration"):
            for name in ("self", "span"):
                if isinstance(found := frame.f_locals.get(name), kinds):
                    return found
        frame = frame.f_back
    return None


def tracing_kinds() -> Iterator[type]:
    """Yield the classes of transactions and of streamed spans that the SDK has."""
    for module, name in (
        ("sentry_sdk.tracing", "Transaction"),
        ("sentry_sdk.traces", "StreamedSpan"),
        ("sentry_sdk.traces", "Span"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            yield kind


def _install() -> None:
    """Wrap two methods, once: after each change of a class Python must fill its caches anew."""
    span = getattr(sys.modules.get("sentry_sdk.tracing"), "Span", None)
    if (span is None or span in _WRAPPED) and subprocess.Popen in _WRAPPED:
        return
    for owner, name, wrapped in ((span, "finish", _finish), (subprocess.Popen, "__init__", _start)):
        original = getattr(owner, "__dict__", {}).get(name)
        if original is not None and owner not in _WRAPPED:
            _WRAPPED[owner] = name, original, wrapped(original)
            setattr(owner, name, _WRAPPED[owner][2])


_WRAPPED: dict[Any, tuple[str, Any, Any]] = {}


def uninstall() -> None:
    """Put back the methods; one that something else has wrapped since stays, and notes nothing."""
    while _WRAPPED:
        owner, (name, original, wrapper) = _WRAPPED.popitem()
        if getattr(owner, "__dict__", {}).get(name) is wrapper:
            setattr(owner, name, original)


def _finish(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Span.finish``: the SDK drops a span outside of any transaction, and logs nothing."""

    @uncounted
    @functools.wraps(original)
    def finish(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if self.containing_transaction is None and self.timestamp is None:
            noted = _current()
            if noted is not None and len(noted.outside) < MOST:
                noted.outside.append(str(self.op or self.description or "without op"))
        return original(self, *args, **kwargs)

    return finish


def _start(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``Popen.__init__``: it does not keep the environment with which it starts a process."""

    @uncounted
    @functools.wraps(original)
    def init(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        original(self, *args, **kwargs)
        # The process has been started: no error of the plugin may reach the application now.
        with contextlib.suppress(Exception):
            _note_start(self, kwargs.get("env", args[10] if len(args) > 10 else None))

    return init


def _note_start(process: subprocess.Popen[Any], environment: Any) -> None:
    owner = ownership.current()
    noted = _noticed.get(owner) if owner is not None else None
    if owner is not None and noted is not None and len(noted.started) < MOST:
        variables = os.environ if environment is None else environment
        has_dsn = any(
            os.fsdecode(name) == "SENTRY_DSN" and f"/{owner.inbox}/" in os.fsdecode(value)
            for name, value in variables.items()
        )
        noted.started.append(Started(_command(process.args), has_dsn, weakref.ref(process)))


def _command(arguments: Any) -> str:
    if isinstance(arguments, str | bytes | os.PathLike):
        return os.fsdecode(arguments)
    first, *others = [os.fsdecode(each) for each in arguments] or [""]
    return " ".join([os.path.basename(first), *others])


def _forked() -> None:
    noted = _current()
    if noted is not None:
        noted.forks += 1


if hasattr(os, "register_at_fork"):
    # Python cannot unregister it. Outside of tests it does nothing.
    os.register_at_fork(after_in_parent=_forked)
