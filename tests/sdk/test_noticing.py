"""What is noted of a running test, with input that nobody expects."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.evidence import Child
from pytest_sentryintegration.sdk import child_processes, noticing, ownership
from pytest_sentryintegration.sdk.gathering import gather
from pytest_sentryintegration.sdk.notes import Noticed, noticed
from pytest_sentryintegration.sdk.ownership import Owner

PASS = [sys.executable, "-c", "pass"]
LOGGER = logging.getLogger("sentry_sdk.errors")


@pytest.fixture
def owner() -> Iterator[Owner]:
    """One that runs and is noted."""
    owner = Owner("t7", "test_it")
    end = noticing.begin(owner)
    ownership.begin(owner)
    yield owner
    ownership.end(owner)
    end()


def test_a_start_is_noted_once_where_something_wrapped_it_before_the_notes_began_anew(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticing.uninstall()
    monkeypatch.setattr(subprocess.Popen, "__init__", subprocess.Popen.__init__)  # to be put back
    noticing.begin(owner)
    ours = subprocess.Popen.__init__
    # As the SDK does: what was wrapped below cannot be put back then, and stays.
    monkeypatch.setattr(
        subprocess.Popen, "__init__", lambda self, *args, **kwargs: ours(self, *args, **kwargs)
    )
    noticing.uninstall()
    noticing.begin(owner)

    subprocess.run(PASS, check=True)

    assert [(each.command, each.ended) for each in noticed(owner).started] == [
        (f"{os.path.basename(sys.executable)} -c pass", 0)
    ]
    noticing.uninstall()


@pytest.mark.parametrize(
    ("variables", "has_dsn"),
    [
        ({"SENTRY_DSN": "http://key@127.0.0.1:1/t7/1"}, True),
        ({b"SENTRY_DSN": b"http://key@127.0.0.1:1/t7/1"}, True),
        ({"SENTRY_DSN": "http://key@127.0.0.1:1/t8/1"}, False),
        ({}, False),
    ],
)
def test_the_environment_of_a_process_is_noted(
    variables: dict[Any, Any], has_dsn: bool, owner: Owner
) -> None:
    environment = {
        **{os.fsencode(name): os.fsencode(value) for name, value in os.environ.items()},
        **variables,
    }
    environment = {
        name: value for name, value in environment.items() if name != b"SENTRY_DSN" or name in variables
    }
    subprocess.run(PASS, env=environment, check=True)

    assert [(each.command, each.has_dsn) for each in noticed(owner).started] == [
        (f"{os.path.basename(sys.executable)} -c pass", has_dsn)
    ]


@pytest.mark.parametrize("arguments", [iter(PASS), tuple(PASS)])
def test_any_arguments_of_a_process_go_through(arguments: Any, owner: Owner) -> None:
    subprocess.run(arguments, check=True)

    assert len(noticed(owner).started) == 1


def test_a_process_that_cannot_be_started_raises_as_ever_and_is_not_noted(owner: Owner) -> None:
    with pytest.raises(FileNotFoundError):
        subprocess.run(["there-is-no-such-program"], check=True)

    assert noticed(owner).started == []


def test_many_processes_are_not_all_noted(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "MOST", 1)
    for _ in range(2):
        subprocess.run(PASS, check=True)

    assert len(noticed(owner).started) == 1


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("message", ["boom", ["not", "hashable"], None])
def test_a_log_record_of_any_kind_passes(message: Any, owner: Owner) -> None:
    record = LOGGER.makeRecord("sentry_sdk.errors", 40, "file.py", 1, message, (), None)

    assert all(each(record) for each in LOGGER.filters[:1] if callable(each))
    assert noticed(owner).raised == {}


def test_an_error_without_text_is_noted_by_its_class(owner: Owner) -> None:
    try:
        raise Unprintable
    except Unprintable:
        LOGGER.error("Internal error in sentry_sdk", exc_info=True)

    assert noticed(owner).raised == {("", "Unprintable"): 1}


@pytest.mark.parametrize("exc_info", [(ValueError,), (ValueError, None, None)])
def test_an_incomplete_exc_info_of_a_hint_is_taken_as_without_the_plugin(
    exc_info: Any, sentry_events: SentryEvents
) -> None:
    sentry_sdk.init("https://key@example.com/1", default_integrations=False)

    assert sentry_sdk.capture_event({"message": "m"}, hint={"exc_info": exc_info})
    assert sentry_events.messages.find("m")


def test_nothing_is_known_of_an_owner_that_was_never_noted() -> None:
    assert noticed(Owner("t1")).started == Noticed().started == []


def processes(name: str, count: int) -> list[Any]:
    context = multiprocessing.get_context("spawn")
    return [context.Process(target=print, name=name) for _ in range(count)]


def start(process: Any) -> None:
    """Let *process* look as one that was started and has ended, for a start of 100 takes long."""
    process._popen = SimpleNamespace(pid=1, poll=lambda: 0)


def children_of(owner: Owner, name: str) -> list[Child]:
    return [child for child in gather(owner).children if child.name == name]


def test_a_process_that_was_made_before_a_test_and_is_started_in_it_is_of_the_test() -> None:
    (process,) = processes("made before", 1)
    owner = Owner("t7", "test_it")
    noticing.begin(owner)()
    start(process)

    assert children_of(owner, "made before") == [Child("made before", spawned=True, ended=0)]


def test_a_process_is_not_taken_for_an_earlier_one_whose_address_it_has() -> None:
    before = processes("before", 100)
    for each in before:
        start(each)
    owner = Owner("t7", "test_it")
    noticing.begin(owner)()
    # Each second one: where all of them go, their memory may be given to objects of another size.
    addresses = {*map(id, before[::2])}
    del before[::2]
    now: list[Any] = []
    while not now or id(now[-1]) not in addresses:
        assert len(now) < 10_000
        now += processes("now", 1)
        start(now[-1])

    assert children_of(owner, "now") == [Child("now", spawned=True, ended=0)] * len(now)
