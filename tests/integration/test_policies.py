"""The policies hold for every test of a run, whatever it asks for and whenever something is sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.conftest import Run

pytestmark = pytest.mark.uncounted

FAIL = "sentry_unexpected = fail\n"

REPORTING = """
    import sentry_sdk
    def report(text="boom"): sentry_sdk.capture_message(text, level="error")
"""


def outcomes(result: pytest.RunResult) -> dict[str, set[str]]:
    """Each test's name, and what the report says of it: PASSED, FAILED, ERROR."""
    found: dict[str, set[str]] = {}
    for name, word in re.findall(r"::(\w+) (PASSED|FAILED|ERROR)", result.stdout.str()):
        found.setdefault(name, set()).add(word)
    return found


def test_a_policy_of_the_run_holds_for_tests_without_the_fixture(run: Run) -> None:
    result = run(
        "-v",
        ini=FAIL,
        app=REPORTING,
        test_it="""
            import pytest, unittest
            from app import report

            def test_function(): report()
            def test_quiet(): pass
            @pytest.mark.parametrize("n", [1, 2])
            def test_parameters(n): report()
            class Case(unittest.TestCase):
                def test_method(self): report()
            @pytest.fixture
            def noisy(): report()
            def test_set_up(noisy): pass
        """,
    )

    result.assert_outcomes(passed=1, failed=5)
    result.stdout.fnmatch_lines(["*1 event was reported that the test never looked at*", "*1. 'boom'*"])


EXPECTED = """
    import pytest, sentry_sdk, unittest
    from app import report

    @pytest.fixture
    def ends():
        yield
        report()
    @pytest.fixture
    def marked(request):
        request.applymarker(pytest.mark.xfail(strict=True))
    class Case(unittest.TestCase):
        @unittest.expectedFailure
        def test_of_a_case_passes(self): report()

    @pytest.mark.xfail(strict=True)
    def test_strict(): report()
    @pytest.mark.xfail(strict=True)
    @pytest.mark.sentry(invalid="fail")
    def test_invalid(): sentry_sdk.capture_message("a", level="warn")
    @pytest.mark.xfail(strict=True, raises=ZeroDivisionError)
    def test_raises(sentry_events): report()
    @pytest.mark.xfail(strict=True)
    def test_fixtures_end(ends): pass
    def test_marked_by_a_fixture(marked): report()
    @pytest.mark.xfail
    def test_not_strict(): report()
    @pytest.mark.xfail("False", reason="does not hold", strict=True)
    def test_condition_does_not_hold(): report()
    @pytest.mark.xfail(strict=True)
    def test_fails():
        report()
        assert 0
    def test_says_so():
        report()
        pytest.xfail("it does")
"""


def expected_outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Each test's name, and the last that the report says of it."""
    return dict(re.findall(r"::(\w+) (PASSED|FAILED|ERROR|XFAIL|XPASS)", result.stdout.str()))


def test_what_a_test_reports_is_not_the_failure_that_its_mark_xfail_expects(run: Run) -> None:
    result = run("-v", ini=FAIL, app=REPORTING, test_it=EXPECTED)

    assert expected_outcomes(result) == {
        "test_of_a_case_passes": "FAILED",
        "test_strict": "FAILED",
        "test_invalid": "FAILED",
        "test_raises": "FAILED",
        "test_fixtures_end": "FAILED",
        "test_marked_by_a_fixture": "FAILED",
        "test_not_strict": "XPASS",
        "test_condition_does_not_hold": "FAILED",
        "test_fails": "XFAIL",
        "test_says_so": "XFAIL",
    }
    assert result.stdout.str().count("that the test never looked at") == 1  # where no condition holds
    assert result.stdout.str().count("[XPASS(strict)]") >= 5


def test_under_runxfail_a_policy_judges_tests_with_a_mark_xfail_as_well(run: Run) -> None:
    result = run("-v", "--runxfail", ini=FAIL, app=REPORTING, test_it=EXPECTED)

    assert expected_outcomes(result)["test_not_strict"] == "FAILED"
    assert expected_outcomes(result)["test_strict"] == "FAILED"


