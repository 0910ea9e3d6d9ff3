"""What is cut of an event that would be larger than Sentry takes, and what is kept."""

from __future__ import annotations

from typing import Any

from sentryintegration._fitting import (
    LINE_LIMIT,
    SPANS_ROOM,
    STACKS_ROOM,
    VALUE_LIMIT,
    fit_stacks,
    fit_transaction,
)


def frame(**fields: Any) -> dict[str, Any]:
    return {"function": "work", **fields}


def test_long_source_lines_and_values_are_cut() -> None:
    stack = {
        "frames": [
            frame(
                pre_context=["a" * 2000, "b"],
                context_line="c" * 2000,
                post_context=["d"],
                vars={"rows": ["e" * 3000], "n": 1},
            )
        ]
    }

    fit_stacks([stack])

    assert stack["frames"] == [
        frame(
            pre_context=["a" * LINE_LIMIT, "b"],
            context_line="c" * LINE_LIMIT,
            post_context=["d"],
            vars={"rows": ["e" * (VALUE_LIMIT - 3) + "..."], "n": 1},
        )
    ]


def test_where_there_is_too_much_the_innermost_frames_keep_their_variables() -> None:
    values = {str(number): "x" * 2000 for number in range(60)}
    stack = {"frames": [frame(vars=dict(values), pre_context=["a"]) for _ in range(4)]}

    fit_stacks([stack])

    assert [frame.get("vars") for frame in stack["frames"]] == [None, None, values, values]
    assert [frame.get("pre_context") for frame in stack["frames"]] == [None, None, ["a"], ["a"]]


def test_stacks_without_room_keep_their_innermost_frame() -> None:
    many = {"frames": [frame() for _ in range(200)]}
    stacks = [
        many,
        *({"frames": [frame() for _ in range(200)]} for _ in range(2 * STACKS_ROOM // 40_000 + 1)),
    ]

    fit_stacks(stacks)

    assert [len(stack["frames"]) for stack in (stacks[0], stacks[-1])] == [1, 200]


def test_what_is_no_stack_is_left_as_it_is() -> None:
    stacks = [None, {"frames": None}, {"frames": ["a frame", frame(vars=["not", "a", "dict"])]}]

    fit_stacks(stacks)

    assert stacks == [None, {"frames": None}, {"frames": ["a frame", frame(vars=["not", "a", "dict"])]}]


def test_the_longest_texts_of_a_transaction_are_cut_first() -> None:
    spans = [{"description": "short", "data": {"sql": "x" * 3000}, "tags": {}} for _ in range(300)]

    fit_transaction({"spans": spans})

    assert {(span["description"], len(span["data"]["sql"])) for span in spans} == {("short", 2048)}  # type: ignore[index]


def test_spans_that_fit_in_no_other_way_lose_their_data() -> None:
    rows = {str(number): number for number in range(400)}
    spans = [{"description": "query", "data": dict(rows)} for _ in range(300)]

    fit_transaction({"spans": spans})

    assert spans == [{"description": "query"}] * 300
    assert len(str(spans)) < SPANS_ROOM
