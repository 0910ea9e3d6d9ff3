import logging

log = logging.getLogger("tea.prices")
log.setLevel(logging.INFO)


def read_price(line):
    log.info("reading %s", line)
    try:
        return int(line)
    except ValueError:
        log.exception("no price: %s", line)


def test_a_broken_price_is_an_error_with_what_led_to_it(sentry_events):
    read_price("250")
    read_price("much")

    error = sentry_events.errors.find(ValueError, logger="tea.prices", level="error")
    assert error.message == "no price: much"
    assert [crumb.message for crumb in error.breadcrumbs] == ["reading 250", "reading much"]


def test_an_error_without_an_exception_is_a_message(sentry_events):
    log.error("no prices at all")

    sentry_events.messages.find("no prices at all")
    assert not sentry_events.errors
