"""What integrations install once a process: the result of a test does not depend on the tests before it."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations import logging as sdk_logging
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

import sentryintegration
from pytest_sentryintegration import SentryEvents, capture, span
from tests.conftest import find_frameworks_of

DSN = "https://key@example.com/1"


async def work() -> None:
    pass


async def transaction_with_a_task() -> None:
    sentry_sdk.init(DSN, traces_sample_rate=1.0, integrations=[AsyncioIntegration()])
    with sentryintegration.start_transaction(name="main", op="main"):
        await asyncio.create_task(work())


@pytest.mark.parametrize("time", ["first", "second"])
def test_tasks_of_each_event_loop_have_spans(sentry_events: SentryEvents, time: str) -> None:
    asyncio.run(transaction_with_a_task())

    assert sentry_events.transactions.find("main").tree == span("main", span("function", re.compile("work")))


def test_a_loop_that_serves_later_tests_makes_tasks_as_before(sentry_events: SentryEvents) -> None:
    loop = asyncio.new_event_loop()
    for _ in range(2):
        with capture() as events:
            loop.run_until_complete(transaction_with_a_task())
            assert len(events.transactions.find("main").spans) == 1
        assert loop.get_task_factory() is None
    loop.close()


PROGRAM = """
import logging, sys, sentry_sdk
from loguru import logger
from sentry_sdk.integrations.loguru import LoguruIntegration
if sys.argv[1] == "removed":
    logger.remove()
