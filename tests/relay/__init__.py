"""Relay's own integration tests, run against the fake Sentry: ``nox -s relay``."""
