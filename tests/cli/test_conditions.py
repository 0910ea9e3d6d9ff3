"""Conditions of `run`: exit code 3 and the fixture's own text where one is not met."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from pytest_sentryintegration.wire.envelope import parse_envelope
from tests.cli.conftest import Done, Run, envelope, error, message, sending

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")


def unmet(done: Done) -> str:
    """Return what `run` says after its summary, without its marks."""
    lines = [line.removeprefix("sentry: ") for line in done.err.splitlines()]
    ended = next(place for place, line in enumerate(lines) if line.startswith("exit code"))
    return "\n".join(lines[ended + 1 :])


def test_expectations_that_are_met_leave_the_exit_code(run: Run) -> None:
    done = run(
        *(
            "run",
            "--expect",
            "errors?exception=ValueError&tags.graph=g1",
            "--refuse",
            "errors?exception=KeyError",
        ),
        *("--expect", "messages?text=~^hel&count=2", "--fail-on", "error"),
        *(
            "--",
            *sending(error("ValueError", "boom", tags={"graph": "g1"}), message("hello"), message("help")),
        ),
    )

    assert (done.code, unmet(done)) == (0, "")


def test_an_expectation_that_is_not_met_is_exit_code_3_with_the_nearest_miss(run: Run) -> None:
    done = run(
        *("run", "--timeout", "0.01", "--expect", "errors?exception=ValueError&tags.graph=g2"),
        *("--", *sending(error("ValueError", "boom", tags={"graph": "g1"}), message("hello"))),
    )

    assert done.code == 3
    assert unmet(done) == (
        "--expect 'errors?exception=ValueError&tags.graph=g2'\n"
        "Expected at least 1 error matching\n"
        "    exception=ValueError,\n"
        "    tags.graph='g2'\n"
        "within 0.01 s; 1 error arrived, which does not match.\n"
        "  nearest: ValueError: 'boom'   (1 of 2 criteria differs)\n"
        "    tags.graph: expected 'g2', got 'g1'\n"
        "Also received: 1 message."
    )


def test_each_expectation_has_the_whole_time_and_its_own_text(run: Run) -> None:
    done = run(
        *(
            "run",
            "--timeout",
            "0.02",
            "--expect",
            "messages",
            "--expect",
            "transactions?name=checkout&count=2",
        ),
        *("--", "true"),
    )

    silent = (
        "- Process 'true' ended with exit code 0 and sent nothing: does it read\n"
        "  SENTRY_DSN, and flush before it ends?\n"
    )
    said = unmet(done).split("\n", 1)[1] + "\n"
    assert (done.code, said) == (
        3,
        "--expect messages\n"
        "Expected at least 1 message within 0.02 s; no message arrived.\n"
        f"{silent}"
        "--expect 'transactions?name=checkout&count=2'\n"
        "Expected at least 2 transactions matching name='checkout' within 0.02 s; no transaction arrived.\n"
        f"{silent}",
    )


def test_where_something_else_came_it_does_not_say_that_nothing_is_known(run: Run) -> None:
    done = run(
        *("run", "--timeout", "0", "--expect", "errors", "--", *sending(message("hello"))),
    )

    assert unmet(done) == (
        "--expect errors\n"
        "Expected at least 1 error; no error arrived.\n"
        "Also received: 1 message.\n"
        "- What another process lost, if anything, is not known here."
    )


def test_what_a_process_in_the_background_sends_is_waited_for(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text('(until [ -e go ]; do sleep 0.01; done; "$@") >/dev/null 2>&1 &\n')

    done = run(
        *("run", "--expect", "messages?text=late", "--", "sh", "-c"),
        *(f"cd {tmp_path}; . ./script.sh; touch go", "sh", *sending(message("late"))),
    )

    assert (done.code, unmet(done)) == (0, "")


def test_what_is_refused_is_exit_code_3_and_listed(run: Run) -> None:
    done = run("run", "--refuse", "messages?level=warning", "--", *sending(message("hot", "warning")))

    assert (done.code, unmet(done)) == (
        3,
        "--refuse 'messages?level=warning'\n"
        "Expected no message matching level='warning'; 1 of 1 message matched:\n"
        "  1. 'hot'",
    )


def test_fail_on_error_names_what_no_expectation_asked_for_and_what_would(run: Run) -> None:
    done = run(
        *("run", "--fail-on", "error", "--expect", "errors?exception=KeyError"),
        *(
            "--",
            *sending(error("KeyError", "'a'"), error("ValueError", "boom"), message("it's hot", "fatal")),
        ),
    )

    assert (done.code, unmet(done)) == (
        3,
        "--fail-on error\n"
        "2 events of level error or above were sent that no --expect asks for:\n"
        "  1. ValueError: 'boom'   (error)\n"
        '  2. "it\'s hot"   (fatal)\n'
        "Expect what is intended:\n"
        "  --expect 'errors?exception=ValueError'\n"
        "  --expect 'messages?text=it%27s%20hot'",
    )


def test_the_expectations_that_it_proposes_are_met(run: Run) -> None:
    sent = sending(error("my-mod.Näme&=", "boom"), message("50 % of a=b&c? ~x", "error"))

    proposed = re.findall(
        r"^sentry:   (--expect .*)", run("run", "--fail-on", "error", "--", *sent).err, re.M
    )
    again = [word for line in proposed for word in shlex.split(line)]

    assert (len(proposed), run("run", "--fail-on", "error", *again, "--", *sent).code) == (2, 0)


def test_fail_on_invalid_names_what_sentry_would_not_keep(run: Run) -> None:
    check_in = envelope(("check_in", {"monitor_slug": "nightly", "status": "late"}))

    done = run("run", "--fail-on", "invalid", "--", *sending(check_in))

    assert (done.code, unmet(done)) == (
        3,
        "--fail-on invalid\n"
        "Sentry would not keep all of what was sent: 1 trimmed.\n"
        "trimmed:\n"
        "  check_in item\n"
        "    status: A check-in is ok, error or in_progress; Sentry stores 'unknown'.\n"
        "      sent 'late', stored 'unknown'",
    )


def test_without_sentry_relay_it_says_what_was_not_judged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.inbox.reader.available", lambda: False)

    done = run("run", "--fail-on", "invalid", "--", *sending(message("hello")))

    assert (done.code, unmet(done)) == (
        0,
        "sentry-relay is not installed: events and transactions were not judged, only what contains them; pip"
        ' install "sentryintegration[relay]"',
    )


def test_fail_on_secret_names_the_places_and_shows_no_secret(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD", "4111-1111")

    done = run(
        *("run", "--fail-on", "secret", "--secret", "env:CARD", "--secret", "re:hunter[0-9]"),
        *("--", *sending(message("paid with 4111-1111", tags={"card": "NDExMS0xMTEx"}))),
    )

    assert (done.code, unmet(done)) == (
        3,
        "--fail-on secret\n"
        "a secret was sent, in 2 places:\n"
        "env:CARD (text of 9 characters):\n"
        "  events[0].message\n"
        "  events[0].tags.card, in base64",
    )
    assert "4111-1111" not in done.err
    assert "message 'paid with ***'" in done.err


def test_a_secret_of_a_variable_that_is_not_set_is_said_not_to_be_looked_for(run: Run) -> None:
    done = run(
        "run", "--fail-on", "secret", "--secret", "env:NOT_SET_AT_ALL", "--secret", "hunter2", "--", "true"
    )

    assert done.code == 0
    assert "sentry: --secret does not look for NOT_SET_AT_ALL: not set in the environment\n" in done.err


def test_conditions_are_not_asked_where_the_command_fails(run: Run) -> None:
    done = run("run", "--expect", "messages", "--fail-on", "error", "--", "sh", "-c", "exit 5")

    assert (done.code, "--expect" in done.err) == (5, False)


def test_every_envelope_is_dumped_as_it_was_sent(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "dump"

    done = run("run", "--dump", folder, "--", *sending(message("hello"), error("ValueError", "boom")))

    files = sorted(folder.glob("*.envelope"))
    assert (done.code, [file.name for file in files]) == (0, ["run-001.envelope", "run-002.envelope"])
    assert parse_envelope(files[0].read_bytes()) == parse_envelope(message("hello").encode())
    assert unmet(done) == f"2 envelopes written to {folder}"
    assert run("show", folder).out.startswith("2 events:\n  'hello'\n")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--expect", "erors"], "--expect: there is no noun 'erors'; did you mean 'errors'?"),
        (["--refuse", "errors?count=0"], "--refuse: count is a whole number from 1 to 1000000000, got '0'"),
        (
            ["--fail-on", "eror"],
            "--fail-on: expected error, invalid or secret, got 'eror'; did you mean 'error'?",
        ),
        (["--fail-on", "secret"], "--fail-on secret needs to know what is secret: --secret env:NAME"),
        (
            ["--secret", "abc"],
            "--secret 1 is too short to be told from other text: it has 3 characters, and needs at least 4",
        ),
        (
            ["--fail-on", "secret", "--secret", "env:NOT_SET_AT_ALL"],
            "--fail-on secret has nothing to look for: NOT_SET_AT_ALL is not set in the environment",
        ),
        (
            ["--expect", ""],
            "--expect: there is no noun ''; there are events, messages, errors, transactions, spans, traces,"
            " attachments, logs, metrics, check_ins, feedback, sessions, client_reports, envelopes, items,"
            " refused",
        ),
        (["--fail-on", ""], "--fail-on: expected error, invalid or secret, got ''"),
        (["--dump", ""], "--dump: expected a path, got ''"),
        (["--timeout", "1h"], "--timeout: expected a number of seconds, such as 10 or 0.5, got '1h'"),
    ],
)
def test_a_wrong_condition_is_told_before_anything_runs(options: list[str], text: str, run: Run) -> None:
    done = run("run", *options, "--", "no-such-program")

    assert done == (2, "", f"sentryintegration run: {text}\n(see sentryintegration run --help)\n")


def test_a_folder_with_other_envelopes_is_not_mixed_with_the_dump(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.envelope").touch()

    texts = [run("run", "--dump", name, "--", "true").err for name in (tmp_path, tmp_path / "old.envelope")]

    assert [text.partition("\n")[0] for text in texts] == [
        f"sentryintegration run: --dump: {tmp_path} holds .envelope files already: choose another folder, or"
        " remove them",
        f"sentryintegration run: --dump: {tmp_path}/old.envelope is not a folder",
    ]


@pytest.mark.parametrize("option", ["--dump", "--report"])
@pytest.mark.parametrize("place", ["file/below", "/dev/null/below"])
def test_a_file_that_cannot_be_written_is_told_before_anything_runs(
    option: str, place: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    done = run("run", option, tmp_path / place, "--", "touch", tmp_path / "ran")

    assert (done.code, (tmp_path / "ran").exists()) == (2, False)
    assert done.err.startswith(
        f"sentryintegration run: {option}: {tmp_path / place} cannot be written: Not a directory\n"
    )


@pytest.mark.parametrize(("own", "code"), [(5, 5), (0, 2)])
def test_a_file_that_can_be_written_no_more_leaves_the_code_of_a_command_that_failed(
    own: int, code: int, run: Run, tmp_path: Path
) -> None:
    target = tmp_path / "folder" / "report.html"
    target.parent.mkdir()

    done = run(
        "run", "--report", target, "--", "sh", "-c", 'rmdir "$1"; exit "$2"', "sh", target.parent, str(own)
    )

    assert (done.code, unmet(done).splitlines()[-1:]) == (
        code,
        [f"{target} cannot be written: No such file or directory"],
    )


def test_an_interrupt_ends_the_waiting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(
        "run", "--timeout", "60", "--expect", "messages", "--", "sh", "-c", "(sleep 0.3; kill -TERM $PPID) &"
    )

    assert done.code == 143
