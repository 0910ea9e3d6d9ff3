"""`run --server` reports into an inbox of its own at a running fake Sentry, and asks the same of it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_sentryintegration.cli.child import Child
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.app import Web
from pytest_sentryintegration.wire.envelope import parse_envelope
from tests.cli.conftest import Done, Run, envelope, error, message, sending, unused_port

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as sentry:
        yield sentry


def masked(done: Done) -> str:
    """Return what was said without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+/[a-z-]+-[0-9a-f]{8}", "127.0.0.1:PORT/INBOX", done.err)
    return re.sub(r"after \d+\.\d s", "after N s", text)


def test_it_says_the_same_as_with_a_fake_sentry_of_its_own(sentry: FakeSentry, run: Run) -> None:
    sent = sending(
        message("hello"), error("ValueError", "boom"), envelope(("check_in", {"monitor_slug": "a"}))
    )

    done = run(
        "run", "--server", sentry.url, "--expect", "messages?text=hello", "--fail-on", "invalid", "--", *sent
    )

    assert (done.code, masked(done)) == (
        3,
        "sentry: SENTRY_DSN=http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@127.0.0.1:PORT/INBOX/1\n"
        "sentry: message 'hello'\n"
        "sentry: error ValueError: 'boom'\n"
        "sentry: check-in 'a', \n"
        "sentry: exit code 0 after N s; sent: 1 error, 1 message, 1 check-in\n"
        "sentry: --fail-on invalid\n"
        "sentry: Sentry would not keep all of what was sent: 1 dropped.\n"
        "sentry: dropped:\n"
        "sentry:   check_in item\n"
        "sentry:     status: 'status' must be a text; the check-in is lost.\n"
        "sentry:       sent None, stored None\n",
    )


def test_refused_requests_are_known_too(sentry: FakeSentry, run: Run) -> None:
    done = run("run", "--server", sentry.url, "--", *sending("no envelope"))

    assert (done.code, "sentry: refused request status 400: invalid event" in done.err) == (1, True)


def test_what_others_send_is_not_its_own_and_its_inbox_ends_with_it(sentry: FakeSentry, run: Run) -> None:
    sentry.receive("/api/1/envelope/", {}, message("of another").encode())

    done = run("run", "--server", sentry.url, "--refuse", "messages", "--", "true")

    assert (done.code, list(sentry.store.inboxes)) == (0, [STRAYS])


def test_what_comes_once_the_command_has_ended_is_waited_for(sentry: FakeSentry, run: Run) -> None:
    background = '(sleep 0.2; "$@") >/dev/null 2>&1 &'

    done = run(
        *("run", "--server", sentry.url, "--expect", "messages?text=late"),
        *("--", "sh", "-c", background, "sh", *sending(message("late"))),
    )

    assert done.code == 0


def test_envelopes_are_dumped_as_they_were_sent(sentry: FakeSentry, run: Run, tmp_path: Path) -> None:
    run("run", "--server", sentry.url, "--dump", tmp_path / "dump", "--", *sending(message("hello")))

    (path,) = (tmp_path / "dump").glob("*.envelope")
    assert parse_envelope(path.read_bytes()) == parse_envelope(message("hello").encode())


def test_a_server_with_a_token_is_asked_with_it(run: Run) -> None:
    access = Access("secret", pause=lambda seconds: None)
    with FakeSentry(web=lambda sentry: Web(sentry, access)) as sentry:
        url = sentry.url
        line = ["--server", sentry.url, "--expect", "messages", "--", *sending(message("hello"))]

        without = run("run", *line)
        wrong = run("run", "--token", "guessed", *line)
        assert run("run", "--token", "secret", *line).code == 0

    cure = "give --token TEXT or SENTRYINTEGRATION_TOKEN, as serve printed it"
    assert [
        (done.code, done.err.partition("\n")[0].partition(f"{url}: ")[2]) for done in (without, wrong)
    ] == [
        (2, f"reading needs a token: {cure}"),
        (2, f"the token is wrong: {cure}"),
    ]


def test_what_the_server_evicted_before_it_was_copied_is_said_and_is_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_sentryintegration.cli.receiving._Copy.go_on", lambda copy: None)
    with FakeSentry(web=Web, limit=1) as sentry:
        done = run("run", "--server", sentry.url, "--", *sending(message("one"), message("two")))

    assert done.code == 1
    assert done.err.endswith(
        "sentry: not all that was sent is known: the server evicted 1 of 2 requests (--limit)\n"
    )


def test_a_server_that_goes_away_is_said_and_is_exit_code_1(
    sentry: FakeSentry, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Child.run

    def run_and_close(child: Child) -> int:
        code = original(child)
        sentry.close()
        return code

    monkeypatch.setattr(Child, "run", run_and_close)

    done = run("run", "--server", sentry.url, "--", "true")

    assert done.code == 1
    assert (
        f"sentry: not all that was sent is known: no fake Sentry answers at {done.err and 'http'}" in done.err
    )


def test_a_server_that_is_not_there_is_wrong_use_and_nothing_runs(run: Run, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{unused_port()}"

    done = run("run", "--server", url, "--", "touch", tmp_path / "ran")

    assert (done.code, (tmp_path / "ran").exists()) == (2, False)
    assert done.err.startswith(f"sentryintegration run: no fake Sentry answers at {url}: ")


def test_no_thread_is_left(sentry: FakeSentry, run: Run) -> None:
    before = {thread.name for thread in threading.enumerate()}

    run("run", "--server", sentry.url, "--", "true")

    assert "sentryintegration-copying" not in {thread.name for thread in threading.enumerate()} - before
