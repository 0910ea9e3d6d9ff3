"""The examples in the documentation of both rooms run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import pytest_sentryintegration.ingest
import pytest_sentryintegration.wire


def modules() -> Iterator[str]:
    for room in (pytest_sentryintegration.wire, pytest_sentryintegration.ingest):
        for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
            yield found.name


@pytest.mark.parametrize("name", list(modules()))
def test_the_examples_of_a_module_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
