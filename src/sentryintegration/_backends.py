"""The three tracing APIs of ``sentry_sdk`` behind one.

Which one holds is a matter of the client, so :func:`backend_of` decides per call.
"""

from __future__ import annotations

from typing import Any

from sentryintegration._backend import Backend
from sentryintegration._sdk import optional
from sentryintegration._static import TRACING, Static
from sentryintegration._streaming import Streaming

_STREAM_SWITCH = getattr(optional("sentry_sdk.tracing_utils"), "has_span_streaming_enabled", None)

STATIC = Static()
STREAM = Streaming("streamed_span", "start_streamed_span", "NoOpStreamedSpan")
V3 = Streaming("span", "start_span", "NoOpSpan")


def backend_of(client: Any) -> Backend:
    """Return the tracing API that *client* works with."""
    if TRACING is None:
        return V3
    return STREAM if _STREAM_SWITCH is not None and _STREAM_SWITCH(client.options) else STATIC
