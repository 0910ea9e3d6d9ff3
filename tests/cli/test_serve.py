"""`serve` runs a fake Sentry until it is ended."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from pytest_sentryintegration.cli import serve
from pytest_sentryintegration.cli.main import main
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from tests.cli.conftest import Done, Run, message, sending

While = Callable[..., Done]


@pytest.fixture
def serving(run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> While:
    """Run `serve` in this process for as long as a function takes, which is called with what it printed."""

    def run_while(function: Callable[[str], object], *options: Any) -> Done:
        printed: list[str] = []
        told: list[str] = []

        def until_ended() -> None:
            out, err = capfd.readouterr()
            printed.append(out)
            told.append(err)
            function(out)

        monkeypatch.setattr(serve, "until_ended", until_ended)
        done = run("serve", "--port", "0", *options)
        return Done(done.code, "".join(printed) + done.out, "".join(told) + done.err)

    return run_while


def get(url: str, **headers: str) -> Any:
    with urlopen(Request(url, headers=headers)) as answer:
        return json.load(answer)


def api(printed: str) -> str:
    (url,) = re.findall(r"^API    (\S+)$", printed, re.MULTILINE)
    assert isinstance(url, str)
    return url


def send(printed: str, *envelopes: str) -> None:
    dsn = re.findall(r"http://\w+@\S+", printed)[0]
    subprocess.run(sending(*envelopes), env={**os.environ, "SENTRY_DSN": dsn}, check=True)


def test_it_prints_where_to_send_and_where_to_ask(serving: While) -> None:
    counts: list[Any] = []

    def use(printed: str) -> None:
        send(printed, message("hello"), message("hello again"))
        counts.append(get(api(printed)))

    done = serving(use)

    assert (done.code, done.err) == (0, "")
    assert re.sub(r":\d+/", ":PORT/", done.out) == (
        "DSN    http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@127.0.0.1:PORT/1\n"
        "Viewer http://127.0.0.1:PORT/\n"
        "API    http://127.0.0.1:PORT/api/captured/\n"
    )
    assert (counts[0]["counts"]["messages"], counts[0]["limit"], counts[0]["evicted"]) == (2, 10_000, 0)


def test_quiet_prints_the_dsn_alone(serving: While) -> None:
    done = serving(lambda printed: None, "--quiet")

    assert re.fullmatch(r"http://\w{32}@127\.0\.0\.1:\d+/1\n", done.out)


def test_the_limit_is_kept_and_what_is_evicted_is_counted(serving: While) -> None:
    counts: list[Any] = []

    def use(printed: str) -> None:
        send(printed, message("one"), message("two"), message("three"))
        counts.append(get(api(printed)))

    serving(use, "--limit", "2", "--max-age", "3600")

    assert (counts[0]["counts"]["messages"], counts[0]["limit"], counts[0]["evicted"]) == (2, 2, 1)


def test_what_is_older_than_the_greatest_age_is_evicted_and_counted(serving: While) -> None:
    counts: list[Any] = []

    def use(printed: str) -> None:
        send(printed, message("one"), message("two"))
        counts.append(get(api(printed)))

    serving(use, "--max-age", "1e-9")

    assert (counts[0]["counts"]["messages"], counts[0]["evicted"]) == (0, 2)


def test_a_file_keeps_what_came_for_the_next_time(serving: While, tmp_path: Path) -> None:
    counts: list[int] = []

    def use(printed: str) -> None:
        if not counts:
            send(printed, message("kept"))
        counts.append(get(api(printed))["counts"]["messages"])

    done = [serving(use, "--data", tmp_path / "sentry.db") for _ in range(2)]

    assert (counts, [each.err for each in done]) == ([1, 1], ["", ""])


def test_a_damaged_file_is_told_of_and_moved_aside(serving: While, tmp_path: Path) -> None:
    data = tmp_path / "sentry.db"
    data.write_text("no database" * 100)

    done = serving(lambda printed: None, "--data", data)

    assert (done.code, done.err) == (
        0,
        f"sentryintegration serve: {data} is damaged (file is not a database): moved to {data}.damaged-1, and"
        " begun anew\n",
    )


def test_a_file_that_cannot_be_used_is_told(run: Run, tmp_path: Path) -> None:
    done = run("serve", "--data", tmp_path)

    assert done.err.startswith(f"sentryintegration serve: --data: cannot use {tmp_path}: unable to open")
    assert done.code == 2


def test_strict_refuses_what_sentry_refuses(serving: While) -> None:
    refused: list[Any] = []

    def use(printed: str) -> None:
        url = api(printed).replace("captured/", "1/envelope/?sentry_key=public")
        with pytest.raises(OSError, match="400"):
            urlopen(url, message("hello").encode())
        refused.append(get(api(printed) + "refused")["count"])

    serving(use, "--strict")

    assert refused == [1]


def test_beyond_loopback_a_token_is_made_and_demanded(serving: While) -> None:
    read: list[Any] = []

    def use(printed: str) -> None:
        url = api(printed)
        (token,) = re.findall(r"^token  (\S+)", printed, re.MULTILINE)
        with pytest.raises(OSError, match="401"):
            get(url)
        read.append(get(url, authorization=f"Bearer {token}")["counts"]["events"])
        server = url.removesuffix("/api/captured/")
        assert main(["wait", "events", "--timeout", "0", "--server", server, "--token", token]) == 1

    serving(use, "--host", "0.0.0.0")

    assert read == [0]


@pytest.mark.parametrize(("host", "elsewhere"), [("0.0.0.0", True), ("127.0.0.1", False), ("::1", False)])
def test_other_machines_may_read_where_it_listens_beyond_loopback(host: str, elsewhere: bool) -> None:
    access = serve._access(serve.SERVE.parse(["--host", host]))

    assert (access.elsewhere, access.token != "") == (elsewhere, elsewhere)
    # The address that it listens on is a name by which readers may ask.
    assert host in access.hosts


def test_a_token_that_was_made_is_told_on_stderr_where_the_dsn_alone_is_printed(
    serving: While, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda count: "made")

    made = serving(lambda printed: None, "--quiet", "--host", "0.0.0.0")
    given = serving(lambda printed: None, "--quiet", "--host", "0.0.0.0", "--token", "given")

    assert made.err == "token  made   (to read: Authorization: Bearer ...)\n"
    assert (given.err, made.out.count("\n"), given.out.count("\n")) == ("", 1, 1)


def test_a_given_token_is_demanded(serving: While, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRYINTEGRATION_TOKEN", "correct horse")
    read: list[Any] = []

    serving(lambda printed: read.append(get(api(printed), authorization="Bearer correct horse")["cursor"]))

    assert read == [0]


def test_further_hosts_and_origins_may_read(serving: While) -> None:
    read: list[Any] = []

    def use(printed: str) -> None:
        url = api(printed)
        read.append(get(url, host="sentry.test", origin="http://localhost:5173")["cursor"])
        with pytest.raises(OSError, match="403"):
            get(url, host="other.test")

    serving(use, "--allow-host", "sentry.test", "--allow-origin", "http://localhost:5173")

    assert read == [0]


def test_names_and_origins_are_compared_as_clients_write_them(serving: While) -> None:
    read: list[Any] = []

    def use(printed: str) -> None:
        hosts = ("Sentry.test.:80", "[fd00::1]:8969", "[::1]")
        origins = ("http://app.test", "https://app.test", "chrome-extension://abc")
        read.extend(get(api(printed), host=host)["cursor"] for host in hosts)
        read.extend(get(api(printed), origin=origin)["cursor"] for origin in origins)

    serving(
        use,
        *("--allow-host", "sentry.TEST", "--allow-host", "[FD00::1]"),
        *("--allow-origin", "HTTP://App.test:80/", "--allow-origin", "https://app.test:443"),
        *("--allow-origin", "chrome-extension://abc"),
    )

    assert read == [0] * 6


def test_a_port_that_another_fake_sentry_has_is_told_so(run: Run) -> None:
    with FakeSentry() as other:
        done = run("serve", "--port", other.port)

    assert done == (
        2,
        "",
        f"sentryintegration serve: port {other.port} of 127.0.0.1 is in use by another fake Sentry: use that"
        f" one (--server http://127.0.0.1:{other.port}), end it, or choose another port (--port 0 takes"
        " a free one)\n"
        "(see sentryintegration serve --help)\n",
    )


def test_a_port_that_another_program_has_is_told_so(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", port)

    assert done.err.startswith(
        f"sentryintegration serve: port {port} of 127.0.0.1 is in use by another program: choose another port"
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--port", "99999"], "--port: expected a whole number from 0 to 65535, got '99999'"),
        (["--limit", "0"], "--limit: expected a whole number from 1 to 1000000000, got '0'"),
        *(
            (
                ["--max-age", age],
                "--max-age: expected a number of seconds above 0 and up to 1000000000, such as 3600, got"
                f" '{age}'",
            )
            for age in ("0", "1e20")
        ),
        (
            ["--allow-host", "http://Sentry:8969"],
            "--allow-host: the name 'http://sentry:8969' is not a host name or an address; did you mean"
            " 'sentry'?",
        ),
        (
            ["--host", ""],
            "--host: the name '' is not a host name or an address; did you mean '127.0.0.1'?",
        ),
        *(
            (
                ["--allow-origin", origin],
                f"--allow-origin: expected one origin, such as http://localhost:5173, got {origin!r}{near}",
            )
            for origin, near in [
                ("localhost:5173", "; did you mean 'http://localhost:5173'?"),
                ("http://localhost:5173/page", "; did you mean 'http://localhost:5173'?"),
                ("*", ""),
                ("http://*.test", ""),
            ]
        ),
        (
            ["--token", ""],
            "--token: expected 1 to 1000 characters of ASCII, without a space at either end: it is sent in a"
            " header",
        ),
        (
            ["--data", "postgres://localhost/0"],
            "--data: expected the path of a file, such as sentry.db, or redis://HOST:PORT/DB, such as"
            " redis://127.0.0.1:6379/0, got 'postgres://localhost/0'",
        ),
        (
            ["--data", "redis://localhost/name"],
            "--data: expected redis://HOST:PORT/DB, such as redis://127.0.0.1:6379/0, got"
            " 'redis://localhost/name'",
        ),
        (["--hots", "x"], "there is no option --hots; did you mean '--host'?"),
        (
            ["--host", "example.invalid", "--port", "0"],
            "'example.invalid' is no address of this machine: choose 127.0.0.1 (this machine alone),"
            " 0.0.0.0 (all of its networks) or one of its own addresses",
        ),
    ],
)
def test_a_wrong_option_is_told(options: list[str], text: str, run: Run) -> None:
    assert run("serve", *options) == (
        2,
        "",
        f"sentryintegration serve: {text}\n(see sentryintegration serve --help)\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_soon(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "pytest_sentryintegration", "serve", "--port", "0", "--quiet"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)), ExitStack() as waiting:
            for path in ("messages?wait=600", "messages?follow=true", "stream"):
                client = waiting.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall(f"GET /api/captured/{path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
                if "wait" not in path:  # that one came before, and is answered with nothing yet
                    assert client.recv(4) == b"HTTP"
            process.send_signal(number)
            started = time.monotonic()
            _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - started < 20  # a second, on a machine that is not loaded
