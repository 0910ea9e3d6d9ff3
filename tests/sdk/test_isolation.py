"""What one capture changes in the SDK is undone when it ends."""

from __future__ import annotations

import pytest
import sentry_sdk

from pytest_sentryintegration import capture
from pytest_sentryintegration.capturing.sharing import hold, let_go
from pytest_sentryintegration.sdk.isolation import Isolation
from pytest_sentryintegration.sdk.ownership import Owner

DSN = "http://key@sentry.invalid/1"


def test_what_cannot_be_undone_keeps_nothing_else_from_it() -> None:
    undone: list[str] = []

    def fail() -> None:
        undone.append("fails")
        raise ValueError("one that fails")

    shared = hold()
    try:
        before = sentry_sdk.get_client()
        isolation = Isolation(shared.redirect, shared.clients, Owner("t1"), DSN)
        isolation.begin()
        isolation.at_end(lambda: undone.append("first"))
        isolation.at_end(fail)
        isolation.at_end(lambda: undone.append("last"))
        with pytest.raises(ValueError, match="one that fails"):
            isolation.end()

        assert undone == ["last", "fails", "first"]
        assert sentry_sdk.get_client().is_active() == before.is_active()
    finally:
        let_go()


def test_what_a_capture_changes_in_the_fallback_client_is_not_there_in_the_next_one() -> None:
    hold()
    try:
        with capture():
            first = sentry_sdk.get_client()
            first.options["max_breadcrumbs"] = 1
        with capture():
            second = sentry_sdk.get_client()
            assert (second is first, second.options["max_breadcrumbs"]) == (True, 100)
    finally:
        let_go()


def test_a_capture_inside_another_leaves_the_fallback_client_of_that_one_as_it_was() -> None:
    with capture():
        client = sentry_sdk.get_client()
        client.options["max_breadcrumbs"] = 1
        with capture():
            assert sentry_sdk.get_client().options["max_breadcrumbs"] == 100

        assert (sentry_sdk.get_client(), client.options["max_breadcrumbs"]) == (client, 1)
