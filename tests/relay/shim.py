"""A pytest plugin that runs Relay's own integration tests against the fake Sentry.

It stands in for their fixture `relay`: the fake Sentry answers in place of a Relay process. A test runs
until it asks for what only Relay knows (what it sends upstream, Kafka, its process); there it ends. What
became of it is noted:

- ``same``: it looked at an answer of the fake, or expected an error, and all that it asserts up to there
  holds;
- ``kept``: it also looked at an envelope that Relay sends upstream, in place of which it was given what the
  fake keeps, and all that it asserts up to there holds;
- ``other: ...``: an assertion about such an envelope did not hold, and no answer was looked at after it. It
  is about what Relay makes of it: by the settings of a project, or for the next Relay;
- ``sent``: its requests met no error that stops it, and it looked at nothing up to there;
- ``differs: ...``: an assertion about the fake did not hold;
- ``out: why``: it is about Relay itself, or sent nothing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import requests
from sentry_sdk.envelope import Envelope as SentEnvelope
from werkzeug.serving import BaseWSGIServer

from pytest_sentryintegration import FakeSentry
from pytest_sentryintegration.store import STRAYS, Arrival
from pytest_sentryintegration.verdict import judge
from pytest_sentryintegration.wire.categories import DATA_CATEGORIES
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, serialize_envelope

FIXTURES = "integration.fixtures"
INTERNAL = ("/api/0/", "/api/relay/")
LEFT_OUT = {
    "test_advertised_upstream": "what Relay asks upstream",
    "test_autoscaling": "Relay's own endpoints",
    "test_config": "Relay's configuration",
    "test_ephemeral_config": "Relay's configuration",
    "test_forwarding": "what Relay forwards",
    "test_healthchecks": "Relay's own health",
    "test_projectconfigs": "the projects' configurations",
    "test_publickeys": "Relay's own endpoints",
    "test_query": "what Relay asks upstream",
    "test_shutdown": "Relay's process",
    "test_statsd": "Relay's statistics",
    "test_trusted_relay": "Relays that trust each other",
}
"""Modules that are about Relay itself, and why."""
HEALTH = "/api/relay/healthcheck/"
LOOKS = ("status_code", "ok", "headers", "text", "content", "json")
"""Attributes of an answer that a test compares."""

_fakes: list[FakeSentry] = []
_asked: list[str] = []
"""Paths that the running test has sent a request to."""
_looked: list[str] = []
"""What the running test has looked at: parts of answers, and ``kept`` for what Relay hands on."""
_results: dict[str, str] = {}


def beyond(what: str) -> Any:
    """End the test: from here on it is about what only Relay knows."""
    pytest.skip(f"beyond: {what}")


def asking(what: str) -> Callable[..., Any]:
    """Return a function that ends the test when it is called."""
    return lambda *args, **kwargs: beyond(what)


class Beyond:
    """Stands for what only Relay knows: the test ends when it is looked at."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __getattr__(self, name: str) -> Any:
        return beyond(self.what)

    def __getitem__(self, key: object) -> Any:
        return beyond(self.what)

    def __len__(self) -> int:
        return int(beyond(self.what))

    def __eq__(self, other: object) -> bool:
        return bool(beyond(self.what))

    __hash__ = None  # type: ignore[assignment]


