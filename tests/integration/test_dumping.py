"""`--sentry-dump` and `--sentry-report`, over xdist workers, and where a run is killed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Run
from tests.report.pages import Page

TESTS = """
    import os, pytest, sentry_sdk

    def pay(card):
        raise ValueError(f"declined: {card}")

    def test_fails(sentry_events):
        sentry_sdk.capture_message("before")
        try:
            pay("4111")
        except ValueError:
            sentry_sdk.capture_exception()
        sentry_events.errors.find(ValueError, level="fatal", timeout=0)

    def test_passes(sentry_events):
        sentry_sdk.capture_message("fine")

    def test_without_sentry(): pass

    @pytest.mark.xfail
    def test_expected(): assert False

    @pytest.mark.skip
    def test_skipped(): pass

    @pytest.fixture
    def broken(): raise RuntimeError("no")

    def test_error(broken): pass
"""


def manifest(folder: Path) -> list[dict[str, Any]]:
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("manifest-*.jsonl"))
        for line in path.read_text(encoding="ascii").splitlines()
    ]
    return [line for line in lines if line.get("outcome", "running") != "running"]


def test_the_manifest_says_how_each_test_ended_and_which_envelopes_are_its_own(
    run: Run, pytester: pytest.Pytester
) -> None:
    run("--sentry-dump=dump", test_it=TESTS)

    lines = {line["test"].partition("::")[2]: line for line in manifest(pytester.path / "dump")}
    assert {test: line["outcome"] for test, line in lines.items()} == {
        "test_fails": "failed",
        "test_passes": "passed",
        "test_without_sentry": "passed",
        "test_expected": "xfailed",
        "test_skipped": "skipped",
        "test_error": "error",
    }
    failed = lines["test_fails"]
    assert [each["file"] for each in failed["sent"]] == [
        "test_it.py_test_fails-001.envelope",
        "test_it.py_test_fails-002.envelope",
    ]
    assert failed["failure"].splitlines()[-1] == "test_it.py:12: AssertionError"
    assert failed["duration"] > 0
    assert failed["nearest"] == [
        {
            "number": failed["sent"][1]["number"],
            "label": "ValueError: 'declined: 4111'",
            "differences": [
                {
                    "path": "level",
                    "expected": "'fatal'",
                    "got": "'error'",
                    "text": "level: expected 'fatal', got 'error'",
                }
            ],
        }
    ]
    assert lines["test_error"]["failure"].endswith("RuntimeError: no\n\ntest_it.py:26: RuntimeError")


def test_a_report_has_the_tests_of_all_workers_failed_ones_first(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    result = run("--sentry-report=out/report.html", "-n2", plugins=("xdist",), test_it=TESTS)

    result.stdout.fnmatch_lines([f"Sentry: report written to {pytester.path / 'out' / 'report.html'}"])
    page = Page((pytester.path / "out" / "report.html").read_bytes())
    assert page.outcomes == [
        ("failed", "test_it.py::test_fails"),
        ("error", "test_it.py::test_error"),
        ("passed", "test_it.py::test_passes"),
        ("passed", "test_it.py::test_without_sentry"),
        ("xfailed", "test_it.py::test_expected"),
        ("skipped", "test_it.py::test_skipped"),
    ]
    assert page.labels == ["'before'", "ValueError: 'declined: 4111'", "'fine'"]
    assert [miss["number"] for miss in page.details(0)["nearest"]] == [2]
    assert list(temporary.glob("sentryintegration-*")) == []


def test_a_report_has_for_each_test_of_two_workers_what_it_sent_and_what_became_of_it(
    run: Run, pytester: pytest.Pytester
) -> None:
    # Each waits for the other: one worker alone would not do.
    run(
        *("--sentry-report=report.html", "-n2"),
        plugins=("xdist",),
        test_it="""
            import pathlib, time, pytest, sentry_sdk, sentryintegration

            @pytest.mark.parametrize("own, other", ["ab", "ba"])
            @pytest.mark.sentry(before_send=lambda event, hint: None if event["message"] == "no" else event)
            def test_pays(own, other, sentry_events):
                pathlib.Path(own).touch()
                deadline = time.monotonic() + 60
                while not pathlib.Path(other).exists() and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert pathlib.Path(other).exists()
                with sentryintegration.start_transaction(name=f"checkout {own}", op="http.server"):
                    sentry_sdk.capture_message(f"late {own}", level="warn")
                sentry_sdk.capture_message("no")
                sentry_sdk.flush()
                sentry_events.messages.find(f"late {own}", level="fatal", timeout=0)
        """,
    )

    page = Page((pytester.path / "report.html").read_bytes())
    assert sorted(page.outcomes) == [
        ("failed", "test_it.py::test_pays[a-b]"),
        ("failed", "test_it.py::test_pays[b-a]"),
    ]
    for place, test in enumerate(page.head["tests"]):
        own = test["test"][len("test_it.py::test_pays[")]
        rows = [row for row in page.head["rows"] if row["of"] == place]
        assert sorted((row["items"][0]["label"], row.get("verdict")) for row in rows) == [
            (f"'checkout {own}', op http.server", None),
            (f"'late {own}'", "trimmed"),
            ("1 event dropped by before_send", None),
        ]
        details, (trace,) = page.details(place), {row["items"][0].get("trace_id") for row in rows} - {None}
        assert details["failure"].splitlines()[-1] == "test_it.py:15: AssertionError"
        assert details["nearest"][0]["label"] == f"'late {own}'"
        assert test["lost"] == "1 event dropped by before_send"
        assert page.blocks[test["block"]]["traces"][trace]["spans"][0]["description"] == f"checkout {own}"


def test_why_nothing_came_is_in_the_report_of_a_failing_test(run: Run, pytester: pytest.Pytester) -> None:
    run(
        "--sentry-dump=dump",
        test_it="""
            def test_it(sentry_events):
                assert sentry_events.messages
        """,
    )

    (line,) = manifest(pytester.path / "dump")
    assert "sent" not in line
    assert line["reasons"]


@pytest.mark.parametrize("options", [(), ("--sentry-dump=dump",)], ids=["no dump", "dump"])
def test_an_exception_without_a_text_ends_its_test_and_not_the_run(
    run: Run, options: tuple[str, ...]
) -> None:
    result = run(
        *options,
        test_it="""
            class Broken(Exception):
                def __str__(self): raise RuntimeError("no text")

            def test_fails(): raise Broken
            def test_fails_with_the_fixture(sentry_events): raise Broken
            def test_passes(): pass
        """,
    )

    result.assert_outcomes(failed=2, passed=1)


def test_a_second_run_replaces_the_dump_of_the_first(run: Run, pytester: pytest.Pytester) -> None:
    test = "import sentry_sdk\ndef test_{0}(sentry_events): sentry_sdk.capture_message('{0}')"
    run("--sentry-dump=dump", test_it=test.format("first"))
    (pytester.path / "dump" / "own.envelope").write_bytes(b"{}")
    run("--sentry-dump=dump", test_it=test.format("second"))

    assert sorted(path.name for path in (pytester.path / "dump").iterdir()) == [
        "manifest-main.jsonl",
        "own.envelope",
        "test_it.py_test_second-001.envelope",
    ]


def test_what_is_sent_outside_of_tests_is_dumped_too(run: Run, pytester: pytest.Pytester) -> None:
    run(
        "--sentry-dump=dump",
        test_it="""
            import sentry_sdk
            sentry_sdk.init("https://a@b.invalid/1")
            sentry_sdk.capture_message("while it is imported")

            def test_it(): pass
        """,
    )

    assert [line["test"] for line in manifest(pytester.path / "dump")] == [
        "test_it.py::test_it",
        "outside of tests",
    ]


def test_a_run_that_is_killed_leaves_a_manifest_that_names_the_test_that_ran(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        test_it="""
            import os
            def test_before(): pass
            def test_kills(): os._exit(9)
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-n0", "--sentry-dump=dump")

    assert result.ret == 9
    lines = (pytester.path / "dump" / "manifest-main.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines][-1] == {
        "test": "test_it.py::test_kills",
        "outcome": "running",
    }


