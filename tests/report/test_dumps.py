"""Dumps that are whole, of shards, of other languages; and those that are not as they should be."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.report import dumps
from pytest_sentryintegration.report.building import build
from pytest_sentryintegration.report.dumps import MOST, Problems, read_dumps
from tests.report.pages import ERROR, envelope, page_of, sent, write_dump

PASSED = {"test": "test_a", "outcome": "passed", "sent": [sent("a-001.envelope")]}
FAILED = {
    "test": "test_b",
    "outcome": "failed",
    "failure": "E   assert 1 == 2",
    "sent": [sent("b-001.envelope")],
}
FILES = {"a-001.envelope": envelope({"message": "of a"}), "b-001.envelope": envelope(ERROR)}


def lacking(*folders: Path) -> list[str]:
    return build(folders)[1]


def test_failed_tests_come_first_each_with_what_it_sent(tmp_path: Path) -> None:
    page = page_of(write_dump(tmp_path / "dump", [PASSED, FAILED], FILES))

    assert page.outcomes == [("failed", "test_b"), ("passed", "test_a")]
    assert [(row["of"], row["test"]) for row in page.head["rows"]] == [(0, "test_b"), (1, "test_a")]
    assert page.labels == ["CardError: 'declined'", "'of a'"]
    assert page.head["lacking"] == []


def test_the_same_dumps_give_the_same_bytes_in_any_order_and_over_three_shards(tmp_path: Path) -> None:
    shards = [
        write_dump(
            tmp_path / f"shard-{shard}" / "dump",
            [{**PASSED, "test": f"test_{shard}"}, FAILED],
            {**FILES, "b-001.envelope": envelope({"message": f"of shard {shard}"})},
        )
        for shard in range(3)
    ]
    # Of another language: neither manifest nor names that differ.
    for shard in range(2):
        folder = tmp_path / f"node-{shard}" / "out"
        folder.mkdir(parents=True)
        (folder / "run-001.envelope").write_bytes(envelope({"message": f"of node {shard}"}))
        shards.append(folder)

    pages = {build(random.Random(seed).sample(shards, len(shards)))[0] for seed in range(10)}

    assert len(pages) == 1
    assert str(tmp_path).encode() not in pages.pop()


def test_all_that_is_known_of_tests_is_compared_only_where_name_and_outcome_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = set()

    def line(test: dumps.Test) -> float:
        compared.add((test.outcome, test.test))
        duration: float = test.about["duration"]
        return duration

    monkeypatch.setattr(dumps.Test, "line", property(line))
    known = [("passed", "a", 1), ("passed", "b", 3), ("failed", "b", 4), ("passed", "b", 2)]
    lines = [{"outcome": outcome, "test": name, "duration": each} for outcome, name, each in known]

    tests = read_dumps([write_dump(tmp_path, lines)], Problems())

    assert [test.about["duration"] for test in tests] == [4, 1, 2, 3]
    assert compared == {("passed", "b")}


def test_a_folder_of_shards_is_read_with_all_that_is_in_it_and_once(tmp_path: Path) -> None:
    write_dump(tmp_path / "all" / "one", [PASSED], FILES)
    write_dump(tmp_path / "all" / "two", [FAILED], FILES)

    page = page_of(tmp_path / "all", tmp_path / "all" / "two")

    # What no manifest names is shown, too.
    assert page.outcomes == [("failed", "test_b"), ("passed", "test_a"), ("", "all/one"), ("", "all/two")]


def test_envelopes_without_a_manifest_are_shown_under_the_name_of_their_folder(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "run-001.envelope").write_bytes(envelope({"message": "of node"}))

    page = page_of(tmp_path / "node")

    assert (page.outcomes, page.labels) == ([("", "node")], ["'of node'"])


def test_a_file_that_is_named_by_its_suffix_alone_is_read_as_an_envelope(tmp_path: Path) -> None:
    (tmp_path / ".envelope").write_bytes(envelope({"message": "without a name"}))

    page = page_of(tmp_path)

    assert (page.labels, page.head["lacking"]) == (["'without a name'"], [])


def test_a_test_that_ended_the_process_is_named(tmp_path: Path) -> None:
    running = {"test": "test_c", "outcome": "running"}

    page = page_of(write_dump(tmp_path / "dump", [{**PASSED, "outcome": "running"}, PASSED, running], FILES))

    assert page.outcomes == [("running", "test_c"), ("passed", "test_a"), ("", "dump")]


def test_a_test_that_passed_when_it_ran_again_is_no_failed_one(tmp_path: Path) -> None:
    again = {**FAILED, "outcome": "passed", "sent": []}

    page = page_of(write_dump(tmp_path / "dump", [FAILED, again], FILES))

    assert page.outcomes[:2] == [("rerun", "test_b"), ("passed", "test_b")]


def test_a_manifest_that_is_cut_off_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", [FAILED, PASSED], FILES)
    manifest = folder / "manifest-main.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-40])
    envelopes = folder / "b-001.envelope"
    envelopes.write_bytes(envelopes.read_bytes()[:-300])

    page = page_of(folder)

    assert page.outcomes == [("failed", "test_b"), ("", "dump")]
    assert page.labels == ["'of a'"]
    assert page.head["lacking"] == [
        "dump/b-001.envelope: Sentry refuses it with status 400: "
        "invalid event envelope: missing envelope header",
        "dump/manifest-main.jsonl, line 3, is cut off or damaged",
    ]


def test_of_a_newer_version_what_is_known_is_shown_and_the_rest_is_named(tmp_path: Path) -> None:
    newer = {**FAILED, "outcome": "exploded", "colour": "red", "duration": "long", "nearest": 7}

    page = page_of(write_dump(tmp_path / "dump", [newer], FILES, version=2))

    # An outcome that is not known may be a failure.
    assert page.outcomes[0] == ("error", "test_b")
    assert page.head["lacking"] == [
        "dump/manifest-main.jsonl was written by another version (2; this one reads 1): what it has"
        " beyond that is not shown"
    ]


def test_a_manifest_that_lies_reads_nothing_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.envelope").write_bytes(envelope({"message": "elsewhere"}))
    folder = write_dump(tmp_path / "dump", [], {"a-001.envelope": FILES["a-001.envelope"]})
    (folder / "link.envelope").symlink_to(tmp_path / "secret.envelope")
    lies: list[Any] = [
        {"test": "a", "outcome": "passed", "sent": [sent("../secret.envelope"), sent("/etc/passwd"), 7]},
        {"test": "b", "outcome": "passed", "sent": [sent("gone.envelope"), sent("link.envelope")]},
        {"test": "c", "outcome": "passed", "sent": [sent("a-001.envelope"), sent("a-001.envelope")]},
        {"test": "d", "outcome": "passed", "sent": [sent("a-001.envelope")]},
        {"test": "e", "outcome": ["failed"], "duration": 1e999, "failure": {"a": 1}, "sent": {"file": 1}},
        {"test": 7},
        7,
        None,
    ]
    write_dump(folder, lies)

    page = page_of(folder)

    assert page.outcomes == [("error", "e"), *(("passed", name) for name in "abcd")]
    assert page.labels == ["'of a'"]
    assert page.head["lacking"] == [
        "dump/gone.envelope, which b has sent, is not there",
        "dump/a-001.envelope is named by two tests",
        "dump/link.envelope cannot be read: it is a link, or larger than an envelope may be",
        "dump/manifest-main.jsonl, line 7, is no test",
        "dump/manifest-main.jsonl, line 8, is no test",
        "dump/manifest-main.jsonl, line 9, is no test",
    ]


def test_of_a_manifest_that_names_very_many_files_a_few_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    many = {"test": "a", "outcome": "passed", "sent": [{"file": f"{n}.envelope"} for n in range(MOST + 9)]}
    folder = write_dump(tmp_path / "dump", [many])

    said = lacking(folder)

    assert len(said) == 11
    assert said[-1] == f"... and {MOST - 10} more: files that a manifest names and that are not there"


def test_of_very_many_tiny_envelopes_the_first_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    for number in range(300):
        (tmp_path / "dump" / f"{number:04}.envelope").write_bytes(envelope({"message": f"number {number}"}))

    page = page_of(tmp_path / "dump", requests=250, head=1_500)

    assert 10 < len(page.labels) < 250
    assert page.labels[0] == "'number 0'"
    assert page.head["lacking"] == [
        f"{300 - len(page.labels)} requests are not listed, those of passed tests first."
        " The dump holds them; so the report stays small and quick to make."
    ]


def test_names_in_every_script_are_shown_as_they_are(tmp_path: Path) -> None:
    names = ["test_日本語[ключ]", "test_عربى", "test_ไทย", "test_🦊"]
    tests = [{"test": name, "outcome": "passed"} for name in names]

    page = page_of(write_dump(tmp_path / "dump", tests))

    assert sorted(name for _, name in page.outcomes) == sorted(names)


def test_what_is_no_envelope_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    for number, body in enumerate(
        [b"", b"\x00", b"{}\n{", b"[1]", b'{"dsn": 7}\n', envelope({"message": "ok"})]
    ):
        (folder / f"{number}.envelope").write_bytes(body)

    problems = Problems()
    (test,) = read_dumps([folder], problems)

    assert len(list(test.entries(1, problems))) >= 1
    assert page_of(folder).labels == ["'ok'"]


@pytest.mark.parametrize("location", ["", ',"location":[7]'])
def test_an_upload_of_which_the_place_is_not_known_is_shown(tmp_path: Path, location: str) -> None:
    body = b'{}\n{"type":"upload","length":2%b}\nhi\n' % location.encode()
    lines = [{"test": "a", "outcome": "failed", "sent": [{**sent("a-001.envelope"), "endpoint": "upload"}]}]

    page = page_of(write_dump(tmp_path / "dump", lines, {"a-001.envelope": body}))

    assert (page.labels, page.head["lacking"]) == (["upload, 2 bytes"], [])


@pytest.mark.parametrize("folders", [0, 1])
def test_nothing_at_all_is_an_empty_report(tmp_path: Path, folders: int) -> None:
    page = page_of(*[tmp_path] * folders)

    assert (page.head["tests"], page.head["rows"], page.head["lacking"]) == ([], [], [])


def test_a_manifest_with_numbers_that_are_none_is_a_report(tmp_path: Path) -> None:
    numbers = [10**400, -(10**12), float("nan"), float("inf"), "1", True, 1.5]
    lines = [{"test": f"t{at}", "outcome": "passed", "duration": value} for at, value in enumerate(numbers)]
    nearest = [{"number": []}, {"number": {}}, {"number": "1"}, {}]
    failed = {"test": "t", "outcome": "failed", "nearest": nearest}

    page = page_of(write_dump(tmp_path / "dump", [failed, *lines]))

    assert [test["duration"] for test in page.head["tests"]] == [None] * 7 + [1.5]
    assert page.blocks[0]["tests"]["0"]["nearest"] == [{"number": None}] * 4
