import unittest

from pytest_sentryintegration import capture, guard

guard()  # for good: also what is sent between tests stays here


class SentryCase(unittest.TestCase):
    def setUp(self):
        captured = capture(unexpected="fail")
        self.sentry_events = captured.__enter__()
        self.addCleanup(captured.__exit__, None, None, None)
