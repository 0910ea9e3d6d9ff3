"""Crash reports of Unreal Engine: what is in them, and what no report is."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.wire.unreal import ReportError, ReportFile, read_context, read_report

LIMIT = 10_000


def text(content: bytes) -> bytes:
    return struct.pack("<i", len(content)) + content


def container(*files: tuple[str, bytes], count: int | None = None, old: bool = False) -> bytes:
    """Return a report, not yet compressed; of the old format with another number in its first header."""
    number = len(files) if count is None else count
    header = text(b"folder\0\0") + text(b"UE4CC-1.ue4crash\0") + struct.pack("<i", 0)
    places = enumerate(files)
    body = b"".join(
        struct.pack("<i", place) + text(name.encode()) + text(sent) for place, (name, sent) in places
    )
    if old:
        return header + struct.pack("<i", 0) + body + header + struct.pack("<i", number)
    return b"CR1" + header + struct.pack("<i", number) + body


def packed(*files: tuple[str, bytes]) -> bytes:
    return zlib.compress(container(*files))


@pytest.mark.parametrize("old", [False, True])
def test_both_formats_are_read(old: bool) -> None:
    # symbolic-unreal/src/container.rs, Unreal4Crash::from_bytes.
    report = zlib.compress(container(("a.txt\0", b"one"), ("\u00fc", b""), old=old)) + b"passed over"

    assert read_report(report, LIMIT) == [
        ReportFile("a.txt", b"one", "event.attachment", "application/octet-stream"),
        ReportFile("\u00fc", b"", "event.attachment", "application/octet-stream"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "attachment_type", "content_type"),
    [
        # Relay: extract_items in relay-server/src/utils/unreal.rs:26.
        ("CrashContext.runtime-xml", b"MDMP", "unreal.context", "text/xml"),
        ("CrashReportClient.ini", b"MDMP", "event.attachment", "application/octet-stream"),
        ("MDMP.log", b"MDMP", "unreal.logs", "text/plain"),
        ("a.dmp", b"MDMP", "event.minidump", "application/x-dmp"),
        ("a.dmp", b"PMDM", "event.attachment", "application/octet-stream"),
        ("a", b"Incident Identifier: 1", "event.applecrashreport", "text/plain"),
        ("__sentry-event", b"\x80", "event.payload", "application/x-msgpack"),
        ("__sentry-breadcrumb2", b"\x90", "event.breadcrumbs", "application/x-msgpack"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_name_then_by_its_start(
    name: str, content: bytes, attachment_type: str, content_type: str
) -> None:
    (file,) = read_report(packed((name, content)), LIMIT)

    assert (file.attachment_type, file.content_type) == (attachment_type, content_type)


FILE = container(("a", b"b"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "invalid crash file contents"),
        (b"CR1", "invalid crash file contents"),
        (FILE[:-1], "invalid crash file contents"),
        (FILE + b"x", "unexpected trailing data"),
        (container(count=-1), "invalid crash file contents"),
        (container(count=2**31 - 1), "invalid crash file contents"),
        (container(("a", b"b"), count=2), "invalid crash file contents"),
        (container(("a", b"b"), count=0), "unexpected trailing data"),
        (b"CR1" + struct.pack("<i", -5), "invalid crash file contents"),
        (bytes(LIMIT + 1), "crash file contents are too large"),
    ],
)
def test_what_is_no_report_is_an_error(data: bytes, reason: str) -> None:
    with pytest.raises(ReportError, match="bad compression" if not data else reason):
        read_report(zlib.compress(data), LIMIT)


@pytest.mark.parametrize("report", [b"", b"CR1", zlib.compress(FILE)[:-1], zlib.compress(FILE, wbits=31)])
def test_what_is_not_compressed_whole_is_an_error(report: bytes) -> None:
    with pytest.raises(ReportError, match="bad compression"):
        read_report(report, LIMIT)


def test_a_bomb_costs_its_limit() -> None:
    with pytest.raises(ReportError, match="too large"):
        read_report(zlib.compress(bytes(10**8)), LIMIT)


@given(st.binary(max_size=200), st.booleans())
def test_whatever_is_sent_is_read_or_an_error(data: bytes, marked: bool) -> None:
    with contextlib.suppress(ReportError):
        read_report(zlib.compress((b"CR1" if marked else b"") + data), LIMIT)


def test_a_context_has_what_is_written_at_its_third_level() -> None:
    # symbolic-unreal/src/context.rs and xml.rs.
    xml = b"""<C><RuntimeProperties>
        <A>one<!-- comment --><B>inner</B><![CDATA[ & two]]></A><Empty/><Blank></Blank></RuntimeProperties>
        <GameData><x>1</x><x>2</x><y/></GameData><Other><A>no</A></Other></C>"""
    context = read_context(xml)

    assert context.properties == {"A": "one & two"}
    assert (context.engine, context.game) == ({}, {"x": "2", "y": ""})


BOMB = b"<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;&x;'>]><C><GameData><a>&z;</a></GameData></C>"
OUTSIDE = b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><C><GameData><a>&x;</a></GameData></C>"


@pytest.mark.parametrize(
    "xml",
    [b"", b"nope", b"<a>", b"<a></b>", b"\xff", b"<?xml version='1.0' encoding='no'?><a/>", BOMB, OUTSIDE],
)
def test_what_is_no_context_is_an_error(xml: bytes) -> None:
    with pytest.raises(ReportError, match="invalid xml"):
        read_context(xml)


def test_a_context_that_is_nested_without_end_is_read() -> None:
    assert read_context(b"<a>" * 100_000 + b"</a>" * 100_000).properties == {}
