from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.relay.figures import FLOOR, KNOWN, figures, known_differences, main

KNOWN_ONE = {"a.py::test_differs": "the fake has no uploads"}
RESULTS = {
    "a.py::test_same": "same",
    "a.py::test_sent": "sent",
    "a.py::test_kept": "kept",
    "a.py::test_other": "other: KeyError: '_relay_processed'",
    "a.py::test_differs": "differs: AssertionError: assert 404 == 201",
    "b.py::test_out": "out: Relay's process",
}
ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_figures_count_what_is_compared_what_is_sent_what_differs_and_what_is_left_out() -> None:
    assert figures(RESULTS, KNOWN_ONE, RESULTS, floor=4) == (
        [
            "6 tests of Relay: 5 can be run, 1 are left out.",
            "4 show no difference, 1 differ.",
            "     1 no difference: the test looks at an answer, then for what only Relay knows",
            "     1 no difference: the test looks at what Relay hands on, and it is what is kept",
            "     1 no difference in the answers: Relay hands on something else than is kept",
            "     1 no difference: the test sends, and asks for that before it looks at anything",
            "     1 left out: Relay's process",
            "     1 differ: the fake has no uploads",
        ],
        True,
    )


@pytest.mark.parametrize(
    ("results", "line"),
    [
        (RESULTS | {"a.py::test_new": "differs: y"}, "NEW: a.py::test_new: differs: y"),
        (RESULTS | {"a.py::test_differs": "same"}, "GONE: a.py::test_differs: the fake has no uploads"),
        (RESULTS | {"a.py::test_sent": "out: Kafka"}, "TOO FEW: 3 show no difference, expected at least 4"),
    ],
)
def test_a_difference_that_is_new_or_gone_fails_and_so_do_too_few_without_one(
    results: dict[str, str], line: str
) -> None:
    lines, fine = figures(results, KNOWN_ONE, results, floor=4)

    assert (lines[-1], fine) == (line, False)


def test_a_test_whose_worker_has_written_no_results_is_lost_and_fails() -> None:
    lines, fine = figures(RESULTS, KNOWN_ONE, [*RESULTS, "a.py::test_lost"], floor=4)

    assert lines[0] == "7 tests of Relay: 5 can be run, 1 are left out."
    assert (lines[-1], fine) == ("LOST: a.py::test_lost: its worker ended early", False)


@pytest.mark.parametrize(
    ("written", "last"),
    [
        (("gw0", "gw1"), "   0 no difference: the test sends"),
        (("gw0",), "LOST: gw1::test_319: its worker ended early"),
        ((), f"TOO FEW: 0 show no difference, expected at least {FLOOR}"),
    ],
)
def test_the_results_of_all_workers_are_read_and_those_of_one_that_crashed_are_missed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    written: tuple[str, ...],
    last: str,
) -> None:
    monkeypatch.setattr("tests.relay.figures.KNOWN", tmp_path / "known.txt")
    (tmp_path / "known.txt").touch()
    tests = {
        worker: [f"{worker}::test_{number}" for number in range(FLOOR // 2)] for worker in ("gw0", "gw1")
    }
    every = [*tests["gw0"], *tests["gw1"]]
    for worker in tests:
        (tmp_path / f"collected-{worker}.json").write_text(json.dumps(every))
    for worker in written:
        (tmp_path / f"results-{worker}.json").write_text(json.dumps(dict.fromkeys(tests[worker], "same")))

    assert main(tmp_path) == (0 if len(written) == 2 else 1)
    assert last in capsys.readouterr().out


def test_each_known_difference_has_a_reason_and_the_architecture_says_how_many_there_are() -> None:
    known = known_differences(KNOWN.read_text(encoding="utf-8"))
    said = " ".join(ARCHITECTURE.read_text(encoding="utf-8").split())

    assert all(known.values())
    assert all(test.startswith("integration/test_") for test in known)
    found = re.search(r"Of ([\d,]+) tests of sentry-relay 0.10.1, (\d+) can be run", said)
    assert found is not None
    numbers = re.search(r"(\d+) show no difference .*? (\d+) differ, and (\d+) are left out", said)
    assert numbers is not None
    same, differ, out = map(int, numbers.groups())
    assert (differ, same >= FLOOR) == (len(known), True)
    assert (same + differ, same + differ + out) == (int(found[2]), int(found[1].replace(",", "")))
