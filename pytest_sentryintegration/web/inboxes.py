"""Inboxes of one's own, for workers that run side by side."""

from __future__ import annotations

import re
import secrets

from pytest_sentryintegration.inbox.queries import QuestionError, no_such
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.server.fake_sentry import KEY, FakeSentry
from pytest_sentryintegration.store import STRAYS
from pytest_sentryintegration.web.asking import Asked, RefusedError, json_reply, reply
from pytest_sentryintegration.web.objects import dump
from pytest_sentryintegration.web.reading import ClosedError

__all__ = ["Inboxes"]


class Inboxes:
    """Opens and closes inboxes."""

    def __init__(self, sentry: FakeSentry) -> None:
        self._sentry = sentry

    def open(self, asked: Asked) -> Reply:
        """Open an inbox, and answer with its DSN: for the name by which the client asked."""
        asked.parameters(())
        given = asked.json()
        for name, text in given.items():
            if name not in ("name", "test"):
                no_such("field", name, ("name", "test"))
            if not isinstance(text, str) or len(text) > 1000:
                got = dump(text)[:80].decode("utf-8", "ignore")
                raise QuestionError(f"{name} is text of at most 1000 characters, got {got}")
        readable = re.sub(r"[^a-z0-9]+", "-", given.get("name", "").lower()[:40]).strip("-") or "inbox"
        inbox = f"{readable}-{secrets.token_hex(4)}"
        self._sentry.store.open(inbox, given.get("test", ""), expires=True)
        host = asked.request.headers["host"]
        return json_reply(
            201, {"inbox": inbox, "dsn": f"http://{KEY}@{host}/{inbox}/1", "url": f"http://{host}/{inbox}"}
        )

    def close(self, asked: Asked, inbox: str) -> Reply:
        """Close an inbox, and forget what it holds."""
        asked.parameters(())
        store = self._sentry.store
        if not store.knows(inbox):
            raise ClosedError(inbox)
        if inbox in (STRAYS, store.running):
            raise RefusedError(
                409, f"the inbox {inbox!r} takes what names none: it cannot be closed, only cleared"
            )
        self._sentry.end_delays(inbox)
        self._sentry.ingest.forget(inbox)
        store.close(inbox)
        return reply(204, "application/json", b"")
