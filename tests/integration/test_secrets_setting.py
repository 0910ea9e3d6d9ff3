"""The ini value ``sentry_secrets`` holds for every test of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.conftest import Run

PLAIN = """
import pytest

@pytest.fixture
def sentry_options():
    return {"attach_stacktrace": False}
"""
"""sentry-sdk 3 sends a stack with each message, and with it the lines of the test that hold the secret."""


def test_a_secret_of_the_run_fails_every_test_that_sends_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "from-the-environment")

    result = run(
        conftest=PLAIN,
        ini="sentry_secrets =\n  hunter2\n  env:API_KEY\n  env:NOT_SET\n  re:key-[0-9]+\n",
        test_it="""
            import base64, os, pytest, sentry_sdk

            def report(text): sentry_sdk.capture_event({"message": "hi", "tags": {"card": text}})
            def test_value(sentry_events): report("my hunter2")
            def test_without_the_fixture(): report(base64.b64encode(b"hunter2").decode())
            def test_variable(): report(os.environ["API_KEY"])
            def test_pattern(): report("key-123")
            def test_quiet(sentry_events): report("nothing")
            @pytest.fixture
            def reporting():
                yield
                report("hunter2")
            def test_at_the_end(reporting): pass
        """,
    )

    result.assert_outcomes(passed=2, failed=4, errors=1)
    result.stdout.fnmatch_lines_random(
        [
            "sentry_secrets 1 (text of 7 characters):",
            "env:API_KEY (text of 20 characters):",
            "  events?0?.tags.card",
        ]
    )
    result.stdout.fnmatch_lines(
        ["Sentry: sentry_secrets does not search for NOT_SET: not set in the environment"]
    )
    output = result.stdout.str()
    assert "my hunter2" not in output.replace('report("my hunter2")', "")
    assert "from-the-environment" not in output


def test_a_secret_of_the_run_fails_tests_whatever_their_outcome(run: Run) -> None:
    result = run(
        "-v",
        conftest=PLAIN,
        ini="sentry_secrets = hunter2\n",
        test_it="""
            import pytest, sentry_sdk, unittest

            def leak(): sentry_sdk.capture_event({"message": "hi", "tags": {"card": "hunter2"}})
            @pytest.fixture
            def leaks():
                yield
                leak()
            @pytest.fixture
            def skips():
                leak()
                pytest.skip("no db")

            def test_skips():
                leak()
                pytest.skip("no db")
            def test_is_skipped_by_its_fixture(skips): pass
            def test_skips_and_leaks_at_its_end(sentry_events, leaks): pytest.skip("no db")
            @pytest.mark.xfail
            def test_fails_as_expected():
                leak()
                assert 0
            @pytest.mark.xfail
            def test_does_not_fail_as_expected(): leak()
            @pytest.mark.xfail
            def test_leaks_at_its_end(leaks): assert 0
            def test_fails_without_being_expected_to():
                leak()
                assert 0
            class Case(unittest.TestCase):
                def test_of_a_case(self):
                    leak()
                    self.skipTest("no db")
                def test_fails(self):
                    leak()
                    self.fail()
            def test_skips_quietly(): pytest.skip("no db")
            @pytest.mark.xfail
            def test_fails_quietly(): assert 0
            @pytest.mark.skip
            def test_never_runs(): leak()
        """,
    )

    leaking = re.findall(r"^(?:ERROR|FAILED) test_it.py::(\S+)", result.stdout.str(), re.M)
    assert sorted(leaking) == sorted(
        [
            "Case::test_fails",
            "Case::test_of_a_case",
            "test_does_not_fail_as_expected",
            "test_fails_as_expected",
            "test_fails_without_being_expected_to",
            "test_fails_without_being_expected_to",
            "test_is_skipped_by_its_fixture",
            "test_leaks_at_its_end",
            "test_skips",
            "test_skips_and_leaks_at_its_end",
        ]
    )
    assert result.stdout.str().count("\nsentry_secrets 1 (text of 7 characters):\n") == 9


def test_a_secret_that_is_sent_while_a_module_is_imported_fails_the_run(run: Run) -> None:
    result = run(
        ini="sentry_secrets = hunter2\n",
        conftest="""
            import sentry_sdk
            sentry_sdk.init("https://key@example.invalid/1", attach_stacktrace=False)
            sentry_sdk.capture_event({"message": "the key is hunter2"})
            sentry_sdk.capture_event({"message": "nothing"})
        """,
        test_it="def test_it(): pass",
    )

    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "Sentry: 1 stray is not allowed:",
            "  message 'the key is [*][*][*]'   (fails the run)",
            "Sentry: the run fails for 1 of these, by sentry_secrets",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [("abc", "sentry_secrets 1 is too short"), ("re:(", "sentry_secrets 1 is no pattern")],
)
def test_a_wrong_setting_is_an_error_at_once(run: Run, line: str, message: str) -> None:
    result = run(ini=f"sentry_secrets = {line}\n", test_it="def test_it(): pass")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_without_arguments_assert_absent_takes_those_of_the_run(run: Run) -> None:
    result = run(
        conftest=PLAIN,
        ini="sentry_secrets = hunter2\n",
        test_it="""
            import pytest, sentry_sdk

            def test_it(sentry_events):
                sentry_sdk.capture_message("hunter2")
                with pytest.raises(AssertionError, match="a secret was sent, in 1 place"):
                    sentry_events.assert_absent()
                sentry_events.clear()
        """,
    )

    result.assert_outcomes(passed=1)


def test_the_report_of_a_failing_assert_absent_does_not_show_what_it_found(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD", "4111-hunter2")

    result = run(
        conftest=PLAIN,
        test_it="""
            import os, sentry_sdk

            def test_it(sentry_events):
                card = os.environ["CARD"]
                sentry_sdk.capture_event({"message": "hi", "tags": {"card": card, "shop": "kettle"}})
                sentry_events.assert_absent(card)
        """,
    )

    result.assert_outcomes(failed=1)
    output = result.stdout.str()
    assert "'card': '***', 'shop': 'kettle'" in output
    assert "4111-hunter2" not in output


def test_a_secret_that_is_none_is_an_error_of_one_sentence(run: Run) -> None:
    result = run(
        test_it="""
            def test_list(sentry_events):
                sentry_events.assert_absent(["hunter2", "4111111111111111"])

            def test_short(sentry_events):
                sentry_events.assert_absent("abc")
        """
    )

    result.assert_outcomes(failed=2)
    said = result.stdout.str()
    assert not re.search(r"pytest_sentryintegration|inbox.events|matching.secrets", said)
    result.stdout.fnmatch_lines(
        [
            "E * TypeError: secret 1 is to be text, bytes or a compiled pattern, got list (give several as*",
            "E * ValueError: secret 1 is too short*",
        ]
    )


def test_no_line_for_an_allow_shows_a_secret(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # The environment, since the SDK sends the lines of source around a frame.
    monkeypatch.setenv("PASSWORD", "hunter-two")
    ini = "sentry_unexpected = fail\nsentry_secrets = env:PASSWORD\n"
    tests = """
        import os, sentry_sdk
        def test_it():
            sentry_sdk.capture_message(f"login with {os.environ['PASSWORD']} failed", level="error")
    """

    failed = run(ini=ini, test_it=tests)
    written = run("--sentry-allow-all=known.txt", ini=ini, test_it=tests)

    line = "re:^login with (?s:.*) failed$"
    failed.stdout.fnmatch_lines([f"*allow=[[]{line!r}[]])"])
    assert "hunter" not in failed.stdout.str()
    assert Path("known.txt").read_text(encoding="utf-8").splitlines()[1:] == [line]
    written.assert_outcomes(failed=1)  # by sentry_secrets
    assert "hunter" not in written.stdout.str()
