"""A report that is opened from the disk, in headless Chromium."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.report.building import build
from tests.clients import driving
from tests.clients.conftest import chromium, missing, node
from tests.clients.driving import VIEWER
from tests.clients.test_viewer import HOSTILE
from tests.report.pages import envelope, sent, write_dump

pytestmark = pytest.mark.clients

DOCS = Path(__file__).parents[2] / "docs"
SHOP = DOCS / "shop-report.html"
TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "http.server"}
FRAME = {
    "filename": "shop.py",
    "function": "pay",
    "lineno": 7,
    "context_line": "raise CardError(card)",
    "in_app": True,
}
ERROR = {
    "exception": {"values": [{"type": "CardError", "value": "declined", "stacktrace": {"frames": [FRAME]}}]},
    "contexts": {"trace": TRACE},
}
TIMES = {"start_timestamp": 1_795_694_400.0, "timestamp": 1_795_694_401.0}
TRANSACTION = {"type": "transaction", "transaction": "checkout", "contexts": {"trace": TRACE}, **TIMES}
FAILURE = "    def test_pays():\nE       AssertionError: Expected one error\n\ntest_shop.py:3: AssertionError"
MISS = {
    "number": 1,
    "label": "CardError: 'declined'",
    "differences": [{"path": "level", "expected": "'fatal'", "got": "'error'", "text": ""}],
}


def see(report: Path, scenario: str, argument: str = "") -> Any:
    """Do what a scenario says in the browser, and return what was seen."""
    return driving.see("report.mjs", report.as_uri(), scenario, argument)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    files = {"1.envelope": envelope(ERROR), "2.envelope": envelope(TRANSACTION, "transaction")}
    failed = {"outcome": "failed", "failure": FAILURE, "nearest": [MISS], "duration": 0.1}
    tests: list[dict[str, Any]] = [
        {"test": "test_shop.py::test_looks", "outcome": "passed"},
        {"test": "test_shop.py::test_pays", **failed, "sent": [sent("1.envelope"), sent("2.envelope", 2)]},
    ]
    return written(write_dump(tmp_path / "dump", tests, files))


def written(dump: Path) -> Path:
    target = dump.parent / "report.html"
    target.write_bytes(build([dump])[0])
    return target


def test_from_opening_the_file_to_the_line_that_sent_the_nearest_miss_it_is_one_more_action() -> None:
    # The walk of docs/report.md: open the file, press the nearest miss, and `t` for its trace.
    seen = see(SHOP, "walk", "Payment declined: {declined.reason}")

    assert seen == {
        "test": ["demo_failing.py::test_a_declined_payment_is_an_error"],
        "differs": ["level'error''warning'", "tags.product'teapot''samovar'"],
        "traces": ["buy · http.server 262 ms 95a0cb66"],
        "line": True,
        "source": "capture_message(",
        "services": True,
        "said": [],
        "elsewhere": [],
    }


def test_the_pictures_of_the_documentation_are_made_by_a_command(tmp_path: Path) -> None:
    if not (VIEWER / "node_modules").is_dir():
        missing("playwright-core")
    command = [node(), str(VIEWER / "test" / "pictures.mjs"), chromium(), str(tmp_path)]

    subprocess.run(command, check=True, timeout=110)

    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (DOCS / "pictures").iterdir()}


def test_what_a_failed_test_sent_can_be_read_as_it_was_sent(report: Path) -> None:
    seen = see(report, "bytes", "#open=entry:1:errors:0")

    assert seen == {"begins": '{"sent_at":', "downloaded": True, "said": []}


def test_what_could_not_be_collected_is_the_first_and_open(tmp_path: Path) -> None:
    tests = [
        {"test": "test_a.py::test_a", "outcome": "failed", "failure": "E  x"},
        {"test": "test_b.py", "outcome": "collection error", "failure": "E   ImportError: no shop"},
    ]

    seen = see(written(write_dump(tmp_path / "dump", tests)), "tests", "status:collection")

    assert seen == {"names": ["test_b.py", "test_a test_a.py"], "kept": ["test_b.py"], "said": []}


def test_failed_tests_are_listed_first_and_the_filter_keeps_some(report: Path) -> None:
    assert see(report, "tests", "noun:transaction") == {
        "names": ["test_pays test_shop.py", "test_looks test_shop.py"],
        "kept": ["test_pays test_shop.py"],
        "said": [],
    }


def test_all_that_was_sent_is_listed_newest_first_and_a_long_miss_makes_nothing_wide(tmp_path: Path) -> None:
    long = "x" * 3000
    files = {f"{number}.envelope": envelope({"message": f"{number} {long}"}) for number in (1, 2, 3)}
    seconds = {1: "03", 2: "01", 3: "02"}
    miss = {"number": 9, "label": long, "differences": []}
    tests = [
        {
            "test": f"test_{number}",
            "outcome": "failed",
            "nearest": [miss],
            "sent": [{**sent(name, number), "received": f"2026-11-26T12:00:{seconds[number]}+00:00"}],
        }
        for number, name in enumerate(files, 1)
    ]

    seen = see(written(write_dump(tmp_path / "dump", tests, files)), "all")

    assert [label.split()[0] for label in seen["labels"]] == ["1", "3", "2"]
    assert (seen["wide"], seen["said"]) == (False, [])


def test_hostile_text_in_dump_and_manifest_is_never_run(tmp_path: Path) -> None:
    tests: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for number, text in enumerate(HOSTILE):
        files[f"{number}.envelope"] = envelope(
            {"message": text, "tags": {text[:100]: text[:200]}, "extra": {"a": text}}
        )
        miss = {
            "number": number,
            "label": text,
            "differences": [{"path": text, "expected": text, "got": text}],
        }
        about = {"failure": f"E  {text}", "nearest": [miss], "reasons": [text]}
        tests.append(
            {"test": text[:1000], "outcome": "failed", **about, "sent": [sent(f"{number}.envelope", number)]}
        )

    seen = see(written(write_dump(tmp_path / "dump", tests, files)), "hostile", "".join(HOSTILE[:3]))

    assert (seen["tests"], seen["ran"], seen["said"]) == (10, None, [])
    assert seen["elsewhere"] == []


def test_it_is_printed_without_what_can_be_pressed(report: Path) -> None:
    assert see(report, "printed") == {"pdf": True, "failure": True, "buttons": False, "said": []}


def test_a_damaged_report_says_so(report: Path) -> None:
    page = report.read_bytes()
    report.write_bytes(page.replace(b'id="report-head">H4', b'id="report-head">xx'))

    assert see(report, "many")["drawn"] == 0
