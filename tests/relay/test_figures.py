from __future__ import annotations

import pytest

from tests.relay.figures import KNOWN, figures, known_differences

KNOWN_ONE = {"a.py::test_differs": "the fake has no uploads"}


def test_the_figures_count_what_is_the_same_what_differs_and_what_is_left_out() -> None:
    results = {
        "a.py::test_same": "same",
        "a.py::test_differs": "differs: AssertionError: assert 404 == 201",
        "b.py::test_out": "out: Relay's process",
    }

    assert figures(results, KNOWN_ONE) == (
        [
            "3 tests of Relay: 1 show no difference, 1 differ, 1 are left out.",
            "     1 left out: Relay's process",
            "     1 differ: the fake has no uploads",
        ],
        True,
    )


@pytest.mark.parametrize(
    ("results", "line"),
    [
        (
            {"a.py::test_differs": "differs: x", "a.py::test_new": "differs: y"},
            "NEW: a.py::test_new: differs: y",
        ),
        ({"a.py::test_differs": "same"}, "GONE: a.py::test_differs: the fake has no uploads"),
    ],
)
def test_a_difference_that_is_new_or_gone_fails(results: dict[str, str], line: str) -> None:
    lines, fine = figures(results, KNOWN_ONE)

    assert (lines[-1], fine) == (line, False)


def test_each_known_difference_has_a_reason() -> None:
    known = known_differences(KNOWN.read_text(encoding="utf-8"))

    assert all(known.values())
    assert all(test.startswith("integration/test_") for test in known)
