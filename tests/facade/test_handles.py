"""What can be done with a transaction or span while it runs."""

from __future__ import annotations

import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from pytest_sentryintegration import SentryEvents
from sentryintegration import capture_message, finish_transaction, start_transaction


def test_tags_and_data_arrive(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root", tags=[("a", 1)], data={"x": 1}) as root:
        root.set_tag("b", True)
        root.set_data("rows", 3)
        with start_transaction(op="child", tags={"c": "d"}, data={"y": 2}) as child:
            child.set_data("z", "text")
            child.set_tag("e", 5)

    transaction = sentry_events.transactions.find("root")
    assert (transaction.tags["a"], transaction.tags["b"]) == ("1", "True")
    assert (transaction.tree.data["x"], transaction.tree.data["rows"]) == (1, 3)
    [inner] = transaction.tree.children
    assert (inner.tags["c"], inner.tags["e"], inner.data["y"], inner.data["z"]) == ("d", "5", 2, "text")


@pytest.mark.sentry(traces_sample_rate=0.0)
def test_all_threads_are_told_the_same_id_of_an_unsampled_span(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, together = uuid.uuid4, threading.Barrier(2)

    def make_together() -> uuid.UUID:
        with suppress(threading.BrokenBarrierError):  # one thread alone makes it
            together.wait(0.05)
        return make()

    asks = [lambda t: t.span_id, lambda t: t.headers()["sentry-trace"].split("-")[1]] * 2
    with start_transaction(name="root") as t, ThreadPoolExecutor(4) as pool:
        monkeypatch.setattr("uuid.uuid4", make_together)
        told = set(pool.map(lambda ask: ask(t), asks))

    assert told == {t.span_id}


def test_the_name_can_be_assigned(sentry_events: SentryEvents) -> None:
    with start_transaction(name="before") as t:
        with start_transaction(op="child", description="old") as child:
            t.name = "after"
            child.name = "new"
            capture_message("inside")
        assert (t.name, child.name) == ("after", "new")

    transaction = sentry_events.transactions.find("after")
    assert [one.description for one in transaction.tree.children] == ["new"]
    assert sentry_events.messages.find("inside").transaction == "after"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("ok", "ok"),
        ("NOT_FOUND", "not_found"),
        ("error", "internal_error"),
        ("success", "ok"),
        (200, "ok"),
        (404, "not_found"),
        ("404", "not_found"),
        (418, "invalid_argument"),
        (503, "unavailable"),
    ],
)
def test_a_status_is_understood_in_many_forms(
    sentry_events: SentryEvents, given: Any, status: str, static: bool
) -> None:
    with start_transaction(name="root") as t:
        t.set_status(given)

    expected = status if static else "ok" if status == "ok" else "error"
    assert sentry_events.transactions.find("root").status == expected


@pytest.mark.parametrize("given", ["not-found", "", None, True, 42, object(), "x" * 1000])
def test_an_unknown_status_is_repaired_and_logged(
    sentry_events: SentryEvents, given: Any, records: list[logging.LogRecord], static: bool
) -> None:
    with start_transaction(name="root") as t:
        t.set_status(given)

    assert sentry_events.transactions.find("root").status == ("unknown" if static else "error")
    assert len(records) == 1


def test_a_transaction_without_a_status_is_ok(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root"):
        pass

    assert sentry_events.transactions.find("root").status == "ok"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("x" * 201, "x" * 197 + "..."),
        ("  blanks  ", "blanks"),
        ("two\nlines", "two lines"),
        ("\ud800", "\\ud800"),
        (42, "42"),
        (b"bytes", "bytes"),
    ],
)
def test_a_name_arrives_as_sentry_keeps_it(sentry_events: SentryEvents, name: Any, sent: str) -> None:
    with start_transaction(name=name, op="o" * 129):
        pass

    transaction = sentry_events.transactions.find(sent)
    assert transaction.op == "o" * 125 + "..."


def test_hostile_data_is_rendered(sentry_events: SentryEvents) -> None:
    cyclic: dict[str, Any] = {}
    cyclic["self"] = cyclic
    with start_transaction(name="root", data={"nan": float("nan"), "cyclic": cyclic, "big": 2**100}) as t:
        t.set_data("surrogate", "\ud800")
        t.set_data("set", {1})

    data = sentry_events.transactions.find("root").tree.data
    assert (data["nan"], data["big"], data["surrogate"], data["set"]) == (
        "nan",
        str(2**100),
        "\\ud800",
        "{1}",
    )


def test_setting_after_the_finish_is_harmless(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root")
    finish_transaction(t)
    t.set_tag("a", 1)
    t.set_data("b", 2)
    t.set_status("ok")
    t.name = "late"

    assert "a" not in sentry_events.transactions.find("root").tags


def test_release_of_one_transaction_is_its_field(sentry_events: SentryEvents, static: bool) -> None:
    with start_transaction(name="root", tags={"release": "7.0", "environment": "canary"}):
        pass

    transaction = sentry_events.transactions.find("root")
    assert (transaction.release, transaction.environment) == ("7.0", "canary")


def test_a_handle_has_a_short_repr(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root") as t:
        assert repr(t) == f"<Handle 'root' trace_id={t.trace_id} span_id={t.span_id}>"
