"""Snapshots: the same on every run and machine, for the same events and trees."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.model import Contents, masking
from pytest_sentryintegration.model.masking import Masks
from tests.model.sent import Sender, container, event, item, ops, span, streamed, transaction


def a_run(seed: int) -> Contents:
    """Return what one run of the same program sends: ids, times, machine and build differ from run to run."""
    trace, *spans = (uuid.UUID(int=seed * 100 + n + 2**120).hex for n in range(5))
    ids = [one[-16:] for one in spans]
    machine = {"release": f"{seed}.2.3", "server_name": f"web-{seed}", "modules": {"a": f"{seed}.0.0"}}
    context = {"trace": {"trace_id": trace, "span_id": ids[1]}, "runtime": {"version": f"3.{seed}.1"}}
    sender = Sender()
    sender.send(
        item(
            "event",
            {
                "event_id": uuid.UUID(int=seed).hex,
                "message": f"failed in {trace} at 2024-01-0{seed}T00:00:00Z on localhost:{seed}000",
                "timestamp": float(seed),
                "tags": {"graph": "g1", "request": uuid.UUID(int=seed + 7).hex},
                "extra": {"sys.argv": [str(seed)], "file": f"/tmp/pytest-{seed}/out.json", "b": 1, "a": 2},
                "contexts": context,
                "sdk": {"version": f"2.{seed}.0"},
                **machine,
            },
        ),
        item("attachment", f"at {trace}".encode(), filename="log.txt"),
    )
    root = {"trace_id": trace, "span_id": ids[0]}
    child = {
        **span(ids[1], ids[0], start=100.0 + seed / 1000),
        "trace_id": trace,
        "op": "db",
        "data": {"thread.id": seed},
    }
    return sender.send(item("transaction", transaction(child, trace=root, **machine)))


def test_two_runs_of_the_same_program_have_the_same_snapshot() -> None:
    assert a_run(3).snapshot() == a_run(5).snapshot()
    assert json.dumps(a_run(3).snapshot()) == json.dumps(a_run(5).snapshot())


def test_the_order_in_which_envelopes_came_makes_no_difference() -> None:
    trace = "d1" * 16
    envelopes = [
        item("event", {"message": "first", "timestamp": 1.0}),
        item("event", {"message": "second", "timestamp": "1970-01-01T00:00:02Z"}),
        item("transaction", transaction(transaction="outer", start_timestamp=1.0, timestamp=4.0)),
        item("transaction", transaction(transaction="inner", start_timestamp=2.0, timestamp=3.0)),
        container("log", {"body": "a", "timestamp": 1.0, "trace_id": trace}),
        container("log", {"body": "b", "timestamp": 2.0, "trace_id": trace}),
        container("trace_metric", {"name": "x", "type": "counter", "value": 1, "timestamp": 1.0}),
        container("trace_metric", {"name": "y", "type": "counter", "value": 1, "timestamp": 2.0}),
    ]
    ordered, reversed_ = Sender(), Sender()

    for one, other in zip(envelopes, reversed(envelopes), strict=True):
        first, second = ordered.send(one), reversed_.send(other)

    assert first.snapshot() == second.snapshot()
    names = [(noun, len(shown)) for noun, shown in first.snapshot().items()]
    assert names == [("events", 2), ("transactions", 2), ("logs", 2), ("metrics", 2)]


def test_the_inbox_is_shown_by_noun_with_numbered_ids() -> None:
    assert a_run(3).snapshot() == {
        "events": [
            {
                "id": "event-1",
                "trace_id": "trace-1",
                "span_id": "span-1",
                "level": "error",
                "message": "failed in trace-1 at <time> on <host>",
                "tags": {"graph": "g1", "request": "id-1"},
                "extra": {"a": 2, "b": 1, "file": "<path>/out.json"},
                "attachments": [{"content": "at trace-1", "filename": "log.txt"}],
            }
        ],
        "transactions": [
            {
                "trace_id": "trace-1",
                "name": "checkout",
                "tree": {
                    "span_id": "span-2",
                    "op": "task",
                    "description": "checkout",
                    "children": [{"span_id": "span-1", "op": "db"}],
                },
            }
        ],
    }


def test_an_event_has_a_snapshot_of_its_own() -> None:
    fields: dict[str, Any] = {
        "level": "warning",
        "exception": [
            {"type": "E", "value": "bad", "module": "m", "mechanism": {"type": "django", "handled": False}}
        ],
        "breadcrumbs": [{"message": "q", "timestamp": 5}],
        "user": {"id": 1},
        "contexts": {
            "shop": {"cart": 3},
            "runtime": {"name": "CPython"},
            "flags": {"values": [{"flag": "f", "result": True}]},
        },
    }

    assert event(fields).snapshot() == {
        "level": "warning",
        "exceptions": [{"handled": False, "module": "m", "type": "E", "value": "bad"}],
        "user": {"id": 1},
        "contexts": {"shop": {"cart": 3}},
        "flags": {"f": True},
        "breadcrumbs": [{"level": "info", "message": "q"}],
    }


def test_other_nouns_are_shown_too() -> None:
    contents = Sender().send(
        container(
            "log", {"body": "slow", "level": "warn", "attributes": {"rows": {"value": 3, "type": "integer"}}}
        ),
        container("trace_metric", {"name": "cart", "type": "counter", "value": 2}),
        item("check_in", {"monitor_slug": "nightly", "status": "ok", "check_in_id": "a" * 32, "duration": 3}),
        item("feedback", {"contexts": {"feedback": {"message": "broken"}}}),
        item("session", {"sid": "b" * 32, "status": "ok"}),
        item("client_report", {"discarded_events": [{"reason": "r", "category": "error", "quantity": 2}]}),
        item("client_report", {"discarded_events": [{"reason": "r", "category": "error", "quantity": 1}]}),
        item("attachment", b"\xff\x00", filename="x.bin"),
        container("span", streamed("lost", "gone")),
    )

    assert contents.snapshot() == {
        "orphans": [{"span_id": "span-1", "op": "lost", "status": "ok"}],
        "attachments": [{"filename": "x.bin", "content": "2 bytes"}],
        "logs": [{"level": "warn", "body": "slow", "attributes": {"rows": 3}}],
        "metrics": [{"type": "counter", "name": "cart", "value": 2}],
        "check_ins": [{"id": "check-in-1", "monitor_slug": "nightly", "status": "ok"}],
        "feedback": [{"message": "broken"}],
        "sessions": [{"id": "session-1", "status": "ok", "errors": 0}],
        "discarded": [{"reason": "r", "category": "error", "quantity": 3}],
    }


def test_a_tree_deeper_than_40_tells_how_many_are_left_out() -> None:
    names = ["root", *(f"s{n}" for n in range(60))]
    spans = [span(name, parent) for parent, name in pairwise(names)]
    shown = Sender().send(item("transaction", transaction(*spans))).transactions[0].snapshot()["tree"]

    depth = 1
    while "children" in shown:
        (shown,), depth = shown["children"], depth + 1

    assert (depth, shown["left_out"]) == (40, 21)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("plain text, 1.5 s, v2", "plain text, 1.5 s, v2"),
        ("GET /api/users/5 200", "GET /api/users/5 200"),
        ("2024-05-06 07:08:09,123 and 2024-05-06T07:08:09.5+02:00", "<time> and <time>"),
        ("<obj at 0x7f3a2b4c5d6e>", "<obj at <address>>"),
        (
            "http://127.0.0.1:8000/a and http://[::1]:80/ and 10.1.2.3",
            "http://<host>/a and http://<host>/ and <host>",
        ),
        ("python 3.11.7, sdk/2.75.0 3.0.0b2", "python <version>, sdk/<version> <version>"),
        (r"C:\Users\me\shop\pay.py", "<path>/pay.py"),
        ('File "/home/me/shop/pay.py", line 7', 'File "<path>/pay.py", line 7'),
        (f"{Path.cwd()}/shop/pay.py", "<path>/pay.py"),
        ("5a3c0f5e-1b2d-4e6f-8a9b-0c1d2e3f4a5b", "id-1"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_varies_in_texts_is_masked(text: str, masked: str) -> None:
    assert Masks().text(text) == masked


@pytest.fixture
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    masking._pattern.cache_clear()
    monkeypatch.setattr(platform, "node", lambda: request.param)
    yield
    masking._pattern.cache_clear()


@pytest.mark.parametrize("host", ["build-7.example"], indirect=True)
@pytest.mark.usefixtures("host")
def test_the_name_of_this_host_is_masked() -> None:
    assert Masks().text("on build-7.example!") == "on <host>!"


@pytest.mark.parametrize("host", ["db"], indirect=True)
@pytest.mark.usefixtures("host")
def test_a_short_name_of_this_host_is_not_masked_as_it_may_be_any_word() -> None:
    assert Masks().text("SELECT in db") == "SELECT in db"


def test_values_that_are_no_json_and_too_deep_ones_are_replaced() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]

    shown = Masks().value({"b": float("nan"), "a": deep, "thread.id": 5, "server.port": 80})

    assert list(shown) == ["a", "b"]
    assert shown["b"] == "nan"
    assert json.dumps(shown["a"]).count("[") == 39


def test_a_snapshot_of_both_reaches_numbers_the_same_way() -> None:
    contents = Sender().send(container("span", streamed("root"), streamed("nested", "root", is_segment=True)))

    assert ops(contents.transactions) == ["root", "nested"]
    assert contents.transactions[1].snapshot()["parent_span_id"] == "span-1"
    assert contents.traces[0].tree.snapshot()["children"] == [
        {"span_id": "span-2", "op": "nested", "status": "ok"}
    ]
