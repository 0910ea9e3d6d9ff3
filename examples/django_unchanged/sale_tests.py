import sentry_sdk
from django.test import SimpleTestCase


class SaleTests(SimpleTestCase):
    def test_a_sale(self):
        sentry_sdk.capture_message("sold")
