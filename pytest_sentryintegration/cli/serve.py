"""``serve``: a fake Sentry that runs until it is ended."""

from __future__ import annotations

import re
import secrets
import sys
import time
from argparse import Namespace
from contextlib import suppress
from functools import partial
from typing import Final

from pytest_sentryintegration.cli import DONE, Terminated
from pytest_sentryintegration.cli.asking import PORT, token_text
from pytest_sentryintegration.cli.options import Command, Option, WrongUse, seconds, whole_number
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.server.listening import ListenError, PortBusyError
from pytest_sentryintegration.settings import host_name
from pytest_sentryintegration.store import OLDEST, HolderError
from pytest_sentryintegration.web.access import Access, is_loopback
from pytest_sentryintegration.web.app import Web


def _run(options: Namespace) -> int:
    access = _access(options)
    try:
        sentry = FakeSentry(
            strict=options.strict,
            host=options.host,
            port=options.port,
            limit=options.limit,
            max_age=options.max_age,
            data=options.data,
            web=partial(Web, access=access),
        )
    except HolderError as error:
        raise WrongUse(f"--data: {error}") from None
    if sentry.notice:
        sys.stderr.write(f"sentryintegration serve: {sentry.notice}\n")
    with sentry:
        try:
            sentry.start()
        except PortBusyError as error:
            raise WrongUse(_busy(options.host, options.port, error.is_fake)) from None
        except ListenError as error:
            raise WrongUse(str(error)) from None
        # Around the greeting, too: who has read it may end it at once.
        with suppress(KeyboardInterrupt, Terminated):
            if options.quiet and access.token and not options.token:
                # Nobody could read without it.
                sys.stderr.write(_told(access.token))
            sys.stdout.write(sentry.dsn() + "\n" if options.quiet else _addresses(sentry, access.token))
            sys.stdout.flush()
            until_ended()
    return DONE


def until_ended() -> None:
    """Sleep until SIGINT or SIGTERM raises."""
    while True:
        # In pieces: a signal that comes just before a sleep begins is seen at its end. Not by Event.wait,
        # which Ctrl-C does not end on Windows.
        time.sleep(0.25)


def _busy(host: str, port: int, is_fake: bool) -> str:
    holder, instead = "another program", ""
    if is_fake:
        holder, instead = "another fake Sentry", f"use that one (--server http://{host}:{port}), end it, or "
    instead += "choose another port (--port 0 takes a free one)"
    return f"port {port} of {host} is in use by {holder}: {instead}"


def _access(options: Namespace) -> Access:
    elsewhere = not is_loopback(options.host)
    token = options.token or (secrets.token_urlsafe(16) if elsewhere else "")
    # The address that it was told to listen on is a name of this machine, too.
    return Access(token, {*options.allow_host, options.host}, set(options.allow_origin), elsewhere)


def _addresses(sentry: FakeSentry, token: str) -> str:
    lines = [
        f"DSN    {sentry.dsn()}",
        f"Viewer {sentry.url}/",
        f"API    {sentry.url}/api/captured/",
    ]
    return "\n".join(lines) + "\n" + (_told(token) if token else "")


def _told(token: str) -> str:
    return f"token  {token}   (to read: Authorization: Bearer ...)\n"


def _age(text: str) -> float:
    if not 0 < seconds(text) <= OLDEST:
        raise ValueError(
            f"expected a number of seconds above 0 and up to {OLDEST}, such as 3600, got {text!r}"
        )
    return seconds(text)


def _host(text: str) -> str:
    return host_name("the name", text.strip().removeprefix("[").removesuffix("]").rstrip(".").lower())


def _origin(text: str) -> str:
    """Return an origin as browsers write it, without the port that its scheme has anyway."""
    given = text.strip().lower().rstrip("/")
    found = _ORIGIN.match(given if "://" in given else f"http://{given}")
    if found is None or found[0] != given:
        hint = f"; did you mean {found[0]!r}?" if found is not None else ""
        raise ValueError(f"expected one origin, such as http://localhost:5173, got {text!r}{hint}")
    port = {"http": ":80", "https": ":443"}.get(found[1], "")
    return given.removesuffix(port)


_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://[^/?#@*\s]+")


def _data(text: str) -> str:
    scheme = text.partition("://")[0] if "://" in text else ""
    if not text or scheme not in ("", "redis", "rediss"):
        raise ValueError(
            "expected the path of a file, such as sentry.db, or redis://HOST:PORT/DB, such as"
            f" redis://127.0.0.1:6379/0, got {text!r}"
        )
    return text


SERVE: Final = Command(
    "serve",
    "[options]",
    "Runs a fake Sentry until it is ended (Ctrl-C). Prints its DSN, and where to ask\n"
    "for what came. Sending is open to all who reach it. Reading is for this machine\n"
    "alone; where --host is an address that others reach, it needs a token, and one\n"
    "is made and printed where none is given.",
    (
        Option("host", "the address to listen on", "ADDRESS", read=_host, default="127.0.0.1"),
        Option(
            "port",
            "the port; 0 takes a free one",
            "PORT",
            read=partial(whole_number, least=0, most=65535),
            default=PORT,
        ),
        Option(
            "allow-host", "a further name by which readers may ask for it", "NAME", read=_host, repeated=True
        ),
        Option(
            "allow-origin",
            "pages that may read, such as http://localhost:5173",
            "ORIGIN",
            read=_origin,
            repeated=True,
        ),
        Option("token", "what readers must send as 'Authorization: Bearer TEXT'", "TEXT", read=token_text),
        Option("strict", "refuse what real Sentry refuses, toy keys included"),
        Option(
            "limit",
            "how many requests are kept; the oldest are evicted first",
            "COUNT",
            read=partial(whole_number, least=1, most=10**9),
            default=10_000,
        ),
        Option("max-age", "after how many seconds a request is evicted", "SECONDS", read=_age),
        Option(
            "data",
            "an SQLite file that keeps them across restarts and kill -9, or a Redis that several share",
            "FILE|redis://HOST:PORT/DB",
            read=_data,
        ),
        Option("quiet", "print the DSN alone; a token that was made goes to stderr"),
    ),
    _run,
)
