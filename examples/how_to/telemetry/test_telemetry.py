import pytest
import sentry_sdk
from sentry_sdk import logger
from sentry_sdk.envelope import Envelope, Item, PayloadRef


@sentry_sdk.monitor(monitor_slug="nightly-report")
def report():
    raise OSError("disk full")


def test_a_job_that_fails_checks_in_as_failed(sentry_events):
    with pytest.raises(OSError, match="disk full"):
        report()

    begun, ended = sentry_events.check_ins.wait(2, "nightly-report")
    assert (begun.status, ended.status) == ("in_progress", "error")
    assert begun.id == ended.id


@pytest.mark.sentry(enable_logs=True)
def test_a_slow_payment_is_logged_with_its_cart(sentry_events):
    logger.warning("paying {cart} is slow", cart="7")

    slow = sentry_events.logs.find("paying 7 is slow", level="warn")
    assert slow.attributes["sentry.message.parameter.cart"] == "7"


def test_each_sale_is_counted(sentry_events):
    sentry_sdk.metrics.count("sold", 2, attributes={"product": "tea"})

    sold = sentry_events.metrics.find("sold", attributes={"product": "tea"})
    assert (sold.type, sold.value) == ("counter", 2)


def test_feedback_of_a_visitor_is_sent(sentry_events):
    said = {"message": "The tea is cold", "contact_email": "ada@example.org"}
    feedback = Item(PayloadRef(json={"contexts": {"feedback": said}}), type="feedback")
    transport = sentry_sdk.get_client().transport
    assert transport is not None
    transport.capture_envelope(Envelope(items=[feedback]))

    assert sentry_events.feedback.find("The tea is cold").contact_email == "ada@example.org"
