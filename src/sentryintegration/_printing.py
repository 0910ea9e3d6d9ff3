"""Dry mode: envelopes on stderr in place of the network."""

from __future__ import annotations

import json
import sys
from typing import Any

from sentry_sdk.transport import Transport

from sentryintegration._guard import failed, shown


class PrintingTransport(Transport):
    """Prints each envelope readably on stderr, and sends nothing."""

    def capture_envelope(self, envelope: Any) -> None:
        """Print one envelope."""
        try:
            lines = ["--- Sentry envelope (dry mode, not sent)"]
            for item in envelope.items:
                lines += _described(item)
            print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 -- this is what dry mode is for
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
    return [f"{kind}: {_title(content)}".rstrip(": "), json.dumps(content, indent=2, ensure_ascii=False)]


def _title(content: Any) -> str:
    if not isinstance(content, dict):
        return ""
    exceptions = (content.get("exception") or {}).get("values") or []
    if exceptions:
        return f"{exceptions[-1].get('type')}: {shown(exceptions[-1].get('value'))}"
    return str(content.get("message") or content.get("transaction") or "")
