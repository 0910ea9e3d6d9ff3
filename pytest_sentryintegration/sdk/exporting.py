"""The exporter of OpenTelemetry that the SDK sets up: it posts by itself, to an endpoint made of the DSN."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from pytest_sentryintegration.sdk.ownership import in_no_context
from pytest_sentryintegration.sdk.stacklevels import uncounted
from pytest_sentryintegration.sdk.transport import Destination


def redirected_setup(
    original: Callable[..., None],
    destination: Destination,
    wants: Callable[[Mapping[str, Any]], bool],
) -> Callable[..., None]:
    """Wrap the SDK's function that sets the exporter up, so that it exports to the fake Sentry.

    Args:
        original: ``OTLPIntegration.setup_once_with_options``.
        destination: where it exports to; without an address it exports nothing.
        wants: whether a client with these options is one to redirect.
    """

    @uncounted
    @functools.wraps(original)
    def setup(integration: Any, options: dict[str, Any] | None = None) -> None:
        dsn = (options or {}).get("dsn")
        if integration.collector_url or not destination.guarded or not wants({"dsn": dsn}):
            return original(integration, options)
        exports = integration.setup_otlp_traces_exporter
        if destination.address is None:
            integration.setup_otlp_traces_exporter = False
        else:
            parsed = urlsplit(dsn or "")
            project = parsed.path.rpartition("/")[2]
            options = {
                **(options or {}),
                "dsn": f"http://{parsed.username}@{destination.address}/{project}",
            }
        try:
            return original(integration, options)
        finally:
            integration.setup_otlp_traces_exporter = exports

    return setup


def flush_spans(timeout: float) -> threading.Thread | None:
    """Have the exporter send what it holds, where the SDK has set one up.

    Args:
        timeout: in seconds. The exporters of OpenTelemetry take no notice of it.

    Returns:
        The thread in which it sends.
    """
    tracing: Any = sys.modules.get("opentelemetry.trace")
    if tracing is None or "sentry_sdk.integrations.otlp" not in sys.modules:
        return None
    flush = getattr(tracing.get_tracer_provider(), "force_flush", None)
    if flush is None:
        return None

    def send() -> None:
        with suppress(Exception):  # OpenTelemetry has logged it
            flush(int(timeout * 1000))

    thread = threading.Thread(target=send, name="sentryintegration-export", daemon=True)
    try:
        in_no_context(thread.start)
    except RuntimeError:  # no thread can be started
        return None
    return thread