ASYNC = """
    import asyncio, pytest, sentry_sdk

    def report(text): sentry_sdk.capture_message(text, level="error")

    @pytest.fixture
    async def ends():
        yield
        report("while it ends")

    async def test_without_the_fixture(): report("unseen")
    async def test_thread(): await asyncio.to_thread(report, "unseen")
    async def test_task(sentry_events): await asyncio.create_task(asyncio.to_thread(report, "in a task"))
    async def test_seen(sentry_events):
        report("seen")
        await sentry_events.find_async("seen")
    async def test_allowed(): report("known")
    async def test_at_the_end(ends): pass
    async def test_quiet(): pass
"""


@pytest.mark.parametrize(
    ("plugin", "ini", "marked"),
    [
        ("pytest_asyncio.plugin", "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function", ""),
        (
            "anyio.pytest_plugin",
            "",
            """
    import pytest
    pytestmark = pytest.mark.anyio
    @pytest.fixture
    def anyio_backend(): return "asyncio"
""",
        ),
    ],
)
def test_a_policy_of_the_run_holds_for_coroutines(run: Run, plugin: str, ini: str, marked: str) -> None:
    result = run("-v", ini=f"{FAIL}\nsentry_allow = known\n{ini}", plugins=(plugin,), test_it=marked + ASYNC)

    assert outcomes(result) == {
        "test_without_the_fixture": {"FAILED"},
        "test_thread": {"FAILED"},
        "test_task": {"FAILED"},
        "test_seen": {"PASSED"},
        "test_allowed": {"PASSED"},
        "test_at_the_end": {"PASSED", "ERROR"},
        "test_quiet": {"PASSED"},
    }


def test_a_test_that_imports_the_sdk_itself_is_held_to_the_policy(run: Run) -> None:
    result = run(
        ini=FAIL,
        test_it="""
            def test_it():
                import sentry_sdk
                sentry_sdk.init("https://key@example.invalid/1")
                sentry_sdk.capture_message("boom", level="error")
        """,
    )

    result.assert_outcomes(failed=1)


def test_a_policy_imports_nothing_where_sentry_is_not_used(run: Run) -> None:
    result = run(
        ini=f"{FAIL}sentry_invalid = fail\n",
        test_it="""
            import sys, threading

            def test_first(): pass
            def test_nothing_was_imported():
                assert not {"sentry_sdk", "werkzeug", "asyncio"} & sys.modules.keys()
                assert threading.active_count() == 1
        """,
    )

    result.assert_outcomes(passed=2)
    assert "Sentry" not in result.stdout.str()


def test_the_marker_alone_implies_the_fixture(run: Run) -> None:
    result = run(
        test_it="""
            import pytest

            @pytest.mark.parametrize("text", [
                pytest.param("known", marks=pytest.mark.sentry(unexpected="fail", allow=["known"])),
                pytest.param("boom", marks=pytest.mark.sentry(unexpected="fail")),
                pytest.param("free"),
            ])
            def test_it(text, request):
                import sentry_sdk
                sentry_sdk.capture_message(text, level="error")
                assert ("sentry_events" in request.fixturenames) == (text != "free")
        """,
    )

    result.assert_outcomes(passed=2, failed=1)


def test_a_wrong_option_of_a_marker_without_the_fixture_is_an_error(run: Run) -> None:
    result = run(test_it="import pytest\n@pytest.mark.sentry(alow=[])\ndef test_it(): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*marker option 'alow' does not exist; did you mean 'allow'?*"])


ENDING = """
    import pytest
    from app import report

    @pytest.fixture
    def ends():
        yield
        report("of a function")

    @pytest.fixture(scope="module")
    def outlives():
        yield
        report("of a module")

    @pytest.fixture
    def looks(sentry_events):
        yield
        report("expected")
        sentry_events.find("expected")

    def test_looked_at_by_its_fixture(looks): pass
    def test_with_the_fixture(sentry_events, ends): pass
    def test_without_the_fixture(ends): pass
    def test_last(outlives): pass
"""


