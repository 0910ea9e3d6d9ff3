"""What a report holds, read back out of its page; and dumps to make one of."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_sentryintegration.report.blocks import Limits
from pytest_sentryintegration.report.building import build

ERROR = {"exception": {"values": [{"type": "CardError", "value": "declined"}]}}


def envelope(payload: dict[str, Any], kind: str = "event", **headers: Any) -> bytes:
    known = {"sent_at": "2026-11-26T12:00:00Z", **headers}
    return b"\n".join(json.dumps(line).encode() for line in (known, {"type": kind}, payload))


def write_dump(
    folder: Path, tests: Sequence[dict[str, Any]], files: dict[str, bytes] | None = None, version: int = 1
) -> Path:
    """Write a dump as `--sentry-dump` does: a manifest, and the files that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (files or {}).items():
        (folder / name).write_bytes(body)
    lines = [{"manifest": "sentryintegration", "version": version}, *tests]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "manifest-main.jsonl").write_text(text, encoding="utf-8")
    return folder


def sent(name: str, number: int = 1) -> dict[str, Any]:
    """What a manifest says of an envelope."""
    return {"file": name, "number": number, "received": "2026-11-26T12:00:01+00:00", "project_id": "1"}


class Page:
    """A report, read."""

    def __init__(self, html: bytes) -> None:
        self.html = html
        elements = re.findall(rb'<script type="text/plain" id="report-([\w-]+)">([^<]*)</script>', html)
        parts = {
            name.decode(): json.loads(gzip.decompress(base64.b64decode(text))) for name, text in elements
        }
        self.head: dict[str, Any] = parts.pop("head")
        self.blocks: list[dict[str, Any]] = [parts[f"block-{number}"] for number in range(len(parts))]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(test["outcome"], test["test"]) for test in self.head["tests"]]

    @property
    def labels(self) -> list[str]:
        return [item["label"] for row in self.head["rows"] for item in row["items"]]

    def details(self, place: int) -> dict[str, Any]:
        found: dict[str, Any] = self.blocks[self.head["tests"][place]["block"]]["tests"][str(place)]
        return found


def page_of(*folders: Path, **limits: int) -> Page:
    return Page(build(folders, limits=Limits(**limits))[0])
