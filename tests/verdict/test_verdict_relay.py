"""Sentry's own library: its bugs that are worked around, and runs without it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from pytest_sentryintegration.verdict import RelayMissing, judge, relay
from tests.verdict.builders import NOW, arrival, event, item, judged, transaction

LOAD = """
import os, sys
{before}
import pytest_sentryintegration.verdict as verdict
assert "sentry_relay" not in sys.modules
verdict.relay.processing()
print(os.environ.get("RUST_BACKTRACE"), os.environ.get("RUST_LIB_BACKTRACE"))
"""


@pytest.mark.parametrize(
    ("before", "printed"),
    [
        ('os.environ.pop("RUST_BACKTRACE", None)', "None None"),
        ('os.environ["RUST_BACKTRACE"] = "full"', "full None"),
    ],
)
def test_loading_the_library_leaves_the_environment_as_it_was(before: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(before=before)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == printed


@pytest.mark.uncounted
def test_a_rejection_is_cheap() -> None:
    judged("transaction", event()).outcome  # noqa: B018
    started = time.process_time()
    for _ in range(20):
        judged("transaction", event()).outcome  # noqa: B018

    assert (time.process_time() - started) / 20 < 0.02


def test_a_verdict_costs_nothing_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "normalize", lambda *_: pytest.fail("normalised too early"))

    verdict = judge(arrival(item("event", event())), 0)

    assert repr(verdict) == "<Verdict, not yet read>"


def test_a_verdict_is_computed_once_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    normalize = relay.normalize

    def counting(payload: bytes | str, **facts: object) -> object:
        calls.append(1)
        return normalize(payload, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(relay, "normalize", counting)
    verdict = judged("event", event(level="warn"))
    outcomes: list[str] = []
    threads = [threading.Thread(target=lambda: outcomes.append(verdict.outcome)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (outcomes, calls) == (["trimmed"] * 8, [1])
    assert repr(verdict) == "<Verdict trimmed: invalid_data, 1 findings>"


def test_stored_is_the_payload_as_sentry_stores_it() -> None:
    stored = judged("event", event(message="hi", level="critical", tags={"b": 1, "a": True})).stored

    assert stored["logentry"] == {"formatted": "hi"}
    assert (stored["level"], stored["tags"]) == ("fatal", [["a", "True"], ["b", "1"]])
    assert (stored["project"], stored["received"]) == (1, NOW)


@pytest.mark.usefixtures("without_relay")
def test_without_the_library_stored_says_what_to_install() -> None:
    verdict = judged("event", event(level="warn"))

    assert (verdict.outcome, verdict.reason, verdict.findings) == ("accepted", None, ())
    with pytest.raises(RelayMissing, match=r'pip install "sentryintegration\[relay\]"'):
        _ = verdict.stored
    with pytest.raises(RelayMissing, match="install"):
        _ = verdict.pii


@pytest.mark.usefixtures("without_relay")
def test_without_the_library_the_rules_of_the_wire_still_hold() -> None:
    assert judged("event", b"{").reason == "invalid_json"
    assert judged("transaction", transaction()).outcome == "accepted"
    assert judged("check_in", {}).reason == "invalid_json"
    assert judged("check_in", {"status": "ok", "monitor_slug": "a"}).stored["status"] == "ok"
    assert judge(arrival(item("event", event()), item("event", event())), 0).outcome == "refused"


def test_a_library_that_does_not_load_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_loaded", [])
    monkeypatch.setitem(sys.modules, "sentry_relay", None)

    assert not relay.available()
    with pytest.raises(RelayMissing) as caught:
        relay.processing()
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, RuntimeError)


def test_scrubbing_as_in_a_new_project() -> None:
    verdict = judged(
        "event",
        event(
            extra={"password": "hunter2", "size": 3},
            request={"url": "http://a/", "headers": {"Authorization": "Bearer abc", "X-Size": "3"}},
        ),
    )

    assert [(found.path, found.sent, found.stored) for found in verdict.pii] == [
        ("extra.password", "hunter2", "[Filtered]"),
        ("request.headers.Authorization", "Bearer abc", "[Filtered]"),
    ]
    assert all("scrubbing" in found.text for found in verdict.pii)


def test_a_project_may_scrub_nothing_or_spare_a_field() -> None:
    verdict = judged("event", event(extra={"password": "hunter2", "secret": "abc"}))

    assert verdict.scrubbed(scrub_data=False).findings == ()
    assert verdict.scrubbed(scrub_data=False).payload["extra"]["password"] == "hunter2"
    assert [found.path for found in verdict.scrubbed(exclude_fields=["password"]).findings] == [
        "extra.secret"
    ]


def test_nothing_is_scrubbed_from_what_is_not_stored() -> None:
    assert judged("event", b"{").pii == ()
    assert judged("check_in", {"status": "ok", "monitor_slug": "password"}).pii == ()


def test_the_environment_of_this_process_is_untouched() -> None:
    before = dict(os.environ)
    relay.processing()

    assert dict(os.environ) == before
