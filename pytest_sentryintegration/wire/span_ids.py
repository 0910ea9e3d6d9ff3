"""What is a span id.

Relay: ``relay-event-schema/src/protocol/contexts/trace.rs``.
"""

from __future__ import annotations

import re
from typing import Any

_SPAN_ID = re.compile("(?!0{16})[0-9a-fA-F]{16}")


def is_span_id(value: Any) -> bool:
    """Whether *value* is a span id for Sentry: 16 hexadecimal digits, not all zero.

    >>> is_span_id("00f067aa0ba902b7"), is_span_id("0" * 16), is_span_id(None)
    (True, False, False)
    """
    return isinstance(value, str) and _SPAN_ID.fullmatch(value) is not None
