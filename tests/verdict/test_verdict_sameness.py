"""Values that Sentry stores in another type, and that mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.verdict.sameness import means_the_same


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"a": None, "b": [""]}, None),
        (True, "True"),
        (5, 5.0),
        (5, "5"),
        (0.1, "0.1"),
        ("7", 7),
        (" padded ", "padded"),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_these_mean_the_same(sent: Any, stored: Any) -> None:
    assert means_the_same(sent, stored)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (1, True),
        (True, 1),
        (5, 6),
        (5, "five"),
        (5, [5]),
        ("1", True),
        ("7.0", 7),
        ("a", "b"),
        ({"a": 1}, None),
    ],
)
def test_these_do_not(sent: Any, stored: Any) -> None:
    assert not means_the_same(sent, stored)
