import sentry_sdk


def test_the_release_is_reported(sentry_events):
    sentry_sdk.capture_message("out of tea")

    assert sentry_events.find("out of tea").release == "tea@1.4"
