"""What is said of a stream that cannot be used, where no Redis is needed to see it."""

from __future__ import annotations

import socket
import sys

import pytest

from pytest_sentryintegration import FakeSentry
from pytest_sentryintegration.store import HolderError
from pytest_sentryintegration.store.stream import Stream


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://", "redis://"),
        ("redis:///0", "redis:///0"),
        ("redis://host/name", "redis://host/name"),
        ("redis://host/-1", "redis://host/-1"),
        ("redis://host/0/1", "redis://host/0/1"),
        ("redis://host:port/0", "redis://host:port/0"),
        ("redis://host:99999/0", "redis://host:99999/0"),
        ("redis://host/0?db=1", "redis://host/0?db=1"),
        ("redis://[::1/0", "redis://[::1/0"),
        ("redis://me:secret@host/x", "redis://...@host/x"),
        ("redis://me:sec/ret@host/x@y", "redis://...@y"),
    ],
)
def test_a_url_that_is_none_says_what_was_expected(url: str, shown: str) -> None:
    with pytest.raises(HolderError) as caught:
        FakeSentry(data=url)

    assert str(caught.value) == (
        f"expected redis://HOST:PORT/DB, such as redis://127.0.0.1:6379/0, got {shown!r}"
    )


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://cache", "cache:6379/0"),
        ("redis://cache/3", "cache:6379/3"),
        ("rediss://me:s%40cret@cache:6380/", "cache:6380/0"),
        ("redis://[::1]:7/0", "::1:7/0"),
    ],
)
def test_a_stream_shows_where_it_is_without_its_password(url: str, where: str) -> None:
    assert repr(Stream(url)) == f"Stream({where})"


def test_a_redis_that_is_not_there_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}/0"

        with pytest.raises(HolderError) as caught:
            FakeSentry(data=f"redis://me:secret@{where}")

    said = str(caught.value)
    assert said.startswith(f"cannot use Redis at {where}: ")
    assert ("refused" in said, "secret" in said, "\n" in said) == (True, False, False)


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    for name in ("stream", "replica"):
        monkeypatch.delitem(sys.modules, f"pytest_sentryintegration.store.{name}", raising=False)

    with pytest.raises(HolderError) as caught:
        FakeSentry(data="redis://127.0.0.1/0")

    assert str(caught.value) == (
        "redis:// needs a package that is not installed: pip install 'sentryintegration[pytest,cluster]'"
    )
