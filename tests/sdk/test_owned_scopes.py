"""Isolation scopes that know whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from sentry_sdk.scope import Scope, ScopeType

from pytest_sentryintegration.sdk.ownership import OwnedScope, Owner


@pytest.fixture
def scope() -> Scope:
    scope = Scope(ty=ScopeType.ISOLATION)
    scope.set_tag("region", "eu")
    scope.add_breadcrumb({"message": "before"})
    return scope


def test_a_scope_and_its_forks_know_their_owner(scope: Scope) -> None:
    owner = Owner("t1")
    owned = OwnedScope.fork_of(scope, owner)
    fork: Any = owned.fork()

    assert (owned.owner, fork.owner, fork.fork().owner) == (owner, owner, owner)


def test_everything_of_the_scope_is_in_the_owned_fork(scope: Scope) -> None:
    fork, owned = scope.fork(), OwnedScope.fork_of(scope, Owner("t1"))

    for name in Scope.__slots__:
        if name != "_propagation_context":  # forks make one of their own
            assert getattr(owned, name) == getattr(fork, name), name


def test_what_is_set_on_the_owned_fork_is_not_set_on_the_scope(scope: Scope) -> None:
    owned = OwnedScope.fork_of(scope, Owner("t1"))
    owned.set_tag("region", "us")

    assert scope._tags == {"region": "eu"}


def test_the_scopes_of_two_owners_stay_apart(scope: Scope) -> None:
    first, second = Owner("t1"), Owner("t2")

    assert [OwnedScope.fork_of(scope, owner).owner for owner in (first, second)] == [first, second]
