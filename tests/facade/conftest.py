"""One set of tests for every tracing API; ``SENTRYINTEGRATION_TEST_MODE=stream`` has 2.x stream its spans."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk

MAJOR = int(sentry_sdk.VERSION.split(".")[0])
STREAM = os.environ.get("SENTRYINTEGRATION_TEST_MODE") == "stream"


@pytest.fixture
def mode_options() -> dict[str, Any]:
    return {"trace_lifecycle": "stream"} if STREAM and MAJOR == 2 else {}


@pytest.fixture
def sentry_options(mode_options: dict[str, Any]) -> dict[str, Any]:
    return {"traces_sample_rate": 1.0, **mode_options}


@pytest.fixture
def static() -> bool:
    return MAJOR == 2 and not STREAM


@pytest.fixture
def failed(static: bool) -> str:
    """The status of a span in which an exception was raised."""
    return "internal_error" if static else "error"


@pytest.fixture(autouse=True)
def _nothing_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRYINTEGRATION_RAISE", "1")


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """What the facade says."""
    with caplog.at_level(logging.DEBUG, logger="sentryintegration"):
        yield _Records(caplog)


class _Records(list[logging.LogRecord]):
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def __iter__(self) -> Iterator[logging.LogRecord]:
        return iter([record for record in self._caplog.records if record.name == "sentryintegration"])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return len(self) > 0
