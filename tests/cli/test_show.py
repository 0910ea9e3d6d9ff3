"""`show` prints what is in envelope files, and what Sentry would keep of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_sentryintegration import clock
from pytest_sentryintegration.cli import show
from tests.cli.conftest import Run, envelope, error, message

NOW = "2026-11-26T12:00:00Z"
TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "http.server"}
TRANSACTION = {
    "event_id": "3" * 32,
    "transaction": "checkout",
    "contexts": {"trace": TRACE},
    "start_timestamp": "2026-11-26T11:59:58Z",
    "timestamp": "2026-11-26T11:59:59Z",
    "spans": [
        {
            "trace_id": "a" * 32,
            "span_id": "c" * 16,
            "parent_span_id": "b" * 16,
            "op": "db.query",
            "description": "SELECT 1",
            "start_timestamp": "2026-11-26T11:59:58Z",
            "timestamp": "2026-11-26T11:59:58.5Z",
        }
    ],
}


@pytest.mark.skipif(find_spec("sentry_relay") is None, reason="events are not judged without sentry-relay")
def test_a_folder_is_shown_with_events_trees_and_the_verdict(run: Run, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "b.envelope").write_text(envelope(("transaction", TRANSACTION), sent_at=NOW))
    (tmp_path / "a.envelope").write_text(error("ValueError", "boom", tags={"graph": "g1"}))
    (inner / "c.envelope").write_text(message("hello"))
    (tmp_path / "notes.txt").write_text("no envelope")

    assert run("show", tmp_path) == (
        0,
        "2 events:\n"
        "  ValueError: 'boom'\n"
        "    level='error', tags={'graph': 'g1'}\n"
        "  'hello'\n"
        "    level='info'\n"
        "1 transaction:\n"
        "  'checkout', op http.server\n"
        "    http.server  checkout  1000.0 ms\n"
        "    └─ db.query  SELECT 1  500.0 ms\n"
        "\n"
        "Sentry would keep all of it as it was sent.\n",
        "",
    )


def test_standard_input_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    body = envelope(("check_in", {"check_in_id": "d" * 32, "monitor_slug": "nightly", "status": "ok"}))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(body.encode())))

    assert run("show", "-") == (
        0,
        "1 check-in:\n  'nightly', ok\n\nSentry would keep all of it as it was sent.\n",
        "",
    )


def test_nothing_is_left_out(run: Run, tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / f"{number:03}.envelope").write_text(
            envelope(("log", {"items": [_log(f"line {number}")]}))
        )

    done = run("show", tmp_path)

    assert [line for line in done.out.splitlines() if "'line" in line] == [
        f"  info: 'line {n}'" for n in range(250)
    ]


def _log(body: str) -> dict[str, Any]:
    return {"timestamp": 1.0, "trace_id": "a" * 32, "level": "info", "body": body}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "missing envelope header"),
        (b"{}\n{", "invalid item header: Expecting"),
        (b"\x00\xff", "invalid envelope header: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "invalid envelope header: "),
        (b'{"dsn": 1}\n', "invalid envelope header: invalid value for `dsn`: 1"),
    ],
    ids=["empty", "cut", "bytes", "deep", "wrong"],
)
def test_a_damaged_file_is_told_as_sentry_would_refuse_it(
    body: bytes, reason: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.envelope"
    path.write_bytes(body)
    (tmp_path / "sound.envelope").write_text(SESSION)

    done = run("show", tmp_path)

    _, _, said = done.out.partition("\n\n")
    assert (done.code, done.err) == (0, "")
    assert said.startswith(f"{path}: Sentry refuses it with status 400: invalid event envelope: {reason}")
    assert said.endswith("\nSentry would keep all of the rest as it was sent.\n")


SESSION = envelope(
    ("session", {"sid": "d" * 32, "status": "ok", "started": NOW, "attrs": {"release": "1"}}), sent_at=NOW
)


def test_json_has_the_shape_of_the_api_and_names_the_files(run: Run, tmp_path: Path) -> None:
    checked, damaged = tmp_path / "a.envelope", tmp_path / "b.envelope"
    checked.write_text(envelope(("check_in", {"monitor_slug": "nightly", "status": "late"})))
    damaged.write_text("{")

    done = run("show", "--json", tmp_path)

    said = json.loads(done.out)
    assert (done.code, done.err, {noun for noun, objects in said.items() if objects}) == (
        0,
        "",
        {"check_ins", "verdicts", "damaged"},
    )
    assert said["check_ins"] == [
        {
            "file": str(checked),
            "monitor_slug": "nightly",
            "status": "late",
            "id": None,
            "duration": None,
            "monitor_config": {},
            "project_id": "",
        }
    ]
    assert said["verdicts"] == [
        {
            "outcome": "trimmed",
            "reason": "invalid_data",
            "what": "check_in item",
            "findings": [
                {
                    "path": "status",
                    "rule": "invalid_data",
                    "sent": "late",
                    "stored": "unknown",
                    "text": "A check-in is ok, error or in_progress; Sentry stores 'unknown'.",
                }
            ],
        }
    ]
    assert [(each["file"], each["status"]) for each in said["damaged"]] == [(str(damaged), 400)]


def test_json_holds_what_no_json_can_say(run: Run, tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    (tmp_path / "a.envelope").write_text(
        '{}\n{"type":"event"}\n{"message":"\\ud800","extra":{"deep":' + deep + ',"number":NaN}}\n'
    )

    said = json.loads(run("show", "--json", tmp_path).out)

    assert [event["message"] for event in said["events"]] == ["\ud800"]


def test_what_would_be_dropped_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.envelope").write_text(envelope(("check_in", {"monitor_slug": "nightly"})))

    done = run("show", tmp_path)

    assert done.out.partition("\n\n")[2] == (
        "Sentry would not keep all of what was sent: 1 dropped.\n"
        "dropped:\n"
        "  check_in item\n"
        "    status: 'status' must be a text; the check-in is lost.\n"
        "      sent None, stored None\n"
    )


def test_items_that_are_no_telemetry_are_counted_by_type(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.envelope").write_text('{}\n{"type":"replay_video"}\n{}\n{"type":"replay_video"}\n{}\n')

    assert run("show", tmp_path).out.partition("\n\n")[0] == "2 of type 'replay_video'"


def test_an_empty_envelope_has_nothing_to_show(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.envelope").write_text("{}")

    assert run("show", tmp_path).out == (
        "no events, spans or other telemetry\n\nSentry would keep all of it as it was sent.\n"
    )


def test_an_old_event_is_judged_as_on_the_day_on_which_it_was_sent(run: Run, tmp_path: Path) -> None:
    old = {"event_id": "1" * 32, "message": "old", "timestamp": "2020-01-01T00:00:00Z", "level": "info"}
    (tmp_path / "a.envelope").write_text(envelope(("event", old), sent_at="2020-01-01T00:00:01Z"))

    assert run("show", tmp_path).out.endswith("Sentry would keep all of it as it was sent.\n")


def test_without_sentry_relay_it_says_that_events_were_not_judged(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_sentryintegration.inbox.reader.available", lambda: False)
    (tmp_path / "a.envelope").write_text(message("hello"))

    assert run("show", tmp_path).err == (
        "sentry-relay is not installed: events and transactions were not judged, only what contains them; pip"
        ' install "sentryintegration[relay]"\n'
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "{0}/missing cannot be read: No such file or directory"),
        ("empty", "there is no .envelope file in {0}/empty"),
    ],
)
def test_a_file_that_is_not_there_is_wrong_use(name: str, text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    done = run("show", tmp_path / name)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"sentryintegration show: {text.format(tmp_path)}\n")


def test_the_project_of_the_dsn_is_the_events(tmp_path: Path) -> None:
    files = show.Files([("a", message("hello", dsn=1).encode(), clock.now())])
    named = show.Files([("a", envelope(("event", {}), dsn="http://k@h/42").encode(), clock.now())])

    assert [event.project_id for source in (files, named) for event in source.contents.events] == ["", "42"]


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    logs = {"items": [_log("x" * 40) for _ in range(3000)]}
    (tmp_path / "a.envelope").write_text(envelope(("log", logs)))
    command = f"{sys.executable} -m pytest_sentryintegration show {tmp_path} | head -1"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("3000 logs:\n", "")
