"""What a report holds: the answers of the captured API, bounded."""

from __future__ import annotations

import base64
import gc
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from pytest_sentryintegration.report.blocks import Limits
from pytest_sentryintegration.report.building import build, headline
from pytest_sentryintegration.web.page import PAGE, policy_of
from pytest_sentryintegration.wire.envelope import parse_envelope, serialize_envelope
from tests.report.pages import ERROR, Page, envelope, page_of, sent, write_dump
from tests.web.conftest import Api

TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "http.server"}
TIMES = {"start_timestamp": 1_795_694_400.0, "timestamp": 1_795_694_401.0}
TRANSACTION = {
    "type": "transaction",
    "transaction": "checkout",
    "contexts": {"trace": TRACE},
    "spans": [],
    **TIMES,
}


def dump_of(folder: Path, *bodies: bytes, **about: Any) -> Path:
    files = {f"a-{number:03}.envelope": body for number, body in enumerate(bodies, 1)}
    named = [sent(name, number) for number, name in enumerate(files, 1)]
    return write_dump(folder, [{"test": "test_a", "outcome": "failed", "sent": named, **about}], files)


def test_it_holds_what_the_captured_api_answers(tmp_path: Path) -> None:
    bodies = [envelope(ERROR), envelope(TRANSACTION, "transaction"), envelope({"tags": {"a": "b" * 300}})]
    page = page_of(dump_of(tmp_path / "dump", *bodies))

    api = Api()
    for body in bodies:
        api.sentry.receive(f"/api/1/envelope/?sentry_key={'a' * 32}", {}, body)
    answers = {
        key: api.get(f"/api/captured/{key.split(':')[1]}?after={int(key[0]) - 1}&limit=1").json["items"][0]
        for key in page.blocks[0]["objects"]
    }
    trace = api.get("/api/captured/traces").json["items"][0]
    findings = api.get("/api/captured/findings?after=2&until=3").json["items"]

    differing = {"received": None, "inbox": None}
    objects = {key: {**value, **differing} for key, value in page.blocks[0]["objects"].items()}
    # The spans of a transaction are in its trace, and are not held twice.
    assert answers["2:transactions:0"].pop("spans") == []
    assert objects == {key: {**value, **differing} for key, value in answers.items()}
    assert {**page.blocks[0]["traces"]["a" * 32], **differing} == {**trace, **differing}
    assert page.blocks[0]["findings"]["3"]["items"] == findings
    assert page.head["rows"][2]["verdict"] == "trimmed"


def test_a_failing_test_has_its_failure_and_its_nearest_miss_with_the_number_of_this_report(
    tmp_path: Path,
) -> None:
    miss = {"number": 1, "label": "CardError: 'declined'", "differences": [{"path": "level", "text": "x"}]}
    failure = "    def test_a():\nE       AssertionError: Expected one error\nE         nearest: ..."
    write_dump(tmp_path / "0", [{"test": "test_0", "outcome": "failed", "sent": [sent("a.envelope")]}])
    (tmp_path / "0" / "a.envelope").write_bytes(envelope({"message": "before"}))

    page = page_of(tmp_path / "0", dump_of(tmp_path / "1", envelope(ERROR), failure=failure, nearest=[miss]))

    assert page.head["tests"][1]["headline"] == "AssertionError: Expected one error"
    assert page.details(1) == {"failure": failure, "nearest": [{**miss, "number": 2}]}


def test_why_nothing_came_and_what_the_senders_lost_are_shown(tmp_path: Path) -> None:
    report = {"discarded_events": [{"reason": "before_send", "category": "error", "quantity": 2}]}
    page = page_of(dump_of(tmp_path / "dump", envelope(report, "client_report"), reasons=["No client."]))

    assert page.head["tests"][0]["lost"] == "2 events dropped by before_send"
    assert page.details(0)["reasons"] == ["No client."]
    assert page.head["tests"][0]["counts"] == {"client_reports": 1}


def test_a_refused_request_is_shown_with_its_reason(tmp_path: Path) -> None:
    known = {
        **sent("a.refused"),
        "status": 413,
        "reason": "too large",
        "method": "POST",
        "path": "/api/1/store/",
    }
    folder = write_dump(
        tmp_path, [{"test": "test_a", "outcome": "passed", "sent": [known]}], {"a.refused": b"body"}
    )

    page = page_of(folder)

    assert page.labels == ["status 413: too large"]
    assert page.blocks[0]["objects"]["1:refused:0"]["size"] == 4


