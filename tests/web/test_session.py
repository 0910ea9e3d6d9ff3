from __future__ import annotations

from typing import Any

from pytest_sentryintegration.web.access import COOKIE, Access
from tests.web.conftest import Answer, Api


def enter(api: Api, token: str, **headers: Any) -> Answer:
    return api.ask("POST", "/api/session", f"token={token}".encode(), **headers)


def guarded() -> Api:
    return Api(Access("geheim", pause=lambda seconds: None))


def test_a_person_enters_the_token_and_reads() -> None:
    api = guarded()
    assert b'name="token"' in api.get("/api/session").body

    answer = enter(api, "geheim", origin="http://127.0.0.1:8969")

    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"] == f"{COOKIE}=geheim; HttpOnly; Path=/; SameSite=Strict"
    assert api.get("/api/captured/", cookie=answer.headers["set-cookie"].partition(";")[0]).status == 200


def test_a_wrong_token_sets_no_cookie() -> None:
    answer = enter(guarded(), "x%0d%0aset-cookie: a=b")

    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_a_person_who_mistypes_the_token_gets_the_form_again() -> None:
    answer = enter(guarded(), "gehiem", accept="text/html,application/xhtml+xml")

    assert (answer.status, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "set-cookie" not in answer.headers
    assert b'name="token"' in answer.body
    assert b"This is not the token." in answer.body


def test_a_form_with_many_fields_is_a_400() -> None:
    answer = guarded().ask("POST", "/api/session", b"&".join([b"token=geheim"] * 20))

    assert (answer.status, answer.error) == (400, "the body is to be the form with one field, token")


def test_where_no_token_is_needed_no_cookie_is_set() -> None:
    answer = enter(Api(), "x" * 10_000)

    assert (answer.status, answer.headers.get("set-cookie")) == (303, None)


def test_a_form_of_another_page_is_refused() -> None:
    assert enter(guarded(), "geheim", origin="https://evil.example").status == 403


def test_a_page_of_an_allowed_origin_may_read_and_ask_before() -> None:
    api = Api(Access(origins={"http://localhost:5173"}))

    preflight = api.ask("OPTIONS", "/api/captured/messages", origin="http://localhost:5173")
    answer = api.get("/api/captured/messages", origin="http://localhost:5173")
    foreign = api.ask("OPTIONS", "/api/captured/messages", origin="http://localhost:5174")

    assert (preflight.status, answer.status, foreign.status) == (204, 200, 403)
    for allowed in (preflight, answer):
        assert allowed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "access-control-allow-origin" not in foreign.headers
