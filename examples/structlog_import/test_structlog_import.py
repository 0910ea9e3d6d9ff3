"""What structlog hands to the standard library as an error is an event, its key-value pairs with it."""

from __future__ import annotations

from structlog_import import import_prices, start

from pytest_sentryintegration import SentryEvents


def test_a_broken_line_is_an_error_with_what_was_bound_to_it(sentry_events: SentryEvents) -> None:
    start()

    assert import_prices(["tea=250", "teapot=much"]) == {"tea": 250}

    error = sentry_events.errors.find(ValueError)
    assert (error.message, error.logger) == ("no price", "import")
    assert error.extra["product"] == "teapot"
    assert [crumb.message for crumb in error.breadcrumbs] == ["reading", "reading"]


def test_sound_lines_are_no_news(sentry_events: SentryEvents) -> None:
    start()

    import_prices(["tea=250"])

    assert not sentry_events
