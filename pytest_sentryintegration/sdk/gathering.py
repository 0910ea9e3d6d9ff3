"""What is known of the senders in this process. Gathered when a test fails, which may take a while."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Collection, Iterator
from concurrent.futures import thread as pool
from datetime import datetime, timezone
from typing import Any, Final

import sentry_sdk
from sentry_sdk import utils as sdk_utils

from pytest_sentryintegration.evidence import Child, Evidence, Raised
from pytest_sentryintegration.processes.child import ChildProcess
from pytest_sentryintegration.sdk.child_processes import processes, start_method
from pytest_sentryintegration.sdk.log_records import log_records
from pytest_sentryintegration.sdk.notes import noticed
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.sampling import tracing_kinds
from pytest_sentryintegration.sdk.transport_classes import (
    HTTP_TRANSPORTS,
    TRANSPORTS,
    own_transport,
    redirected,
)

_LOOKS: Final = 3
_MOMENT: Final = 0.002
"""Seconds between two looks at a thread of a pool."""

_HELPERS: Final = ("sentry.", "sentry-sdk.", "sentryintegration.")
"""How the names of the threads of the SDK and the facade begin."""

# Bound at import: a test may replace it.
pause = time.sleep

_NAMED: Final = 3
"""How many open spans of a transaction are named."""
_MAX_SPANS: Final = 1000
"""The SDK's default of ``max_spans``."""


def gather(owner: Owner) -> Evidence:
    """Return what is known of this process as a sender for *owner*, and of the processes that it started."""
    noted = noticed(owner)
    known: dict[str, Any] = {
        "imported": True,
        "sampled_out": dict(noted.sampled_out),
        "raised": tuple(Raised(*key, count) for key, count in noted.raised.items()),
        "processors": tuple(noted.processors),
        "outside": tuple(noted.outside),
        "late_spans": tuple(noted.late),
        "other_mode": tuple(noted.other_mode),
        "ignored_errors": tuple(noted.ignored.items()),
        "unfinished": lambda: tuple(_unfinished(noted.began)),
        "django": tuple(noted.django.items()),
        "blocks_loop": _is_loop_running(),
        "threads": tuple(_threads(owner)),
        "forks": noted.forks,
        "children": (*_popened(owner), *_processes(owner)),
    }
    client = sentry_sdk.get_client()
    if not isinstance(client, sentry_sdk.Client):
        return Evidence(client=False, **known)
    options = client.options
    transport, own = redirected(client), own_transport(client)
    of_its_own: dict[str, Any] = {}
    if own is not None:
        kind = "unflushed_transport" if isinstance(own, HTTP_TRANSPORTS) else "own_transport"
        of_its_own[kind] = type(own).__qualname__
    cls = options.get("transport")
    if transport is not None and isinstance(cls, type) and cls.__module__ != TRANSPORTS:
        of_its_own["transport_class"] = cls.__qualname__
    limited = dict(getattr(transport, "_disabled_until", {}))
    utc = datetime.now(timezone.utc)  # the SDK's clock, which a test may have frozen
    return Evidence(
        client=True,
        fallback=not client.is_active(),
        log_records=log_records(client),
        facade="sentryintegration" in sys.modules,
        closed=client.transport is None and bool(options.get("dsn")),
        dsn=bool(options.get("dsn")),
        turned_off=options.get("dsn") == "" and bool(os.environ.get("SENTRY_DSN")),
        traces_sample_rate=options.get("traces_sample_rate"),
        traces_sampler=options.get("traces_sampler") is not None,
        queued=transport.worker.unfinished_tasks if transport is not None else 0,
        failure=transport.failure if transport is not None else None,
        rate_limited=tuple(str(category or "all") for category, until in limited.items() if until > utc),
        switched_off=tuple(_switched_off(options)),
        unreported=tuple(_unreported(client)),
        max_spans=(options.get("_experiments") or {}).get("max_spans") or _MAX_SPANS,
        **of_its_own,
        **known,
    )


