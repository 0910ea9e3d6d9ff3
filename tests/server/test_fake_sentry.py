"""Where the fake Sentry listens, and what it hands to other processes."""

from __future__ import annotations

import os
import re
import socket
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from pytest_sentryintegration import FakeSentry
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.server.fake_sentry import Answering


def test_all_addresses_are_reached_by_the_loopback_one() -> None:
    with FakeSentry(host="0.0.0.0") as sentry:
        assert sentry.url == f"http://127.0.0.1:{sentry.port}"
        socket.create_connection((sentry.host, sentry.port), timeout=10).close()


def test_what_answers_beside_ingest_is_made_when_a_path_of_no_endpoint_is_first_asked_for() -> None:
    made: list[FakeSentry] = []

    def make(sentry: FakeSentry) -> Answering:
        made.append(sentry)
        return lambda request, client: Reply(200, [], request.target.encode())

    with FakeSentry(web=make) as sentry:
        with urlopen(f"{sentry.url}/api/1/envelope/?sentry_key=public", b"{}", timeout=60) as answer:
            assert (answer.read(), made) == (b"{}", [])
        for path in ("/one", "/two"):
            with urlopen(sentry.url + path, timeout=60) as answer:
                assert answer.read() == path.encode()

    assert made == [sentry]


def test_a_fixed_port_is_the_one_it_listens_on() -> None:
    with FakeSentry() as first:
        port = first.port

    with FakeSentry(port=port) as second:
        assert second.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "netloc"),
    [
        (None, "127.0.0.1"),
        ("host.docker.internal", "host.docker.internal"),
        ("10.0.0.7", "10.0.0.7"),
        ("fe80::1", "[fe80::1]"),
    ],
)
def test_a_dsn_may_name_this_machine_as_others_do(host: str | None, netloc: str) -> None:
    with FakeSentry() as sentry:
        dsn = urlsplit(sentry.dsn(7, host=host))

        assert (dsn.netloc.rpartition("@")[2], dsn.path) == (f"{netloc}:{sentry.port}", "/7")


@pytest.mark.parametrize(
    ("host", "nearest"),
    [
        ("http://host.docker.internal", "host.docker.internal"),
        ("host.docker.internal:9000", "host.docker.internal"),
        ("http://key@10.0.0.7:9000/1", "10.0.0.7"),
        ("[::1]", "::1"),
        ("", "127.0.0.1"),
        ("my host", "127.0.0.1"),
    ],
)
def test_a_host_that_is_none_is_an_error_that_names_the_nearest(host: str, nearest: str) -> None:
    said = f"host = {host!r} is not a host name or an address; did you mean {nearest!r}?"
    with FakeSentry() as sentry, pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        sentry.dsn(host=host)


def test_the_environment_is_complete_and_passes_by_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_TRACE", "1-2-1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeSentry() as sentry:
        direct = "127.0.0.1,localhost"
        expected = {**os.environ, "SENTRY_DSN": sentry.dsn(), "no_proxy": direct}
        expected["NO_PROXY"] = f"example.com,{direct}"
        del expected["SENTRY_TRACE"]

        assert {**sentry.env, "SENTRY_SPOTLIGHT": ""} == {**expected, "SENTRY_SPOTLIGHT": ""}
