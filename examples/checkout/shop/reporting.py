"""What the shop tells Sentry, and what it must never tell."""

from __future__ import annotations

import re
from typing import Any

import sentryintegration
from shop import __version__

CREDENTIALS = re.compile(r"(?<=//)[^/@\s'\"]+(?=@)|(?<=Basic )[A-Za-z0-9+/=]+")
"""`user:password` in a URL, and the same in a header of HTTP's basic authentication."""


def start() -> None:
    """Report to the project that SENTRY_DSN names; without it, nowhere."""
    sentryintegration.init(
        traces_sample_rate=1.0,
        # So that a message says where it was sent, too.
        attach_stacktrace=True,
        before_send=hide_credentials,
        # payments.py hands the trace on itself: the SDK would put a second header beside its own.
        trace_propagation_targets=[],
    )
    sentryintegration.set_tag("release", f"shop@{__version__}")
    sentryintegration.set_tag("region", "eu-1")


def hide_credentials(event: Any, hint: object = None) -> Any:
    """Return the event without credentials, wherever they are: messages, variables, breadcrumbs."""
    if isinstance(event, str):
        return CREDENTIALS.sub("[hidden]", event)
    if isinstance(event, dict):
        return {key: hide_credentials(value) for key, value in event.items()}
    if isinstance(event, list):
        return [hide_credentials(value) for value in event]
    return event
