"""Pieces that are questions, routes and headers of HTTP."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from pytest_sentryintegration.inbox.queries import QuestionError, parse_question
from pytest_sentryintegration.ingest.routes import NOWHERE, find_route
from pytest_sentryintegration.model.nouns import CLASSES, NOUNS
from tests.examples.prose.pieces import read
from tests.web.conftest import Api


@cache
def openapi() -> dict[str, Any]:
    described: dict[str, Any] = Api().get("/api/openapi.json").json
    return described


@cache
def parameters() -> frozenset[str]:
    """Return what a request may name beside criteria."""
    operations = (each for path in openapi()["paths"].values() for each in path.values())
    return frozenset(each["name"] for operation in operations for each in operation.get("parameters", ()))


def question(piece: str, page: Path) -> bool | None:
    """``errors?exception=ValueError``, and on the page about the API ``tags.graph=g1``, ``wait=10``."""
    asked = re.fullmatch(r"(?:GET /api/captured/|curl .*/api/captured/)?(\w+)\?(\S[^\"]*)\"?", piece)
    if piece.startswith("?"):
        asked = re.fullmatch(r"(\w+)\?(\S.*)", f"events{piece}")
    if asked is None and page.name == "api.md" and re.fullmatch(r"[\w.]+=[^ ]*", piece):
        asked = re.fullmatch(
            r"(\w+)\?(.*)", f"spans?{piece}" if piece.startswith("op=") else f"{noun_with(piece)}?{piece}"
        )
    if asked is None or piece == "NOUN?QUERY":
        return None
    try:
        parse_question(f"{asked[1]}?{asked[2].replace('...', '1')}", parameters())
    except QuestionError:
        return False
    return True


def noun_with(piece: str) -> str:
    name = piece.partition("=")[0].partition(".")[0]
    return next(
        (noun for noun, cls in CLASSES.items() if hasattr(cls, name) or NOUNS[noun].main == name), "traces"
    )


def route(piece: str, page: Path) -> bool | None:
    """``GET /healthz``, ``/api/<project>/envelope/``, ``/readyz``."""
    piece = f"/api/1/{piece}" if piece == "csp-report/" else piece
    found = re.fullmatch(r"(?:(GET|POST|PUT|DELETE) )?(?:<url>)?(/[\w.<>/ -]+)", piece)
    if found is None or piece in ("/",):
        return None
    path = re.sub(r"^/(continuity|findings|explain)$", r"/api/captured/traces/<trace_id>/\1", found[2])
    sent = (
        path.replace("<project>", "1")
        .replace("<inbox>", "i")
        .replace("<event id>", "e")
        .replace("/my-project/", "/1/store/")
    )
    if find_route(sent).endpoint is not NOWHERE:
        return True
    rows = re.findall(r"^\| `(\w+) (\S+)` \|", read("docs/reference/routes.md"), re.MULTILINE)
    wanted = re.sub(r"<[^>]+>(-<\w+>)?", "{}", path).rstrip("/")
    there = {(method, re.sub(r"\{\w+\}", "{}", each).rstrip("/")) for method, each in rows}
    there |= {(method, "/api/captured/{}") for method, each in there if each == "/api/captured/events"}
    there |= {
        (method, "/api/captured/{}/latest") for method, each in there if each == "/api/captured/events/latest"
    }
    there.add(("GET", "/api/openapi.json"))
    return any(each == wanted and found[1] in (None, method) for method, each in there)
