"""axe-core objects to nothing in any view or state of the page, light or dark, seen by one browser."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.report.blocks import Limits
from pytest_sentryintegration.report.building import build
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from tests.clients import shop
from tests.clients.conftest import chromium, missing, node
from tests.clients.driving import VIEWER
from tests.clients.test_report_page import ERROR, FAILURE, MISS, TRANSACTION
from tests.clients.test_viewer import send
from tests.report.pages import envelope, sent, write_dump

pytestmark = pytest.mark.clients

NOUNS = (
    "error", "message", "transaction", "log", "metric", "check-in", "feedback", "session", "lost",
    "attachment", "refused", "item",
)  # fmt: skip
KEYS = {
    "transaction": "1:transactions:0",
    "error": "5:errors:0",
    "attachment, image": "5:attachments:0",
    "attachment, text": "5:attachments:4",
    "message": "6:messages:0",
    "log": "7:logs:0",
    "metric": "8:metrics:0",
    "check-in": "9:check_ins:0",
    "session": "10:sessions:0",
    "feedback": "11:feedback:0",
    "lost": "12:client_reports:0",
    "item": "13:items:0",
    "refused": "14:refused:0",
}
TRACE = f"#open=trace:{shop.TRACE}"
ERROR_OPEN = "#open=entry:5:errors:0"
# A name, the server (or the report), what the address ends with, and a state of `viewer/test/axe.mjs`.
VIEWS = [
    ("list", "shop", "", ""),
    ("list by test", "shop", "#by=test", ""),
    *((f"table of {word}", "shop", f"#q=noun:{word}", "") for word in NOUNS),
    *((f"{name} open", "shop", f"#open=entry:{key}", "") for name, key in KEYS.items()),
    ("error with everything unfolded", "shop", ERROR_OPEN, "unfolded"),
    ("refused request unfolded", "shop", f"#open=entry:{KEYS['refused']}", "unfolded"),
    ("trace", "shop", TRACE, ""),
    ("trace with a span", "shop", f"{TRACE}:{6:016x}", ""),
    ("trace that is not complete", "shop", f"#open=trace:{shop.BROKEN}:{'f' * 16}", ""),
    ("trace that is gone", "shop", f"#open=trace:{'0' * 32}", ""),
    ("nothing passes the filter", "shop", "#q=zzz", ""),
    ("mistaken filter", "shop", "#q=levle:error", ""),
    ("entry that is gone", "shop", "#open=entry:99:errors:0", ""),
    ("help", "shop", "", "help"),
    ("paused", "shop", "", "paused"),
    ("list on a telephone", "shop", "", "narrow"),
    ("error on a telephone", "shop", ERROR_OPEN, "narrow"),
    ("trace on a telephone", "shop", f"{TRACE}:{6:016x}", "narrow"),
    ("error printed", "shop", ERROR_OPEN, "printed"),
    ("empty", "empty", "", ""),
    ("evicted", "evicted", "", ""),
    ("evicted entry", "evicted", "#open=entry:1:messages:0", ""),
    ("connecting", "shop", "", "connecting"),
    ("loading an entry", "shop", ERROR_OPEN, "loading an entry"),
    ("loading a trace", "shop", TRACE, "loading a trace"),
    ("connection lost", "shop", "", "connection lost"),
    ("refused by the server", "shop", "", "refused"),
    ("server started anew", "shop", "", "restarted"),
    ("report", "report", "#q=", ""),
    *((f"report, test {place} open", "report", f"#open=test:{place}", "") for place in range(5)),
    ("report, failed test unfolded", "report", "#open=test:1", "unfolded"),
    ("report, error open", "report", "#open=entry:1:errors:0", ""),
    ("report, error unfolded", "report", "#open=entry:1:errors:0", "unfolded"),
    ("report, trace", "report", f"#open=trace:{'a' * 32}", ""),
    ("report, all that was sent", "report", "#by=all", ""),
    ("report, nothing passes the filter", "report", "#q=zzz", ""),
    ("report, nothing there", "report", "#open=entry:99:errors:0", ""),
    ("report, help", "report", "", "help"),
    ("report on a telephone", "report", "", "narrow"),
    ("report, test on a telephone", "report", "#open=test:1", "narrow"),
    ("report, test printed", "report", "#open=test:1", "printed"),
    ("report that lacks something", "lacking", "", "unfolded"),
    ("report, entry that was left out", "lacking", "#open=entry:1:messages:0", ""),
    ("report without tests", "nothing", "", ""),
    ("report that is damaged", "damaged", "", ""),
]


def reports(folder: Path) -> dict[str, str]:
    """Write reports that have everything, too little room, nothing, and damage; return where."""
    files = {"1.envelope": envelope(ERROR), "2.envelope": envelope(TRANSACTION, "transaction")}
    failed = {"outcome": "failed", "failure": FAILURE, "nearest": [MISS], "duration": 0.1}
    tests: list[dict[str, Any]] = [
        {"test": "test_broken.py", "outcome": "collection error", "failure": "E   ImportError: no shop"},
        {"test": "test_a.py::test_pays", **failed, "sent": [sent("1.envelope"), sent("2.envelope", 2)]},
        {"test": "test_a.py::test_error", "outcome": "error", "failure": "E  x", "reasons": ["No client."]},
        {"test": "test_a.py::test_killed", "outcome": "running"},
        {"test": "test_a.py::test_passes", "outcome": "passed"},
        {"test": "test_a.py::test_twice", "outcome": "rerun"},
        {"test": "test_a.py::test_skipped", "outcome": "skipped"},
    ]
    whole = build([write_dump(folder / "whole", tests, files)])[0]
    long = {"1.envelope": envelope({"message": "long", "extra": {"a": "b" * 5000}})}
    few: list[dict[str, Any]] = [
        {"test": "test_a", "outcome": "passed", "sent": [sent("1.envelope"), sent("gone.envelope")]}
    ]
    lacking = build([write_dump(folder / "lacking", few, long)], limits=Limits(one=100))[0]
    (folder / "none").mkdir()
    pages = {"report": whole, "lacking": lacking, "nothing": build([folder / "none"])[0]}
    pages["damaged"] = whole.replace(b'id="report-head">H4', b'id="report-head">xx')
    for name, page in pages.items():
        (folder / f"{name}.html").write_bytes(page)
    return {name: (folder / f"{name}.html").as_uri() for name in pages}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    if not (VIEWER / "node_modules").is_dir():
        missing("axe-core")
    with FakeSentry(web=Web) as full, FakeSentry(web=Web) as empty, FakeSentry(web=Web, limit=3) as evicted:
        shop.send_a_shop(full)
        for number in range(8):
            send(evicted, "event", {"message": f"number {number}"})
        places = {"shop": f"{full.url}/", "empty": f"{empty.url}/", "evicted": f"{evicted.url}/"}
        places |= reports(tmp_path_factory.mktemp("reports"))
        views = [
            {"name": name, "url": places[where], "hash": hash, "state": state}
            for name, where, hash, state in VIEWS
        ]
        command = [node(), str(VIEWER / "test" / "axe.mjs"), chromium(), json.dumps(views)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        yield json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(700)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [name for name, *_ in VIEWS])
def test_axe_objects_to_nothing(found: dict[str, list[str]], view: str, scheme: str) -> None:
    assert found[f"{view}, {scheme}"] == []
