import time

from sentryintegration import capture_message, flush


def test_the_application_goes_on_while_sentry_is_down(sentry_events):
    sentry_events.faults.status(503, times=1)

    before = time.monotonic()
    capture_message("lost")
    assert time.monotonic() - before < 5

    assert sentry_events.refused.find().status == 503
    assert sentry_events.client_reports.find("network_error")
    assert not sentry_events.messages


def test_a_spent_quota_costs_only_what_it_limits(sentry_events):
    sentry_events.faults.rate_limit("error", seconds=60)
    capture_message("lost at the server")
    flush()
    capture_message("held back by the SDK")

    report = sentry_events.client_reports.find()
    assert [(lost.reason, lost.quantity) for lost in report.discarded] == [("ratelimit_backoff", 1)]
    assert sentry_events.refused.find().status == 429
