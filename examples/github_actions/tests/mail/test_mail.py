import sentry_sdk


def test_a_mail(sentry_events):
    sentry_sdk.capture_message("a mail is lost")

    sentry_events.messages.find("a mail is lost")
