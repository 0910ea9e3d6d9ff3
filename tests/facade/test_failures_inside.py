"""Where the SDK itself fails, a call returns what it does without Sentry, and logs one record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.scope import Scope

import sentryintegration
from pytest_sentryintegration import SentryEvents, span
from sentryintegration import (
    capture_exception,
    capture_message,
    close,
    flush,
    set_tag,
    set_task_transaction,
    start_transaction,
    trace_headers,
)


def fail(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("a bug of the SDK")


@pytest.fixture(autouse=True)
def _as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTRYINTEGRATION_RAISE")


@pytest.mark.parametrize(
    ("owner", "name", "call", "returned", "where"),
    [
        (sentry_sdk, "get_client", lambda: capture_message("lost"), None, "capture_message"),
        (sentry_sdk, "get_client", lambda: capture_exception(KeyError()), None, "capture_exception"),
        (sentry_sdk, "get_client", trace_headers, {}, "trace_headers"),
        (sentry_sdk, "get_client", flush, False, "flush"),
        (sentry_sdk, "get_client", close, False, "close"),
        (Scope, "set_tag", lambda: set_tag("region", "eu"), None, "set_tag"),
    ],
)
def test_a_call_returns_as_without_sentry(
    sentry_events: SentryEvents,
    records: list[logging.LogRecord],
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    call: Callable[[], Any],
    returned: Any,
    where: str,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fail)
        assert call() == returned

    assert [record.getMessage() for record in records] == [f"{where} failed and was skipped"]
    assert [str(record.exc_info and record.exc_info[1]) for record in records] == ["a bug of the SDK"]


def test_a_transaction_that_cannot_start_is_without_effect(
    sentry_events: SentryEvents, records: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Scope, "get_client", fail)
        t = start_transaction(name="checkout")

    with t:
        t.set_tag("a", "b")
    assert t.headers() == {}
    assert [record.getMessage() for record in records] == ["start_transaction failed and was skipped"]
    assert not sentry_events.transactions


def test_a_parent_that_cannot_be_set_leaves_the_thread_as_it_is(
    sentry_events: SentryEvents, records: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_transaction(name="checkout", op="task") as t, monkeypatch.context() as patched:
        patched.setattr(Scope, "set_current_scope", fail)
        with set_task_transaction(t):
            pass
        patched.undo()

    assert [record.getMessage() for record in records] == ["set_task_transaction failed and was skipped"]
    assert sentry_events.transactions.find("checkout").tree == span("task")


class _Failing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("the disk is full")


def test_a_log_handler_that_fails_harms_no_call(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = _Failing()
    logger = logging.getLogger("sentryintegration")
    monkeypatch.setattr(logger, "handlers", [handler])

    capture_message("a level that is none", "loud")
    with monkeypatch.context() as patched:
        patched.setattr(sentry_sdk, "get_client", fail)
        assert flush() is False

    assert sentry_events.find("a level that is none").level == "error"


def test_a_value_whose_repr_fails_is_named_by_its_type(
    sentry_events: SentryEvents, records: list[logging.LogRecord]
) -> None:
    class Hostile:
        __repr__ = fail

    sentryintegration.finish_transaction(Hostile())  # type: ignore[arg-type]

    (record,) = records
    assert "<unprintable Hostile>" in record.getMessage() or "<Hostile instance at" in record.getMessage()