def test_what_fixtures_report_while_they_end_is_an_error_of_that_test(run: Run) -> None:
    result = run("-v", ini=FAIL, app=REPORTING, test_it=ENDING)

    assert outcomes(result) == {
        "test_looked_at_by_its_fixture": {"PASSED"},
        "test_with_the_fixture": {"PASSED", "ERROR"},
        "test_without_the_fixture": {"PASSED", "ERROR"},
        "test_last": {"PASSED", "ERROR"},
    }
    result.stdout.fnmatch_lines(["While the fixtures of test_it.py::test_last ended:", "*'of a module'*"])


def test_what_a_failing_test_reports_is_no_second_failure(run: Run) -> None:
    result = run(ini=FAIL, app=REPORTING, test_it="from app import report\ndef test_it(): report(); assert 0")

    result.assert_outcomes(failed=1)
    assert "never looked at" not in result.stdout.str()


def test_a_policy_that_warns_says_so_once_for_each_time(run: Run) -> None:
    result = run(
        "-rw",
        ini="sentry_unexpected = warn\n",
        app=REPORTING,
        test_it="""
            import pytest
            from app import report

            @pytest.fixture
            def ends():
                yield
                report("at the end")

            def test_it(ends): report("inside")
        """,
    )

    result.assert_outcomes(passed=1, warnings=2)
    result.stdout.fnmatch_lines(["*test_it.py:9: PytestWarning: 1 event was reported*", "*'inside'*"])


def test_what_sentry_would_not_keep_is_held_likewise(run: Run) -> None:
    pytest.importorskip("sentry_relay", reason="judged by the extra relay")
    result = run(
        "-v",
        ini="sentry_invalid = fail\n",
        test_it="""
            import pytest, sentry_sdk

            def report(): sentry_sdk.capture_message("m", tags={"bad key!": "x"})

            @pytest.fixture
            def ends():
                yield
                report()

            def test_inside(): report()
            def test_at_the_end(ends): pass
        """,
    )

    assert outcomes(result) == {"test_inside": {"FAILED"}, "test_at_the_end": {"PASSED", "ERROR"}}
    result.stdout.fnmatch_lines(["*sentry_invalid_allow =", "*tags.*"])


LATE = """
    import threading, time, pytest, sentry_sdk

    def later(text, level, done):
        done.wait()
        sentry_sdk.capture_message(text, level=level)

    STARTED = []

    def start(text, level="error"):
        done = threading.Event()
        thread = threading.Thread(target=later, args=(text, level, done))
        STARTED.append((done, thread))
        thread.start()

    @pytest.mark.parametrize("n", range(30))
    def test_start(sentry_events, n): start(f"late {n}", "info")

    def test_breaks(sentry_events): start("unexpected")

    @pytest.mark.sentry(allow=["known"])
    def test_allows(sentry_events): start("known")

    def test_last(sentry_events):
        for done, thread in STARTED:
            done.set()
            thread.join()
"""


@pytest.mark.parametrize("workers", [(), ("-n2", "--dist=loadfile")])
def test_what_comes_late_fails_the_run_by_the_policy_of_its_test(run: Run, workers: tuple[str, ...]) -> None:
    plugins = ("xdist",) if workers else ()
    result = run(*workers, ini=FAIL, plugins=plugins, test_it=LATE)

    result.assert_outcomes(passed=33)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "Sentry: 32 envelopes came after their tests had finished:",
            "  message 'unexpected' of test_it.py::test_breaks   (fails the run)",
            "  message 'late 0' of test_it.py::test_start*",
            "  ... and 22 more",
            "Sentry: the run fails for 1 of these, by sentry_unexpected of their tests",
            "Sentry: have these tests wait for what is expected, or allow it, for all tests:",
            "  sentry_allow =",
            "      re:^unexpected$",
        ],
    )
    assert len([line for line in result.outlines if "message 'late" in line]) == 9


