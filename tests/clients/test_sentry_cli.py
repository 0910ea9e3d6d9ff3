"""sentry-cli: an event from its arguments, an event from a file, and a stored envelope."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import Run, installed, types

pytestmark = pytest.mark.clients


def test_sentry_cli_sends_an_event_from_its_arguments(
    sentry_events: SentryEvents, run: Run, tmp_path: Path
) -> None:
    logfile = tmp_path / "app.log"
    logfile.write_text("2026-01-02 03:04:05 INFO started\n2026-01-02 03:04:06 ERROR stopped\n")
    said = run(
        *(installed("sentry-cli", "sentry-cli"), "send-event", "--no-environ", "--logfile", logfile),
        *("--level=warning", "--release=shop@1.2.3", "--dist=7", "--env=staging", "--tag=region:eu"),
        *("--extra=rows:3", "--user=id:42", "--user=email:jane@example.com", "--fingerprint=deploy"),
        *("--message=Deploy of %s failed", "--message-arg=shop"),
    )

    event = sentry_events.find("Deploy of shop failed", level="warning", environment="staging")
    assert str(event.id) in said["output"].replace("-", "")
    assert types(sentry_events) == {"event": 1}
    assert (event.release, event.dist, event.fingerprint) == ("shop@1.2.3", "7", ["deploy"])
    assert (event.tags, event.extra["rows"]) == ({"region": "eu"}, "3")
    assert {key: event.user[key] for key in ("id", "email")} == {"id": "42", "email": "jane@example.com"}
    assert [crumb.message for crumb in event.breadcrumbs] == logfile.read_text().splitlines()
    assert not sentry_events.refused


def test_sentry_cli_sends_events_from_files(sentry_events: SentryEvents, run: Run, tmp_path: Path) -> None:
    for number in range(3):
        event = {
            "event_id": f"{number:032x}",
            "message": f"event {number}",
            "level": "info",
            "platform": "other",
        }
        (tmp_path / f"{number}.json").write_text(json.dumps(event))
    for raw in ((), ("--raw",)):
        run(installed("sentry-cli", "sentry-cli"), "send-event", *raw, tmp_path / "*.json")

    assert sorted(event.message or "" for event in sentry_events.where(level="info")) == [
        *("event 0", "event 0", "event 1", "event 1", "event 2", "event 2")
    ]
    assert types(sentry_events) == {"event": 6}


@pytest.mark.parametrize("raw", [(), ("--raw",)], ids=["parsed", "raw"])
def test_sentry_cli_sends_a_stored_envelope(
    sentry_events: SentryEvents, run: Run, tmp_path: Path, raw: tuple[str, ...]
) -> None:
    event = json.dumps(
        {"event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "message": "stored", "level": "error"}
    ).encode()
    attachment = bytes(range(256))
    stored = tmp_path / "stored.envelope"
    stored.write_bytes(
        b'{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n'
        + b'{"type":"event","length":%d}\n%s\n' % (len(event), event)
        + b'{"type":"attachment","length":256,"filename":"every.bin"}\n%s\n' % attachment
    )

    run(installed("sentry-cli", "sentry-cli"), "send-envelope", *raw, stored)

    assert types(sentry_events) == {"event": 1, "attachment": 1}
    sent = sentry_events.find("stored", id="9ec79c33ec9942ab8353589fcb2e04dc")
    assert sent.attachments["every.bin"].payload == attachment
    assert sentry_events.attachments.find("every.bin").event is sent