class Kept:
    """Stands for what Relay sends upstream: the envelopes that the fake keeps, less what Sentry drops."""

    def __init__(self) -> None:
        self.taken = 0
        self.kept: list[bytes] = []
        self.seen: dict[int, int] = {}

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next one; raises `queue.Empty` where there is none."""
        _looked.append("kept")
        for fake in _fakes:
            entries = fake.store.since(STRAYS)[self.seen.get(id(fake), 0) :]
            self.seen[id(fake)] = self.seen.get(id(fake), 0) + len(entries)
            self.kept.extend(filter(None, map(handed_on, entries)))
        if self.taken >= len(self.kept):
            raise queue.Empty
        self.taken += 1
        return SentEnvelope.deserialize(self.kept[self.taken - 1])

    get_nowait = get

    def empty(self) -> bool:
        """Return whether `get` would raise."""
        before = self.taken
        try:
            self.get()
        except queue.Empty:
            return True
        self.taken = before
        return False

    def qsize(self) -> int:
        """Return how many `get` would return."""
        before, count = self.taken, 0
        while not self.empty():
            count, self.taken = count + 1, self.taken + 1
        self.taken = before
        return count


def handed_on(entry: object) -> bytes | None:
    """Return what Sentry keeps of a request, as an envelope; ``None`` for nothing."""
    if not isinstance(entry, Arrival):
        return None
    items: list[RawItem] = []
    for index, item in enumerate(entry.envelope.items):
        verdict = judge(entry, index)
        if verdict.outcome in ("dropped", "refused"):
            continue
        stored, headers = verdict.stored, item.headers
        if isinstance(stored, dict) and isinstance(stored.get("items"), list):
            headers = {**headers, "item_count": len(stored["items"])}
        payload = item.payload if isinstance(stored, bytes) or stored is None else json.dumps(stored).encode()
        items.append(RawItem({**headers, "length": len(payload)}, payload))
    return serialize_envelope(RawEnvelope(entry.envelope.headers, tuple(items))) if items else None


class Answer(requests.Response):
    """Notes what a test looks at; what Relay's own helpers look at does not count."""

    def __getattribute__(self, name: str) -> Any:
        asking = Path(sys._getframe(1).f_code.co_filename).name
        if name in LOOKS and asking.startswith("test_"):
            _looked.append(name)
        return super().__getattribute__(name)

    def raise_for_status(self) -> None:
        """Raise for an error: a test that goes on after it has expected it."""
        try:
            super().raise_for_status()
        except requests.HTTPError:
            _looked.append("error")
            raise


def limit_as_quotas_do(fake: FakeSentry, projects: Iterable[dict[str, Any]]) -> None:
    """Set the fault that each spent quota of the projects is; one that is not spent does nothing here."""
    faults = fake.ingest.faults_for(None)
    faults.clear()
    for quota in (quota for project in projects for quota in project["config"].get("quotas", ())):
        categories = quota.get("categories") or ()
        if quota.get("limit") == 0 and DATA_CATEGORIES.keys() >= set(categories):
            spaces = [quota["namespace"]] if quota.get("namespace") else []
            scope, reason = quota.get("scope", "organization"), quota.get("reasonCode") or ""
            faults.rate_limit(*categories, scope=scope, reason=reason, namespaces=spaces)


