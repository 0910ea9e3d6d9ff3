"""The fake Sentry without its socket: a request comes in, a reply goes out, what it held is in the store."""

from __future__ import annotations

import re
import traceback

from pytest_sentryintegration.ingest.answers import empty_reply, error_reply, preflight
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints import envelope
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.store import Store
from pytest_sentryintegration.wire.limits import MAX_ENVELOPE_SIZE, check_limits
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["Ingest"]

_ENVELOPE = re.compile(r"(?:/(.+?))?/api/([^/]+)/envelope/")
_SLASHES = re.compile("/{2,}")


class Ingest:
    """Sentry's endpoints over a store.

    Args:
        store: Where accepted and refused requests go.
        strict: Refuse toy keys and missing authentication as Sentry does, instead of noting them.
    """

    def __init__(self, store: Store, *, strict: bool = False) -> None:
        self.strict = strict
        self._store = store

    def handle(self, request: Request) -> Reply:
        """Answer *request*; never raises, may be called from any thread."""
        try:
            return self._answer(request)
        except Exception:
            refusal = Refusal(500, "internal error of the fake Sentry", note=traceback.format_exc())
            self._store.refuse(
                None,
                status=500,
                reason=refusal.reason,
                method=request.method,
                path=request.target,
                headers=request.headers,
                body=request.body,
            )
            return error_reply(refusal)

    def _answer(self, request: Request) -> Reply:
        path, _, query = request.target.partition("?")
        if "//" in path:
            path = _SLASHES.sub("/", path)
        match = _ENVELOPE.fullmatch(path)
        headers = dict(reversed(request.headers))
        if match is None:
            call = Call(request, headers, path, query, None, "", MAX_ENVELOPE_SIZE)
            return self._refuse(call, Refusal(404, "", note=f"no such endpoint: {path[:200]}"))
        if request.method == "OPTIONS":
            return preflight()
        inbox, project_id = match.groups()
        call = Call(
            request,
            headers,
            path,
            query,
            inbox,
            "envelope",
            MAX_ENVELOPE_SIZE,
            {"project_id": project_id},
            self.strict,
        )
        try:
            if request.method != "POST":
                raise Refusal(405, "", headers={"allow": "POST"}, note=f"{request.method} is not allowed")
            return self._keep(call, envelope.take(call))
        except Refusal as refusal:
            return self._refuse(call, refusal)

    def _keep(self, call: Call, taken: Taken) -> Reply:
        auth = taken.auth
        for raw in taken.envelopes:
            check_limits(raw.items)
            self._store.add(
                call.inbox,
                project_id=taken.project_id,
                envelope=raw,
                public_key=auth.public_key if auth is not None else "",
                client=auth.client if auth is not None else taken.client,
                headers=call.request.headers,
                endpoint=call.endpoint,
                notes=tuple(call.notes),
            )
        return taken.reply

    def _refuse(self, call: Call, refusal: Refusal) -> Reply:
        try:
            body = call.body()
        except Refusal:
            body = call.request.body
        self._store.refuse(
            call.inbox,
            status=refusal.status,
            reason=refusal.reason,
            method=call.request.method,
            path=call.request.target,
            headers=call.request.headers,
            body=body,
        )
        return empty_reply(404) if refusal.status == 404 else error_reply(refusal)
