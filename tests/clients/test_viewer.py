"""The viewer in headless Chromium."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from pytest_sentryintegration.web.page import PAGE
from tests.clients.conftest import chromium, missing, node

pytestmark = pytest.mark.clients

VIEWER = Path(__file__).parents[2] / "viewer"
TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16}
HOSTILE = (
    "<img src=x onerror='globalThis.ran=1'>",
    "</script><script>globalThis.ran=1</script>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "javascript:globalThis.ran=1",
    "\u202egnp.exe\u202c <b>",
    "\x00\x1b[31m\x07\r\n\t",
    "x" * 1_000_000,
    "{{constructor.constructor('globalThis.ran=1')()}} ${globalThis.ran=1}",
    '"><svg onload=globalThis.ran=1>',
    "\ud800 \ufffe &lt;script&gt;",
)


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as sentry:
        yield sentry


def see(sentry: FakeSentry, scenario: str, argument: str = "") -> Any:
    """Do what a scenario says in the browser, and return what was seen."""
    if not (VIEWER / "node_modules").is_dir():
        missing("playwright-core")
    program = chromium()
    command = [node(), str(VIEWER / "test" / "drive.mjs"), program, sentry.url, scenario, argument]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def send(sentry: FakeSentry, kind: str, payload: dict[str, Any]) -> None:
    lines = [b"{}", json.dumps({"type": kind}).encode(), json.dumps(payload).encode()]
    sentry.receive(f"/api/1/envelope/?sentry_key={'a' * 32}", {}, b"\n".join(lines))


def send_a_shop(sentry: FakeSentry) -> None:
    frame = {"filename": "shop.py", "function": "pay", "lineno": 7, "context_line": "raise CardError(card)"}
    stack = {"frames": [{"filename": "lib.py", "in_app": False}, {**frame, "in_app": True}]}
    error = {"type": "CardError", "value": "declined", "stacktrace": stack}
    send(sentry, "event", {"exception": {"values": [error]}, "contexts": {"trace": TRACE}})
    send(sentry, "event", {"message": "slow", "tags": {"graph": "g1"}})
    send(sentry, "event", {"message": "other", "tags": {"graph": "g2"}})
    span = {"trace_id": "a" * 32, "span_id": "c" * 16, "parent_span_id": "b" * 16, "op": "db"}
    times = {"start_timestamp": 1_000_000_000.0, "timestamp": 1_000_000_001.0}
    root = {"type": "transaction", "transaction": "checkout", "contexts": {"trace": {**TRACE, "op": "http"}}}
    send(sentry, "transaction", {**root, **times, "tags": {"graph": "g1"}, "spans": [{**span, **times}]})


def test_what_comes_is_shown_as_it_comes_and_nothing_is_loaded_from_elsewhere(sentry: FakeSentry) -> None:
    assert see(sentry, "arrival") == {"labels": ["second", "first"], "said": [], "elsewhere": []}


def test_the_filter_is_kept_in_the_url(sentry: FakeSentry) -> None:
    send_a_shop(sentry)

    assert see(sentry, "filter") == {
        "labels": ["slow"],
        "hash": "#q=tag:graph=g1+-noun:transaction",
        "again": ["slow"],
    }


def test_the_keyboard_leads_from_the_list_to_the_line_and_to_the_trace(sentry: FakeSentry) -> None:
    send_a_shop(sentry)

    assert see(sentry, "keyboard") == {
        "line": "raise CardError(card)",
        "spans": ["project 1 http checkout", "db"],
        "said": [],
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_shown_and_never_run(sentry: FakeSentry, text: str) -> None:
    frame = {"filename": text, "function": text, "context_line": text, "vars": {text[:100]: text}}
    fields = {
        "tags": {text[:100]: text[:200]},
        "extra": {"a": text},
        "user": {"id": text},
        "release": text[:200],
    }
    error = {"type": text, "value": text, "stacktrace": {"frames": [frame]}}
    crumb = {"message": text, "category": text}
    send(sentry, "event", {"message": text, **fields, "breadcrumbs": [crumb]})
    send(sentry, "event", {"exception": {"values": [error]}, "request": {"url": text, "data": text}})

    seen = see(sentry, "hostile")

    assert seen == {"count": seen["count"], "said": [], "ran": None, "images": 0}
    assert seen["count"] >= 2


def test_where_the_page_escaped_nothing_the_policy_still_holds(sentry: FakeSentry) -> None:
    assert see(sentry, "policy", "".join(HOSTILE[:3])) == {"ran": None}


def test_a_pause_holds_back_what_comes(sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "before"})

    assert see(sentry, "pause") == {"during": ["before"], "after": ["held back", "before"]}


def test_axe_finds_no_fault_in_any_view(sentry: FakeSentry) -> None:
    send_a_shop(sentry)
    views = {
        "list": "",
        "entry": "#open=entry:1:errors:0",
        "trace": f"#open=trace:{'a' * 32}",
        "nothing": "#q=zzz",
    }

    found = see(sentry, "accessible", json.dumps(views))

    assert {view: faults for view, faults in found.items() if faults} == {}
    assert len(found) == 8


def test_of_ten_thousand_only_what_is_seen_is_drawn(sentry: FakeSentry) -> None:
    for number in range(10_000):
        send(sentry, "event", {"message": f"number {number}"})

    seen = see(sentry, "many", "number 9901")

    # Not the bars, which are for a machine that does nothing else: far from waiting for all of them.
    assert seen["drawn"] < 100
    assert (seen["listed"] < 5000, seen["filtered"] < 2000) == (True, True), seen


def test_the_page_is_built_again_to_the_same_bytes(tmp_path: Path) -> None:
    if not (VIEWER / "node_modules").is_dir():
        missing("esbuild")
    target = tmp_path / "viewer.html"

    subprocess.run([node(), "build.mjs", target.as_uri()], cwd=VIEWER, check=True, timeout=60)

    assert target.read_bytes() == PAGE.read_bytes()
