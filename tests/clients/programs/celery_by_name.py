"""Celery with a worker in a thread, and two orders: one calls its task, the other sends it by its name."""

# Celery has no types, and is not installed where types are checked.
# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator"

import json
import sys

import sentry_sdk
from celery import Celery
from sentry_sdk.integrations.celery import CeleryIntegration

sentry_sdk.init(traces_sample_rate=1.0, release="app@1", integrations=[CeleryIntegration()])

# After it: the worker takes what this SDK puts in place of parts of Celery when it is imported.
from celery.contrib.testing.worker import start_worker  # noqa: E402

app = Celery("parcels", broker="memory://", backend="cache+memory://", set_as_current=False)


@app.task(name="pack", shared=False)
def pack() -> str:
    return "packed"


traces = {}
with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
    for name, ask in (("called", pack.delay), ("by name", lambda: app.send_task("pack"))):
        with sentry_sdk.start_transaction(name=name, op="task") as order:
            asked = ask()
        assert asked.get(timeout=60) == "packed"
        traces[name] = order.trace_id
sentry_sdk.flush(60)
sys.stdout.write(json.dumps(traces) + "\n")
