"""Dry mode: envelopes on stderr in place of the network."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from sentry_sdk.transport import Transport

from sentryintegration._guard import failed, shown

_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys, or by which text is not shown as it is."""


class PrintingTransport(Transport):
    """Prints each envelope readably on stderr, and sends nothing."""

    def capture_envelope(self, envelope: Any) -> None:
        """Print one envelope."""
        try:
            lines = ["--- Sentry envelope (dry mode, not sent)"]
            for item in envelope.items:
                lines += _described(item)
            text = "\n".join(map(_visible, lines))
            print(text, file=sys.stderr, flush=True)  # noqa: T201 -- this is what dry mode is for
        except Exception:
            failed("printing an envelope")


def _described(item: Any) -> list[str]:
    kind = item.headers.get("type")
    payload = item.payload.get_bytes()
    if kind == "attachment":
        return [f"attachment {item.headers.get('filename')!r}: {len(payload)} bytes"]
    try:
        content = json.loads(payload)
    except ValueError:
        return [f"{kind}: {len(payload)} bytes"]
    indented = json.dumps(content, indent=2, ensure_ascii=False).split("\n")
    return [f"{kind}: {_title(content)}".rstrip(": "), *indented]


def _visible(line: str) -> str:
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _title(content: Any) -> str:
    if not isinstance(content, dict):
        return ""
    exceptions = (content.get("exception") or {}).get("values") or []
    if exceptions:
        return f"{exceptions[-1].get('type')}: {shown(exceptions[-1].get('value'))}"
    return str(content.get("message") or content.get("transaction") or "")
