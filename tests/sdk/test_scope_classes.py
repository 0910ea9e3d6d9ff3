"""Scopes that know whose they are: one class a test, used again when its scopes are gone."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

import pytest
from sentry_sdk.scope import Scope

from pytest_sentryintegration.sdk import scope_classes
from pytest_sentryintegration.sdk.scope_classes import give_back, owner_of, take_class

_SLOT = Scope.__dict__["client"]
CLIENT = property(lambda scope: _SLOT.__get__(scope), lambda scope, client: _SLOT.__set__(scope, client))
counted = pytest.mark.skipif(not scope_classes._COUNTED, reason="this interpreter does not count references")


@pytest.fixture(autouse=True)
def none_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_classes, "_waiting", [])


def scope_of(owner: str) -> Scope:
    scope = Scope()
    scope.__class__ = take_class(owner, CLIENT)
    return scope


def test_a_scope_and_its_forks_know_their_owner() -> None:
    scope = scope_of("a")

    assert (owner_of(scope), owner_of(scope.fork()), owner_of(Scope()), owner_of(None)) == (
        "a",
        "a",
        None,
        None,
    )


def test_two_owners_at_a_time_have_classes_of_their_own() -> None:
    first, second = scope_of("a"), scope_of("b")

    assert (owner_of(first), owner_of(second)) == ("a", "b")


@counted
def test_a_class_without_scopes_is_used_again() -> None:
    scope = scope_of("a")
    name = id(type(scope))
    give_back(type(scope))
    del scope

    assert id(take_class("b", CLIENT)) == name


def test_a_class_with_a_fork_left_is_not_used_again() -> None:
    scope = scope_of("a")
    late = scope.fork()
    give_back(type(scope))
    del scope

    other = scope_of("b")

    assert (owner_of(late), owner_of(other)) == ("a", "b")


@counted
def test_a_class_is_used_again_once_its_last_fork_is_gone() -> None:
    late = scope_of("a")
    name = id(type(late))
    give_back(type(late))
    other = scope_of("b")
    del late
    gc.collect()

    assert id(take_class("c", CLIENT)) == name
    assert owner_of(other) == "b"


def test_no_more_than_some_classes_wait() -> None:
    scopes = [scope_of(str(number)) for number in range(40)]
    for scope in scopes:
        give_back(type(scope))

    assert len(scope_classes._waiting) <= 16
    assert [owner_of(scope) for scope in scopes] == [str(number) for number in range(40)]


@counted
def test_somebody_else_who_holds_the_class_keeps_it() -> None:
    scope = scope_of("a")
    cls = type(scope)
    give_back(cls)
    del scope

    assert take_class("b", CLIENT) is not cls
    assert sys.getrefcount(cls) > 1


def test_a_class_made_under_a_debugger_is_not_used_again() -> None:
    frames: list[dict[str, object]] = []

    def keep(frame: FrameType, event: str, arg: object) -> Any:
        frames.append(dict(frame.f_locals))
        return keep

    before = sys.gettrace()
    sys.settrace(keep)
    scope = scope_of("a")
    sys.settrace(before)
    late = scope.fork()
    give_back(type(scope))
    frames.clear()
    del scope

    assert owner_of(scope_of("b")) == "b"
    assert owner_of(late) == "a"
