"""Replays: an event and a recording of one envelope, or a video.

Relay: relay-server/src/processing/replays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.verdict.delivery import RETENTION, Delivery, is_uint
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.verdict.sameness import seconds
from pytest_sentryintegration.wire import msgpack, strict_json
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

MAX_REPLAY_LIST = 100
_PARTS = ("event", "recording", "video")
_REPLAY_LISTS = ("urls", "error_ids", "trace_ids", "segment_names")
_REPLAY_COUNTS = {(1, 1, 0), (0, 1, 0), (0, 0, 1)}


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
    sent: Any = None
    try:
        if event is not None:
            sent = strict_json.loads(event.payload)
        elif item.type == "replay_video":
            sent = strict_json.loads(_event_of_video(item.payload))
    except strict_json.StrictJSONError as error:
        return dropped("invalid_replay", item.payload, f"this is no JSON ({error}); the replay is lost.")
    except msgpack.MessagePackError as error:
        text = f"a video is MessagePack with three parts ({error}); it is lost."
        return dropped("invalid_replay_video", item.payload, text)
    if not delivery.has_event_id(siblings):
        text = "a replay needs the envelope header event_id; it is lost."
        return dropped("invalid_event_id", delivery.event_id, text, "event_id")
    if counts == (0, 1, 0):
        return kept((), item.payload)
    ruling = _judge_event(sent, delivery)
    return ruling if item is event or ruling.outcome == "dropped" else kept((), item.payload)


def _event_of_video(payload: bytes) -> bytes:
    """Return the event of a replay with a video. Relay: expand_video in replays/process.rs:20."""
    sent = msgpack.read_one(payload, strict=False)
    parts = [sent.get(f"replay_{name}") if isinstance(sent, dict) else None for name in _PARTS]
    event, recording, video = parts
    if isinstance(event, bytes) and isinstance(recording, bytes) and isinstance(video, bytes) and video:
        return event
    raise msgpack.MessagePackError("replay_event, replay_recording or replay_video is no binary data")


def _judge_event(sent: Any, delivery: Delivery) -> Ruling:
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
    moment = seconds(sent.get("timestamp"))
    if moment is not None and delivery.age(moment) > RETENTION:
        text = "this lies more than 90 days in the past; the replay is lost."
        return dropped("timestamp", sent["timestamp"], text, "timestamp")
    return kept(findings, stored)
