"""Warnings of the SDK name the module in which they would appear without the plugin."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.integrations import Integration

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.stacklevels import uncounted

DSN = "https://pub@example.invalid/1"


def warned(call: Callable[[], object]) -> list[str]:
    """Return the files that the warnings of *call* name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [each.filename for each in caught]


@pytest.mark.parametrize("stacklevel", [1, 2, 3])
def test_an_uncounted_wrapper_shifts_no_stacklevel(stacklevel: int) -> None:
    def inner() -> None:
        warnings.warn("it", stacklevel=stacklevel)

    direct = warned(inner)

    assert warned(uncounted(lambda: inner())) == direct


def test_an_uncounted_wrapper_still_counts_for_tracebacks() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        uncounted(lambda: 1 / 0)()

    assert "sentryintegration" in str(caught.traceback[-1].path)


class Warns(Integration):
    """Warns while a client is made, once for each of the frames above."""

    identifier = "warning"

    @staticmethod
    def setup_once() -> None:
        for level in range(1, 12):
            warnings.warn(f"{level}", stacklevel=level)

    def setup_once_with_options(self, options: Any = None) -> None:
        self.setup_once()


def test_no_frame_of_the_plugins_counts_while_a_client_is_made(sentry_events: SentryEvents) -> None:
    files = warned(lambda: sentry_sdk.Client(DSN, integrations=[Warns()]))

    assert __file__ in files[1:]
    assert not [file for file in files if "pytest_sentryintegration" in file or "bootstrap" in file]


def test_no_frame_of_the_plugins_counts_while_a_thread_starts(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        warnings.warn("it", stacklevel=2)

    monkeypatch.setattr(threading.Thread, "start", start)
    ownership._mark_threads()

    assert warned(lambda: threading.Thread().start()) == [__file__]
