"""What is logged as an error is an event, and what was logged before it is its trail."""

from __future__ import annotations

from loguru_import import import_prices, start_reporting

from pytest_sentryintegration import SentryEvents


def test_a_broken_line_is_an_error_with_the_trail_that_led_to_it(sentry_events: SentryEvents) -> None:
    start_reporting()

    assert import_prices(["tea=250", "teapot=much"]) == {"tea": 250}

    error = sentry_events.errors.find(ValueError)
    assert "no price for teapot" in error.message  # loguru's own format: time, level and place go with it
    trail = [crumb.message for crumb in error.breadcrumbs if crumb.level == "info"]
    assert [message.rpartition(" - ")[2] for message in trail] == ["reading tea", "reading teapot"]


def test_sound_lines_are_no_news(sentry_events: SentryEvents) -> None:
    start_reporting()

    import_prices(["tea=250"])

    assert not sentry_events
