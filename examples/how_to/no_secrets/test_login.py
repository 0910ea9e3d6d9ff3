import re
import secrets

import sentry_sdk

PASSWORD = secrets.token_urlsafe()
CARD = re.compile(r"\b4\d{15}\b")


def login(name, password):
    raise ValueError(f"nobody is called {name}")


def test_neither_password_nor_card_is_sent(sentry_events):
    sentry_sdk.set_tag("card", "visa")
    try:
        login("ada", PASSWORD)
    except ValueError:
        sentry_sdk.capture_exception()

    assert sentry_events.errors.find(ValueError).tags["card"] == "visa"
    sentry_events.assert_absent(PASSWORD, CARD)
