"""Contexts that were copied before a test have the scopes of the test while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context

import pytest
import sentry_sdk
from sentry_sdk import scope

from pytest_sentryintegration import capture
from tests.integration.conftest import Run


@contextmanager
def an_application_with_scopes() -> Iterator[None]:
    """Give the calling context scopes, as in an application that used Sentry while it was imported."""
    isolation, current = scope._isolation_scope.get(), scope._current_scope.get()
    sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()
    try:
        yield
    finally:
        scope._isolation_scope.set(isolation)
        scope._current_scope.set(current)


@pytest.fixture
def earlier() -> Iterator[Context]:
    """A context that was copied before the test began to capture."""
    with an_application_with_scopes():
        yield copy_context()


def test_a_tag_set_in_an_earlier_context_is_that_of_the_test_alone(earlier: Context) -> None:
    with capture() as first:
        earlier.run(sentry_sdk.set_tag, "from", "the earlier context")
        sentry_sdk.set_tag("from the test", "x")
        earlier.run(sentry_sdk.capture_message, "there")
        sentry_sdk.capture_message("here")
        tags = {"from": "the earlier context", "from the test": "x"}
        assert [dict(event.tags) for event in first] == [tags, tags]
    with capture() as second:
        earlier.run(sentry_sdk.capture_message, "there")
        sentry_sdk.capture_message("here")
        assert [dict(event.tags) for event in second] == [{}, {}]


def test_after_the_test_an_earlier_context_has_the_scopes_of_the_application_again(earlier: Context) -> None:
    before = earlier.run(sentry_sdk.get_isolation_scope), earlier.run(sentry_sdk.get_current_scope)
    with capture():
        during = earlier.run(sentry_sdk.get_isolation_scope), earlier.run(sentry_sdk.get_current_scope)
        assert during == (sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope())
        earlier.run(sentry_sdk.set_tag, "a", "b")
    after = earlier.run(sentry_sdk.get_isolation_scope), earlier.run(sentry_sdk.get_current_scope)

    assert after == before
    assert before[0]._tags == {}


def test_of_nested_captures_an_earlier_context_has_the_scopes_of_the_inner_one(earlier: Context) -> None:
    with capture() as outer:
        sentry_sdk.set_tag("outer", "x")
        with capture() as inner:
            sentry_sdk.set_tag("inner", "x")
            earlier.run(sentry_sdk.capture_message, "inside")
        earlier.run(sentry_sdk.capture_message, "outside")

    assert [(event.message, dict(event.tags)) for event in inner] == [
        ("inside", {"outer": "x", "inner": "x"})
    ]
    assert [(event.message, dict(event.tags)) for event in outer] == [("outside", {"outer": "x"})]


def test_what_forks_scopes_in_an_earlier_context_forks_those_of_the_test(earlier: Context) -> None:
    def work() -> None:
        with sentry_sdk.isolation_scope() as forked:
            forked.set_tag("forked", "x")
            sentry_sdk.capture_message("m")

    with capture() as events:
        sentry_sdk.set_tag("of the test", "x")
        earlier.run(work)
        assert events.messages.find("m").tags == {"of the test": "x", "forked": "x"}
        sentry_sdk.capture_message("later")
        assert events.messages.find("later").tags == {"of the test": "x"}


def test_an_asynchronous_test_case_of_unittest_runs_in_the_scopes_of_its_test(run: Run) -> None:
    result = run(
        conftest="import sentry_sdk; sentry_sdk.get_isolation_scope().set_tag('from', 'import')",
        test_it="""
            import unittest, pytest, sentry_sdk

            @pytest.mark.usefixtures("sentry_events")
            class TestCase(unittest.IsolatedAsyncioTestCase):
                def setUp(self):
                    sentry_sdk.set_tag("set", "up")

                async def asyncSetUp(self):
                    sentry_sdk.set_tag("set", "up async")

                async def test_a(self):
                    sentry_sdk.set_tag("test", "a")
                    sentry_sdk.capture_message("a")
                    event = await self.sentry_events.find_async("a")
                    assert event.tags == {"from": "import", "set": "up async", "test": "a"}

                async def test_b(self):
                    sentry_sdk.capture_message("b")
                    event = await self.sentry_events.find_async("b")
                    assert event.tags == {"from": "import", "set": "up async"}

            def test_z(sentry_events):
                sentry_sdk.capture_message("z")
                assert sentry_events.find("z").tags == {"from": "import"}
        """,
    )

    result.assert_outcomes(passed=3)
