"""Bytes and JSON of any kind in items of any type: everything else is still read."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_sentryintegration.model import Contents
from tests.model.sent import TRACE, Sender, item, received

pytestmark = pytest.mark.uncounted

KINDS = [
    *(
        "event",
        "transaction",
        "span",
        "log",
        "trace_metric",
        "check_in",
        "session",
        "sessions",
        "client_report",
    ),
    *("feedback", "user_report", "attachment", "integration", "raw_security", "profile", "unknown"),
]
NOUNS = [
    *("events", "messages", "errors", "transactions", "spans", "traces", "attachments", "logs", "metrics"),
    *("check_ins", "feedback", "sessions", "client_reports", "envelopes", "items", "refused"),
]
KEYS = [
    *("message", "logentry", "formatted", "params", "level", "tags", "user", "extra", "contexts", "trace"),
    *("trace_id", "span_id", "parent_span_id", "op", "breadcrumbs", "values", "exception", "stacktrace"),
    *("frames", "vars", "type", "value", "mechanism", "handled", "flags", "flag", "fingerprint", "spans"),
    *("data", "timestamp", "start_timestamp", "end_timestamp", "items", "attributes", "is_segment", "name"),
    *("status", "sentry.op", "aggregates", "exited", "discarded_events", "reason", "quantity", "feedback"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([TRACE, "root", "2024-01-01"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner)
    ),
    max_leaves=25,
)
PAYLOADS = st.binary() | JSON.map(lambda value: json.dumps(value).encode())


def _is_strict(value: Any) -> bool:
    """Return whether the value may stand in headers: the wire refuses others."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def read_everything(contents: Contents) -> None:
    """Look at each public attribute of each object, and draw and take a snapshot of what can be."""
    for noun in NOUNS:
        for made in getattr(contents, noun):
            assert repr(made)
            for name in dir(made):
                if not name.startswith("_") and name not in ("json", "tree", "verdict"):
                    getattr(made, name)
            if noun in ("transactions", "spans"):
                assert str(made if noun == "spans" else made.tree)
    assert json.dumps(contents.snapshot())


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(KINDS), PAYLOADS), max_size=5))
def test_reading_never_fails(sent: list[tuple[str, bytes]]) -> None:
    contents = received(
        *(item(kind, payload) for kind, payload in sent), item("event", {"message": "the last"})
    )

    read_everything(contents)

    assert contents.events[-1].message == "the last"
    assert [part.payload for part in contents.items][:-1] == [payload for _, payload in sent]


@settings(max_examples=50)
@given(st.sampled_from(KINDS), st.dictionaries(st.text(), JSON).filter(_is_strict))
def test_headers_of_any_type_are_read(kind: str, headers: dict[str, Any]) -> None:
    contents = received(item(kind, {"message": "x"}, **{"filename": headers, **headers}), headers=headers)

    read_everything(contents)


def test_deeply_nested_values_are_read_as_far_as_they_go() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"values": [deep]}
    fields = ["message", "tags", "extra", "exception", "breadcrumbs", "contexts", "spans"]

    contents = received(
        *(item(kind, dict.fromkeys(fields, deep)) for kind in ("event", "transaction", "span"))
    )

    read_everything(contents)


def test_threads_may_read_while_others_update() -> None:
    sender = Sender()
    failures: list[BaseException] = []
    sent = [item("event", {"message": "x"}), item("span", {"items": [{"trace_id": TRACE, "span_id": "a"}]})]

    def work(send: bool) -> None:
        try:
            for _ in range(60):
                with lock:
                    if send:
                        sender.send(*sent)
                sender.contents.update()
                counted = len(sender.contents.events)  # and more may come at any moment
                assert counted <= len(list(sender.contents.events)) <= 60
                assert all(trace.spans for trace in sender.contents.traces)
        except BaseException as error:
            failures.append(error)

    lock = threading.Lock()
    threads = [threading.Thread(target=work, args=(number == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert (len(sender.contents.events), len(sender.contents.spans)) == (60, 60)
