"""Section 4: policies, evidence and snapshots, over a run of their own."""

from __future__ import annotations

import json
import os
import pathlib
import re
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import child, fail, root
from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted

LOOKING = """
    import pytest, sentry_sdk

    def fail(error):
        try:
            raise error
        except Exception as caught:
            sentry_sdk.capture_exception(caught)

    @pytest.fixture
    def events(sentry_events):
        fail(ValueError("oh"))
        return sentry_events

    def test_found(events): events.errors.find(ValueError)
    def test_where(events): events.errors.where()
    def test_waited(events): events.events.wait(1)
    def test_indexed(events): events.errors[0]
    def test_iterated(events): list(events)
    def test_counted(events): assert len(events.errors) == 1
    def test_asked(events): assert events.errors
    def test_shown(events): repr(events.errors)
    def test_ignored(events): pass
    def test_info(sentry_events): sentry_sdk.capture_message("fine", level="warning")
    def test_message(sentry_events): sentry_sdk.capture_message("bad", level="error")
    """


def outcomes(text: str) -> dict[str, str]:
    """What became of each test, by its name."""
    return dict(re.findall(r"::(test_\w+) (PASSED|FAILED|ERROR)", text))


def test_looked_at_means_returned_indexed_or_iterated_not_counted(run: Run) -> None:
    result = run("-v", ini="sentry_unexpected = fail", test_it=LOOKING)
    seen = outcomes(result.stdout.str())
    good = {name for name, word in seen.items() if word == "PASSED"}
    names = re.findall(r"def (test_\w+)", LOOKING)
    expected = {f"test_{name}" for name in ("found", "where", "waited", "indexed", "iterated", "info")}
    missed = {name for name in names if f"::{name} ERROR" in result.stdout.str()} | (set(names) - good)
    assert set(names) - missed == expected


def test_by_default_unexpected_errors_are_ignored(run: Run) -> None:
    run(test_it=LOOKING).assert_outcomes(passed=11)


ALLOWING = """
    import re, pytest, sentry_sdk

    def fail(error):
        try:
            raise error
        except Exception as caught:
            sentry_sdk.capture_exception(caught)

    @pytest.mark.sentry(unexpected="fail", allow=[LookupError, "known text", re.compile("^code [0-9]+$")])
    @pytest.mark.parametrize("error", [KeyError("a"), ValueError("known text"), ValueError("code 17")])
    def test_allowed(sentry_events, error): fail(error)

    @pytest.mark.sentry(unexpected="fail", allow=[LookupError])
    def test_forbidden(sentry_events): fail(ValueError("not this one"))
    """


def test_allow_takes_classes_texts_and_patterns(run: Run) -> None:
    result = run(test_it=ALLOWING)
    text = result.stdout.str()
    assert "not this one" in text
    assert "test_allowed" not in "\n".join(re.findall(r"^(?:FAILED|ERROR).*$", text, re.MULTILINE))
    assert re.search(r"^(FAILED|ERROR).*test_forbidden", text, re.MULTILINE)


def test_the_ini_allows_for_all_tests(run: Run) -> None:
    ini = "sentry_unexpected = fail\nsentry_allow =\n    ValueError\n    known text\n"
    test_it = """
        import sentry_sdk
        def test_class(sentry_events):
            try: raise ValueError("x")
            except ValueError as error: sentry_sdk.capture_exception(error)
        def test_text(sentry_events): sentry_sdk.capture_message("known text", level="error")
        """
    run(ini=ini, test_it=test_it).assert_outcomes(passed=2)


def test_the_marker_can_ignore_what_the_ini_forbids(run: Run) -> None:
    test_it = """
        import pytest, sentry_sdk
        @pytest.mark.sentry(unexpected="ignore")
        def test_it(sentry_events): sentry_sdk.capture_message("bad", level="fatal")
        """
    run(ini="sentry_unexpected = fail", test_it=test_it).assert_outcomes(passed=1)


def test_variables_of_frames_do_not_count_as_invalid_and_other_paths_can_be_allowed(run: Run) -> None:
    pytest.importorskip("sentry_relay")
    test_it = """
        import sentry_sdk
        def test_ordinary_error(sentry_events):
            rows = {str(n): list(range(50)) for n in range(50)}
            try: raise ValueError(len(rows))
            except ValueError as error: sentry_sdk.capture_exception(error)
        def test_long_tag(sentry_events):
            sentry_sdk.set_tag("long", "x" * 300)
            sentry_sdk.capture_message("hello")
        """
    result = run(ini="sentry_invalid = fail", test_it=test_it)
    bad = re.findall(r"^(?:FAILED|ERROR).*::(test_\w+)", result.stdout.str(), re.MULTILINE)
    assert set(bad) == {"test_long_tag"}
    run(ini="sentry_invalid = fail\nsentry_invalid_allow = tags.*", test_it=test_it).assert_outcomes(passed=2)


