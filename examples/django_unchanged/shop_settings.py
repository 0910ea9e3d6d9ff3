import sentry_sdk

SECRET_KEY = "only for the example"
sentry_sdk.init()
