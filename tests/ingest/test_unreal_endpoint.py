from __future__ import annotations

import json
import uuid

import pytest

from pytest_sentryintegration.verdict import judge
from pytest_sentryintegration.wire.envelope import RawItem
from tests.ingest.asking import KEY, Fake, said, text
from tests.wire.test_unreal import packed

UNREAL = f"/api/42/unreal/{KEY}/"


CONTEXT = b"""<?xml version="1.0" encoding="UTF-8"?>
<FGenericCrashContext>
  <RuntimeProperties>
    <UserName>joe</UserName><LoginId>login</LoginId><GameStateName/><IsEnsure>true</IsEnsure>
    <ErrorMessage>Assertion failed &amp; more</ErrorMessage><UserDescription>It fell over</UserDescription>
    <MemoryStats.TotalPhysical>6896832512</MemoryStats.TotalPhysical>
    <Misc.OSVersionMajor>Windows 10</Misc.OSVersionMajor><Misc.PrimaryGPUBrand>card</Misc.PrimaryGPUBrand>
    <CrashReportClientVersion>1.0</CrashReportClientVersion>
  </RuntimeProperties>
  <EngineData><RHI.DeviceId>28E0</RHI.DeviceId><RHI.RHIName>D3D12</RHI.RHIName></EngineData>
  <GameData><level>7</level>%s</GameData>
</FGenericCrashContext>"""
SENT = (
    b"<__sentry>{&quot;release&quot;:&quot;a@1&quot;,&quot;level&quot;:&quot;info&quot;,"
    b"&quot;tags&quot;:{&quot;a&quot;:&quot;b&quot;}}</__sentry>"
)


def test_a_crash_report_is_unpacked_into_its_event_and_files(fake: Fake) -> None:
    # Relay: extract_items in relay-server/src/utils/unreal.rs:26; tests/integration/test_unreal.py:46.
    report = packed(
        ("CrashContext.runtime-xml", CONTEXT % b""),
        ("CrashReportClient.ini", b"[a]"),
        ("game.log", b"Log file open"),
        ("crash.dmp", b"MDMP..."),
        ("apple.crash", b"Incident Identifier: 1"),
        ("screen.png", b"png"),
    )
    fake.post(UNREAL, report, auth=None)

    event, *files, feedback = fake.envelope.items
    assert [(file.headers["attachment_type"], file.headers["filename"]) for file in files] == [
        ("unreal.context", "CrashContext.runtime-xml"),
        ("event.attachment", "CrashReportClient.ini"),
        ("unreal.logs", "game.log"),
        ("event.minidump", "crash.dmp"),
        ("event.applecrashreport", "apple.crash"),
        ("event.attachment", "screen.png"),
    ]
    assert files[3].payload == b"MDMP..."
    event_id = fake.envelope.headers["event_id"]
    assert (event.type, json.loads(event.payload)["event_id"]) == ("event", event_id)
    assert json.loads(feedback.payload) == {
        "email": "",
        "comments": "It fell over",
        "event_id": event_id,
        "name": "joe",
    }
    assert [judge(fake.arrivals[0], index).outcome for index in range(8)] == ["accepted"] * 8


def test_the_event_of_a_report_says_what_the_engine_knows(fake: Fake) -> None:
    # Relay: merge_unreal_context in relay-server/src/utils/unreal.rs:218, merge_unreal_user_info in :122.
    fake.post(UNREAL + "?UserID=me|epic|box", packed(("CrashContext.runtime-xml", CONTEXT % b"")), auth=None)

    event = json.loads(fake.envelope.items[0].payload)
    assert event == {
        "platform": "native",
        "level": "warning",
        "event_id": event["event_id"],
        "user": {"id": "me", "username": "joe"},
        "tags": [["epic_account_id", "epic"], ["machine_id", "box"]],
        "logentry": {"formatted": "Assertion failed & more"},
        "contexts": {
            "device": {"memory_size": 6896832512},
            "os": {"raw_description": "Windows 10"},
            "gpu": {"id": "28E0", "api_type": "D3D12", "name": "card"},
            "game": {"level": "7"},
        },
        "sdk": {"name": "unreal.crashreporter", "version": "1.0"},
    }


def test_an_event_that_the_game_sent_wins(fake: Fake) -> None:
    # Relay: take_event_item in relay-server/src/utils/unreal.rs:100.
    sent = CONTEXT % SENT
    fake.post(UNREAL + "?UserID=me|epic", packed(("CrashContext.runtime-xml", sent)), auth=None)

    event = json.loads(fake.envelope.items[0].payload)
    assert (event["release"], event["level"]) == ("a@1", "info")
    assert event["tags"] == [["a", "b"], ["epic_account_id", "epic"]]
    assert event["contexts"]["game"] == {"level": "7"}


