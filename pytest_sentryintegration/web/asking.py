"""One request to the web room: what it names, read and checked; and the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.datastructures import Headers
from werkzeug.sansio.request import Request as WerkzeugRequest

from pytest_sentryintegration.inbox.queries import QuestionError, no_such, whole_number
from pytest_sentryintegration.ingest.request import Client, Reply, Request
from pytest_sentryintegration.web.objects import dump
from pytest_sentryintegration.web.reading import ClosedError, Kept, Part

__all__ = ["PART", "PLACES", "Asked", "RefusedError", "as_werkzeug", "json_reply", "reply", "text_reply"]

PART: Final = frozenset({"inbox", "project", "after"})
"""The parameters that say which part of what came is meant."""

PLACES: Final = frozenset({"inbox", "project"})
"""Those of them that one thing is looked for by."""


class RefusedError(Exception):
    """A request that is refused; the text says why, and what to do."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True)
class Asked:
    """One request, at its handler."""

    request: WerkzeugRequest
    """Its method, path, query and headers."""
    body: bytes
    client: Client
    inbox: str | None
    """The inbox that its path names."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and texts of its query, in their order."""
        return list(self.request.args.items(multi=True))

    def parameters(self, known: Collection[str]) -> dict[str, str]:
        """Return its query where it names nothing but what is *known*, and that once.

        Raises:
            QuestionError: It names something else, or something twice.
        """
        given: dict[str, str] = {}
        for name, text in self.pairs:
            if name not in known:
                no_such("parameter", name, sorted(known))
            if name in given:
                raise QuestionError(f"{name} is given twice")
            given[name] = text
        return given

    def part(self, kept: Kept, given: Mapping[str, str]) -> Part:
        """Return which part of what came the parameters in *given* name.

        Raises:
            QuestionError: A cursor that is none.
            ClosedError: An inbox that is not open.
        """
        inbox = given.get("inbox", self.inbox)
        if inbox is not None and not kept.store.knows(inbox):
            raise ClosedError(inbox)
        after = whole_number("after", given.get("after", "0"), least=0)
        newest = kept.store.count
        if after > newest:
            raise QuestionError(
                f"after={after} is no cursor of this server, whose newest is {newest}: was it started anew?"
            )
        return Part(kept, inbox, given.get("project"), after)

    def json(self) -> dict[str, Any]:
        """Return its body, a JSON object; an empty body is an empty one.

        Raises:
            QuestionError: It is none.
        """
        try:
            value = json.loads(self.body or b"{}")
        except UnicodeDecodeError as error:
            raise QuestionError(
                f"the body is to be JSON in UTF-8: {error.reason} at byte {error.start}"
            ) from None
        except RecursionError:
            raise QuestionError("the body is nested too deeply") from None
        except ValueError as error:
            raise QuestionError(f"the body is to be JSON: {error}") from None
        if not isinstance(value, dict):
            raise QuestionError(
                f"the body is to be a JSON object, got {dump(value)[:80].decode('utf-8', 'ignore')}"
            )
        return value


def as_werkzeug(request: Request, path: str, peer: str) -> WerkzeugRequest:
    """Return a request as werkzeug reads it."""
    headers = Headers(
        [(name, value.replace("\n", " ").replace("\r", " ")) for name, value in request.headers]
    )
    # Bytes that should have been percent-encoded, as a shell sends them.
    query = _BARE.sub(
        lambda byte: b"%%%02X" % ord(byte[0]), request.target.partition("?")[2].encode("latin-1")
    )
    return WerkzeugRequest(request.method, "http", None, "", path, query, headers, peer)


_BARE: Final = re.compile(rb"[\x80-\xff]")

_HEADERS: Final = [
    ("server", "sentryintegration"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
]


def reply(status: int, content_type: str, body: bytes, **headers: str) -> Reply:
    """Return an answer of that content type."""
    further = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [*_HEADERS, ("content-type", content_type), *further], body)


def json_reply(status: int, value: Any, **headers: str) -> Reply:
    """Return an answer in JSON."""
    return reply(status, "application/json", dump(value), **headers)


def text_reply(status: int, text: str, **headers: str) -> Reply:
    """Return an answer in plain text."""
    return reply(status, "text/plain; charset=utf-8", text.encode("utf-8", "backslashreplace"), **headers)
