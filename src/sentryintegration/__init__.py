"""Sentry's basic calls, which stay the same while the SDK changes under them."""
