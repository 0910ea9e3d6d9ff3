from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_sentryintegration.web.access import COOKIE, Access, is_loopback
from tests.web.conftest import Api, Local

READ = "/api/captured/"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "localhost", "LOCALHOST:80", "app.localhost", "[::1]:80", "127.9.9.9"]
)
def test_names_of_this_machine_are_answered(api: Api, host: str) -> None:
    assert api.get(READ, host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:80",
        "127.0.0.1@example.com",
        "10.0.0.1",
        "[::",
        "[]",
        "[]:80",
        "localhost:80@example.com",
        "localhost:evil@example.com",
        "localhost:80:80",
    ],
)
def test_other_names_are_refused_with_the_cure(api: Api, host: str) -> None:
    answer = api.get(READ, host=host)

    assert answer.status == 403
    assert answer.error.endswith("or start the server with --allow-host NAME")


def test_a_further_name_may_be_allowed() -> None:
    api = Api(Access(hosts={"sentry.test", "fd00::1"}))
    hosts = ("sentry.test:1", "SENTRY.test", "sentry.test.", "[fd00::1]:8969", "a.test", "[fd00::2]")

    assert [api.get(READ, host=host).status for host in hosts] == [200, 200, 200, 200, 403, 403]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:8969"}, 200),
        ({"origin": "http://localhost:5173"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 200),
    ],
)
def test_pages_of_other_origins_may_not_read(api: Api, headers: dict[str, Any], status: int) -> None:
    # By fetch, and by EventSource.
    for path in (READ, f"{READ}stream"):
        answer = api.get(path, **headers)

        assert answer.status == status
        assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_another_page_may_not_post(api: Api) -> None:
    api.message("one")

    for method, path in (("DELETE", "/api/captured"), ("POST", "/api/flush/"), ("POST", "/api/inboxes")):
        foreign = api.ask(method, path, origin="https://evil.example")
        sandboxed = api.ask(method, path, origin="null")
        navigated = api.ask(method, path, sec_fetch_site="cross-site", sec_fetch_mode="navigate")

        assert (foreign.status, sandboxed.status, navigated.status) == (403, 403, 403)
    assert api.texts("/api/captured/messages") == ["one"]


def test_other_machines_may_not_read_but_where_they_are_let() -> None:
    class Remote(Local):
        peer = "192.0.2.7"

    answer = Api().ask("GET", READ, client=Remote())
    assert (answer.status, answer.error) == (
        403,
        "reading is for this machine alone, and 192.0.2.7 is another",
    )
    assert Api(Access(elsewhere=True)).ask("GET", READ, client=Remote()).status == 200


def guarded(**options: Any) -> tuple[Api, list[float]]:
    pauses: list[float] = []
    return Api(Access("geheim", pause=pauses.append, **options)), pauses


def test_a_token_may_be_needed() -> None:
    api, _ = guarded()

    assert api.get(READ, authorization="Bearer geheim").status == 200
    assert api.get(READ, cookie=f"{COOKIE}=geheim").status == 200
    missing = api.get(READ)
    assert (missing.status, missing.headers["www-authenticate"]) == (401, "Bearer")
    assert missing.error.startswith("reading needs a token: send 'Authorization: Bearer TOKEN'")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer geheim2"},
        {"authorization": "Bearer gehei\u00df"},
        {"cookie": f"{COOKIE}=x"},
    ],
)
def test_guessing_a_token_is_slow(headers: dict[str, str]) -> None:
    api, pauses = guarded()

    assert api.get(READ, **headers).status == 401
    assert pauses == [0.5]


def test_of_many_guesses_at_once_eight_wait_and_the_rest_are_refused() -> None:
    refused = threading.Event()

    def pause(seconds: float) -> None:
        refused.wait(20)

    api = Api(Access("geheim", pause=pause))

    def guess(_: int) -> int:
        try:
            return api.get(READ, authorization="Bearer wrong").status
        finally:
            # One that finds no place is answered first: the others wait until then.
            refused.set()

    with ThreadPoolExecutor(9) as pool:
        statuses = list(pool.map(guess, range(9)))

    assert sorted(statuses) == [401] * 8 + [429]


def test_a_token_alone_opens_nothing_to_a_foreign_page() -> None:
    api, _ = guarded()

    assert api.get(READ, cookie=f"{COOKIE}=geheim", origin="https://evil.example").status == 403
    assert api.get(READ, authorization="Bearer geheim", host="evil.example").status == 403


def test_sending_needs_no_token() -> None:
    api, _ = guarded()

    api.message("one")
    assert api.get("/healthz").status == 200


@pytest.mark.parametrize(
    ("name", "expected"), [("0.0.0.0", False), ("::ffff:127.0.0.1", True), ("localhost.", True)]
)
def test_which_names_are_loopback(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected
