"""Profiles of transactions, as samples or as a trace of Android.

Relay: ``relay-server/src/processing/{profiles/process,transactions/process}.rs`` and
``relay-profiling/src/lib.rs``, which names the formats. One that comes without its transaction is not opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.verdict.profile_formats import (
    ANDROID_PROFILE,
    ANDROID_PROFILE_METADATA,
    PROFILE,
    PROFILE_KIND,
    PROFILE_METADATA,
)
from pytest_sentryintegration.verdict.profile_traces import judge_android_trace, judge_references
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, fallen, kept
from pytest_sentryintegration.verdict.schema import misfit
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.categories import kind_of
from pytest_sentryintegration.wire.envelope import RawItem, parse_event_id

__all__ = ["judge_profile"]

MAX_PROFILE_SECONDS = 30
_WHAT = "the profile"
_NIL = "0" * 32
_COCOA = {"os": ("build_number",), "device": ("is_emulator", "locale", "manufacturer", "model")}


def judge_profile(item: RawItem, siblings: Sequence[RawItem], lost: Ruling | None) -> Ruling:
    """Judge a ``profile`` item.

    Args:
        item: The profile.
        siblings: All items of its envelope.
        lost: The ruling on its event or transaction, where that is dropped.
    """
    # What counts first: transactions/process.rs:33 and, beside an event, errors/process.rs:71.
    with_transaction = any(other.type == "transaction" for other in siblings)
    with_event = not with_transaction and any(kind_of(other).creates_event for other in siblings)
    if lost is not None and lost.reason == "invalid_json":
        return fallen(lost)
    if with_event:
        return dropped("invalid_envelope", None, "Sentry takes no profile beside an event; it is lost.")
    profiles = [other for other in siblings if other.type == "profile"]
    if profiles and item is not profiles[0]:
        return dropped("profiling_too_many_profiles", None, "Sentry keeps one profile of an envelope.")
    if not with_transaction and item.headers.get("sampled") is not False:
        text = "a profile without its transaction needs the item header sampled: false; it is lost."
        return dropped("profiling_invalid_standalone", item.headers.get("sampled"), text, "sampled")
    try:
        sent = strict_json.loads(item.payload, mark_doubled=True)
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the profile is lost."
        return dropped("profiling_invalid_json", item.payload, text)
    ruling = _judge_metadata(sent)
    if ruling is None and lost is not None:
        return fallen(lost)
    if ruling is None and with_transaction:
        ruling = _judge_samples(sent) if sent.get("version") == "1" else _judge_android(sent)
    return ruling or kept((), sent)


def _judge_metadata(sent: Any) -> Ruling | None:
    """Return why a profile is lost before it is opened. Relay: parse_metadata in lib.rs:148."""
    if ruling := misfit(sent, PROFILE_KIND, _WHAT):
        return ruling
    if sent.get("version") == "1":
        return misfit(sent, PROFILE_METADATA, _WHAT)
    if sent["platform"] == "android":
        return misfit(sent, ANDROID_PROFILE_METADATA, _WHAT)
    text = f"a profile of this platform needs version '1'; one of {sent.get('version')!r} is lost."
    return dropped("profiling_platform_not_supported", sent["platform"], text, "platform")


def _judge_samples(sent: dict[str, Any]) -> Ruling | None:
    """Return why a profile of version 1 is lost. Relay: parse_profile in sample/v1.rs:283."""
    if ruling := misfit(sent, PROFILE, _WHAT):
        return ruling
    for part, names in _COCOA.items() if sent["platform"] == "cocoa" else ():
        for name in names:
            if sent[part].get(name) is None:
                text = f"a profile of cocoa needs {name!r} in {part!r}; it is lost."
                return dropped("profiling_invalid_profile_metadata", None, text, f"{part}.{name}")
    transaction: dict[str, Any] = sent.get("transaction") or next(iter(sent.get("transactions", ())), {})
    if ruling := _judge_transaction(transaction):
        return ruling
    first, last = (int(transaction.get(f"relative_{end}_ns", 0)) for end in ("start", "end"))
    samples = sent["profile"]["samples"]
    if last:
        samples = [one for one in samples if first <= int(one["elapsed_since_start_ns"]) <= last]
    return _judge_samples_of({**sent["profile"], "samples": samples}, "profile")


def _judge_transaction(transaction: dict[str, Any]) -> Ruling | None:
    if not transaction:
        text = "a profile needs its transaction; it is lost."
        return dropped("profiling_no_transaction_associated", None, text, "transaction")
    nil = any(parse_event_id(transaction[name]) == _NIL for name in ("id", "trace_id"))
    if nil or not transaction["name"]:
        text = (
            "the transaction of a profile needs a name, and ids that are not all zero; the profile is lost."
        )
        return dropped("profiling_invalid_transaction_metadata", transaction, text, "transaction")
    return None


def _judge_samples_of(profile: dict[str, Any], path: str) -> Ruling | None:
    """Return why the samples are lost. Relay: ``SampleProfile::normalize`` in sample/v1.rs:68."""
    stacks = profile["stacks"]
    samples = [(int(one["thread_id"]), one) for one in profile["samples"]]
    filled = {index for index, stack in enumerate(stacks) if stack}
    busy: dict[int, list[int]] = {}
    for index, (thread, one) in enumerate(samples):
        if one["stack_id"] in filled:
            busy.setdefault(thread, []).append(index)
    # What a thread does before its first and after its last busy sample does not count.
    active = [
        (thread, one)
        for index, (thread, one) in enumerate(samples)
        if thread in busy and busy[thread][0] <= index <= busy[thread][-1]
    ]
    counts = Counter(thread for thread, _ in active)
    left = [one for thread, one in active if counts[thread] > 1]
    if not left:
        text = "a profile needs two samples of one thread; it is lost."
        return dropped("profiling_not_enough_samples", profile["samples"], text, f"{path}.samples")
    if ruling := judge_references(left, profile, path):
        return ruling
    elapsed = int(left[-1]["elapsed_since_start_ns"])
    if elapsed > MAX_PROFILE_SECONDS * 10**9:
        text = f"a profile may last 30 seconds, and this lasts {elapsed / 1e9:.1f}; it is lost."
        return dropped("profiling_duration_is_too_long", elapsed, text, f"{path}.samples")
    return None


def _judge_android(sent: dict[str, Any]) -> Ruling | None:
    """Return why a profile of Android is lost. Relay: parse_profile in android/legacy.rs:143."""
    if ruling := misfit(sent, ANDROID_PROFILE, _WHAT):
        return ruling
    if transactions := sent.get("transactions"):
        ruling = _judge_transaction(transactions[0])
    elif not sent.get("transaction_name"):
        ruling = _judge_transaction({})
    js_profile = sent.get("js_profile")
    if ruling is None and js_profile is not None:
        ruling = _judge_samples_of(js_profile, "js_profile")
    return ruling or judge_android_trace(sent, _WHAT, MAX_PROFILE_SECONDS)
