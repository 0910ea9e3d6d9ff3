"""The fake Sentry without its socket: a request comes in, a reply goes out, what it held is in the store.

Data flows one way: request → `Route` → `Call` → `Taken` → reply.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from pytest_sentryintegration.ingest.answers import error_reply, not_saved, preflight
from pytest_sentryintegration.ingest.call import Call, Taken
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.ingest.routes import HEALTHCHECK, NOWHERE, Route, Take, find_route
from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.store import STRAYS, HolderError, Store, Tolerated
from pytest_sentryintegration.wire.auth import Auth
from pytest_sentryintegration.wire.dsn import is_public_key
from pytest_sentryintegration.wire.encodings import check_encoding
from pytest_sentryintegration.wire.envelope import RawEnvelope, serialize_envelope
from pytest_sentryintegration.wire.limits import check_limits
from pytest_sentryintegration.wire.rate_limits import RateLimit, rate_limited
from pytest_sentryintegration.wire.refusal import Refusal

__all__ = ["Ingest"]


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
        self._faults: dict[str | None, Faults] = {}
        self._unsaved: list[Callable[[], None]] = []
        """What takes back the changes of requests that are not saved yet, where anything is to be saved."""
        self._lock = reentrant_lock()

    @property
    def has_faults(self) -> bool:
        """Whether any inbox was given faults."""
        return bool(self._faults)

    def faults_for(self, inbox: str | None) -> Faults:
        """Return the faults of an inbox; they are gone when it is closed or `forget` is called.

        Args:
            inbox: Its name; ``None`` for all inboxes that have no faults of their own.
        """
        with self._lock:
            return self._faults.setdefault(inbox, Faults())

    def replace_faults(self, inbox: str | None, faults: Faults) -> None:
        """Set the faults of an inbox, in place of those that it has; see `faults_for`."""
        with self._lock:
            self._faults[inbox] = faults

    def end_delays(self, inbox: str | None) -> bool:
        """Take back the delays of an inbox; returns whether there were any."""
        with self._lock:
            faults = self._faults.get(inbox)
        return faults is not None and faults._set.end_delays()

    def forget(self, inbox: str | None) -> bool:
        """Take back the faults of an inbox; returns whether there were any."""
        with self._lock:
            faults = self._faults.pop(inbox, None)
        if faults is not None:
            faults.clear()
        return faults is not None

    def body_limit(self, target: str) -> int:
        """Return how many bytes a body sent to *target* may have, before and after decoding."""
        return find_route(target).endpoint.limit

    def handle(self, request: Request) -> Reply:
        """Answer *request*; never raises, may be called from any thread."""
        return self._answer_safely(request, None)

    def refuse(self, request: Request, status: int, reason: str) -> Reply:
        """Answer a request that the server did not read to its end, and list it; never raises.

        Of one whose body is too long (413) something else may count first, such as its authentication: what
        does is the endpoint's to say.
        """
        refusal = Refusal(status, reason, text=True)
        if status == 413:
            return self._answer_safely(request, refusal)
        route = find_route(request.target)
        self._list(request, route, status, reason, request.body)
        return route.endpoint.refuse(self._call(request, route), refusal)

    def save(self) -> Reply | None:
        """Have the store save what came; return what to answer where that fails, else ``None``."""
        undo, self._unsaved = self._unsaved, []
        try:
            self._store.commit()
        except HolderError as error:
            for take_back in reversed(undo):
                take_back()
            return error_reply(not_saved(error))
        return None

    def _call(self, request: Request, route: Route, body: Refusal | None = None) -> Call:
        return Call(request, route.arguments, route.endpoint.limit, self.strict, self._store.uploads, body)

    def _answer_safely(self, request: Request, body: Refusal | None) -> Reply:
        route = find_route(request.target)
        try:
            return self._answer(self._call(request, route, body), route)
        except Exception:
            detail = "internal error of the fake Sentry"
            self._list(request, route, 500, f"{detail}:\n{traceback.format_exc()}", request.body)
            return error_reply(Refusal(500, detail))

    def _answer(self, call: Call, route: Route) -> Reply:
        try:
            encoding = call.headers.get("content-encoding")
            if encoding is not None:
                check_encoding(encoding)
            if call.request.method == "OPTIONS" and route.endpoint is not NOWHERE:
                return preflight()
            take = route.take(call.request.method)
        except Refusal as refusal:
            answered = _unforwarded(call, refusal) if route.forwards else refusal
            self._list_refused(call, route, answered)
            return error_reply(answered)
        faults = self._active_faults(route.inbox) if route.endpoint is not HEALTHCHECK else None
        if faults is not None:
            return self._answer_faultily(call, route, take, faults)
        try:
            return self._keep(call, route, take(call))
        except Refusal as refusal:
            self._list_refused(call, route, refusal)
            return route.endpoint.refuse(call, refusal)

    def _active_faults(self, inbox: str | None) -> Faults | None:
        if not self._faults:
            return None
        name = self._open_inbox(inbox)
        return self._faults.get(name) or self._faults.get(None) or None

    def _open_inbox(self, inbox: str | None) -> str:
        name = self._store.running if inbox is None else inbox
        if self._store.knows(name):
            return name
        self.forget(name)
        return STRAYS

    def _answer_faultily(self, call: Call, route: Route, take: Take, faults: Faults) -> Reply:
        types: frozenset[str] = frozenset()
        code = None
        try:
            try:
                taken = take(call)
                types = frozenset(item.type for raw in taken.envelopes for item in raw.items)
            finally:
                code = faults._set.take_status(types)
                if code is not None:
                    raise Refusal(code, f"fault set by the test: status {code}")
            reply = self._keep(call, route, taken, faults)
        except Refusal as refusal:
            self._list_refused(call, route, refusal, fault=code is not None)
            reply = route.endpoint.refuse(call, refusal)
        faults._set.spoil(reply, types)
        return reply

    def _keep(self, call: Call, route: Route, taken: Taken, faults: Faults | None = None) -> Reply:
        envelopes = taken.envelopes
        limits: list[RateLimit] = []
        if faults is not None:
            envelopes = self._limited(call, route, envelopes, faults, limits)
            if taken.counted is not None and not self._limited(call, route, [taken.counted], faults, limits):
                envelopes = []
        for raw in envelopes:
            check_limits(raw.items, route.endpoint.name)
        refused = bool(limits) and taken.answers_limits
        if taken.settle is not None and not refused:
            take_back = taken.settle(self._store.addressed(route.inbox))
            if self._store.outlives:
                self._unsaved.append(take_back)
        auth = taken.auth
        tolerated = _tolerated(route.endpoint.name, auth)
        for raw in envelopes:
            self._store.add(
                route.inbox,
                project_id=taken.project_id,
                envelope=raw,
                public_key=auth.public_key if auth is not None else "",
                client=auth.client if auth is not None and auth.client is not None else taken.client,
                headers=call.request.headers,
                endpoint=route.endpoint.name,
                tolerated=tolerated,
                query=call.query,
            )
        for lost in taken.lost:
            self._list(call.request, route, lost.status, lost.reason, lost.payload)
        if refused:
            return route.endpoint.refuse(call, rate_limited(limits))
        return taken.reply

    def _limited(
        self, call: Call, route: Route, envelopes: list[RawEnvelope], faults: Faults, limits: list[RateLimit]
    ) -> list[RawEnvelope]:
        """Return what rate limits leave of *envelopes*; list what they take, and add them to *limits*."""
        left = []
        for raw in envelopes:
            enforced = faults._set.enforce(raw)
            if enforced is None or not enforced.limits:
                left.append(raw)
                continue
            limits.extend(limit for limit in enforced.limits if limit not in limits)
            removed = serialize_envelope(RawEnvelope(raw.headers, enforced.removed))
            reason = f"rate limited by the test: {', '.join(enforced.categories)}"
            self._list(call.request, route, 429, reason, removed, fault=True)
            if enforced.kept:
                left.append(RawEnvelope(raw.headers, enforced.kept))
        return left

    def _list_refused(self, call: Call, route: Route, refusal: Refusal, *, fault: bool = False) -> None:
        try:
            body = call.body()
        except Refusal:
            body = call.request.body
        self._list(call.request, route, refusal.status, refusal.reason, body, fault=fault)

    def _list(
        self, request: Request, route: Route, status: int, reason: str, body: bytes, *, fault: bool = False
    ) -> None:
        self._store.refuse(
            route.inbox,
            status=status,
            reason=reason,
            method=request.method,
            path=request.target,
            headers=request.headers,
            body=body,
            fault=fault,
        )


def _unforwarded(call: Call, refusal: Refusal) -> Refusal:
    """Return why a request is not handed on: its body is too long, else *refusal*.

    Relay: ``relay-server/src/endpoints/forward.rs``.
    """
    try:
        call.check_length()
        call.body()
    except Refusal as problem:
        return problem if problem.status == 413 else refusal
    return refusal


def _tolerated(endpoint: str, auth: Auth | None) -> Tolerated | None:
    """Return what Sentry would have refused a request for, when it is accepted."""
    if endpoint == "stream":
        return "no_such_endpoint"
    if auth is None:
        return "no_authentication"
    return None if is_public_key(auth.public_key) else "toy_key"