def test_attachments_are_in_it_as_their_bytes(tmp_path: Path) -> None:
    body = (
        envelope(ERROR)
        + b'\n{"type":"attachment","filename":"a.png","content_type":"image/png","length":3}\nPNG'
    )

    page = page_of(dump_of(tmp_path / "dump", body))

    assert page.blocks[0]["attachments"] == {"1-1": ["image/png", base64.b64encode(b"PNG").decode()]}


def test_what_failed_tests_have_sent_is_in_it_as_it_was_sent_too(tmp_path: Path) -> None:
    binary = b'{}\n{"type":"attachment","length":2}\n\xff\xfe'
    write_dump(
        tmp_path,
        [
            {"test": "failed", "outcome": "failed", "sent": [sent("1.envelope"), sent("2.envelope", 2)]},
            {"test": "passed", "outcome": "passed", "sent": [sent("3.envelope", 3)]},
        ],
        {"1.envelope": envelope(ERROR), "2.envelope": binary, "3.envelope": envelope(ERROR)},
    )

    page = page_of(tmp_path)

    texts = page.blocks[0]["envelopes"]
    assert [row.get("bytes") for row in page.head["rows"]] == [0, 0, None]
    assert list(texts) == ["1", "2"]
    assert texts["1"] == ["text", serialize_envelope(parse_envelope(envelope(ERROR))).decode()]
    assert texts["2"] == ["base64", base64.b64encode(binary + b"\n").decode()]


def test_what_is_too_much_is_left_out_of_passed_tests_first_and_told(tmp_path: Path) -> None:
    random_looking = [
        {"extra": {"a": hashlib.sha512(b"%d" % n).hexdigest() * 4}, "message": f"m{n}"} for n in range(60)
    ]
    files = {f"{n:02}.envelope": envelope(payload) for n, payload in enumerate(random_looking)}
    outcomes = ["failed" if n % 10 == 0 else "passed" for n in range(60)]
    tests = [
        {
            "test": f"test_{n:02}",
            "outcome": outcome,
            "failure": "E  x" * (outcome == "failed"),
            "sent": [sent(f"{n:02}.envelope")],
        }
        for n, outcome in enumerate(outcomes)
    ]
    folder = write_dump(tmp_path / "dump", tests, files)

    html, lacking = build([folder], limits=Limits(blocks=20_000, block=2_000))

    page = Page(html)
    shown = [row["test"] for row in page.head["rows"] if row.get("block") is not None]
    assert len(page.head["rows"]) == 60
    assert shown[:6] == ["test_00", "test_10", "test_20", "test_30", "test_40", "test_50"]
    assert 6 < len(shown) < 60
    assert (
        lacking
        == page.head["lacking"]
        == [
            f"Of {60 - len(shown)} requests only a line is shown, those of passed tests first."
            " The dump holds them; so the report stays small and quick to make."
        ]
    )


def test_of_very_many_requests_those_of_failed_tests_are_held_whole(tmp_path: Path) -> None:
    outcomes = ["passed", "failed", "passed", "passed", "failed", "failed"]
    tests = [
        {"test": f"t{n}", "outcome": outcome, "sent": [sent(f"{n}.envelope")]}
        for n, outcome in enumerate(outcomes)
    ]
    files = {f"{n}.envelope": envelope({"message": f"m{n}"}) for n in range(6)}

    page = page_of(write_dump(tmp_path / "dump", tests, files), whole=2)

    assert [row["test"] for row in page.head["rows"] if row.get("block") is not None] == ["t1", "t4", "t5"]
    assert page.head["lacking"] == [
        "Of 3 requests only a line is shown, those of passed tests first."
        " The dump holds them; so the report stays small and quick to make."
    ]