def test_of_too_many_files_the_first_are_kept_and_the_rest_is_listed(fake: Fake) -> None:
    # Relay: max_attachment_count in relay-server/src/utils/unreal.rs:30.
    fake.post(UNREAL, packed(*((f"{number}.txt", b"x") for number in range(31))), auth=None)

    assert len(fake.envelope.items) == 31
    assert [(one.reason, one.body) for one in fake.refused] == [
        ("too many files, and dropped: '30.txt'", b"x")
    ]


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (b"CR1", "invalid_compression"),
        (packed(("a", b"b"))[:-1], "invalid_compression"),
        (packed(("CrashContext.runtime-xml", b"<a>")), "process_unreal"),
        (packed(("CrashContext.runtime-xml", CONTEXT % b"<__sentry>nope</__sentry>")), "invalid_json"),
        (packed(("CrashContext.runtime-xml", CONTEXT % b"<__sentry>[]</__sentry>")), "process_unreal"),
        (packed(("__sentry-event", b"\xc1")), "invalid_msgpack"),
        # Relay: extract_attached_event in processing/errors/errors/utils/attachment.rs:61.
        (packed(("__sentry-event", b"\x81\xa1a\xc4\x01b")), "invalid_msgpack"),
    ],
)
def test_a_report_that_cannot_be_unpacked_is_kept_as_it_was_sent(
    fake: Fake, report: bytes, reason: str
) -> None:
    # Relay: ProcessingError::to_outcome in relay-server/src/services/processor.rs:137, after it has answered.
    assert fake.post(UNREAL, report, auth=None).status == 200
    assert [(item.type, item.payload) for item in fake.envelope.items] == [("unreal_report", report)]
    assert fake.refused == []
    verdict = judge(fake.arrivals[0], 0)
    assert (verdict.outcome, verdict.reason) == ("dropped", reason)


def test_the_verdict_says_why_a_report_is_lost(fake: Fake) -> None:
    fake.post(UNREAL, packed(("a", b"b"))[:-1], auth=None)

    (finding,) = judge(fake.arrivals[0], 0).findings
    assert finding.text == "Bad compression; the crash report is lost, without an error."


def test_a_report_in_an_envelope_is_kept_as_it_is(fake: Fake) -> None:
    report = packed(("CrashContext.runtime-xml", CONTEXT % SENT), ("__sentry-event", b"\x80"))
    header = b'{"event_id":"%s"}\n{"type":"unreal_report","length":%d}\n' % (b"a" * 32, len(report))
    fake.post(body=header + report)

    assert judge(fake.arrivals[0], 0).outcome == "accepted"


def test_the_answer_to_a_report_is_its_event_id(fake: Fake) -> None:
    # Relay: relay-server/src/endpoints/unreal.rs:34; tests/integration/test_unreal.py:18.
    status, answer = text(fake.post(UNREAL + "?UserID=joe%21", b"CR1", auth=None))

    assert (status, str(uuid.UUID(answer))) == (200, answer)
    assert fake.envelope.headers == {"event_id": uuid.UUID(answer).hex, "unreal_user_id": "joe!"}
    headers = {"type": "unreal_report", "content_type": "application/octet-stream", "length": 3}
    assert fake.envelope.items == (RawItem(headers, b"CR1"),)
    assert (fake.arrivals[0].endpoint, fake.arrivals[0].public_key) == ("unreal", KEY)


def test_an_empty_report_is_400(fake: Fake) -> None:
    assert said(fake.post(UNREAL, b"", auth=None)) == (400, {"detail": "empty request body"})


def test_two_users_are_400(fake: Fake) -> None:
    assert fake.post(UNREAL + "?UserID=a&UserID=b", b"CR1", auth=None).status == 400


@pytest.mark.parametrize("category", ["error", "attachment"])
def test_a_rate_limit_never_shows(fake: Fake, category: str) -> None:
    # Relay: unreal.rs:61.
    fake.faults.rate_limit(category)

    assert fake.post(UNREAL, b"CR1", auth=None).status == 200
    assert len(fake.arrivals) == (0 if category == "error" else 1)


def test_a_key_in_the_path_and_in_a_header_are_two(fake: Fake) -> None:
    assert said(fake.post(UNREAL, b"CR1")) == (401, {"detail": "multiple authorization payloads detected"})