BROKEN = {
    "test_broken": "import sentry_sdk, no_such_module\ndef test_never(): pass",
    "test_whole": "def test_it(): pass",
}


@pytest.mark.uncounted
@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_file_that_cannot_be_imported_is_the_first_in_the_report(
    run: Run, pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    plugins = ("xdist",) if options else ()
    run("--sentry-report=report.html", "--continue-on-collection-errors", *options, plugins=plugins, **BROKEN)

    page = Page((pytester.path / "report.html").read_bytes())
    assert page.outcomes == [("collection error", "test_broken.py"), ("passed", "test_whole.py::test_it")]
    assert page.head["tests"][0]["headline"] == "ModuleNotFoundError: No module named 'no_such_module'"
    assert "test_broken.py:1: in <module>" in page.details(0)["failure"]


def test_where_nothing_could_be_collected_the_report_says_so(run: Run, pytester: pytest.Pytester) -> None:
    run("--sentry-report=report.html", test_broken="import no_such_module")

    page = Page((pytester.path / "report.html").read_bytes())
    assert page.outcomes == [("collection error", "test_broken.py")]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--sentry-report=.", "--sentry-report: * is a folder; give a file"),
        (
            "--sentry-report=test_it.py/report.html",
            "--sentry-report: the folder *test_it.py cannot be made: *",
        ),
        ("--sentry-dump=test_it.py", "--sentry-dump: the folder *test_it.py cannot be made: *"),
        pytest.param(
            "--sentry-report=/proc/report.html",
            "--sentry-report: nothing can be written in the folder /proc: *",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a folder for root"),
        ),
    ],
)
def test_a_place_that_cannot_be_written_is_said_before_the_tests_run(
    run: Run, option: str, said: str
) -> None:
    result = run(option, test_it="def test_passes(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {said}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a file for root")