@pytest.fixture
def relay(mini_sentry: Any) -> Any:
    """Return what starts a fake Sentry in place of Relay."""
    base: Any = sys.modules[FIXTURES].SentryLike

    def request(self: Any, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        if path.startswith(INTERNAL) and not path.startswith(HEALTH):
            beyond("Relay's own endpoints")
        # Relay answers a first request before it has the project's quotas; an upload waits for them.
        if _asked or "/upload/" in path:
            limit_as_quotas_do(self.fake, mini_sentry.project_configs.values())
        _asked.append(path)
        answer = base.request(self, method, path, *args, **kwargs)
        answer.__class__ = Answer
        return answer

    ended = asking("Relay's process")
    attributes = {
        "request": request,
        "shutdown": ended,
        "send_signal": ended,
        "wait_for_exit": ended,
        "wait_health_check": lambda self, mode="ready": None,
        "relay_id": property(asking("Relay's credentials")),
        "secret_key": property(asking("Relay's credentials")),
        "version": "latest",
    }
    server = type("Relay", (base,), attributes)

    def start(upstream: Any, options: Any = None, prepare: Any = None, **more: Any) -> Any:
        if prepare is not None or more.get("static_relays") or more.get("static_credentials"):
            beyond("Relay's configuration")
        fake = FakeSentry(strict=True)
        _fakes.append(fake)
        started = server((fake.host, fake.port), upstream, "public")
        started.fake = fake
        started.options = options or {}
        started.process = Beyond("Relay's process")
        started.config_dir = Beyond("Relay's configuration")
        return started

    return start


@pytest.fixture
def relay_credentials() -> Any:
    """Return what would make credentials."""
    return asking("Relay's credentials")


@pytest.fixture
def get_relay_binary() -> Any:
    """Return what would find Relay's program."""
    return asking("Relay's program")


@pytest.fixture
def latest_relay_version() -> str:
    """Return the version of Relay's program."""
    return str(beyond("Relay's program"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out modules about Relay itself; take from the other fixtures what only Relay knows."""
    for item in items:
        if reason := LEFT_OUT.get(item.path.stem):
            item.add_marker(pytest.mark.skip(reason))
    mini_sentry: Any = sys.modules[f"{FIXTURES}.mini_sentry"]
    init = mini_sentry.Sentry.__init__

    def sentry(self: Any, *args: Any) -> None:
        init(self, *args)
        self.captured_envelopes = Kept()
        for name in ("captured_metrics", "captured_outcomes", "request_log"):
            setattr(self, name, Beyond("what Relay sends upstream"))

    mini_sentry.Sentry.__init__ = sentry
    mini_sentry.Sentry.get_hits = asking("what Relay asks upstream")
    processing: Any = sys.modules[f"{FIXTURES}.processing"]
    processing.kafka = MagicMock()
    processing.Client = asking("the object store")
    consumer = processing.ConsumerBase
    consumer.__init__ = lambda self, *args, timeout=None: setattr(self, "timeout", timeout or 10)
    consumer.poll = asking("Kafka")
    consumer.assert_empty = lambda self, **more: beyond("Kafka") if _running else None
    # Half a second after each test otherwise, until the thread of `mini_sentry` looks whether to stop.
    BaseWSGIServer.serve_forever.__defaults__ = (0.01,)
    redis: Any = sys.modules["redis"]
    redis.Redis.execute_command = asking("Redis")


_running: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Know whether a test runs: what fixtures do at their end is not its question."""
    _running.append(item.nodeid)
    try:
        return (yield)
    finally:
        _running.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what became of a test, as above."""
    report = yield
    # The SDK sends to the fake without the test's own client.
    asked = bool(_asked) or any(fake.store.last(STRAYS) for fake in _fakes)
    fine = "kept" if "kept" in _looked else "same" if _looked else "sent"
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        why = reason.removeprefix("Skipped: ")
        compared = asked and why.startswith("beyond: ")
        _results[item.nodeid] = fine if compared else f"out: {why.removeprefix('beyond: ')}"
    elif (
        report.failed
        and call.excinfo is not None
        and _looked[-1:] == ["kept"]
        and "DID NOT RAISE HTTPError" not in str(call.excinfo.value)
    ):
        text = str(call.excinfo.value).strip().splitlines() or [""]
        _results[item.nodeid] = f"other: {call.excinfo.typename}: {text[0][:200]}"
    elif report.failed and call.excinfo is not None and asked:
        text = str(call.excinfo.value).strip().splitlines() or [""]
        _results[item.nodeid] = f"differs: {call.excinfo.typename}: {text[0][:200]}"
    elif report.failed or (report.when == "call" and report.passed):
        _results[item.nodeid] = fine if asked and report.passed else "out: it sends nothing"
    if report.when == "teardown":
        _asked.clear()
        _looked.clear()
        while _fakes:
            _fakes.pop().close()
    return report


def _write(kind: str, value: object) -> None:
    name = os.environ.get("PYTEST_XDIST_WORKER", "all")
    Path(os.environ["RELAY_RESULTS"], f"{kind}-{name}.json").write_text(json.dumps(value, indent=1))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write which tests there are: a worker that crashes writes no results."""
    _write("collected", [item.nodeid for item in session.items])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what became of each test."""
    _write("results", _results)