def test_what_comes_late_fails_no_run_without_a_policy(run: Run) -> None:
    result = run(test_it=LATE)

    assert result.ret == pytest.ExitCode.OK
    assert "run fails" not in result.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_what_is_reported_while_no_test_runs_fails_the_run(run: Run, workers: tuple[str, ...]) -> None:
    result = run(
        *workers,
        ini=f"{FAIL}sentry_allow = known\n",
        plugins=("xdist",) if workers else (),
        app=REPORTING,
        conftest="""
            from app import report
            def pytest_sessionfinish(): report("at the end")
        """,
        test_it="""
            import sentry_sdk
            from app import report
            sentry_sdk.init("https://key@example.invalid/1")
            report("imported")
            report("known")
            def test_it(): pass
        """,
    )

    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "Sentry: 2 strays are not allowed:",
            "  message 'at the end'   (fails the run)",
            "  message 'imported'   (fails the run)",
            "Sentry: the run fails for 2 of these, by sentry_unexpected",
            "Sentry: allow what is expected, for all tests:",
            "  sentry_allow =",
            "      re:^at the end$",
            "      re:^imported$",
        ],
        consecutive=True,
    )


LEGACY = """
    import pytest, sentry_sdk

    class CartError(Exception): pass
    class EmptyError(CartError): pass

    @pytest.mark.parametrize("n", range(6))
    def test_numbers(n): sentry_sdk.capture_message(f"Slow query: {n} s", level="error")

    def test_error(): sentry_sdk.capture_exception(EmptyError("row 17"))

    @pytest.fixture
    def ends():
        yield
        sentry_sdk.capture_message("while it ends", level="fatal")

    def test_fixture(ends): pass

    @pytest.mark.sentry(unexpected="ignore")
    def test_ignored(): sentry_sdk.capture_message("of no interest", level="error")

    def test_allowed(): sentry_sdk.capture_message("allowed by the ini file", level="error")
"""

KNOWN = """\
# What the tests report and never look at. Written by pytest --sentry-allow-all.
re:^Slow query: [^\\s\\d]*\\d\\S* s$
re:^while it ends$
test_it.EmptyError
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_legacy_suite_gets_a_file_of_all_that_it_reports(run: Run, workers: tuple[str, ...]) -> None:
    ini = f"{FAIL}sentry_allow =\n  allowed by the ini\n  @known.txt\n"
    plugins = ("xdist",) if workers else ()

    result = run("--sentry-allow-all=known.txt", *workers, ini=ini, plugins=plugins, test_it=LEGACY)

    result.assert_outcomes(passed=10)
    assert Path("known.txt").read_text(encoding="utf-8") == KNOWN
    result.stdout.fnmatch_lines(["Sentry: 3 lines for sentry_allow written to *known.txt"])
    run(ini=ini, test_it=LEGACY).assert_outcomes(passed=10)


def test_a_file_that_is_there_keeps_its_lines_and_gets_the_new_ones(run: Run) -> None:
    Path("known.txt").write_text("# by hand\nOld\ntest_it.EmptyError", encoding="utf-8")
    ini = "sentry_allow =\n  allowed by the ini\n  @known.txt\n"

    result = run("--sentry-allow-all=known.txt", ini=ini, test_it=LEGACY)

    result.assert_outcomes(passed=10)
    _, slow, ends, error = KNOWN.splitlines(keepends=True)
    assert Path("known.txt").read_text(encoding="utf-8") == f"# by hand\nOld\n{error}{slow}{ends}"
    result.stdout.fnmatch_lines(
        ["Sentry: 2 lines for sentry_allow added to *; 1 line stays that this run did not*"]
    )


ERRORS = """
    import pytest, sentry_sdk

    @pytest.mark.parametrize("name", ["first", "second"])
    def test_it(name): sentry_sdk.capture_message(name, level="error"); assert name != FAILS
