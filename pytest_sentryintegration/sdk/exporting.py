"""The exporter of OpenTelemetry that the SDK sets up: it posts by itself, to an endpoint made of the DSN."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

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


def flush_spans(timeout: float) -> bool:
    """Have the exporter send what it holds, where the SDK has set one up.

    Args:
        timeout: in seconds.

    Returns:
        Whether it has sent all of it.
    """
    tracing: Any = sys.modules.get("opentelemetry.trace")
    if tracing is None or "sentry_sdk.integrations.otlp" not in sys.modules:
        return True
    flush = getattr(tracing.get_tracer_provider(), "force_flush", None)
    return flush is None or flush(int(timeout * 1000)) is not False
