import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("worker.py")


@pytest.fixture(scope="session")
def worker(sentry_server):
    command, pipe = [sys.executable, str(WORKER)], subprocess.PIPE
    with subprocess.Popen(command, env=sentry_server.env, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def test_an_unknown_task_is_reported(worker, sentry_events):
    print("polish", file=worker.stdin, flush=True)

    assert sentry_events.find("no such task: polish", timeout=20).level == "info"


def test_the_next_one_is_found_by_the_next_test(worker, sentry_events):
    print("whistle", file=worker.stdin, flush=True)

    sentry_events.find("no such task: whistle", timeout=20)
    assert len(sentry_events) == 1
