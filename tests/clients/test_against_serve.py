"""Real clients report to ``serve``, each into an inbox of its own, and what they sent is asked of its API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from pytest_sentryintegration.server.child_environment import child_environment
from tests.clients.conftest import NODE, PROGRAMS, SECONDS, installed, node
from tests.clients.page import visit

pytestmark = pytest.mark.clients


class Serving(NamedTuple):
    """A ``serve`` in a process of its own."""

    url: str

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, method=method), timeout=SECONDS) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    command = [sys.executable, "-m", "pytest_sentryintegration", "serve", "--port", "0", "--quiet"]
    # What exporters of OpenTelemetry send is read with a package of that name.
    environment = {name: value for name, value in os.environ.items() if name != "HIDDEN_PACKAGES"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        dsn = urlsplit(process.stdout.readline().strip())
        yield Serving(f"http://{dsn.hostname}:{dsn.port}")
        process.terminate()


@pytest.fixture
def inbox(serving: Serving, request: pytest.FixtureRequest) -> dict[str, str]:
    opened: dict[str, str] = serving.ask("/api/inboxes", "POST", {"test": request.node.nodeid})
    return opened


def report(dsn: str, *command: Any) -> str:
    """Run a program to its end, and return the last line that it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        env=child_environment(dsn),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def types(serving: Serving, inbox: dict[str, str]) -> Counter[str]:
    listed = serving.ask(f"/api/captured/items?inbox={inbox['inbox']}")
    return Counter(item["type"] for item in listed["items"])


@pytest.mark.parametrize("client", ["sdk-oldest", "sdk-newest", "sdk-3", "node"])
def test_all_that_an_sdk_sends_is_in_its_inbox(client: str, serving: Serving, inbox: dict[str, str]) -> None:
    command = (
        [node(), NODE / "send.mjs"] if client == "node" else [installed(client), PROGRAMS / "python_sdk.py"]
    )

    said = json.loads(report(inbox["dsn"], *command))

    assert types(serving, inbox) == (said["sent"] if client == "node" else said)
    listed = serving.ask(f"/api/captured/messages?inbox={inbox['inbox']}&text=spec failed".replace(" ", "+"))
    assert [item["tags"] for item in listed["items"]] == [{"region": "eu"}]
    assert serving.ask(f"/api/captured/refused?inbox={inbox['inbox']}")["count"] == 0


def test_all_that_a_page_of_another_origin_sends_is_in_its_inbox(
    script: Path, serving: Serving, inbox: dict[str, str], tmp_path: Path
) -> None:
    said = visit(script, tmp_path / "profile", child_environment(inbox["dsn"]))

    assert types(serving, inbox) == said["sent"]
    assert urlsplit(said["origin"]).netloc != urlsplit(serving.url).netloc
    listed = serving.ask(f"/api/captured/errors?inbox={inbox['inbox']}")
    # The browser sends both at once.
    assert {item["text"] for item in listed["items"]} == {"no such cart: ünïcode", "nobody caught this"}
    assert serving.ask(f"/api/captured/refused?inbox={inbox['inbox']}")["count"] == 0


def test_what_raven_sends_to_the_store_endpoint_is_in_its_inbox(
    serving: Serving, inbox: dict[str, str]
) -> None:
    dsn = inbox["dsn"].replace("@", ":a1b2c3@")

    said = json.loads(report(dsn, installed("raven"), "-W", "ignore", PROGRAMS / "raven_client.py"))

    listed = serving.ask(f"/api/captured/events?inbox={inbox['inbox']}")
    assert [item["id"] for item in listed["items"]] == said["ids"]


def test_what_sentry_cli_sends_is_in_its_inbox(serving: Serving, inbox: dict[str, str]) -> None:
    cli = installed("sentry-cli", "sentry-cli")

    report(inbox["dsn"], cli, "send-event", "--no-environ", "--message=deployed", "--tag=region:eu")

    found = serving.ask(f"/api/captured/events/latest?inbox={inbox['inbox']}&wait=20")
    assert (found["text"], found["tags"]) == ("deployed", {"region": "eu"})


@pytest.mark.usefixtures("frameworks")  # opentelemetry is one of them
@pytest.mark.parametrize("form", [("proto", "gzip"), ("json", "none")], ids=" ".join)
def test_what_exporters_of_opentelemetry_send_is_in_their_inbox(
    form: tuple[str, str], serving: Serving, inbox: dict[str, str]
) -> None:
    said = json.loads(
        report(inbox["dsn"], installed("opentelemetry"), PROGRAMS / "opentelemetry_sdk.py", *form)
    )

    counts = serving.ask(f"/api/captured/?inbox={inbox['inbox']}")["counts"]
    assert (counts["spans"], counts["logs"]) == (said["spans"], said["logs"]) == (3, 1)


def test_what_kents_documentation_does_is_done(serving: Serving) -> None:
    """The three routes, one after the other: https://github.com/mozilla-services/kent, README."""
    serving.ask("/api/flush/", "POST")
    dsn = f"http://public@{urlsplit(serving.url).netloc}/1"
    code = "import sentry_sdk; sentry_sdk.init(); sentry_sdk.capture_message('hello'); print('sent')"

    assert report(dsn, installed("sdk-newest"), "-c", code) == "sent"

    (event,) = serving.ask("/api/eventlist/")["events"]
    assert (event["project_id"], event["summary"]) == (1, "hello")
    assert serving.ask(f"/api/event/{event['event_id']}")["payload"]["body"]["message"] == "hello"
    assert serving.ask("/api/flush/", "POST") == {"success": True}
    assert serving.ask("/api/eventlist/")["events"] == []
