"""The garbage collector, paused and resumed."""

from __future__ import annotations

import gc
import os
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


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_meanwhile_collects() -> None:
    with uncollected():
        child = os.fork()
        if child == 0:
            os._exit(0 if gc.isenabled() else 1)
        _, status = os.waitpid(child, 0)
        still = gc.isenabled()

    assert (os.waitstatus_to_exitcode(status), still, gc.isenabled()) == (0, False, True)
