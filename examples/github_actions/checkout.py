import sentry_sdk

sentry_sdk.init()
try:
    {"price": 7}["card"]
except KeyError as error:
    sentry_sdk.capture_exception(error)
