"""`report`, and `run --report`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run, error, message, sending
from tests.report.pages import ERROR, Page, envelope, sent, write_dump


def test_dumps_become_one_page(run: Run, tmp_path: Path) -> None:
    test = {"test": "test_a", "outcome": "failed", "sent": [sent("a.envelope")]}
    write_dump(tmp_path / "dump", [test], {"a.envelope": envelope(ERROR)})
    target = tmp_path / "report.html"

    done = run("report", tmp_path / "dump", "-o", target, "--title", "Shop")

    assert done == (0, "", f"report written to {target}\n")
    page = Page(target.read_bytes())
    assert (page.head["title"], page.outcomes) == ("Shop", [("failed", "test_a")])


def test_what_cannot_be_read_is_told(run: Run, tmp_path: Path) -> None:
    write_dump(tmp_path / "dump", [{"test": "a", "outcome": "passed", "sent": [sent("gone.envelope")]}])

    done = run("report", tmp_path / "dump", "-o", tmp_path / "report.html")

    assert done.code == 0
    assert done.err.startswith("dump/gone.envelope, which a has sent, is not there\n")


def test_wrong_use_is_told(run: Run, tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["-o", "x.html"],
        [tmp_path],
        [tmp_path / "none", "-o", "x.html"],
        [tmp_path, "-o", tmp_path],
    ]

    done = [run("report", *line) for line in lines]

    assert [each.code for each in done] == [2, 2, 2, 2]
    assert [each.err.splitlines()[0].partition(": ")[2] for each in done] == [
        "which dumps are to be shown? DIR, as pytest --sentry-dump DIR or run --dump DIR wrote it",
        "where is the report to be written? -o FILE, such as -o report.html",
        f"there is no folder {tmp_path / 'none'}",
        f"{tmp_path} cannot be written: Is a directory",
    ]


def test_run_writes_a_report_of_what_the_command_sent(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "report.html"

    done = run(
        *("run", "--report", target, "--expect", "messages?text=bye", "--timeout", "0"),
        *("--", *sending(message("hello"), error("ValueError", "boom"))),
    )

    page = Page(target.read_bytes())
    assert done.code == 3
    assert f"sentry: report written to {target}\n" in done.err
    assert [outcome for outcome, _ in page.outcomes] == ["failed"]
    assert page.labels == ["'hello'", "ValueError: 'boom'"]
    assert "nearest: 'hello'" in page.details(0)["failure"]


def test_a_dump_of_run_becomes_a_report_with_the_command_as_its_test(run: Run, tmp_path: Path) -> None:
    run("run", "--dump", tmp_path / "dump", "--", *sending(message("hello")))

    run("report", tmp_path / "dump", "-o", tmp_path / "report.html")

    page = Page((tmp_path / "report.html").read_bytes())
    assert [outcome for outcome, _ in page.outcomes] == ["passed"]
    assert page.labels == ["'hello'"]
