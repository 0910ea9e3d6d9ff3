"""Django's test client and RequestFactory make no transaction, which a failure says where they were used."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples.pages import BLOCKS, runs_of
from tests.integration.conftest import Run

SETTINGS = """
    import django, sentry_sdk
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    from sentry_sdk.integrations.django import DjangoIntegration

    def buy(request):
        if "fail" in request.GET:
            raise ValueError("sold out")
        return HttpResponse("ok")

    urlpatterns = [path("buy/", buy)]
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="s")
    django.setup()
    sentry_sdk.init("https://key@example.com/1", traces_sample_rate=1.0, integrations=[DjangoIntegration()])
"""

TESTS = """
    import asyncio, shop, pytest
    from django.core.wsgi import get_wsgi_application
    from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory
    from werkzeug.test import Client as WsgiClient

    def said(view):
        with pytest.raises(AssertionError) as caught:
            view.find("no such", timeout=0)
        return " ".join(str(caught.value).split())

    def test_client(sentry_events):
        Client().get("/buy/")
        with pytest.raises(ValueError):
            Client().get("/buy/?fail")
        assert "2 requests were made with Django's test client, which makes no transaction" in said(
            sentry_events.transactions)
        assert "test client" in said(sentry_events.spans)
        assert "test client" not in said(sentry_events.errors)
        assert "RequestFactory" not in said(sentry_events.spans)

    def test_factories(sentry_events):
        with pytest.raises(ValueError):
            shop.buy(RequestFactory().get("/buy/?fail"))
        shop.buy(AsyncRequestFactory().post("/buy/"))
        assert (
            "- 2 requests were made with Django's RequestFactory, which makes no transaction: it does not"
            " call the WSGI or ASGI handler, where the SDK begins them. Call that handler, or use"
            " LiveServerTestCase."
        ) in said(sentry_events.transactions)
        assert "test client" not in said(sentry_events.transactions)
        assert "Django" not in said(sentry_events.errors)

    def test_async_client(sentry_events):
        asyncio.run(AsyncClient().get("/buy/"))
        assert "1 request was made with Django's test client" in said(sentry_events.transactions)

    def test_wsgi(sentry_events):
        WsgiClient(get_wsgi_application()).get("/buy/")
        assert "Django" not in said(sentry_events.transactions)
        assert sentry_events.transactions.find()
"""


SHOWN = """
    import pytest, sentry_sdk, shop
    from django.test import Client

    def test_it(sentry_events):
        Client().get("/buy/")
        sentry_sdk.capture_message("sold a teapot")
        with pytest.raises(AssertionError) as caught:
            sentry_events.transactions.find("/buy/{product}/")
        open("said", "w").write(str(caught.value))
"""


def test_a_missing_transaction_of_djangos_tools_for_tests_is_explained(run: Run) -> None:
    run(shop=SETTINGS, test_shop=TESTS, test_shown=SHOWN).assert_outcomes(passed=5)

    (shown,) = [block for block in BLOCKS if block.page.name == "django.md" and block.language == "text"]
    said = Path("said").read_text(encoding="utf-8")
    lines = re.sub(r"^E {7}(AssertionError: )?", "", shown.text, flags=re.MULTILINE)
    assert [each for each in runs_of(lines) if each not in said] == []
