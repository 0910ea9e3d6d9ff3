from __future__ import annotations

import pytest

from pytest_sentryintegration.wire.refusal import Refusal


@pytest.mark.parametrize(
    ("detail", "causes", "note", "reason"),
    [
        (
            "invalid event envelope",
            ("unexpected end of file",),
            "",
            "invalid event envelope: unexpected end of file",
        ),
        ("upload error: invalid offset", ("invalid offset",), "", "upload error: invalid offset"),
        ("upload error: no upload: ended", ("no upload: ended",), "", "upload error: no upload: ended"),
        ("upload error: bad signature: bad signature", ("bad signature",), "", "upload error: bad signature"),
        ("", (), "an upload of 2 bytes", "an upload of 2 bytes"),
        ("", (), "", ""),
    ],
)
def test_the_reason_says_each_thing_once(
    detail: str, causes: tuple[str, ...], note: str, reason: str
) -> None:
    assert Refusal(400, detail, causes, note=note).reason == reason
