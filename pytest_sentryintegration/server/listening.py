"""Why the fake Sentry's port cannot be opened, said with what to do about it."""

from __future__ import annotations

import errno
import socket

_PROBE = b"GET /api/relay/healthcheck/live/ HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\r\n"


class ListenError(OSError):
    """The fake Sentry cannot listen where it was told to; the text says what to do.

    >>> FakeSentry(host="192.0.2.1").start()
    Traceback (most recent call last):
    pytest_sentryintegration.server.listening.ListenError: '192.0.2.1' is no address of this machine: ...
    """


class PortBusyError(ListenError):
    """The port that the fake Sentry was told to use is taken.

    >>> with FakeSentry() as sentry, FakeSentry(port=sentry.port) as second:
    ...     second.start()
    Traceback (most recent call last):
    pytest_sentryintegration.server.listening.PortBusyError: port ... of 127.0.0.1 is in use by ...
    """

    is_fake = False
    """Whether another fake Sentry has it."""


def listen_error(host: str, port: int, error: OSError) -> ListenError:
    """Return what to raise in place of *error*, which listening on *host* and *port* raised."""
    if error.errno == errno.EADDRINUSE:
        is_fake = _is_fake(host, port)
        holder = "the fake Sentry of another process, such as another xdist worker"
        if not is_fake:
            holder = "another program"
        busy = PortBusyError(
            f"port {port} of {host} is in use by {holder}: only one process can have it; choose another, or "
            "0 for a free one, and hand out sentry_server.dsn(); under pytest-xdist every worker wants the "
            "port, so run the tests that need it without workers (-n 0)"
        )
        busy.is_fake = is_fake
        return busy
    if error.errno == errno.EACCES:
        return ListenError(
            f"port {port} is reserved for the system: choose one from 1024, or 0 for a free one"
        )
    # asyncio's own "could not bind on any address" has no number.
    unbound = error.errno is None and "could not bind" in str(error)
    if isinstance(error, socket.gaierror) or unbound or error.errno == errno.EADDRNOTAVAIL:
        return ListenError(
            f"{host!r} is no address of this machine: choose 127.0.0.1 (this machine alone), 0.0.0.0 (all of "
            "its networks) or one of its own addresses"
        )
    return ListenError(f"cannot listen on port {port} of {host}: {error}")


def _is_fake(host: str, port: int) -> bool:
    """Whether a fake Sentry answers there."""
    try:
        # Not http.client, which the SDK instruments.
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(_PROBE)
            return b"\r\nserver: sentryintegration\r\n" in connection.recv(4096)
    except OSError:
        return False
