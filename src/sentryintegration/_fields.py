"""Release, environment and dist: event fields that applications set like tags."""

from __future__ import annotations

from typing import Any

import sentry_sdk

ATTRIBUTES = {"release": "sentry.release", "environment": "sentry.environment", "dist": "sentry.dist"}


class Fields:
    """An event processor on the global scope that holds what was set, before or after an ``init``."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def __call__(self, event: Any, hint: Any) -> Any:
        """Set the fields of an event that has none of its own."""
        for name, value in self.values.items():
            if event.get(name) is None:
                event[name] = value
        return event


def fields() -> Fields:
    """Return the fields that are set on the global scope, which keeps them."""
    processors = sentry_sdk.get_global_scope()._event_processors
    for processor in processors:
        if type(processor) is Fields:
            return processor
    found = Fields()
    processors.append(found)
    return found


def set_field(name: str, value: str) -> None:
    """Set a field for everything that this process sends."""
    fields().values[name] = value
    sync_fields(sentry_sdk.get_client())


def sync_fields(client: Any) -> None:
    """Bring the fields to where the SDK takes them from for spans, logs, sessions and trace headers."""
    scope = sentry_sdk.get_global_scope()
    for processor in scope._event_processors:
        if type(processor) is Fields:
            for name, value in processor.values.items():
                if client.options.get(name) != value and hasattr(client, "transport"):
                    client.options[name] = value
                if hasattr(scope, "set_attribute") and scope._attributes.get(ATTRIBUTES[name]) != value:
                    scope.set_attribute(ATTRIBUTES[name], value)
