"""The web room: which path leads to which handler, and what becomes of errors."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from pytest_sentryintegration.inbox.queries import QuestionError
from pytest_sentryintegration.ingest.request import Client, Reply, Request
from pytest_sentryintegration.ingest.routes import find_route
from pytest_sentryintegration.matching.fields import UnknownField
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.asking import Asked, RefusedError, as_werkzeug, json_reply, text_reply
from pytest_sentryintegration.web.captured import Captured
from pytest_sentryintegration.web.reading import Kept, LeftError

__all__ = ["Web"]

Handler = Callable[..., Reply]


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
        kept = Kept(sentry.store)
        captured = Captured(kept)
        self._map = Map(
            [
                _rule("/healthz", "GET", _healthy),
                _rule("/readyz", "GET", _healthy),
                _rule("/api/captured/", "GET", captured.counts),
                _rule("/api/captured", "DELETE", captured.clear),
                _rule("/api/captured/<noun>", "GET", captured.listing),
                _rule("/api/captured/<noun>/latest", "GET", captured.latest),
            ],
            merge_slashes=False,
            redirect_defaults=False,
        )

    def __call__(self, request: Request, client: Client) -> Reply | None:
        """Answer a request; ``None`` where there is no such path. May wait, and does not raise."""
        route = find_route(request.target)
        path = route.path if route.inbox is None else route.path[len(route.inbox) + 1 :]
        try:
            asked = Asked(as_werkzeug(request, path, client.peer), request.body, client, route.inbox)
            return self._answer(asked)
        except NotFound:
            return None
        except (QuestionError, UnknownField) as error:
            return json_reply(400, {"error": str(error)})
        except RefusedError as error:
            return json_reply(error.status, {"error": str(error)}, **error.headers)
        except MethodNotAllowed as error:
            allowed = ", ".join(sorted(error.valid_methods or ()))
            text = f"{request.method} is not allowed here, only {allowed}"
            return json_reply(405, {"error": text}, allow=allowed)
        except HTTPException as error:
            return json_reply(error.code or 400, {"error": str(error.description)})
        except LeftError:
            return text_reply(408, "the client has left")
        except Exception:
            return text_reply(500, f"internal error of the fake Sentry:\n{traceback.format_exc()}")

    def _answer(self, asked: Asked) -> Reply:
        matched: Any
        try:
            matched = self._map.bind("localhost").match(asked.request.path, asked.request.method)
        except RequestRedirect:
            matched = self._map.bind("localhost").match(f"{asked.request.path}/", asked.request.method)
        handler, arguments = matched
        if handler is not _healthy:
            self._access.check(asked.request)
        reply: Reply = handler(asked, **arguments)
        if asked.request.method == "HEAD":
            reply.body = b""
        return reply


def _rule(path: str, method: str, handler: Handler) -> Rule:
    return Rule(path, methods=[method], endpoint=handler)


def _healthy(asked: Asked) -> Reply:
    return json_reply(200, {"status": "ok"})
