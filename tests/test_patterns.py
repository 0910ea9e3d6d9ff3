"""No text that a client sends holds up the server: each pattern reads a long one in one pass."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time

import pytest

import pytest_sentryintegration
from pytest_sentryintegration.model.calls import _REQUEST

ROOMS = ("inbox", "ingest", "matching", "model", "verdict", "web", "wire")
HOSTILE = [
    one * (20_000 // len(one)) + end
    for one in ("1", "a", "\x01", " ", "-", "a.", "[", "/a", "%41")
    for end in "x\u0100"
]


def patterns(room: str) -> list[re.Pattern[str] | re.Pattern[bytes]]:
    package = importlib.import_module(f"{pytest_sentryintegration.__name__}.{room}")
    names = [found.name for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    values = [value for name in names for value in vars(importlib.import_module(name)).values()]
    return [value for value in values if isinstance(value, re.Pattern)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_pattern_compares_a_long_text_in_one_pass(room: str) -> None:
    # Milliseconds; seconds where two parts of a pattern can share the characters in every way.
    slow = []
    for pattern in patterns(room):
        for text in HOSTILE:
            sent = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
            started = time.thread_time()
            pattern.fullmatch(sent)  # type: ignore[arg-type]
            pattern.match(sent)  # type: ignore[arg-type]
            if time.thread_time() - started > 0.5:
                slow.append(pattern.pattern)
                break

    assert slow == []


def test_a_request_is_looked_for_in_a_long_description_in_one_pass() -> None:
    started = time.thread_time()

    assert _REQUEST.search("A" * 20_000) is None
    assert time.thread_time() - started < 0.5
