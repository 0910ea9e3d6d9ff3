import pytest
from tea_shop import create_app

from pytest_sentryintegration import span


@pytest.fixture
def client(sentry_events):
    return create_app().test_client()


def test_the_query_is_inside_the_request(client, sentry_events):
    client.get("/price/green")

    request = sentry_events.transactions.find("price", release="tea-shop@1.4")
    assert request.tree == span("http.server", span("db.query", "SELECT cents FROM teas"))


def test_an_unknown_tea_is_an_error_of_its_request(client, sentry_events):
    assert client.get("/price/blue").status_code == 500

    error = sentry_events.errors.find(KeyError, transaction="price")
    assert error.request["url"] == "http://localhost/price/blue"
    assert error.exception.handled is False
