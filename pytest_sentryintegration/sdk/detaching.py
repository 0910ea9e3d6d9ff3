"""The SDK's helper threads and buffers, kept apart from the tests that happen to start and fill them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.locks import lock_by_process
from pytest_sentryintegration.sdk.stacklevels import uncounted


def inner(transport: Any) -> Any:
    """Return what *transport* wraps, itself where it wraps nothing."""
    # SENTRY_PRINT_ENVELOPES puts a printer round the transport, which says it is what it holds.
    return getattr(transport, "__dict__", {}).get("_inner", transport)


def batchers(client: Any) -> list[Any]:
    """Return the client's batchers of logs, metrics and spans, as far as this SDK has them."""
    names = ("log_batcher", "metrics_batcher", "span_batcher")
    return [batcher for name in names if (batcher := getattr(client, name, None)) is not None]


def detach(client: Any) -> None:
    """Keep the client's helper threads out of the tests that happen to start them."""
    for helper, method in (
        (getattr(inner(client.transport), "_worker", None), "start"),
        (client.monitor, "_ensure_running"),
        (client.session_flusher, "_ensure_running"),
        *((batcher, "_ensure_thread") for batcher in batchers(client)),
    ):
        # A client may come here again: each capture swaps the transport of one made before.
        if hasattr(helper, method) and method not in vars(helper):
            setattr(helper, method, _in_no_context(getattr(helper, method)))


def _in_no_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap *function* so that threads which it starts inherit no scopes and no span.

    The SDK's threading integration hands the starter's active span to the worker for ever: with a
    DSN that has a port, it then traces its own POSTs (sentry-python issue 4199).
    """

    @uncounted
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return ownership.in_no_context(function, *args, **kwargs)

    return run


def label_all(client: Any) -> None:
    """Make each buffer of *client* send what it holds for the test that it is of."""
    for batcher in batchers(client):
        _label(batcher, "add", "_flush")
    _label(client.session_flusher, "add_session", "flush")


def _label(batcher: Any, add_name: str, flush_name: str) -> None:
    """Make *batcher* send what it holds for the test that recorded it, and wholly within a flush.

    It has one buffer for all tests: before something of another test comes in, what is there goes
    out. Under one lock, because a flusher that has taken the buffer and not sent it yet made `flush`
    return too early in 1 % of runs under load.
    """
    if flush_name in vars(batcher):
        return
    add, flush = getattr(batcher, add_name), getattr(batcher, flush_name)
    holds: list[ownership.Owner | None] = [None]
    buffers = [name for name in vars(batcher) if name.endswith("_buffer") or name.startswith("pending_")]
    lock = lock_by_process()

    def labelled_flush(*args: Any, **kwargs: Any) -> Any:
        with lock():
            if buffers and not any(getattr(batcher, name) for name in buffers):
                # Nearly always, and each look at the inbox flushes three of them.
                return None
            with ownership.sending_for(holds[0]):
                return flush(*args, **kwargs)

    def labelled_add(item: Any) -> None:
        # Re-entered from inside a flush (a warning that garbage collection logs): the SDK drops it.
        if not getattr(getattr(batcher, "_active", None), "flag", False):
            owner = ownership.current()
            if owner is not holds[0]:
                with lock():
                    batcher.flush()
                    holds[0] = owner
                    return add(item)  # type: ignore[no-any-return]
        return add(item)  # type: ignore[no-any-return]

    setattr(batcher, add_name, labelled_add)
    setattr(batcher, flush_name, labelled_flush)
