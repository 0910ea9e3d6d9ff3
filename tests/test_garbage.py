"""The collector of garbage, paused and let go on."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pytest_sentryintegration.garbage import uncollected


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.enable()


def test_the_collector_is_paused_inside_and_on_again_after_an_error() -> None:
    inside = []

    def fail() -> None:
        with uncollected():
            inside.append(gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert (inside, gc.isenabled()) == ([False], True)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()

    with uncollected(), uncollected():
        pass

    assert not gc.isenabled()
