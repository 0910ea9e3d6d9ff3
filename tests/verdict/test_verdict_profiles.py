"""Profiles of transactions: what Sentry drops after its 200, and with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_sentryintegration.verdict import judge
from pytest_sentryintegration.wire.envelope import RawItem
from tests.verdict.builders import android_trace, arrival, event, item, judged, transaction

ID = "a" * 32
INVALID, FEW = "profiling_invalid_json", "profiling_not_enough_samples"
LONG = "profiling_duration_is_too_long"
GONE = object()


def sample(at: float, thread: Any = "1", **fields: Any) -> dict[str, Any]:
    return {"thread_id": thread, "stack_id": 0, "elapsed_since_start_ns": str(int(at * 10**9)), **fields}


def samples(*sent: Any, **fields: Any) -> dict[str, Any]:
    return {"samples": list(sent), "stacks": [[0]], "frames": [{"function": "f"}], **fields}


def of_transaction(**fields: Any) -> dict[str, Any]:
    return {"id": ID, "name": "checkout", "trace_id": "b" * 32, "active_thread_id": "1", **fields}


def profile(**fields: Any) -> dict[str, Any]:
    sent = {
        "event_id": ID,
        "platform": "python",
        "version": "1",
        "timestamp": "2026-03-01T11:59:59Z",
        "device": {"architecture": "x86_64"},
        "os": {"name": "Linux", "version": "6"},
        "transactions": [of_transaction()],
        "profile": samples(sample(0), sample(1)),
        **fields,
    }
    return {name: value for name, value in sent.items() if value is not GONE}


def android(**fields: Any) -> dict[str, Any]:
    sent = {
        "profile_id": ID,
        "platform": "android",
        "android_api_level": 33,
        "device_cpu_frequencies": [2841],
        **{f"device_{name}": "x" for name in ("locale", "manufacturer", "model", "os_name", "os_version")},
        "device_is_emulator": False,
        "device_physical_memory_bytes": "8014073856",
        "version_code": "2",
        "version_name": "1.1",
        "transaction_name": "Checkout",
        "sampled_profile": android_trace(),
        **fields,
    }
    return {name: value for name, value in sent.items() if value is not GONE}


def beside(payload: object, sender: RawItem | None = None) -> str | None:
    """Return why a profile is lost that came with a transaction, or with what is given."""
    both = arrival(sender or item("transaction", transaction()), item("profile", payload))
    return judge(both, 1).reason


def alone(payload: object) -> str | None:
    return judged("profile", payload, item_headers={"sampled": False}).reason


def test_what_was_sent_under_a_name_with_dots_is_told() -> None:
    sent = profile(transaction_tags={"http.status": 503, "a": "b"})
    (found,) = judged("profile", sent, item_headers={"sampled": False}).findings

    assert (found.path, found.sent) == ("transaction_tags.http.status", 503)


@pytest.mark.parametrize("sent", [profile(), android()])
def test_a_whole_profile_is_accepted(sent: dict[str, Any]) -> None:
    both = arrival(item("transaction", transaction()), item("profile", sent))

    assert (judge(both, 1).outcome, judge(both, 1).stored) == ("accepted", sent)
    assert alone(sent) is None


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ([], ""),
        (profile(event_id=GONE), "event_id"),
        (profile(profile_id=ID), "event_id"),
        (profile(platform=7), "platform"),
        (profile(version=None), "version"),
        (profile(version="3"), "version"),
        (profile(device=GONE), "device"),
        (profile(device={}), "device.architecture"),
        (profile(os={"name": "Linux"}), "os.version"),
        (profile(timestamp=1), "timestamp"),
        (profile(timestamp="yesterday"), "timestamp"),
        (profile(environment=None), "environment"),
        (profile(runtime={"name": "CPython"}), "runtime.version"),
        (profile(transactions=[of_transaction(id="checkout")]), "transactions.0.id"),
        (profile(transaction=of_transaction(segment_id="0" * 16)), "transaction.segment_id"),
        (profile(transactions=[of_transaction(active_thread_id=-1)]), "transactions.0.active_thread_id"),
        (profile(transaction_tags={"a": 1}), "transaction_tags.a"),
        (profile(debug_meta={"images": [{}]}), "debug_meta.images.0.type"),
        (profile(debug_meta={"images": [{"type": "elf"}]}), "debug_meta.images.0.type"),
        (profile(debug_meta={"images": [{"type": "jvm", "id": "x"}]}), "debug_meta.images.0.id"),
        (
            profile(debug_meta={"images": [{"type": "jvm", "image_addr": 1}]}),
            "debug_meta.images.0.image_addr",
        ),
        (android(profile_id=GONE, event_id=ID), "profile_id"),
        (android(android_api_level=2**16), "android_api_level"),
        (android(device_is_emulator=GONE), "device_is_emulator"),
        (android(device_physical_memory_bytes="8 GB"), "device_physical_memory_bytes"),
        (android(version_name=GONE), "version_name"),
        (android(build_id=None), "build_id"),
    ],
)
def test_a_profile_needs_what_is_known_of_it(sent: Any, path: str) -> None:
    # Relay: MinimalProfile in relay-profiling/src/lib.rs:113, ProfileMetadata in sample/v1.rs:228 and
    # android/legacy.rs:26; read without a transaction too.
    verdict = judged("profile", sent, item_headers={"sampled": False})

    assert (verdict.reason, [found.path for found in verdict.findings]) == (INVALID, [path])
    assert beside(sent) == INVALID


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (profile(profile=GONE), INVALID),
        (profile(profile=[]), INVALID),
        (profile(profile=samples(sample(0, "main"))), INVALID),
        (profile(profile=samples(sample(0, elapsed_since_start_ns="soon"))), INVALID),
        (profile(profile=samples(sample(0, elapsed_since_start_ns=1.5))), INVALID),
        (profile(profile=samples(frames=[{"lineno": -1}])), INVALID),
        (profile(profile=samples(frames=[{"lineno": 1, "line": 1}])), INVALID),
        (profile(profile=samples(frames=[{"instruction_addr": "0xzz"}])), INVALID),
        (profile(profile=samples(queue_metadata={"0x1": {}})), INVALID),
        (profile(measurements={"cpu": {"unit": "celsius", "values": []}}), INVALID),
        (profile(measurements={"cpu": {"unit": "hz", "values": [{"value": 1}]}}), INVALID),
        (profile(platform="cocoa"), "profiling_invalid_profile_metadata"),
        (profile(transactions=[]), "profiling_no_transaction_associated"),
        (profile(transactions=GONE), "profiling_no_transaction_associated"),
        (profile(transactions=GONE, transaction=of_transaction()), None),
        (profile(transactions=[of_transaction(name="")]), "profiling_invalid_transaction_metadata"),
        (profile(transactions=[of_transaction(id="0" * 32)]), "profiling_invalid_transaction_metadata"),
        # The transaction that is named alone comes before the first of the list.
        (profile(transaction=of_transaction(name="")), "profiling_invalid_transaction_metadata"),
        # Samples outside of the transaction do not count.
        (profile(transaction=of_transaction(relative_start_ns=1, relative_end_ns="1000000000")), FEW),
        (profile(transaction=of_transaction(relative_end_ns="1000000000")), None),
        (profile(profile=samples(sample(0))), FEW),
        (profile(profile=samples(sample(0), sample(1, "2"))), FEW),
        (profile(profile=samples(sample(0), sample(1, 1))), None),
        # Idle samples count between busy ones alone.
        (profile(profile=samples(sample(0), sample(1, stack_id=1), stacks=[[0], []])), FEW),
        (profile(profile=samples(sample(0), sample(1, stack_id=1), sample(2), stacks=[[0], []])), None),
        (
            profile(profile=samples(sample(0), sample(1, stack_id=7), sample(2))),
            "profiling_malformed_samples",
        ),
        (profile(profile=samples(sample(0), sample(1), stacks=[[0], [1]])), "profiling_malformed_stacks"),
        (profile(profile=samples(sample(0), sample(30))), None),
        (profile(profile=samples(sample(0), sample(30.1))), LONG),
        # Not the longest sample counts, but the last.
        (profile(profile=samples(sample(31), sample(1))), None),
    ],
)
def test_a_profile_of_samples_beside_its_transaction(sent: object, reason: str | None) -> None:
    # Relay: parse_profile and SampleProfile::normalize in relay-profiling/src/sample/v1.rs:283 and 68.
    assert beside(sent) == reason
    assert alone(sent) is None


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (android(version="2"), None),
        (android(version="Unknown"), None),
        (android(sampled_profile=7), INVALID),
        (android(measurements={"cpu": {"unit": "ns", "values": [{"value": "1e3"}]}}), INVALID),
        (android(profile={}), INVALID),
        (android(transaction_name=GONE), "profiling_no_transaction_associated"),
        (android(transactions=[of_transaction()], transaction_name=GONE), None),
        (android(transactions=[of_transaction(name="")]), "profiling_invalid_transaction_metadata"),
        (android(js_profile=samples(sample(0))), FEW),
        (android(js_profile=samples(sample(0), sample(1))), None),
        (android(sampled_profile="AAA="), "profiling_invalid_base64_value"),
        (android(sampled_profile="AAAA"), "profiling_invalid_sampled_profile"),
        (android(sampled_profile=android_trace(events=b"")), FEW),
        (android(sampled_profile=GONE), FEW),
        (android(sampled_profile=android_trace(30_000_000)), None),
        (android(sampled_profile=android_trace(30_000_001)), LONG),
        (android(sampled_profile=android_trace(0)), "profiling_duration_is_zero"),
        (android(build_id="607a1d40-1d13-4360-a2a2-069a2e0068fb"), None),
        (android(build_id="nightly"), "invalid_build_id"),
        (android(build_id="nightly", debug_meta={"images": []}), None),
    ],
)
def test_a_profile_of_android_beside_its_transaction(sent: object, reason: str | None) -> None:
    # Relay: parse_profile in relay-profiling/src/android/legacy.rs:143, and its line 252 for the build.
    assert beside(sent) == reason
    assert alone(sent) is None


@pytest.mark.parametrize(
    ("platform", "version", "reason"),
    [
        ("python", "2", "profiling_platform_not_supported"),
        ("rust", GONE, "profiling_platform_not_supported"),
        ("android", "2", INVALID),
        ("python", "nonsense", INVALID),
    ],
)
def test_only_android_has_profiles_of_another_version(platform: str, version: Any, reason: str) -> None:
    # Relay: parse_metadata in relay-profiling/src/lib.rs:179.
    assert alone(profile(platform=platform, version=version)) == reason


def test_a_profile_alone_must_say_that_it_was_not_sampled() -> None:
    # Before it is opened. Relay: relay-server/src/processing/profiles/process.rs:38.
    for sent in (profile(), b"{"):
        assert judged("profile", sent).reason == "profiling_invalid_standalone"


@pytest.mark.parametrize("payload", [b"{", b'{"event_id": "\xff"}', b"7"])
def test_a_profile_is_json(payload: bytes) -> None:
    assert (beside(payload), alone(payload)) == (INVALID, INVALID)


def test_a_key_that_is_sent_twice_is_an_error() -> None:
    sent = json.dumps(profile()).encode().replace(b'"platform"', b'"platform": "rust", "platform"')

    assert beside(sent) == INVALID
    texts = [one.text for one in judged("profile", sent, item_headers={"sampled": False}).findings]
    assert texts == ["'platform' must be there once; the profile is lost."]


@pytest.mark.parametrize(
    ("sender", "payload", "reason"),
    [
        # A transaction that is no JSON counts before its profile, one that is refused later after what is
        # read of the profile first. Relay: transactions/process.rs:33 and 118.
        (item("transaction", b"{"), b"{", "invalid_json"),
        (item("transaction", event()), profile(), "invalid_transaction"),
        (item("transaction", event()), profile(device=GONE), INVALID),
        (item("transaction", event()), profile(profile=samples()), "invalid_transaction"),
        # Beside an event it is an item that does not belong there. Relay: errors/process.rs:71.
        (item("event", event()), profile(), "invalid_envelope"),
        (item("event", b"{"), profile(), "invalid_json"),
    ],
)
def test_which_of_two_reasons_counts(sender: RawItem, payload: object, reason: str) -> None:
    assert beside(payload, sender) == reason
