"""The bytes of envelopes and attachments."""

from __future__ import annotations

import re
from typing import Final

from pytest_sentryintegration.inbox.queries import QuestionError
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.web.asking import PLACES, Asked, RefusedError, reply
from pytest_sentryintegration.web.objects import attachment_name
from pytest_sentryintegration.web.reading import Kept
from pytest_sentryintegration.wire.envelope import serialize_envelope

__all__ = ["Payloads"]

_SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})
"""Types that a browser may show without running anything of them."""

_SANDBOX: Final = "default-src 'none'; sandbox"


class Payloads:
    """Answers with what was sent, as it is."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def envelope(self, asked: Asked, number: str) -> Reply:
        """Answer with the bytes of an envelope."""
        wanted = _numbers(number, r"(\d+)")[0]
        part = asked.part(self._kept, asked.parameters(PLACES))
        entry = next(iter(self._kept.store.since(part.inbox, wanted - 1)), None)
        if entry is None or entry.number != wanted or not isinstance(entry, Arrival):
            raise RefusedError(404, f"there is no envelope {number}: it was evicted, refused, or never came")
        return _download(
            serialize_envelope(entry.envelope), f"{wanted}.envelope", "application/x-sentry-envelope"
        )

    def attachment(self, asked: Asked, number: str) -> Reply:
        """Answer with the bytes of an attachment, as a download."""
        name = "-".join(map(str, _numbers(number, r"(\d+)-(\d+)" if "-" in number else r"(\d+)")))
        part = asked.part(self._kept, asked.parameters(PLACES))
        contents = part.contents()
        contents.update()
        places = {attachment_name(each): each for each in contents.attachments}
        if "-" not in name:
            inside = [place for place in places if place.partition("-")[0] == name]
            if len(inside) > 1:
                raise QuestionError(
                    f"envelope {name} has {len(inside)} attachments: ask for {', '.join(inside)}"
                )
            name = inside[0] if inside else name
        found = places.get(name)
        if found is None:
            raise RefusedError(404, f"there is no attachment {name}: it was evicted, or never came")
        kind = (found.content_type or "").partition(";")[0].strip().lower()
        shown = f"{kind}; charset=utf-8" if kind == "text/plain" else kind
        # Never a name that was sent: it may be a path, or hold line breaks.
        return _download(
            found.payload, f"attachment-{name}", shown if kind in _SHOWN else "application/octet-stream"
        )


def _numbers(text: str, pattern: str) -> list[int]:
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None or len(text) > 30:
        what = (
            "a number, such as 17"
            if pattern.count("(") == 1
            else "the number of an envelope and a place, such as 17-1"
        )
        raise QuestionError(f"expected {what}, got {text[:80]!r}")
    return [int(group) for group in match.groups()]


def _download(body: bytes, name: str, content_type: str) -> Reply:
    return reply(
        200,
        content_type,
        body,
        content_disposition=f'attachment; filename="{name}"',
        content_security_policy=_SANDBOX,
    )
