"""The viewer as it is served; `tests/clients/test_viewer.py` opens it in a browser."""

from __future__ import annotations

import base64
import hashlib
import re

from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.page import PAGE, policy_of
from tests.web.conftest import Api


def test_the_page_is_at_the_root_and_runs_its_own_script_alone(api: Api) -> None:
    answer = api.get("/")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == PAGE.read_bytes()
    (script,) = re.findall(rb"<script>(.*?)</script>", answer.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"script-src 'sha256-{digest}'"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_the_page_loads_nothing_from_anywhere() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert re.findall(r"""(?:src|href)=["']?(?!data:)[^"'\s>]+""", page.partition("<script>")[0]) == []
    assert [url for url in re.findall(r"https?://[\w.]+", page) if "w3.org" not in url] == []


def test_a_page_that_was_changed_has_another_policy() -> None:
    page = PAGE.read_bytes()

    assert policy_of(page.replace(b"<script>", b"<script>1;")) != policy_of(page)


def test_a_page_of_another_site_cannot_show_it_in_a_frame(api: Api) -> None:
    assert "frame-ancestors 'none'" in api.get("/").headers["content-security-policy"]


def test_who_has_no_token_is_asked_for_it() -> None:
    api = Api(Access("geheim", pause=lambda seconds: None))

    assert b'name="token"' in api.get("/").body
    assert api.get("/", authorization="Bearer geheim").body == PAGE.read_bytes()


def test_who_may_not_read_gets_no_page(api: Api) -> None:
    assert api.get("/", host="evil.example").status == 403
