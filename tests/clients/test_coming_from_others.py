"""What docs/coming-from.md says of Kent, pytest-sentry-capture and the SDK's fixtures, asked of each."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest

from tests.clients.conftest import PROGRAMS, SECONDS, installed
from tests.examples.test_coming_from import rows_of
from tests.web.conftest import Api

pytestmark = pytest.mark.clients

ENVELOPE = b'{"event_id": "%s"}\n{"type": "event"}\n{"message": "out of tea"}\n' % (b"1" * 32)
ATTACHED = ENVELOPE + b'{"type": "attachment", "length": 5, "filename": "tea.bin"}\n\x89\x00\x01\x02\n\n'


def run(*command: str | Path, folder: Path | None = None, given: str = "", **env: str) -> str:
    """Run a command without the settings of this run of pytest, and return what it prints."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))
    }
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=SECONDS, cwd=folder, env={**own, **env}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask_kent(*bodies: bytes, **headers: str) -> dict[str, Any]:
    """Return what Kent says of envelopes: how each was answered, and what its API has."""
    given = json.dumps([[headers, base64.b64encode(body).decode()] for body in bodies])
    said: dict[str, Any] = json.loads(
        run(installed("kent"), PROGRAMS / "of_kent.py", given=given).splitlines()[-1]
    )
    return said


def test_kent_and_this_server_answer_the_same_routes_alike() -> None:
    kent = ask_kent(ENVELOPE)
    api = Api()
    api.sentry.receive("/api/1/envelope/?sentry_key=" + "a" * 32, {}, ENVELOPE)
    ours = api.get("/api/eventlist/").json["events"]
    shown = api.get(f"/api/event/{ours[0]['event_id']}").json

    def without(event: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in event.items() if name not in ("event_id", "timestamp")}

    assert kent["posted"] == [200]
    assert [event.keys() for event in ours] == [event.keys() for event in kent["listed"]]
    assert [without(event) for event in ours] == [without(event) for event in kent["listed"]]
    assert shown.keys() == kent["shown"][0][1].keys()
    assert shown["payload"]["body"] == kent["shown"][0][1]["payload"]["body"] == {"message": "out of tea"}
    assert kent["after"] == []


def test_kent_is_started_as_the_table_says() -> None:
    (command,) = [row[0] for row in rows_of("Kent") if "kent-server" in row[0]]
    _, word = command.strip("`").split()

    assert "Run a local development server" in run(installed("kent", "kent-server"), word, "--help")


def test_kent_keeps_the_last_100() -> None:
    assert len(ask_kent(*[ENVELOPE] * 101)["listed"]) == 100


def test_kent_reads_no_brotli_and_shows_no_attachment() -> None:
    compressed = ask_kent(brotli.compress(ENVELOPE), **{"Content-Encoding": "br"})
    attached = ask_kent(ATTACHED)

    assert compressed["posted"] != [200]
    assert [status for status, _ in attached["shown"]] == [200, 500]


def test_what_the_table_has_of_pytest_sentry_capture_finds_what_was_sent(tmp_path: Path) -> None:
    cells = [code for row in rows_of("pytest-sentry-capture") for code in re.findall(r"`([^`]+)`", row[0])]
    calls = [
        f"sentry_capture.{code.removeprefix('sentry_capture').lstrip('.')}" for code in cells if "(" in code
    ]
    looks = [call for call in calls if call != "sentry_capture.flush()"]
    shutil.copy(PROGRAMS / "of_pytest_sentry_capture.py", tmp_path / "test_theirs.py")

    said = run(
        *(installed("pytest-sentry-capture"), "-m", "pytest", "-q", "test_theirs.py"),
        folder=tmp_path,
        ROWS=json.dumps(looks),
    )

    assert len(looks) == 7
    assert f"{len(looks) + 2} passed" in said


def test_what_the_table_has_of_the_fixtures_of_the_sdk_finds_what_was_sent() -> None:
    program = (PROGRAMS / "of_sdk_fixtures.py").read_text(encoding="utf-8")
    named = [
        name for row in rows_of("sentry-sdk's own test fixtures") for name in re.findall(r"(\w+)\(", row[0])
    ]
    python = installed("sdk-fixtures")
    (tests,) = python.parents[1].glob("sentry_sdk-*/tests")
    (tests / "test_theirs.py").write_text(program, encoding="utf-8")

    said = run(
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull),
        *("--rootdir", tests.parent, tests / "test_theirs.py"),
        folder=tests.parent,
    )

    assert [name for name in named if name not in program] == []
    assert "4 passed" in said
