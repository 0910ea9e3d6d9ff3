"""Settings of the shop. Sentry is initialised here, as its documentation for Django says."""

import sentry_sdk

SECRET_KEY = "only for the example"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

sentry_sdk.init(
    "https://5e27be7a8d1c4f0e9b3a6c5d2f184e70@sentry.example/4",
    release="django-shop@3.1",
    traces_sample_rate=1.0,
)
