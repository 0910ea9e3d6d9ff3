"""The three tracing APIs of ``sentry_sdk`` behind one.

Which one holds is a matter of the client, so :func:`backend_of` decides per call.
"""

from __future__ import annotations

from typing import Any

from sentryintegration import _internals as internals
from sentryintegration._backend import Backend
from sentryintegration._static import TRACING, Static
from sentryintegration._streaming import Streaming

STATIC = Static()
STREAM = Streaming(internals.STREAM, "streamed_span", "start_streamed_span", "NoOpStreamedSpan")
V3 = Streaming(internals.V3, "span", "start_span", "NoOpSpan")


def backend_of(client: Any) -> Backend:
    """Return the tracing API that *client* works with."""
    if TRACING is None:
        return V3
    options = client.options
    lifecycle = options.get("trace_lifecycle") or (options.get("_experiments") or {}).get("trace_lifecycle")
    return STREAM if lifecycle == "stream" else STATIC
