"""Whatever is sent comes back equal, and whatever is mutated is parsed or refused."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_sentryintegration.wire.containers import unpack
from pytest_sentryintegration.wire.encodings import decode_body
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, parse_envelope, serialize_envelope
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.strict_json import StrictJSONError, loads

pytestmark = pytest.mark.uncounted

quickly = settings(max_examples=60)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
known = {"event_id", "dsn", "sent_at", "trace", "client", "version", "origin", "remote_addr"}
known |= {"forwarded_for", "user_agent", "no_cache", "required_features"}
envelope_headers = st.dictionaries(texts.filter(lambda name: name not in known), values, max_size=4)
item_headers = st.dictionaries(texts.filter(lambda name: name not in ("type", "length")), values, max_size=4)
item_types = st.sampled_from(["event", "transaction", "attachment", "log", "span", "client_report"]) | texts


def refused_status(action: Callable[[], object]) -> int | None:
    try:
        action()
    except Refusal as refusal:
        return refusal.status
    return None


@st.composite
def items(draw: st.DrawFn) -> RawItem:
    payload = draw(st.binary(max_size=100))
    headers: dict[str, Any] = {"type": draw(item_types), **draw(item_headers)}
    if b"\n" in payload or draw(st.booleans()):
        headers["length"] = len(payload)
    return RawItem(headers, payload)


envelopes = st.builds(RawEnvelope, envelope_headers, st.lists(items(), max_size=6).map(tuple))
ENCODERS: dict[str, Any] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@quickly
@given(envelopes)
def test_an_envelope_comes_back_equal(envelope: RawEnvelope) -> None:
    assert parse_envelope(serialize_envelope(envelope)) == envelope


@quickly
@given(envelopes, st.sampled_from(sorted(ENCODERS)))
def test_any_encoding_is_undone(envelope: RawEnvelope, encoding: str) -> None:
    data = serialize_envelope(envelope)

    assert decode_body(ENCODERS[encoding](data), encoding, len(data)) == data


@quickly
@given(st.binary(max_size=300), st.sampled_from(sorted(ENCODERS)))
def test_any_bytes_are_decoded_or_refused(body: bytes, encoding: str) -> None:
    assert refused_status(lambda: decode_body(body, encoding, 1000)) in (None, 400, 413)


@quickly
@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    assert refused_status(lambda: parse_envelope(data)) in (None, 400)


@quickly
@given(envelopes, st.data())
def test_a_mutated_envelope_is_parsed_or_refused(envelope: RawEnvelope, data: st.DataObject) -> None:
    sent = bytearray(serialize_envelope(envelope))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(sent) - 1))
        piece = data.draw(st.sampled_from([b"", b"\n", b'"', b"{", b"}", b"\\", b"\r", b"9", b"\xff"]))
        sent[position : position + data.draw(st.integers(0, 3))] = piece or b"x"
    assert refused_status(lambda: parse_envelope(bytes(sent))) in (None, 400)


@quickly
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_json_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(StrictJSONError):
        loads(text)


@quickly
@given(
    st.sampled_from(["log", "span", "trace_metric", "event"]), item_headers, values, st.binary(max_size=40)
)
def test_any_container_is_opened(item_type: str, headers: dict[str, Any], value: Any, raw: bytes) -> None:
    for payload in (raw, serialize_envelope(RawEnvelope({"items": value}, ())).strip()):
        unpack(RawItem({**headers, "type": item_type}, payload))
