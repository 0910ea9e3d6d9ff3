from web import create_app

import sentryintegration


def test_a_database_password_is_hidden(sentry_events):
    create_app()
    sentryintegration.capture_exception(ConnectionError("cannot reach postgres://shop:s3cret@db"))

    assert sentry_events.errors.find(ConnectionError).exception.value == "cannot reach postgres://[hidden]@db"
    assert b"s3cret" not in sentry_events.errors[0].item.payload