def test_of_tests_of_which_lines_are_held_each_has_its_own_counts_and_losses(tmp_path: Path) -> None:
    lost = {"discarded_events": [{"reason": "before_send", "category": "error", "quantity": 2}]}
    bodies = [envelope(ERROR), envelope(lost, "client_report"), envelope(TRANSACTION, "transaction")]
    tests = [
        {"test": f"t{n}", "outcome": "passed", "sent": [sent(f"{n}.envelope")]} for n in range(len(bodies))
    ]
    files = {f"{n}.envelope": body for n, body in enumerate(bodies)}

    page = page_of(write_dump(tmp_path / "dump", tests, files), whole=0, judged=0)

    assert [(test["counts"], test.get("lost")) for test in page.head["tests"]] == [
        ({"errors": 1}, None),
        ({"client_reports": 1}, "2 events dropped by before_send"),
        ({"transactions": 1}, None),
    ]
    assert [(row["of"], row["number"]) for row in page.head["rows"]] == [(0, 1), (1, 2), (2, 3)]


def test_of_too_many_tests_the_passed_ones_are_counted_and_not_listed(tmp_path: Path) -> None:
    tests = [{"test": f"t{n}", "outcome": "passed" if n else "failed"} for n in range(30)]

    page = page_of(write_dump(tmp_path / "dump", tests), tests=10)

    assert page.outcomes[0] == ("failed", "t0")
    assert len(page.outcomes) == 10
    assert page.head["outcomes"] == {"failed": 1, "passed": 29}
    assert page.head["lacking"] == [
        "20 of 30 tests are not listed, passed ones first."
        " The dump holds them; so the report stays small and quick to make."
    ]


def test_the_page_is_that_of_the_viewer_and_its_policy_lets_nothing_out(tmp_path: Path) -> None:
    html, _ = build([dump_of(tmp_path / "dump", envelope(ERROR))], "<b>Shop</b> & co")

    (policy,) = re.findall(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert html.index(policy) < html.index(b"<style>")
    assert policy == policy_of(PAGE.read_bytes(), "img-src data:; form-action 'none'").encode()
    assert policy.startswith(b"default-src 'none'; script-src 'sha256-")
    assert b"<title>&lt;b&gt;Shop&lt;/b&gt; &amp; co</title>" in html
    assert html.count(b"<script>") == 1


def test_a_headline_is_the_line_that_says_most() -> None:
    assert headline("def test():\n>   assert a\nE   assert 1 == 2\nE    + where") == "assert 1 == 2"
    assert headline("\n  --expect errors\nExpected") == "--expect errors"
    assert len(headline("E  " + "x" * 500)) == 200
    assert headline("") == ""
    asked = (
        "E   AssertionError: Expected one error matching\nE     level='error',\nE     tags={}\nE   within 1 s"
    )
    assert headline(asked) == "AssertionError: Expected one error matching level='error', tags={}"


def test_it_says_nothing_of_the_time_at_which_it_was_made(tmp_path: Path) -> None:
    folder = dump_of(tmp_path / "dump", envelope(ERROR))

    before = build([folder])
    for path in folder.iterdir():
        os.utime(path, (1, 1))

    assert build([folder]) == before


def test_of_very_many_requests_those_of_failed_tests_are_judged_and_the_rest_is_told(tmp_path: Path) -> None:
    tests = [
        {"test": f"t{n}", "outcome": "passed" if n else "failed", "sent": [sent(f"{n}.envelope")]}
        for n in range(5)
    ]
    files = {f"{n}.envelope": envelope({"message": f"m{n}"}) for n in range(5)}

    page = page_of(write_dump(tmp_path / "dump", tests, files), judged=2)

    assert list(page.blocks[0]["findings"]) == ["1", "2"]
    assert page.head["lacking"] == [
        "3 requests have no verdict, those of passed tests first: sentryintegration show"
        " DIR gives all of them."
    ]


def test_what_each_test_sent_is_collected_after_it_and_never_all_that_is_held(tmp_path: Path) -> None:
    tests = [{"test": f"t{n}", "outcome": "passed", "sent": [sent(f"{n}.envelope")]} for n in range(9)]
    folder = write_dump(tmp_path / "dump", tests, {f"{n}.envelope": envelope(ERROR) for n in range(9)})
    seen: list[tuple[int, bool]] = []

    def look(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and not gc.isenabled():
            seen.append((info["generation"], info["collected"] > 0))

    gc.callbacks.append(look)
    try:
        build([folder])
    finally:
        gc.callbacks.remove(look)

    assert seen == [(0, True)] * 9
