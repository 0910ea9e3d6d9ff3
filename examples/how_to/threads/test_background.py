from concurrent.futures import ThreadPoolExecutor

from pytest_sentryintegration import span
from sentryintegration import set_task_transaction, start_transaction


def send_receipt(checkout):
    with set_task_transaction(checkout), start_transaction(op="mail.send"):
        pass


def test_the_receipt_is_sent_inside_the_checkout(sentry_events):
    with ThreadPoolExecutor() as pool, start_transaction(name="checkout", op="task") as checkout:
        pool.submit(send_receipt, checkout)

    assert sentry_events.spans.find("mail.send").trace_id == checkout.trace_id
    assert sentry_events.traces.find(checkout.trace_id).tree == span("task", span("mail.send"))