def test_a_file_that_is_there_is_written_where_nothing_else_can_be(run: Run) -> None:
    # The name of the process, in a folder in which no file can be made: as a mounted file, or /dev/null.
    result = run("--sentry-report=/proc/self/comm", test_it="def test_passes(): pass")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("Sentry: report written to /proc/*/comm")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a file for root")
def test_a_report_that_must_not_be_written_is_said_before_the_tests_run(run: Run) -> None:
    result = run("--sentry-report=/proc/sys/kernel/osrelease", test_it="def test_passes(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: --sentry-report: the file */osrelease cannot be written")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--sentry-dump=place", "Sentry: the dump lacks something: *"),
        (
            "--sentry-report=place/report.html",
            "Sentry: no report: *; to make it elsewhere: sentryintegration report * -o FILE",
        ),
        ("--sentry-allow-all=place/lines", "Sentry: no lines of --sentry-allow-all: *"),
    ],
)
def test_a_place_that_cannot_be_written_any_more_does_not_end_the_run(
    run: Run, option: str, said: str
) -> None:
    test = """
        import shutil

        def test_passes(sentry_events):
            shutil.rmtree("place", ignore_errors=True)
            open("place", "w").close()

        def test_fails(): assert False
    """
    result = run(option, test_it=test)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(said)


def test_a_dump_that_cannot_be_written_any_more_is_said_once(run: Run) -> None:
    test = """
        import shutil
        import pytest, sentry_sdk

        @pytest.mark.parametrize("number", range(4))
        def test_sends(sentry_events, number):
            if number == 0:
                shutil.rmtree("place")
            sentry_sdk.capture_message("hello")
            assert sentry_events.messages.find()
    """
    result = run("--sentry-dump=place", test_it=test)

    result.assert_outcomes(passed=4)
    assert len([line for line in result.outlines if "the dump lacks something" in line]) == 1
