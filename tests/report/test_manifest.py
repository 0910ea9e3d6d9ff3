"""The manifest of a dump, as it is written."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.report.manifest import Manifest, remove
from pytest_sentryintegration.store import Arrival, RefusedRequest
from pytest_sentryintegration.wire.envelope import parse_envelope
from tests.report.pages import envelope

NOON = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)


def arrival(number: int = 1) -> Arrival:
    body = parse_envelope(envelope({"message": "hello"}))
    return Arrival(number, "box", NOON, "7", "a" * 32, "sentry.python/2.75.0", body)


def lines(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("manifest-*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_test_is_written_with_what_it_sent(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.begin("test_it.py::test_it")
    manifest.add("test_it.py::test_it", "failed", [arrival(3)], duration=0.5, failure="E  assert False")

    assert lines(tmp_path) == [
        {"manifest": "sentryintegration", "version": 1},
        {"test": "test_it.py::test_it", "outcome": "running"},
        {
            "test": "test_it.py::test_it",
            "outcome": "failed",
            "duration": 0.5,
            "failure": "E  assert False",
            "sent": [
                {
                    "file": "test_it.py_test_it-001.envelope",
                    "number": 3,
                    "received": "2026-11-26T12:00:00+00:00",
                    "project_id": "7",
                    "public_key": "a" * 32,
                    "client": "sentry.python/2.75.0",
                    "endpoint": "envelope",
                }
            ],
        },
    ]
    assert b"hello" in (tmp_path / "test_it.py_test_it-001.envelope").read_bytes()


def test_a_refused_request_is_written_with_its_body(tmp_path: Path) -> None:
    refused = RefusedRequest(1, "box", NOON, 400, "no", "POST", "/api/1/envelope/", (("a", "b"),), b"body")

    Manifest(tmp_path).add("test_it", "passed", [refused])

    (file,) = lines(tmp_path)[-1]["sent"]
    assert (file["file"], file["status"], file["reason"]) == ("test_it-001.refused", 400, "no")
    assert (tmp_path / "test_it-001.refused").read_bytes() == b"body"


def test_each_line_is_there_at_once_for_a_run_that_is_killed(tmp_path: Path) -> None:
    Manifest(tmp_path).begin("test_that_kills")

    assert lines(tmp_path)[-1] == {"test": "test_that_kills", "outcome": "running"}


@pytest.mark.parametrize(
    "test",
    [
        "../../etc/passwd",
        "C:\\Windows\\con",
        "test_ü::test_日本語[ключ-\u202e]",
        "a" * 500,
        "test_it[\ud800\x00\n]",
        "",
        "-rf",
        "...",
    ],
)
def test_file_names_are_safe_whatever_the_test_is_called(tmp_path: Path, test: str) -> None:
    Manifest(tmp_path / "dump").add(test, "passed", [arrival(), arrival()])

    names = sorted(path.name for path in (tmp_path / "dump").iterdir() if path.suffix == ".envelope")
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]
    assert len(names) == 2
    assert all(name.isascii() and len(name) < 200 and name[0] not in "-." for name in names)
    assert lines(tmp_path / "dump")[-1]["test"] == test


def test_tests_whose_names_read_alike_have_files_of_their_own(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    for test in ("test_it[a b]", "test_it[a/b]", "test_it[a b]"):
        manifest.add(test, "passed", [arrival()])

    assert [line["sent"][0]["file"] for line in lines(tmp_path)[1:]] == [
        f"test_it_a_b-00{number}.envelope" for number in (1, 2, 3)
    ]


def test_of_an_earlier_run_only_what_its_manifest_names_is_removed(tmp_path: Path) -> None:
    Manifest(tmp_path).add("test_it", "passed", [arrival()])
    (tmp_path / "other.envelope").write_bytes(b"{}")
    (tmp_path.parent / "outside.envelope").write_bytes(b"{}")
    with (tmp_path / "manifest-main.jsonl").open("a") as file:
        file.write('{"test": "x", "sent": [{"file": "../outside.envelope"}, 7]}\n{"sent": 7}\nnot json')

    remove(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["other.envelope"]
    assert (tmp_path.parent / "outside.envelope").exists()