"""
OF_SOME_TESTS = {
    "-k": ("-k", "first"),
    "node id": ("test_it.py::test_it[first]",),
    "deselected": ("--deselect", "test_it.py::test_it[second]"),
    "--lf": ("--lf",),
    "-x": ("-x",),
    "xdist": ("-n1", "-k", "first"),
}


@pytest.mark.parametrize("chosen", OF_SOME_TESTS.values(), ids=OF_SOME_TESTS)
def test_a_run_of_some_tests_takes_nothing_out_of_the_file(run: Run, chosen: tuple[str, ...]) -> None:
    before = "# What all of them report.\nre:^first$\nre:^second$\n"
    Path("known.txt").write_text(before, encoding="utf-8")
    if "--lf" in chosen or "-x" in chosen:
        failing = ERRORS.replace("FAILS", "'first'")
        run("-p", "no:randomly", test_it=failing)
    else:
        failing = ERRORS.replace("FAILS", "''")

    result = run(
        "--sentry-allow-all=known.txt",
        *chosen,
        plugins=("xdist",) if "-n1" in chosen else (),
        test_it=failing,
    )

    assert sum(result.parseoutcomes().get(word, 0) for word in ("passed", "failed")) == 1
    assert Path("known.txt").read_text(encoding="utf-8") == before
    result.stdout.fnmatch_lines(
        ["Sentry: 0 lines for sentry_allow added to *known.txt; * this run did not report *"]
    )


def test_a_suite_that_reports_nothing_gets_a_file_without_entries(run: Run) -> None:
    run("--sentry-allow-all=known.txt", test_it="def test_it(): pass").assert_outcomes(passed=1)

    assert Path("known.txt").read_text(encoding="utf-8") == KNOWN.splitlines(keepends=True)[0]


def test_a_run_that_is_interrupted_leaves_the_file_as_it_was(run: Run) -> None:
    Path("known.txt").write_text("kept\n", encoding="utf-8")

    result = run("--sentry-allow-all=known.txt", test_it="def test_it(): raise KeyboardInterrupt")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert Path("known.txt").read_text(encoding="utf-8") == "kept\n"
    assert "written" not in result.stdout.str()


def test_a_missing_file_of_entries_is_an_error_that_says_how_to_write_it(run: Run) -> None:
    result = run(ini="sentry_allow = @known.txt\n", test_it="def test_it(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*there is no file *known.txt; pytest --sentry-allow-all=known.txt writes it*"]
    )


@pytest.mark.parametrize(
    ("args", "ini"), [((), "sentry_timout = 2\n"), (("-o", "sentry_timout=2"), "")], ids=["file", "-o"]
)
def test_a_mistyped_setting_ends_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], ini: str
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makefile(".ini", pytest=f"[pytest]\n{ini}")

    result = pytester.runpytest_subprocess("-p", "pytest_sentryintegration.plugin", *args)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'sentry_timout' does not exist; did you mean 'sentry_timeout'?"])


def test_a_registered_name_of_another_plugin_is_left_to_it(run: Run) -> None:
    plugin = "def pytest_addoption(parser): parser.addini('sentry_timeouts', '', type='linelist')"

    result = run(ini="sentry_timeouts = 2\n", conftest=plugin, test_it="def test_it(): pass")

    result.assert_outcomes(passed=1)


def test_the_file_is_looked_for_beside_the_ini_file(run: Run, pytester: pytest.Pytester) -> None:
    Path("known.txt").write_text("boom\n", encoding="utf-8")
    folder = pytester.mkdir("inside")
    (folder / "test_it.py").write_text(
        "import sentry_sdk\ndef test_it(): sentry_sdk.capture_message('boom', level='error')\n"
    )

    result = run("inside", "--rootdir=inside", ini=f"{FAIL}sentry_allow = @known.txt\n", conftest="")

    result.assert_outcomes(passed=1)
