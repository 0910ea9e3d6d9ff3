import sentry_sdk

import sentryintegration
from sentryintegration import start_transaction


def test_each_report_names_release_and_environment(sentry_events, monkeypatch):
    monkeypatch.setenv("SENTRY_RELEASE", "shop@1.4")
    monkeypatch.setenv("SENTRY_ENVIRONMENT", "staging")
    sentry_sdk.init(traces_sample_rate=1.0)
    sentry_sdk.capture_message("out of tea")
    with start_transaction(name="checkout"):
        pass

    sentry_events.messages.find("out of tea", release="shop@1.4", environment="staging")
    sentry_events.transactions.find("checkout", release="shop@1.4", environment="staging")


def test_a_tag_of_one_request_does_not_reach_the_next(sentry_events):
    for region in ("eu", "us"):
        with sentry_sdk.isolation_scope():
            sentry_sdk.set_tag(region, "yes")
            sentryintegration.capture_message(f"sold in {region}", tags={"product": "tea"})

    assert sentry_events.find("sold in eu").tags == {"eu": "yes", "product": "tea"}
    assert sentry_events.find("sold in us").tags == {"us": "yes", "product": "tea"}
