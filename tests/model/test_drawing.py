"""Trees drawn as text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from pytest_sentryintegration.model.drawing import one_line
from tests.model.sent import only_transaction, span


def test_a_tree_is_drawn_with_box_lines_and_durations() -> None:
    tree = only_transaction(
        span("db", description="SELECT\n 1", start=100.5),
        span("cache", "db", status="not_found", start=100.75),
        span("render", start=100.9, timestamp=100.9123),
        trace={"status": "ok"},
    ).tree

    assert str(tree).splitlines() == [
        "task  checkout  2000.0 ms",
        "├─ db  SELECT 1  500.0 ms",
        "│  └─ cache  [not_found]  250.0 ms",
        "└─ render  12.3 ms",
    ]
    assert tree.outline().splitlines() == [
        "task  checkout",
        "├─ db  SELECT 1",
        "│  └─ cache  [not_found]",
        "└─ render",
    ]


def test_a_span_without_op_is_drawn() -> None:
    assert only_transaction(transaction="", trace={"op": None}).tree.outline() == "(no op)"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\ud800", "\u202e", "a\r\nb", "\x00", "x" * 10_000_000])
def test_hostile_text_stays_on_its_line_and_can_be_printed(hostile: str) -> None:
    drawn = only_transaction(span("db", description=hostile)).tree.outline()

    assert len(drawn.splitlines()) == 2
    assert drawn.replace("\n", "").isprintable()
    assert len(drawn) < 300


def test_long_text_is_cut() -> None:
    assert one_line("x" * 200) == "x" * 200
    assert one_line("x" * 201) == f"{'x' * 197}..."


@pytest.mark.parametrize(
    ("count", "lines", "last"),
    [(199, 200, "└─ s198"), (200, 200, "... 2 spans more"), (5000, 200, "... 4,802 spans more")],
)
def test_drawing_stops_at_200_lines_and_says_what_it_left_out(count: int, lines: int, last: str) -> None:
    drawn = only_transaction(*(span(f"s{n}") for n in range(count))).tree.outline().splitlines()

    assert (len(drawn), drawn[-1]) == (lines, last)


def chain(length: int, under: str = "root") -> list[dict[str, Any]]:
    names = [under, *(f"{under}{n}" for n in range(length))]
    return [span(name, parent) for parent, name in pairwise(names)]


def test_drawing_stops_at_depth_40_and_says_what_it_left_out() -> None:
    drawn = only_transaction(*chain(60), span("after", start=100.9)).tree.outline().splitlines()

    assert len(drawn) == 42
    assert drawn[-2].strip("│ ") == "└─ ... 21 spans deeper"
    assert drawn[-1] == "└─ after"


def test_many_deep_chains_stop_at_200_lines_too() -> None:
    chains = [one for name in "abcdefgh" for one in [span(name), *chain(60, name)]]

    drawn = only_transaction(*chains).tree.outline().splitlines()

    assert len(drawn) == 200
    assert drawn[-1].endswith("spans more")
    left_out = sum(int(line.split()[-3].replace(",", "")) for line in drawn if "..." in line)
    assert sum(1 for line in drawn if "..." not in line) + left_out == 8 * 61 + 1


@pytest.mark.parametrize("width", range(154, 164))
def test_wherever_the_two_limits_meet_every_span_is_drawn_or_counted(width: int) -> None:
    wide = [span(f"w{n}", start=100.1) for n in range(width)]

    drawn = only_transaction(*wide, *chain(60), span("after", start=100.9)).tree.outline().splitlines()

    left_out = sum(int(line.split()[-3]) for line in drawn if "..." in line)
    assert len(drawn) <= 200
    assert sum(1 for line in drawn if "..." not in line) + left_out == width + 62
