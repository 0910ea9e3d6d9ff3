"""A port or an address that the fake Sentry cannot have: what it says then."""

from __future__ import annotations

import errno
import socket

import pytest

from pytest_sentryintegration import FakeSentry, ListenError, PortBusyError
from pytest_sentryintegration.server.listening import listen_error

WHAT_TO_DO = (
    ": only one process can have it; choose another, or 0 for a free one, and hand out sentry_server.dsn(); "
    "under pytest-xdist every worker wants the port, so run the tests that need it without workers (-n 0)"
)


def test_a_port_of_another_fake_is_said_to_be_one() -> None:
    with FakeSentry() as first, FakeSentry(port=first.port) as second:
        with pytest.raises(PortBusyError) as busy:
            second.start()

        assert str(busy.value) == (
            f"port {first.port} of 127.0.0.1 is in use by the fake Sentry of another process, such as "
            f"another xdist worker{WHAT_TO_DO}"
        )


def test_a_port_of_another_program_is_said_to_be_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        port = other.getsockname()[1]
        with FakeSentry(port=port) as sentry, pytest.raises(PortBusyError) as busy:
            sentry.start()

    assert str(busy.value) == f"port {port} of 127.0.0.1 is in use by another program{WHAT_TO_DO}"


def test_an_address_of_another_machine_is_named() -> None:
    with FakeSentry(host="203.0.113.7") as sentry, pytest.raises(ListenError) as failure:
        sentry.start()

    assert str(failure.value) == (
        "'203.0.113.7' is no address of this machine: choose 127.0.0.1 (this machine alone), 0.0.0.0 (all of "
        "its networks) or one of its own addresses"
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name or service not known"), "'host' is no address of this machine: "),
        (OSError("could not bind on any address"), "'host' is no address of this machine: "),
        (PermissionError(errno.EACCES, "denied"), "port 80 is reserved for the system: choose one from 1024"),
        (OSError(errno.EMFILE, "too many open files"), "cannot listen on port 80 of host: "),
    ],
)
def test_what_else_keeps_it_from_listening_is_said(error: OSError, text: str) -> None:
    assert str(listen_error("host", 80, error)).startswith(text)
