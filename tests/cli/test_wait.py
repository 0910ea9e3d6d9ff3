"""`wait` asks a running fake Sentry, and returns when something has come."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from pytest_sentryintegration.ingest.request import Client, Reply, Request
from pytest_sentryintegration.server.fake_sentry import Answering, FakeSentry
from pytest_sentryintegration.web.app import Web
from pytest_sentryintegration.web.asking import json_reply
from tests.cli.conftest import Run, error, message, unused_port


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as sentry:
        yield sentry


def send(sentry: FakeSentry, body: str) -> None:
    sentry.receive("/api/1/envelope/", {}, body.encode())


def test_what_has_come_is_printed_as_json_a_line_each(sentry: FakeSentry, run: Run) -> None:
    send(sentry, message("hel lo", tags={"a": "é"}))
    send(sentry, message("help"))

    done = run("wait", "messages?text=~^hel&level=info", "--count", "2", "--server", sentry.url)

    assert (done.code, done.err) == (0, "")
    shown = [json.loads(line) for line in done.out.splitlines()]
    assert [(item["text"], item["tags"]) for item in shown] == [("hel lo", {"a": "é"}), ("help", {})]


def test_criteria_are_written_as_a_person_types_them(sentry: FakeSentry, run: Run) -> None:
    send(sentry, message("50 % of é + a&b"))

    done = run("wait", "messages?text=50 %25 of é %2B a%26b", "--server", sentry.url)

    assert (done.code, done.err) == (0, "")


def test_it_waits_for_what_comes_later(sentry: FakeSentry, run: Run) -> None:
    later = threading.Timer(0.1, send, (sentry, error("ValueError", "boom")))
    later.start()

    done = run("wait", "errors?exception=ValueError", "--server", sentry.url)

    later.join()
    assert (done.code, json.loads(done.out)["text"]) == (0, "boom")


def test_what_does_not_come_is_exit_code_1_with_the_nearest_miss(sentry: FakeSentry, run: Run) -> None:
    send(sentry, message("hello", "warning"))

    done = run("wait", "messages?level=error&count=2", "--timeout", "0.05", "--server", sentry.url)

    assert done == (
        1,
        "",
        "Expected at least 2 messages matching level='error' within 0.05 s; 1 message arrived, which does not"
        " match.\n"
        "  nearest: 'hello'\n"
        "    level: expected 'error', got 'warning'\n",
    )


def test_where_nothing_came_it_says_what_to_look_at(sentry: FakeSentry, run: Run) -> None:
    done = run("wait", "errors", "--timeout", "0.05", "--server", sentry.url)

    assert done == (
        1,
        "",
        "Expected at least 1 error within 0.05 s; no error arrived.\n"
        "- No process has connected within 0.05 s: does it get the DSN of this fake\n"
        "  Sentry, does it need longer to start, and does it flush before it ends?\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_waiting(number: signal.Signals, code: int, sentry: FakeSentry, run: Run) -> None:
    ending = threading.Timer(0.1, os.kill, (os.getpid(), number))
    ending.start()

    done = run("wait", "errors", "--timeout", "60", "--server", sentry.url)

    ending.join()
    assert done == (code, "", "")


def test_the_inbox_and_the_cursor_of_the_api_may_be_named(sentry: FakeSentry, run: Run) -> None:
    sentry.store.open("mine")
    send(sentry, message("hello"))

    done = run("wait", "messages?inbox=mine&after=0", "--timeout", "0", "--server", sentry.url)

    assert (done.code, done.err.partition(":")[0]) == (1, "Of inbox mine")


def test_wait_ready_returns_when_the_server_answers(run: Run) -> None:
    port = unused_port()
    sentry = FakeSentry(web=Web, port=port)
    starting = threading.Timer(0.1, sentry.start)
    starting.start()

    done = run("wait", "--ready", "--server", f"http://127.0.0.1:{port}")

    starting.join()
    sentry.close()
    assert done == (0, "", "")


def test_a_question_may_be_asked_before_the_server_is_there(run: Run) -> None:
    port = unused_port()
    sentry = FakeSentry(web=Web, port=port)
    send(sentry, message("hello"))
    starting = threading.Timer(0.1, sentry.start)
    starting.start()

    done = run("wait", "messages", "--server", f"http://127.0.0.1:{port}")

    starting.join()
    sentry.close()
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("what", ["--ready", "messages"])
def test_where_nobody_answers_the_exit_code_is_1(what: str, run: Run) -> None:
    url = f"http://127.0.0.1:{unused_port()}"

    assert run("wait", what, "--timeout", "0.1", "--server", url) == (
        1,
        "",
        f"no fake Sentry answers at {url}: [Errno 111] Connection refused; sentryintegration serve starts"
        " one\n"
        "Waited for 0.1 s.\n",
    )


def test_a_name_that_dns_cannot_hold_is_no_server(run: Run) -> None:
    done = run("wait", "errors", "--timeout", "0", "--server", f"http://{'a' * 70}.test")

    assert (done.code, done.err.startswith("no fake Sentry answers at http://aaa")) == (1, True)


@pytest.mark.parametrize("what", ["--ready", "messages"])
def test_a_server_that_cannot_answer_at_present_is_asked_again(what: str, run: Run) -> None:
    left = [502, 503, 504]

    def make(sentry: FakeSentry) -> Answering:
        web = Web(sentry)

        def answer(request: Request, client: Client) -> Reply | None:
            return json_reply(left.pop(), {"error": "not now"}) if left else web(request, client)

        return answer

    with FakeSentry(web=make) as sentry:
        send(sentry, message("hello"))
        done = run("wait", what, "--timeout", "20", "--server", sentry.url)

    assert (done.code, done.err, left) == (0, "", [])


def test_a_server_that_cannot_answer_in_time_is_exit_code_1_with_its_reason(run: Run) -> None:
    def make(sentry: FakeSentry) -> Answering:
        return lambda request, client: json_reply(503, {"error": "what came cannot be told at present"})

    with FakeSentry(web=make) as sentry:
        done = run("wait", "messages", "--timeout", "0.1", "--server", sentry.url)

    said = f"{sentry.url}: what came cannot be told at present\nWaited for 0.1 s.\n"
    assert done == (1, "", said)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ([], "what is to be waited for: one NOUN?QUERY, such as 'errors?exception=ValueError', or --ready"),
        (
            ["errors", "messages"],
            "what is to be waited for: one NOUN?QUERY, such as 'errors?exception=ValueError', or --ready",
        ),
        (["erors"], "there is no noun 'erors'; did you mean 'errors'?"),
        (["errors?levl=error"], "an error has no field 'levl'; did you mean 'level'?"),
        (
            ["messages?text=salt & pepper"],
            "' pepper' is no NAME=VALUE; an & that belongs to a value is written %26",
        ),
        (["errors?after=-1"], "after is a whole number from 0 to 1000000000, got '-1'"),
        (
            ["errors?count=2", "--count", "3"],
            "how many are to come is said twice: --count 3, and 'errors?count=2'",
        ),
        (
            ["errors", "--token", "caf\u00e9"],
            "--token: expected 1 to 1000 characters of ASCII, without a space at either end: it is sent in a"
            " header",
        ),
        (
            ["errors", "--server", "http://127.0.0.1:8969/?x"],
            "--server: expected a URL, such as http://127.0.0.1:8969, got 'http://127.0.0.1:8969/?x'",
        ),
        (["errors", "--count", "0"], "--count: expected a whole number from 1 to 1000000000, got '0'"),
        (
            ["errors", "--server", "127.0.0.1:8969"],
            "--server: expected a URL, such as http://127.0.0.1:8969, got '127.0.0.1:8969'; did you mean"
            " 'http://127.0.0.1:8969'?",
        ),
    ],
)
def test_a_wrong_question_is_told_without_a_server(line: list[str], text: str, run: Run) -> None:
    assert run("wait", *line) == (
        2,
        "",
        f"sentryintegration wait: {text}\n(see sentryintegration wait --help)\n",
    )


def test_what_is_no_fake_sentry_is_wrong_use(run: Run) -> None:
    with FakeSentry() as without_web:
        done = run("wait", "errors", "--server", without_web.url)

        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(
            f"sentryintegration wait: {without_web.url}: it answers 404 to /api/captured/errors"
        )
