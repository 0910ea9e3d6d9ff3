"""The web room: which path leads to which handler, and what becomes of errors."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from functools import partial

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from pytest_sentryintegration.inbox.queries import QuestionError
from pytest_sentryintegration.ingest.request import Client, Reply, Request
from pytest_sentryintegration.ingest.routes import find_route
from pytest_sentryintegration.matching.fields import UnknownField
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import HolderError, Store
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.asking import Asked, RefusedError, as_werkzeug, json_reply, text_reply
from pytest_sentryintegration.web.captured import Captured
from pytest_sentryintegration.web.faults import FaultsOverHttp
from pytest_sentryintegration.web.findings import Findings
from pytest_sentryintegration.web.inboxes import Inboxes
from pytest_sentryintegration.web.kent import Kent
from pytest_sentryintegration.web.openapi import described
from pytest_sentryintegration.web.page import Page
from pytest_sentryintegration.web.payloads import Payloads
from pytest_sentryintegration.web.reading import ClosedError, Kept, LeftError
from pytest_sentryintegration.web.routes import Route
from pytest_sentryintegration.web.session import Session
from pytest_sentryintegration.web.streaming import Streaming
from pytest_sentryintegration.web.traces import Traces

__all__ = ["Web"]


class Web:
    """Answers on all paths that no endpoint of ingest has.

    Args:
        sentry: Whose store is read.
        access: Who may read; without it this machine alone.

    >>> with FakeSentry(web=Web) as sentry:
    ...     sentry.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(self, sentry: FakeSentry, access: Access | None = None) -> None:
        self._access = access or Access()
        self._store = sentry.store
        self.routes = _routes(sentry, self._access)
        rules = [rule for route in self.routes for rule in _rules(route)]
        self._map = Map(rules, merge_slashes=False, redirect_defaults=False)

    def __call__(self, request: Request, client: Client) -> Reply | None:
        """Answer a request; ``None`` where there is no such path. May wait, and does not raise."""
        found = find_route(request.target)
        path = found.path if found.inbox is None else found.path[len(found.inbox) + 1 :]
        asked = Asked(as_werkzeug(request, path, client.peer), request.body, client, found.inbox)
        try:
            reply = self._answer(asked)
        except NotFound:
            return None
        except (QuestionError, UnknownField) as error:
            reply = json_reply(400, {"error": str(error)})
        except RefusedError as error:
            reply = json_reply(error.status, {"error": str(error)}, **error.headers)
        except MethodNotAllowed as error:
            allowed = ", ".join(sorted(error.valid_methods or ()))
            text = f"{request.method[:20]} is not allowed here, only {allowed}"
            reply = json_reply(405, {"error": text}, allow=allowed)
        except HTTPException as error:
            reply = json_reply(error.code or 400, {"error": str(error.description)})
        except HolderError as error:
            reply = json_reply(503, {"error": f"the fake Sentry could not save it: {error}"})
        except ClosedError as error:
            reply = json_reply(404, {"error": str(error)})
        except LeftError:
            reply = text_reply(408, "the client has left")
        except Exception:
            reply = text_reply(500, f"internal error of the fake Sentry:\n{traceback.format_exc()}")
        reply.headers += self._access.shared_with(asked.request)
        return reply

    def _answer(self, asked: Asked) -> Reply:
        adapter = self._map.bind("localhost")
        # A slash at the end makes no difference.
        path, method = asked.request.path.rstrip("/") or "/", asked.request.method
        if method == "OPTIONS":
            methods = sorted(adapter.allowed_methods(path))
            if not methods:
                raise NotFound
            self._access.check_place(asked.request)
            return text_reply(204, "", allow=", ".join(methods))
        route: Route
        route, arguments = adapter.match(path, method)
        if not route.open:
            self._access.check(asked.request)
            self._catch_up()
        reply = route.handler(asked, **arguments)
        if method == "HEAD":
            reply.body, reply.chunks = b"", None
        return reply

    def _catch_up(self) -> None:
        try:
            self._store.catch_up()
        except HolderError as error:
            raise RefusedError(503, f"what came cannot be told at present: {error}") from None


def _rules(route: Route) -> Iterator[Rule]:
    path, methods = route.path.rstrip("/") or "/", [route.method]
    yield Rule(path, methods=methods, endpoint=route)
    if path.endswith("/<noun>/latest"):
        # Single ones of these are asked for by number, and "latest" would be taken for one.
        for noun in ("envelopes", "attachments"):
            given = {"noun": noun}
            yield Rule(path.replace("<noun>", noun), methods=methods, endpoint=route, defaults=given)


def _routes(sentry: FakeSentry, access: Access) -> list[Route]:
    kept = Kept(sentry.store)
    streaming = Streaming(kept)
    captured = Captured(kept, streaming)
    payloads, findings, traces = Payloads(kept), Findings(kept), Traces(kept)
    inboxes, faults, kent = Inboxes(sentry), FaultsOverHttp(sentry, kept), Kent(kept)
    session = Session(access)
    routes = [
        Route("GET", "/healthz", _healthy, open=True),
        Route("GET", "/readyz", partial(_ready, sentry.store), open=True),
        Route("GET", "/favicon.ico", _no_icon, open=True),
        Route("POST", "/api/inboxes", inboxes.open),
        Route("DELETE", "/api/inboxes/<inbox>", inboxes.close),
        Route("GET", "/api/captured/", captured.counts),
        Route("DELETE", "/api/captured/", captured.clear),
        Route("GET", "/api/captured/<noun>", captured.listing),
        Route("GET", "/api/captured/<noun>/latest", captured.latest),
        Route("GET", "/api/captured/envelopes/<number>", payloads.envelope),
        Route("GET", "/api/captured/attachments/<number>", payloads.attachment),
        Route("GET", "/api/captured/traces/<trace_id>/tree", traces.tree),
        Route("GET", "/api/captured/traces/<trace_id>/continuity", traces.continuity),
        Route("GET", "/api/captured/findings", findings.findings),
        Route("GET", "/api/captured/explain", findings.explain),
        Route("GET", "/api/captured/snapshot", findings.snapshot),
        Route("GET", "/api/captured/stream", streaming.stream),
        Route("GET", "/api/faults", faults.show),
        Route("PUT", "/api/faults", faults.set),
        Route("DELETE", "/api/faults", faults.clear),
        Route("GET", "/api/eventlist/", kent.eventlist),
        Route("GET", "/api/event/<event_id>", kent.event),
        Route("POST", "/api/flush/", kent.flush),
        Route("GET", "/api/session", session.form, open=True),
        Route("POST", "/api/session", session.begin, open=True),
    ]
    return [
        *routes,
        Route("GET", "/api/openapi.json", partial(_description, routes)),
        Route("GET", "/", Page(access, session).show, open=True),
    ]


def _description(routes: list[Route], asked: Asked) -> Reply:
    """Answer with this description."""
    return json_reply(200, described(routes))


def _no_icon(asked: Asked) -> Reply:
    """Answer that there is none: what browsers ask for by themselves is no request that was refused."""
    return text_reply(204, "")


def _ready(store: Store, asked: Asked) -> Reply:
    """Answer that the server takes what comes; 503 with the reason where it cannot save it."""
    return json_reply(503, {"error": store.problem}) if store.problem else _healthy(asked)


def _healthy(asked: Asked) -> Reply:
    """Answer that the server is there."""
    return json_reply(200, {"status": "ok"})
