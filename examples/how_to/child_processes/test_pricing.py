import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from pricing import read_price


def test_what_a_child_reports_is_found(sentry_events):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        pool.submit(read_price, "samovar").result()

    assert sentry_events.messages.find("no price for samovar").level == "info"
