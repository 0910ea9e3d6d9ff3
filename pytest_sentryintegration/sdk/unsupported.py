"""Where the installed sentry_sdk cannot be redirected: its clients get no transport, and the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from pytest_sentryintegration.sdk.hook import MAKERS, original_of
from pytest_sentryintegration.sdk.internals import UnsupportedSdkError, sentence
from pytest_sentryintegration.sdk.pytest_sentry_client import is_of_pytest_sentry
from pytest_sentryintegration.sdk.stacklevels import uncounted


def reason_of(error: Exception) -> str:
    """Return in one sentence why sentry_sdk cannot be captured."""
    if isinstance(error, UnsupportedSdkError):
        return str(error)
    version = getattr(sys.modules.get("sentry_sdk"), "VERSION", "an unknown version")
    return sentence(f"{version} is installed, and redirecting it raised {type(error).__name__}: {error}")


def keep_from_sending(is_guarded: Callable[[], bool]) -> None:
    """Leave the SDK's clients without an HTTP transport from now on; a second call does nothing.

    Uses what Sentry documents, and nothing else: this has to work where anything else is missing.

    Args:
        is_guarded: whether nothing may reach Sentry (``sentry_guard``).
    """
    sdk: Any = sys.modules["sentry_sdk"]

    def wrap(original: Callable[..., None]) -> Callable[..., None]:
        @uncounted
        def make(client: Any, *args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            if is_guarded():
                _keep_from_exporting(kwargs.get("integrations"))
            original(client, *args, **kwargs)
            if is_guarded() and _would_send(client, sdk):
                client.transport = None

        make._sentryintegration = original  # type: ignore[attr-defined]
        return make

    for name in MAKERS:
        original = original_of(getattr(sdk.Client, name, None))
        if original is not None and not hasattr(original, "_sentryintegration"):
            setattr(sdk.Client, name, wrap(original))


def _would_send(client: Any, sdk: Any) -> bool:
    if is_of_pytest_sentry(client):
        return False
    # A transport of the application's own that is none of the SDK's HTTP transports keeps its events.
    others = getattr(sdk, "Transport", object).__mro__
    opens = tuple(cls for cls in getattr(sdk, "HttpTransport", object).__mro__ if cls not in others)
    return not opens or isinstance(client.transport, opens)


def _keep_from_exporting(integrations: Iterable[Any] | None) -> None:
    # OpenTelemetry's exporter posts by itself, to the endpoint that is made of the DSN.
    for integration in integrations or ():
        if getattr(integration, "setup_otlp_traces_exporter", False):
            integration.setup_otlp_traces_exporter = False