options = {"event_level": logging.WARNING} if sys.argv[1] == "warnings" else {}
sentry_sdk.init(integrations=[LoguruIntegration(**options)])
logger.warning("w"); logger.error("e")
"""


@pytest.mark.uncounted
@pytest.mark.parametrize("mode", ["plain", "removed", "warnings", "plain again"])
def test_loguru_reports_what_it_reports_in_a_process_of_its_own(
    sentry_events: SentryEvents, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = pytest.importorskip("loguru").logger
    integration = pytest.importorskip("sentry_sdk.integrations.loguru").LoguruIntegration
    find_frameworks_of([PROGRAM], monkeypatch)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], env=sentry_events.env, check=True, stderr=subprocess.DEVNULL
    )
    expected = [str(event.text)[-1] for event in sentry_events]
    sentry_events.clear()

    if mode == "removed":
        logger.remove()
    options = {"event_level": logging.WARNING} if mode == "warnings" else {}
    sentry_sdk.init(integrations=[integration(**options)])
    logger.warning("w")
    logger.error("e")

    assert [str(event.text)[-1] for event in sentry_events] == expected


def test_what_a_test_removes_from_loguru_is_there_in_the_next(sentry_events: SentryEvents) -> None:
    logger = pytest.importorskip("loguru").logger
    integration = pytest.importorskip("sentry_sdk.integrations.loguru").LoguruIntegration
    sentry_sdk.init(DSN, integrations=[integration(event_level=logging.ERROR)])
    with capture():
        logger.remove()
        integration(event_level=logging.WARNING)
    with capture() as events:
        logger.warning("w")
        logger.error("e")
        assert [str(event.text)[-1] for event in events] == ["e"]


def test_loguru_s_handlers_stay_where_the_settings_do(sentry_events: SentryEvents) -> None:
    logger = pytest.importorskip("loguru").logger
    integration = pytest.importorskip("sentry_sdk.integrations.loguru").LoguruIntegration
    kept = []
    for level in (logging.ERROR, logging.ERROR, logging.WARNING):
        sentry_sdk.init(DSN, integrations=[integration(event_level=level)])
        kept.append(logger._core.handlers)

    assert kept[0] is kept[1]
    assert kept[1] is not kept[2]


# sentry-sdk 3 has one function for events and one for logs.
ignore_logger = getattr(sdk_logging, "ignore_logger_for_events", sdk_logging.ignore_logger)


def heard(*loggers: str) -> list[str]:
    """The loggers, of these, whose errors are captured in a test of its own."""
    with capture() as events:
        sentry_sdk.init(DSN, integrations=[LoggingIntegration(event_level=logging.ERROR)])
        for name in loggers:
            logging.getLogger(name).error("x")
        return [str(event.logger) for event in events]


def test_a_logger_that_one_test_ignores_is_heard_in_the_next(sentry_events: SentryEvents) -> None:
    ignore_logger("quiet")
    with capture():
        sentry_sdk.init(DSN)
        ignore_logger("noisy")
        assert heard("noisy", "quiet") == []

    assert heard("noisy", "quiet") == ["noisy"]


def test_a_logger_that_an_integration_ignores_once_a_process_stays_ignored(
    sentry_events: SentryEvents,
) -> None:
    class Quiet(Integration):
        identifier = "quiet"

        @staticmethod
        def setup_once() -> None:
            ignore_logger("of quiet")

    with capture():
        sentry_sdk.init(DSN, integrations=[Quiet()])

    assert heard("of quiet") == []


def test_a_setting_that_an_integration_keeps_on_its_class_is_put_back(sentry_events: SentryEvents) -> None:
    class Own(Integration):
        identifier = "own"
        level = 1

        def __init__(self, level: int = 1) -> None:
            Own.level = level

        @staticmethod
        def setup_once() -> None:
            pass

    with capture():
        sentry_sdk.init(DSN, integrations=[Own(level=2)])
        assert Own.level == 2

    assert Own.level == 1


def test_a_setting_that_did_not_change_is_not_set_again(sentry_events: SentryEvents) -> None:
    was_set: list[str] = []

    class Noting(type(Integration)):  # type: ignore[misc]
        def __setattr__(cls, name: str, value: object) -> None:
            was_set.append(name)
            super().__setattr__(name, value)

    class Own(Integration, metaclass=Noting):
        identifier = "own"
        level = 1
        other = 1

        @staticmethod
        def setup_once() -> None:
            pass

    was_set.clear()
    with capture():
        Own.level = 2

    assert was_set == ["level", "level"]
    assert Own.level == 1


def test_a_setting_of_a_class_that_is_there_instead_of_another_is_put_back(
    sentry_events: SentryEvents,
) -> None:
    def note_a_class_that_goes() -> None:
        class Gone(Integration):
            identifier = "gone"

            @staticmethod
            def setup_once() -> None:
                pass

        with capture():
            pass

    gc.collect()
    note_a_class_that_goes()
    gc.collect()

    class Own(Integration):
        identifier = "own"
        level = 1

        @staticmethod
        def setup_once() -> None:
            pass

    with capture():
        Own.level = 2

    assert Own.level == 1


def test_an_exception_hook_that_was_put_back_meanwhile_is_replaced_again(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hook in (lambda *_: None, lambda *_: None):
        monkeypatch.setattr(sys, "excepthook", hook)
        with capture() as events:
            sentry_sdk.init(DSN)
            once = sys.excepthook
            sentry_sdk.init(DSN)
            assert sys.excepthook is once
            sys.excepthook(ValueError, ValueError("uncaught"), None)
            assert [str(event.text) for event in events] == ["uncaught"]


def test_an_exception_hook_around_that_of_the_sdk_is_left_as_it_is(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry_sdk.init(DSN)
    inner = sys.excepthook

    def outer(*arguments: Any) -> None:
        inner(*arguments)

    monkeypatch.setattr(sys, "excepthook", outer)
    sentry_sdk.init(DSN)

    assert sys.excepthook is outer


def test_the_context_of_the_cloud_is_in_each_test_and_asked_for_once(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = pytest.importorskip("sentry_sdk.integrations.cloud_resource_context")
    asked: list[str] = []

    def context() -> dict[str, str]:
        asked.append("aws")
        return {"cloud.provider": "aws"}

    monkeypatch.setitem(module.context_getters, "aws", context)
    for _ in range(3):
        with capture() as events:
            sentry_sdk.init(DSN, integrations=[module.CloudResourceContextIntegration("aws")])
            sentry_sdk.capture_message("x")
            assert events.find("x").contexts["cloud_resource"] == {"cloud.provider": "aws"}
    assert asked == ["aws"]


def test_a_hook_that_a_test_cleared_is_added_again(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks: list[Any] = []

    class OpenFeature(Integration):
        identifier = "openfeature"

        @staticmethod
        def setup_once() -> None:
            hooks.append(type("OpenFeatureHook", (), {"__module__": "sentry_sdk.integrations.openfeature"})())

    api: Any = ModuleType("openfeature.api")
    api.get_hooks = lambda: hooks
    monkeypatch.setitem(sys.modules, "openfeature.api", api)
    sentry_sdk.init(DSN, integrations=[OpenFeature()])
    sentry_sdk.init(DSN, integrations=[OpenFeature()])
    assert len(hooks) == 1
    hooks.clear()
    sentry_sdk.init(DSN, integrations=[OpenFeature()])

    assert len(hooks) == 1
