import unittest

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents


@pytest.mark.usefixtures("sentry_events")
class KettleTest(unittest.TestCase):
    sentry_events: SentryEvents

    def test_a_cold_kettle_is_reported(self):
        sentryintegration.capture_message("the kettle is cold")

        self.assertEqual(self.sentry_events.find().level, "info")
