"""The shop under Django's own runner: ``python -m django test --settings=settings_for_tests``."""

from __future__ import annotations

from django.test import TestCase
from shop import SoldOut

from pytest_sentryintegration import SentryEvents, capture


class SentryTestCase(TestCase):
    """Captures what each test sends, and fails it for an error that it does not look at."""

    sentry_events: SentryEvents

    def setUp(self) -> None:
        capturing = capture(unexpected="fail")
        self.sentry_events = capturing.__enter__()
        self.addCleanup(capturing.__exit__, None, None, None)


class SaleTests(SentryTestCase):
    def test_a_sale_is_reported(self) -> None:
        self.client.get("/buy/teapot/")

        sale = self.sentry_events.messages.find("sold a teapot")
        self.assertEqual(sale.release, "django-shop@3.1")


class SoldOutTests(SentryTestCase):
    def test_what_is_sold_out_is_an_error(self) -> None:
        with self.assertRaises(SoldOut):
            self.client.get("/buy/samovar/")

        self.assertIs(self.sentry_events.errors.find(SoldOut).exception.handled, False)
