from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.conftest import Api

TRACE = "a" * 32


def transaction(name: str, spans: int = 0, **trace: Any) -> tuple[str, dict[str, Any]]:
    context = {"trace_id": TRACE, "span_id": f"{16:016x}", "op": "http.server", **trace}
    below = [
        {
            "trace_id": TRACE,
            "span_id": f"{number:016x}",
            "parent_span_id": f"{number - 1:016x}",
            "op": "db",
            "start_timestamp": number,
            "timestamp": number + 1,
        }
        for number in range(17, spans + 17)
    ]
    fields = {"transaction": name, "contexts": {"trace": context}, "spans": below}
    return "transaction", {"type": "transaction", "start_timestamp": 0, "timestamp": 1, **fields}


def test_the_bytes_of_an_envelope_are_those_that_were_sent(api: Api) -> None:
    api.send(("event", {"message": "one"}), event_id="c" * 32)

    answer = api.get("/api/captured/envelopes/1")

    header, item, payload = answer.body.rstrip(b"\n").split(b"\n")
    assert json.loads(header) == {"event_id": "c" * 32}
    assert json.loads(item)["type"] == "event"
    assert json.loads(payload) == {"message": "one"}
    assert answer.headers["content-disposition"] == 'attachment; filename="1.envelope"'


def test_a_file_for_an_event_that_was_sent_before_names_it(api: Api) -> None:
    event_id = "6c2d5c16f9c046ca8cf6fc3ebadec922"
    form = {"content-type": "multipart/form-data; boundary=X"}
    head = b'--X\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n\r\n'
    path = f"/api/1/events/{event_id.upper()}/attachments/?sentry_key=public"
    assert api.sentry.receive(path, form, head + b"ok\r\n--X--\r\n").status == 201
    api.send(("transaction", {}), ("attachment", b"x", {"filename": "b.txt"}), event_id=event_id)

    events = [item["event"] for item in api.get("/api/captured/attachments").json["items"]]
    assert events == [event_id, None]


def test_an_attachment_is_a_download_that_runs_nothing(api: Api) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    name = 'evil"\r\nx-evil: 1\r\n/../../a.svg'
    api.send(("event", {}), ("attachment", svg, {"filename": name, "content_type": "image/svg+xml"}))
    item = api.get("/api/captured/attachments").json["items"][0]

    answer = api.get(item["path"])

    assert item["filename"] == name
    assert answer.body == svg
    assert {
        header: answer.headers[header] for header in answer.headers if header not in ("server", "vary")
    } == {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "content-type": "application/octet-stream",
        "content-disposition": 'attachment; filename="attachment-1-1"',
        "content-security-policy": "default-src 'none'; sandbox",
    }


def test_the_only_attachment_of_an_envelope_goes_by_its_number(api: Api) -> None:
    api.send(("event", {}), ("attachment", b"one", {"filename": "a.txt"}))
    api.send(("event", {}), ("attachment", b"x", {"filename": "b"}), ("attachment", b"y", {"filename": "c"}))

    assert api.get("/api/captured/attachments/1").body == b"one"
    several = api.get("/api/captured/attachments/2")
    assert (several.status, several.error) == (400, "envelope 2 has 2 attachments: ask for 2-1, 2-2")
    assert api.get("/api/captured/attachments/3").status == 404


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("image/png", "image/png"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("TEXT/PLAIN; charset=utf-7", "text/plain; charset=utf-8"),
        ("text/html", "application/octet-stream"),
        ("image/png\r\nx-evil: 1", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_only_types_that_run_nothing_are_kept(api: Api, sent: str | None, answered: str) -> None:
    api.send(("attachment", b"x", {"filename": "a", "content_type": sent}))

    assert api.get("/api/captured/attachments/1-0").headers["content-type"] == answered


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("envelopes/9", 404, "there is no envelope 9: it was evicted, refused, or never came"),
        ("envelopes/0", 404, "there is no envelope 0"),
        ("envelopes/one", 400, "expected a number, such as 17, got 'one'"),
        ("envelopes/-1", 400, "expected a number, such as 17, got '-1'"),
        (f"envelopes/{'9' * 5000}", 400, "expected a number, such as 17, got '99"),
        ("attachments/1", 404, "there is no attachment 1: it was evicted, or never came"),
        ("attachments/one", 400, "expected a number, such as 17, got 'one'"),
        ("attachments/1-x", 400, "expected the number of an envelope and a place, such as 17-1, got '1-x'"),
        ("attachments/1-7", 404, "there is no attachment 1-7: it was evicted, or never came"),
        ("traces/abc/tree", 404, "there is no trace 'abc' among the 0 that came"),
    ],
)
def test_what_is_not_there_is_said(api: Api, path: str, status: int, error: str) -> None:
    api.message("one")

    answer = api.get(f"/api/captured/{path}")

    assert (answer.status, answer.error.startswith(error)) == (status, True)


def test_a_tree_is_drawn(api: Api) -> None:
    api.send(transaction("checkout", spans=2))

    answer = api.get(f"/api/captured/traces/{TRACE}/tree")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert [line.split()[:2] for line in answer.body.decode().splitlines()] == [
        ["http.server", "checkout"],
        ["└─", "db"],
        ["└─", "db"],
    ]


def test_a_tree_is_nested_where_json_is_asked_for(api: Api) -> None:
    api.send(transaction("checkout", spans=2))

    answer = api.get(f"/api/captured/traces/{TRACE}/tree", accept="application/json")

    def shown(span: dict[str, Any]) -> list[Any]:
        return [span["op"], *map(shown, span["children"])]

    assert [shown(root) for root in answer.json] == [["http.server", ["db", ["db"]]]]


@pytest.mark.uncounted
def test_a_tree_of_5000_levels_is_written(api: Api) -> None:
    api.send(transaction("checkout", spans=5000))

    body = api.get(f"/api/captured/traces/{TRACE}/tree", accept="application/json").body

    assert body.count(b'"children":[') == body.count(b"]}") == 5001


def test_a_trace_of_several_roots_has_several_trees(api: Api) -> None:
    api.send(transaction("one"))
    api.send(transaction("two", span_id="f" * 16, parent_span_id="e" * 16))

    body = api.get(f"/api/captured/traces/{TRACE.upper()}/tree").body.decode()

    assert [tree.split()[1] for tree in body.split("\n\n")] == ["one", "two"]
