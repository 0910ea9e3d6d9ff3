"""Differences between versions of ``sentry_sdk`` outside tracing, and questions to a client."""

from __future__ import annotations

import inspect
from typing import Any

import sentry_sdk
import sentry_sdk.utils

from sentryintegration._internals import STACKS, optional


def _parameters(name: str) -> frozenset[str]:
    function = getattr(sentry_sdk.utils, name, None)
    return frozenset() if function is None else frozenset(inspect.signature(function).parameters)


_TAKES_OPTIONS = "client_options" in _parameters("event_from_exception")
_STACK_OPTIONS = _parameters("current_stacktrace") & {
    "include_local_variables",
    "include_source_context",
    "max_value_length",
}


_NO_CLIENT: Any = optional("client.NonRecordingClient")


def is_absent(client: Any) -> bool:
    """Say whether *client* stands for an SDK that was not initialised."""
    return isinstance(client, _NO_CLIENT) if _NO_CLIENT is not None else not client.is_active()


def event_from(exc_info: Any, client: Any) -> tuple[Any, dict[str, Any]]:
    """Return the event and the hint of an exception."""
    options = {"client_options": client.options} if _TAKES_OPTIONS else {}
    event, hint = sentry_sdk.utils.event_from_exception(exc_info, **options)
    return event, hint


def stack_here(client: Any) -> Any:
    """Return the calling thread's stack as an event's ``threads``, where the client attaches it."""
    __tracebackhide__ = True
    options = client.options
    if not options.get("attach_stacktrace") or not STACKS.usable:
        return None
    given = {name: options.get(name) for name in _STACK_OPTIONS}
    stack = sentry_sdk.utils.current_stacktrace(**given)
    return {"values": [{"stacktrace": stack, "crashed": False, "current": True}]}


def tracing_enabled(options: Any) -> bool:
    """Say whether this process makes transactions of its own."""
    return options.get("traces_sample_rate") is not None or options.get("traces_sampler") is not None
