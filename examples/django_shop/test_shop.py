"""The shop under pytest-django."""

from __future__ import annotations

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client
from shop import SoldOut
from werkzeug.test import Client as WsgiClient

from pytest_sentryintegration import SentryEvents, span

pytestmark = pytest.mark.django_db


@pytest.fixture
def wsgi() -> WsgiClient:
    """A client that comes in by WSGI, as a server does.

    Django's own test client calls the view below WSGI, where the SDK begins the transaction and reads the
    request: what it causes is reported without both.
    """
    return WsgiClient(get_wsgi_application())


def test_a_sale_is_reported_with_its_product(client: Client, sentry_events: SentryEvents) -> None:
    assert client.get("/buy/teapot/").content == b"thank you"

    sale = sentry_events.messages.find("sold a teapot", tags={"product": "teapot"})
    assert sale.release == "django-shop@3.1"
    assert not sentry_events.errors


def test_what_is_sold_out_is_an_error_with_its_request(wsgi: WsgiClient, sentry_events: SentryEvents) -> None:
    assert wsgi.get("/buy/samovar/").status_code == 500

    error = sentry_events.errors.find(SoldOut)
    assert error.exception.handled is False
    assert error.request["url"] == "http://localhost/buy/samovar/"


def test_the_query_is_inside_the_request(wsgi: WsgiClient, sentry_events: SentryEvents) -> None:
    wsgi.get("/buy/teapot/")

    request = sentry_events.transactions.find("/buy/{product}/")
    assert request.tree == span("http.server", ..., span("db", "SELECT %s = 'teapot'"), ...)


def test_djangos_client_makes_no_transaction(client: Client, sentry_events: SentryEvents) -> None:
    client.get("/buy/teapot/")

    with pytest.raises(AssertionError) as caught:
        sentry_events.transactions.find("/buy/{product}/", timeout=0.1)
    assert "1 request was made with Django's test client, which makes no transaction" in str(caught.value)
