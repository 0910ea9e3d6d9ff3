"""Release, environment and dist: event fields that applications set like tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sentry_sdk
from sentry_sdk import Scope

from sentryintegration._internals import MARKS
from sentryintegration._sdk import is_absent

_ever_set = False
"""Whether a field was set in this process; most set none, and each transaction asks."""

ATTRIBUTES = {"release": "sentry.release", "environment": "sentry.environment", "dist": "sentry.dist"}


class Fields:
    """An event processor on the global scope that holds the fields that were set, before ``init`` or after.

    It is replaced, never changed, so that forks of the scope keep theirs.
    """

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def __call__(self, event: Any, hint: Any) -> Any:
        """Set the fields of an event that has none of its own."""
        for name, value in self.values.items():
            if event.get(name) is None:
                event[name] = value
        return event


def fields() -> dict[str, str]:
    """Return the fields that were set on the global scope."""
    if MARKS.usable:
        processors: list[Any] = sentry_sdk.get_global_scope()._event_processors
        for processor in processors:
            if type(processor) is Fields:
                return dict(processor.values)
    return {}


def set_fields(values: Mapping[str, str]) -> None:
    """Set fields for everything that this process sends."""
    global _ever_set
    if not values or not MARKS.usable:
        return
    _ever_set = True
    scope = sentry_sdk.get_global_scope()
    others = [processor for processor in scope._event_processors if type(processor) is not Fields]
    scope._event_processors = [*others, Fields({**fields(), **values})]
    sync_fields(sentry_sdk.get_client())


def sync_fields(client: Any) -> None:
    """Set the fields where the SDK reads them for spans, logs, sessions and trace headers."""
    if not _ever_set:
        return
    scope = Scope.get_global_scope()
    processors: list[Any] = scope._event_processors
    for processor in processors:
        if type(processor) is Fields:
            for name, value in processor.values.items():
                if not is_absent(client) and client.options.get(name) != value:
                    client.options[name] = value
                if hasattr(scope, "set_attribute"):
                    scope.set_attribute(ATTRIBUTES[name], value)
