from legacy import import_prices


def test_a_broken_line_is_left_out_and_reported(sentry_events):
    assert import_prices(["tea=250", "teapot=much"]) == {"tea": 250}

    sentry_events.errors.find(ValueError)


def test_an_empty_file_has_no_prices():
    assert import_prices([]) == {}
