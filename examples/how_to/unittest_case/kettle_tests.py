from sentry_case import SentryCase

import sentryintegration


class KettleTests(SentryCase):
    def test_a_cold_kettle_is_reported(self):
        sentryintegration.capture_message("the kettle is cold")

        self.assertEqual(self.sentry_events.messages.find("the kettle is cold").level, "info")