def _switched_off(options: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what the client does not send because of its options; see `Evidence.switched_off`."""
    for noun, option, switch in (
        ("logs", "enable_logs", "has_logs_enabled"),
        ("metrics", "enable_metrics", "has_metrics_enabled"),
    ):
        is_on = getattr(sdk_utils, switch, None)
        if is_on is not None and not is_on(options):
            yield noun, noun, f"{option}=True" if option in options else f"_experiments={{{option!r}: True}}"
    # Newer SDKs always send the logs of sentry_sdk.logger.
    by_integrations = not hasattr(sdk_utils, "has_logs_enabled") and "enable_logs" in options
    integration = getattr(sys.modules.get("sentry_sdk.integrations.logging"), "LoggingIntegration", None)
    is_on = options.get("enable_logs") or getattr(integration, "capture_sentry_logs", None) is True
    if by_integrations and not is_on:
        yield "logs", "logs of logging and loguru", "enable_logs=True"
    if options.get("release") is None:
        yield "sessions", "sessions", "a release"
    if not options.get("send_client_reports", True):
        yield "client_reports", "client reports", "send_client_reports=True"


def _unreported(client: Any) -> Iterator[str]:
    """Yield the callbacks that drop something without a client report, in sentry-sdk 2.41."""
    if hasattr(client, "_record_lost_telemetry"):
        return
    for name in ("before_send_log", "before_send_metric"):
        if client.options.get(name) or (client.options.get("_experiments") or {}).get(name):
            yield name


def _is_loop_running() -> bool:
    """Whether an asyncio loop runs in the calling thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _threads(owner: Owner) -> Iterator[str]:
    """Yield the names of threads of *owner* that run, but for idle threads of pools."""
    for reference in list(owner.threads.values()):
        thread = reference()
        if thread is None or thread is threading.current_thread() or thread.name.startswith(_HELPERS):
            continue
        if thread.is_alive() and not any(_is_idle(thread) for _ in range(_LOOKS)):
            yield thread.name


def _is_idle(thread: threading.Thread) -> bool:
    """Whether *thread* is of a pool and idle; one of a pool that is busy is given a moment first."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None or frame.f_code is pool._worker.__code__:
        return True
    codes = set()
    while frame is not None:
        codes.add(frame.f_code)
        frame = frame.f_back
    if pool._worker.__code__ in codes:
        pause(_MOMENT)
    return False


def _popened(owner: Owner) -> Iterator[Child]:
    for started in noticed(owner).started:
        popen = started.popen() if started.popen is not None else None
        if isinstance(popen, ChildProcess):
            yield _started(popen, started.has_dsn)
            continue
        # No poll(): it would reap the process, whose exit code other code may wait for.
        ended = popen.returncode if popen is not None else started.ended
        running = popen is not None and ended is None
        yield Child(started.command, ended=ended, running=running, has_dsn=started.has_dsn)


def _started(process: ChildProcess, has_dsn: bool) -> Child:
    running = not process.exited.is_set()
    ended, ending = (None, "") if running else (process.poll(), process.ending())
    return Child(
        process.name,
        ended=ended,
        running=running,
        has_dsn=has_dsn,
        pid=process.pid,
        ending=ending,
        output=process.output,
    )


def _processes(owner: Owner) -> Iterator[Child]:
    before = noticed(owner).others
    told: dict[int, Any] = {}
    for process in processes():
        try:
            earlier, ended = weakref.ref(process) in before, process.exitcode
            if not (earlier and ended is not None):
                told[id(process)] = process  # not by equality, which a subclass may define
                method = start_method(process)
                yield Child(
                    process.name,
                    forked=method == "fork",
                    spawned=method != "fork",
                    ended=ended,
                    running=ended is None,
                    earlier=earlier,
                )
        except (AssertionError, ValueError):  # a child of another process, or closed
            continue
    for reference, name in noticed(owner).spawned:
        if id(reference()) not in told:  # closed, or of a pool that is over
            yield Child(name, spawned=True)


def unfinished_in(owner: Owner, trace_ids: Collection[str]) -> list[str]:
    """Return the transactions and streamed spans of traces that this process has started and not finished.

    What the facade holds back until its last span has finished is among them.
    """
    return [label for label, its_trace in _open(noticed(owner).began) if its_trace in trace_ids]


def _unfinished(began: int) -> Iterator[str]:
    return (label for label, _ in _open(began))


def _open(began: int) -> Iterator[tuple[str, str]]:
    """Yield the transactions and streamed spans that were started after *began* and are open, with trace ids.

    It looks through all objects: an open span may be on no scope, or on one of another thread.
    """
    kinds = tuple(tracing_kinds())
    for obj in gc.get_objects():
        if type(obj) in kinds and getattr(obj, "_start_timestamp_monotonic_ns", began) >= began:
            label = _open_transaction(obj) if hasattr(obj, "_span_recorder") else _open_span(obj)
            if label:
                yield label, obj.trace_id


def _open_transaction(transaction: Any) -> str:
    recorder = transaction._span_recorder
    if transaction.timestamp is not None or not transaction.sampled or recorder is None:
        return ""
    inside = [span for span in recorder.spans if span.timestamp is None and span is not transaction]
    named = ", ".join(str(span.op or span.description) for span in inside[:_NAMED])
    more = ", ..." if len(inside) > _NAMED else ""
    return f"transaction {transaction.name!r}" + (f" (open in it: {named}{more})" if inside else "")


def _open_span(span: Any) -> str:
    if getattr(span, "_end_timestamp", 0) is not None:
        return ""
    is_segment = getattr(span, "_segment", None) is span
    return f"{'transaction' if is_segment else 'span'} {span.name!r}"
