"""A worker in processes of its own: what it reports, in the trace of the order."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mail
import pytest

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import start_transaction

WORKER = (sys.executable, "-m", "celery", "-A", "mail", "worker", "--concurrency=1", "--loglevel=ERROR")
PATIENCE = 120.0
"""Seconds that a worker may take to start, on a busy machine."""


@pytest.fixture
def worker(sentry_events: SentryEvents) -> Iterator[None]:
    """A worker that reports into this test, for as long as the test lasts."""
    with subprocess.Popen(WORKER, cwd=Path(__file__).parent, env=sentry_events.env) as process:
        yield
        process.terminate()


@pytest.mark.usefixtures("worker")
def test_the_mail_is_sent_inside_the_order(sentry_events: SentryEvents) -> None:
    with start_transaction(name="order", op="task") as order:
        mail.send.delay("ada@example.org")

    # The whole tree is waited for: streamed spans come in several envelopes. The dots stand for the requests
    # of the SDK itself, which it traces where the DSN has a port, as here (sentry-python issue 4199).
    sent = sentry_events.transactions.find(
        "mail.send",
        release="mail@1.2",
        tree=span("queue.task.celery", span("queue.process", span("smtp", "deliver"), ...)),
        timeout=PATIENCE,
    )
    trace = sentry_events.traces.find(order.trace_id)
    assert trace.tree.find("smtp").transaction == sent  # one root: the order, with the mail below it


@pytest.mark.usefixtures("worker")
def test_a_mail_that_bounces_is_an_error_of_the_task(sentry_events: SentryEvents) -> None:
    mail.send.delay("nobody")

    error = sentry_events.errors.find("nobody", timeout=PATIENCE)
    assert error.exception.type == "Bounced"
    job = error.extra["celery-job"]
    assert (job["task_name"], job["args"]) == ("mail.send", "[Filtered]")  # send_default_pii is off
    assert error.exception.handled is False
