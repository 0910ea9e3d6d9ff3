"""The fake Sentry without its socket: a request comes in, a reply goes out, what it held is in the store."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable

from pytest_sentryintegration.ingest.answers import error_reply, preflight, text_reply
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.endpoints import cron, envelope, minidump, otlp, security, store
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.ingest.routes import HEALTHCHECK, PREFLIGHT, find_route, inbox_of, read_path
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.wire.encodings import check_encoding
from pytest_sentryintegration.wire.envelope import RawEnvelope, serialize_envelope
from pytest_sentryintegration.wire.limits import MAX_ENVELOPE_SIZE, body_limit, check_limits
from pytest_sentryintegration.wire.rate_limits import RateLimit, rate_limited
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["Ingest"]

_TAKE: dict[str, tuple[str, Callable[[Call], Taken]]] = {
    "envelope": ("envelope", envelope.take),
    "stream": ("stream", envelope.take_stream),
    "store": ("store", store.take),
    "store_get": ("store", store.take_get),
    "security": ("security", security.take),
    "cron": ("cron", cron.take),
    "minidump": ("minidump", minidump.take),
    "otlp_traces": ("otlp", otlp.take_traces),
    "otlp_logs": ("otlp", otlp.take_logs),
}
"""What each route is called in the store, and what takes its requests."""

# Nearly all of the traffic, and a tenth of the cost of asking the router.
_ENVELOPE = re.compile(r"(?:/(.+?))??/api/([0-9]+)/envelope/", re.ASCII)


class Ingest:
    """Sentry's endpoints over a store.

    Args:
        store: Where accepted and refused requests go.
        strict: Refuse toy keys and missing authentication as Sentry does, instead of noting them.

    >>> ingest = Ingest(Store())
    >>> ingest.handle(Request("POST", "/api/1/envelope/", (), b"{}")).body
    b'{}'
    >>> ingest.handle(Request("POST", "/api/1/envelope/", (), b"{} ")).status
    400
    """

    def __init__(self, store: Store, *, strict: bool = False) -> None:
        self.strict = strict
        self._store = store
        self._faults: dict[str, Faults] = {}
        self._lock = threading.Lock()

    @property
    def has_faults(self) -> bool:
        """Whether any inbox was given faults."""
        return bool(self._faults)

    def faults_for(self, inbox: str) -> Faults:
        """Return the faults of an inbox; they are gone when it is closed or `forget` is called."""
        with self._lock:
            return self._faults.setdefault(inbox, Faults())

    def end_delays(self, inbox: str) -> bool:
        """Take back the delays of an inbox; returns whether there were any."""
        with self._lock:
            faults = self._faults.get(inbox)
        return faults is not None and faults.end_delays()

    def forget(self, inbox: str) -> bool:
        """Take back the faults of an inbox; returns whether there were any."""
        with self._lock:
            faults = self._faults.pop(inbox, None)
        if faults is not None:
            faults.clear()
        return faults is not None

    def handle(self, request: Request) -> Reply:
        """Answer *request*; never raises, may be called from any thread."""
        call = Call(request)
        try:
            return self._answer(call)
        except Exception:
            detail = "internal error of the fake Sentry"
            self._list(call, 500, f"{detail}:\n{traceback.format_exc()}", request.body)
            return error_reply(Refusal(500, detail))

    def refuse(self, request: Request, status: int, reason: str) -> None:
        """List a request that the server refused before it was complete."""
        call = Call(request)
        try:
            call.inbox = find_route(request.method, read_path(request.target)).inbox
        except Refusal:
            pass
        self._list(call, status, reason, request.body)

    def _answer(self, call: Call) -> Reply:
        try:
            route = self._route(call)
        except Refusal as refusal:
            return self._refuse(call, refusal)
        if route == PREFLIGHT:
            return preflight()
        if route == HEALTHCHECK:
            return text_reply(200, "application/json", b'{"is_healthy":true}')
        call.endpoint, take = _TAKE[route]
        faults = self._active_faults(call.inbox)
        if faults is not None:
            return self._answer_faultily(call, take, faults)
        try:
            return self._keep(call, take(call))
        except Refusal as refusal:
            return self._refuse(call, refusal)

    def _route(self, call: Call) -> str:
        """Return where a request goes, and note in *call* what its path says."""
        request = call.request
        path, _, call.query = request.target.partition("?")
        call.strict = self.strict
        encoding = call.headers.get("content-encoding")
        match = _ENVELOPE.fullmatch(path) if request.method == "POST" else None
        if match is not None and "//" not in path and "%" not in path:
            call.inbox, project_id = match.groups()
            call.limit = MAX_ENVELOPE_SIZE
            call.arguments = {"project_id": project_id}
            if encoding is not None:
                check_encoding(encoding)
            return "envelope"
        path = read_path(request.target)
        call.inbox = inbox_of(path)
        call.limit = body_limit(path)
        if encoding is not None:
            check_encoding(encoding)
        route = find_route(request.method, path)
        call.arguments = route.arguments
        return route.endpoint

    def _active_faults(self, inbox: str | None) -> Faults | None:
        if not self._faults:
            return None
        name = self._store.running if inbox is None else inbox
        if not self._store.knows(name):
            self.forget(name)
            name = STRAYS
        return self._faults.get(name) or None

    def _answer_faultily(self, call: Call, take: Callable[[Call], Taken], faults: Faults) -> Reply:
        types: frozenset[str] = frozenset()
        try:
            try:
                taken = take(call)
                types = frozenset(item.type for raw in taken.envelopes for item in raw.items)
            finally:
                code = faults.take_status(types)
                if code is not None:
                    raise Refusal(code, f"fault set by the test: status {code}")
            reply = self._keep(call, taken, faults)
        except Refusal as refusal:
            reply = self._refuse(call, refusal)
        wire = faults.take_wire(types)
        reply.delay = wire.delay
        if wire.cut == "disconnect":
            # In the middle of the first line.
            reply.cut = 10
        elif wire.cut == "truncate":
            reply.cut = -max(1, (len(reply.body) + 1) // 2)
        return reply

    def _keep(self, call: Call, taken: Taken, faults: Faults | None = None) -> Reply:
        envelopes = taken.envelopes
        limits: list[RateLimit] = []
        if faults is not None:
            envelopes = []
            for raw in taken.envelopes:
                enforced = faults.enforce(raw)
                if enforced is None or not enforced.limits:
                    envelopes.append(raw)
                    continue
                limits.extend(limit for limit in enforced.limits if limit not in limits)
                removed = RawEnvelope(raw.headers, enforced.removed)
                reason = f"rate limited by the test: {', '.join(enforced.categories)}"
                self._list(call, 429, reason, serialize_envelope(removed))
                if enforced.kept:
                    envelopes.append(RawEnvelope(raw.headers, enforced.kept))
        for raw in envelopes:
            check_limits(raw.items)
        auth = taken.auth
        for raw in envelopes:
            self._store.add(
                call.inbox,
                project_id=taken.project_id,
                envelope=raw,
                public_key=auth.public_key if auth is not None else "",
                client=auth.client if auth is not None and auth.client is not None else taken.client,
                headers=call.request.headers,
                endpoint=call.endpoint,
                notes=tuple(call.notes),
            )
        return call.answer(rate_limited(limits)) if limits and taken.answers_limits else taken.reply

    def _refuse(self, call: Call, refusal: Refusal) -> Reply:
        body = call.request.body
        try:
            body = call.body()
        except Refusal:
            pass
        self._list(call, refusal.status, refusal.reason, body)
        return call.answer(refusal)

    def _list(self, call: Call, status: int, reason: str, body: bytes) -> None:
        request = call.request
        self._store.refuse(
            call.inbox,
            status=status,
            reason=reason,
            method=request.method,
            path=request.target,
            headers=request.headers,
            body=body,
        )