FAILING = """
    import sentry_sdk, sentryintegration
    def test_it(sentry_events):
        sentry_sdk.capture_message("what was sent", level="warning")
        with sentryintegration.start_transaction(name="checkout", op="task"):
            with sentryintegration.start_transaction(op="db.query"):
                pass
        assert False
    """


def test_a_failing_test_has_a_section_with_events_and_trees(run: Run) -> None:
    text = run(test_it=FAILING).stdout.str()
    section = text.partition("Captured Sentry")[2]
    assert "what was sent" in section
    assert "warning" in section
    assert re.search(r"[├└].*db\.query", section)


def test_a_passing_run_has_at_most_one_line_in_the_summary(run: Run) -> None:
    text = run(test_it=FAILING.replace("assert False", "pass")).stdout.str()
    lines = [line for line in text.splitlines() if "sentry" in line.lower() and "plugins:" not in line]
    assert len([line for line in lines if "rootdir" not in line]) <= 1


def everything() -> None:
    """One of each, the same each time."""
    sentry_sdk.set_tag("graph", "g1")
    sentry_sdk.add_breadcrumb(category="cart", message="added")
    with root("checkout", "task"), child("db.query", "SELECT 1", rows=3):
        sentry_sdk.capture_message("hello", level="warning")
        fail(ValueError("oh"))


def test_a_snapshot_of_the_inbox_is_equal_on_every_run(sentry_events: SentryEvents) -> None:
    taken = []
    for _ in range(2):
        with sentry_sdk.isolation_scope():
            everything()
        taken.append(sentry_events.snapshot())
        sentry_events.clear()
    assert taken[0] == taken[1]
    assert list(json.dumps(taken[0])) == list(json.dumps(taken[1]))
    assert "hello" in json.dumps(taken[0])


@pytest.mark.sentry(server_name="the-host-name", release="shop@1")
def test_a_snapshot_holds_no_ids_times_hosts_paths_or_versions(sentry_events: SentryEvents) -> None:
    everything()
    text = json.dumps(sentry_events.snapshot())
    assert not re.search(r"[0-9a-f]{16}", text)
    assert not re.search(r"20\d\d-\d\d-\d\d", text)
    assert "the-host-name" not in text
    assert sentry_sdk.VERSION not in text
    assert "/tests/contract" not in text
    assert "SELECT 1" in text


def test_event_transaction_and_tree_have_snapshots_too(sentry_events: SentryEvents) -> None:
    everything()
    transaction = sentry_events.transactions.find("checkout")
    taken: list[Any] = [
        sentry_events.messages.find("hello").snapshot(),
        transaction.snapshot(),
        transaction.tree.snapshot(),
    ]
    assert [json.loads(json.dumps(one)) for one in taken] == taken
    assert "db.query" in json.dumps(taken[2])


def test_snapshots_differ_where_what_was_sent_differs(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello", level="warning")
    sentry_sdk.capture_message("hello", level="error")
    one, two = (seen.snapshot() for seen in sentry_events.messages)
    assert one != two


def test_snapshots_work_with_syrupy(run: Run) -> None:
    pytest.importorskip("syrupy")
    test_it = """
        import sentry_sdk
        def test_it(sentry_events, snapshot):
            sentry_sdk.capture_message("hello")
            assert sentry_events.messages.find("hello").snapshot() == snapshot
        """
    run("--snapshot-update", plugins=("syrupy",), test_it=test_it).assert_outcomes(passed=1)
    run(plugins=("syrupy",), test_it=test_it).assert_outcomes(passed=1)


def test_a_snapshot_of_an_empty_inbox_is_small_and_plain(sentry_events: SentryEvents) -> None:
    assert json.loads(json.dumps(sentry_events.snapshot())) == sentry_events.snapshot()


def test_snapshots_work_with_inline_snapshot(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("inline_snapshot")
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST")]:
        monkeypatch.delenv(name)  # it writes nothing from inside a worker
    test_it = """
        import sentry_sdk
        from inline_snapshot import snapshot
        def test_it(sentry_events):
            sentry_sdk.capture_message("hello")
            assert sentry_events.messages.find("hello").snapshot()["message"] == snapshot("hello")
            assert sentry_events.snapshot() == snapshot()
        """
    run("--inline-snapshot=create", plugins=("inline_snapshot.pytest_plugin",), test_it=test_it)
    written = pathlib.Path("test_it.py").read_text(encoding="utf-8")
    assert "== snapshot()" not in written
    assert "'message': 'hello'" in written.replace('"', "'")


def test_the_ini_says_whether_toy_keys_are_refused_as_sentry_does(run: Run) -> None:
    test_it = """
        import sentry_sdk
        def test_it(sentry_events):
            sentry_sdk.init("https://public@example.invalid/1")
            sentry_sdk.capture_message("hello")
            assert len(sentry_events.messages) == 0
            assert {request.status for request in sentry_events.refused} == {400}
        """
    run(ini="sentry_strict = true", test_it=test_it).assert_outcomes(passed=1)
