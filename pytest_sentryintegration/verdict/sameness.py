"""Which values mean the same to Sentry: numbers and text, ids, times. Knows no field and no rule."""

from __future__ import annotations

import math
import uuid
from datetime import datetime, timezone
from typing import Any


def means_the_same(sent: Any, stored: Any) -> bool:
    """Whether storing *stored* for *sent* loses nothing: a number as text, spaces around a text.

    >>> means_the_same(5, "5"), means_the_same(True, "True"), means_the_same(1.5, "1")
    (True, True, False)
    """
    if _hollow(sent):
        return True
    if isinstance(sent, bool):
        return sent is stored or (isinstance(stored, str) and stored.lower() == str(sent).lower())
    if isinstance(sent, int | float):
        if isinstance(stored, bool):
            return False
        if isinstance(stored, int | float):
            return math.isclose(sent, stored, rel_tol=1e-12)
        if isinstance(stored, str):
            try:
                return math.isclose(sent, float(stored), rel_tol=1e-12)
            except ValueError:
                return False
        return False
    if isinstance(sent, str) and isinstance(stored, str):
        return sent.strip() == stored.strip()
    if isinstance(sent, str) and isinstance(stored, int | float) and not isinstance(stored, bool):
        return sent == str(stored)
    return bool(sent == stored)


def _hollow(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_hollow, value.values()))
    return value is None or value == "" or (isinstance(value, list) and all(map(_hollow, value)))


def bare(text: str) -> str:
    """Return an id in lower case and without hyphens."""
    try:
        return uuid.UUID(text).hex
    except ValueError:
        return text.lower()


def seconds(value: Any) -> float | None:
    """Return a timestamp as seconds since 1970, ``None`` for what Relay does not read as one.

    >>> seconds("2026-01-01T00:00:00Z"), seconds(3.5), seconds("soon")
    (1767225600.0, 3.5, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    text = value.strip().replace("Z", "+00:00").replace("z", "+00:00")
    try:
        # Python 3.10 reads fractions of 3 or 6 digits only, and Rust's are 9 digits long.
        head, dot, tail = text.partition(".")
        if dot:
            digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
            text = f"{head}.{digits[:6]:0<6}{tail[len(digits) :]}"
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()
