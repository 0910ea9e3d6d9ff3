import tea


def test_the_release_is_reported(sentry_events):
    tea.brew()

    assert sentry_events.find("out of tea").release == "tea@1.4"
