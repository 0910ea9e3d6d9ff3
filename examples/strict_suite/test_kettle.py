import pytest

from sentryintegration import Error, capture_message


@pytest.mark.sentry(unexpected="fail", allow=[TimeoutError])
def test_the_error_is_looked_at(sentry_events):
    capture_message("the kettle is cold", Error)

    sentry_events.find("the kettle is cold")
