import sentry_sdk


def test_a_cart(sentry_events):
    sentry_sdk.capture_message("a cart is lost")

    sentry_events.messages.find("a cart is lost")
