"""The settings, without a way to the real Sentry: the guard is there before the SDK is initialised."""

from pytest_sentryintegration import guard

guard()

from settings import *
