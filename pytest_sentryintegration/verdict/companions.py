"""Items that come with others: profiles and replays.

Relay: relay-server/src/processing/{profiles,replays}, relay-profiling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.verdict.delivery import Delivery, is_uint
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

MAX_PROFILE_SECONDS = 30
MAX_REPLAY_LIST = 100
_REPLAY_LISTS = ("urls", "error_ids", "trace_ids", "segment_names")
_REPLAY_COUNTS = {(1, 1, 0), (0, 1, 0), (0, 0, 1)}


def judge_profile(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge a ``profile`` item."""
    profiles = [other for other in siblings if other.type == "profile"]
    if profiles and item is not profiles[0]:
        return dropped("profiling_too_many_profiles", None, "Sentry keeps one profile of an envelope.")
    with_transaction = any(other.type == "transaction" for other in siblings)
    if not with_transaction and item.headers.get("sampled") is not False:
        text = "a profile without its transaction needs the item header sampled: false; it is lost."
        return dropped("profiling_invalid_standalone", item.headers.get("sampled"), text, "sampled")
    sent = _profile(item)
    if isinstance(sent, Ruling):
        return sent
    if sent.get("version") != "1" and sent["platform"] != "android":
        # Relay: parse_metadata in relay-profiling/src/lib.rs.
        text = f"a profile of this platform needs version '1'; one of {sent.get('version')!r} is lost."
        return dropped("profiling_platform_not_supported", sent["platform"], text, "platform")
    samples = _samples(sent)
    if sent.get("version") == "1" and samples is not None:
        threads = Counter(str(sample.get("thread_id")) for sample in samples)
        left = [sample for sample in samples if threads[str(sample.get("thread_id"))] > 1]
        if not left:
            text = "a profile needs two samples of one thread; it is lost."
            return dropped("profiling_not_enough_samples", samples, text, "profile.samples")
        elapsed = _float(left[-1].get("elapsed_since_start_ns"))
        if elapsed > MAX_PROFILE_SECONDS * 1e9:
            text = f"a profile may last 30 seconds, and this lasts {elapsed / 1e9:.1f}; it is lost."
            return dropped("profiling_duration_is_too_long", elapsed, text, "profile.samples")
    return kept((), sent)


def _profile(item: RawItem) -> dict[str, Any] | Ruling:
    try:
        sent = strict_json.loads(item.payload)
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the profile is lost."
        return dropped("profiling_invalid_json", item.payload, text)
    ids = ("event_id", "profile_id", "chunk_id")
    if not isinstance(sent, dict) or not any(parse_event_id(sent.get(name)) for name in ids):
        return dropped("profiling_invalid_json", sent, "a profile needs an id; it is lost.", "event_id")
    if not isinstance(sent.get("platform"), str):
        text = "a profile needs a platform; it is lost."
        return dropped("profiling_invalid_json", sent.get("platform"), text, "platform")
    if sent.get("version", "1") not in ("1", "2", "2.android-trace"):
        text = f"Sentry knows no version {sent['version']!r} of profiles; the profile is lost."
        return dropped("profiling_invalid_json", sent["version"], text, "version")
    return sent


def _samples(profile: dict[str, Any]) -> list[dict[str, Any]] | None:
    inner = profile.get("profile")
    samples = inner.get("samples") if isinstance(inner, dict) else None
    if not isinstance(samples, list):
        return None
    return [sample for sample in samples if isinstance(sample, dict)]


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def judge_replay(item: RawItem, delivery: Delivery, siblings: Sequence[RawItem]) -> Ruling:
    """Judge a ``replay_event``, ``replay_recording`` or ``replay_video`` item."""
    counted = Counter(other.type for other in siblings)
    counts = counted["replay_event"], counted["replay_recording"], counted["replay_video"]
    if counts == (1, 0, 0):
        text = "a replay_event needs the replay_recording in the same envelope; it is lost."
        return dropped("invalid_replay_missing_recording", None, text)
    if counts not in _REPLAY_COUNTS:
        text = (
            "a replay is one replay_event with one replay_recording, or one replay_video; all of it is lost."
        )
        return dropped("duplicate_item", counts, text)
    event = next((other for other in siblings if other.type == "replay_event"), None)
    ruling = _replay_event(event) if event is not None else kept((), item.payload)
    if ruling.outcome == "dropped":
        return ruling
    if parse_event_id(delivery.event_id) is None:
        text = "a replay needs the envelope header event_id; it is lost."
        return dropped("invalid_event_id", delivery.event_id, text, "event_id")
    return ruling if item is event else kept((), item.payload)


def _replay_event(item: RawItem) -> Ruling:
    try:
        sent = strict_json.loads(item.payload)
    except strict_json.StrictJSONError as error:
        return dropped("invalid_replay", item.payload, f"this is no JSON ({error}); the replay is lost.")
    if not isinstance(sent, dict):
        return dropped(
            "invalid_replay_no_payload", sent, "the payload must be an object; the replay is lost."
        )
    if parse_event_id(sent.get("replay_id")) is None:
        text = "a replay needs a replay_id; it is lost."
        return dropped("invalid_replay", sent.get("replay_id"), text, "replay_id")
    if not is_uint(sent.get("segment_id"), 16):
        text = "a replay needs a segment_id from 0 to 65535; it is lost."
        return dropped("invalid_replay", sent.get("segment_id"), text, "segment_id")
    stored, findings = dict(sent), []
    for name in _REPLAY_LISTS:
        values = sent.get(name)
        if isinstance(values, list) and len(values) > MAX_REPLAY_LIST:
            stored[name] = values[:MAX_REPLAY_LIST]
            text = f"Sentry keeps 100 of them; there are {len(values)}."
            findings.append(Finding(name, "!limit", values, stored[name], text))
    for name in ("error_ids", "trace_ids"):
        ids = sent.get(name)
        if isinstance(ids, list) and not all(one is None or parse_event_id(one) for one in ids):
            return dropped("invalid_replay", ids, "these must be ids; the replay is lost.", name)
    return kept(findings, stored)
