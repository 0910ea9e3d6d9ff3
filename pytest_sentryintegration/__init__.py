"""A fake Sentry for pytest: a test sees which messages, tags, attachments and span trees were really sent.

Ask for the fixture `sentry_events`; without pytest, use `capture`. Compare span trees with `span`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_sentryintegration.capturing.capture import capture as capture
    from pytest_sentryintegration.inbox.events import SentryEvents as SentryEvents
    from pytest_sentryintegration.matching.span_pattern import span as span

__all__ = ["SentryEvents", "capture", "span"]

_HOMES = {
    "SentryEvents": "pytest_sentryintegration.inbox.events",
    "capture": "pytest_sentryintegration.capturing.capture",
    "span": "pytest_sentryintegration.matching.span_pattern",
}


def __getattr__(name: str) -> Any:
    # Lazily: this module is imported by every pytest run that has the plugin installed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
