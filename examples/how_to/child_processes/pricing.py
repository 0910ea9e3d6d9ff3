import sentry_sdk


def read_price(item):
    sentry_sdk.init()  # a spawned process does not inherit the client of its parent
    sentry_sdk.capture_message(f"no price for {item}")
    sentry_sdk.flush()
