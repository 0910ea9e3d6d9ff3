"""``init``, process-wide tags, ``flush`` and ``close``."""

from __future__ import annotations

import contextvars
import logging
import os
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import sentry_sdk

from sentryintegration import _repair
from sentryintegration._fields import fields, set_fields, sync_fields
from sentryintegration._guard import failed, guarded, log, repaired, shown
from sentryintegration._internals import MARKS, QUEUE, optional
from sentryintegration._ledger import existing_ledger, ledger_of, start_threads
from sentryintegration._printing import PrintingTransport
from sentryintegration._sdk import is_absent

_QUEUEING = tuple(
    kind
    for name in ("HttpTransport", "Http2Transport", "AsyncHttpTransport")
    if (kind := optional(f"transport.{name}")) is not None
)
"""The SDK's transports that send from a queue."""

DRY_DSN = "https://dry@localhost/1"


def init(
    dsn: str | None = None,
    *,
    traces_sample_rate: float | None = None,
    traces_sampler: Callable[[Any], float | bool] | None = None,
    release: str | None = None,
    environment: str | None = None,
    debug: bool | None = None,
    dry_mode: bool | None = None,
    **options: Any,
) -> None:
    """Start reporting to Sentry. The one call that raises.

    >>> init("fake", traces_sample_rate=1.0, release="shop@1.2", environment="test")
    >>> close()
    True

    Args:
        dsn: Where to report to; by default the environment's ``SENTRY_DSN``. With neither, or with ``""``,
            everything else is a safe no-op, unless ``transport`` or ``spotlight`` is given. ``"fake"`` is
            the same as ``dry_mode=True``.
        traces_sample_rate: The share of transactions that is sent, 0 to 1. Without it and a sampler, none.
        traces_sampler: Decides for each transaction.
        release: The version of the application.
        environment: Where it is deployed.
        debug: The SDK logs what it does.
        dry_mode: The SDK runs, each envelope is printed on stderr, and nothing is sent.
        **options: Others of ``sentry_sdk.init``.

    Raises:
        ValueError: The DSN is malformed, the rate is not from 0 to 1, or there are both a rate and a sampler.
        TypeError: An option that the installed SDK does not know.
    """
    _check_sampling(traces_sample_rate, traces_sampler)
    if dsn is None:
        dsn = os.environ.get("SENTRY_DSN") or None
    dry = bool(dry_mode) or dsn == "fake"
    if dsn == "fake" or (dry and not dsn):
        dsn = DRY_DSN
    if dsn:
        _check_dsn(dsn)
    given: dict[str, Any] = dict(options, dsn=dsn)
    own = {"traces_sample_rate": traces_sample_rate, "traces_sampler": traces_sampler, "debug": debug}
    given.update((name, value) for name, value in own.items() if value is not None)
    if dry:
        given["transport"] = PrintingTransport()
    named: dict[str, str] = {}
    for name, value in (("release", release), ("environment", environment), ("dist", options.get("dist"))):
        valid = _repair.field(name, value)
        if valid is not None:
            named[name] = valid
    given.update({**fields(), **named})

    old = sentry_sdk.get_global_scope().client
    replaces = not is_absent(old) and old.is_active() and getattr(old, "transport", None) is not None
    if replaces:
        log(
            logging.WARNING,
            "init was called again: the first client is replaced, and closed in the background",
        )
    if not dsn and not any(options.get(name) for name in ("transport", "spotlight")):
        why = 'dsn is ""' if dsn == "" else "neither dsn nor SENTRY_DSN is given"
        log(logging.WARNING, "%s: nothing will be reported to Sentry", why)
        if replaces or dsn == "":  # off: a client that does not count as initialised reports no more, too
            sentry_sdk.get_global_scope().set_client(None)
    else:
        sentry_sdk.init(**given)
        _complete(sentry_sdk.get_global_scope().client, named)
    if replaces:
        _close_in_background(old)


@guarded(lambda: None)
def _complete(client: Any, named: dict[str, str]) -> None:
    """Set up a new client further, by internals of the SDK: a failure is logged."""
    ledger_of(client)
    _repair_defaults(client)
    set_fields(named)
    if MARKS.usable:
        sync_fields(client)
    start_threads(client)


@guarded(lambda: None)
def set_tag(key: str, value: object) -> None:
    """Set a tag of everything that this process sends, before or after :func:`init`.

    For what is true of the deployment. ``release``, ``environment`` and ``dist`` set the field itself. For
    a tag of one event or transaction give ``tags=`` to the call, for one of a request use
    ``sentry_sdk.set_tag``: this one would reach the requests of other users too.

    >>> set_tag("region", "eu-1")
    >>> set_tag("release", "shop@1.2")

    Args:
        key: Its name, up to 200 characters of letters, digits and ``_.:-``; others are replaced.
        value: Anything; it is sent as one line of text, of up to 200 characters.
    """
    if isinstance(key, str) and key in _repair.FIELDS:
        valid = _repair.field(key, value)
        if valid is not None:
            set_fields({key: valid})
        return
    name, text = _repair.tag_key(key), _repair.tag_value(value)
    scope = sentry_sdk.get_global_scope()
    scope.set_tag(name, text)
    if hasattr(scope, "set_attribute"):
        scope.set_attribute(name, text)


def flush(timeout: float = 2.0) -> bool:
    """Wait until what was captured is sent, at most *timeout* seconds.

    Returns:
        ``False`` when something is still unsent.

    >>> flush()
    True
    """
    try:
        return _flush(sentry_sdk.get_client(), _repair.seconds(timeout, 2.0))
    except Exception:
        failed("flush")
        return False


def close(timeout: float = 2.0) -> bool:
    """Finish and send what is open, wait for it at most *timeout* seconds, and stop reporting.

    Returns:
        ``False`` when something was still unsent.

    >>> close()
    True
    """
    try:
        client = sentry_sdk.get_client()
        if is_absent(client):
            return True
        ledger = existing_ledger(client)
        if ledger is not None:
            ledger.end_all()
        done = _flush(client, _repair.seconds(timeout, 2.0))
        client.close(timeout=0)
        return done
    except Exception:
        failed("close")
        return False


def _flush(client: Any, timeout: float) -> bool:
    transport = getattr(client, "transport", None)
    if transport is None:
        return True
    if getattr(client, "_has_async_transport", bool)():
        repaired("this transport can be flushed by its own event loop only")
        return False
    client.flush(timeout=timeout)
    queue = getattr(getattr(transport, "_worker", None), "_queue", None)
    unfinished = getattr(queue, "unfinished_tasks", None)
    if unfinished is None and isinstance(transport, _QUEUEING):
        QUEUE.report(*QUEUE.names)
        return False
    return not unfinished


def _check_sampling(rate: Any, sampler: Any) -> None:
    if rate is not None and sampler is not None:
        raise ValueError(
            f"traces_sample_rate={shown(rate)} and traces_sampler={shown(sampler)} are both given: "
            "leave one out; a sampler can return the rate"
        )
    number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if rate is not None and not (number and 0 <= rate <= 1):
        raise ValueError(f"traces_sample_rate={shown(rate)} is not a share: give a number from 0 to 1")
    if sampler is not None and not callable(sampler):
        raise ValueError(
            f"traces_sampler={shown(sampler)} cannot be called: give a function that returns 0 to 1"
        )


def _check_dsn(dsn: Any) -> None:
    form = "a DSN looks like https://<public key>@<host>/<project number>"
    if not isinstance(dsn, str):
        raise ValueError(f"dsn={shown(dsn)} is no string: {form}")
    try:
        parts = urlsplit(dsn.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"dsn={dsn!r} is malformed ({error}): {form}") from None
    if parts.scheme not in ("http", "https"):
        wrong = f"has the scheme {parts.scheme!r} instead of http or https"
    elif not parts.username:
        wrong = "has no public key before the @"
    elif not host:
        wrong = "has no host after the @"
    elif not parts.path.rsplit("/", 1)[-1]:
        wrong = "has no project number at its end"
    elif not re.fullmatch("[0-9]+", parts.path.rsplit("/", 1)[-1]):
        wrong = f"ends with {parts.path.rsplit('/', 1)[-1]!r} instead of a project number"
    else:
        return
    raise ValueError(f"dsn={dsn!r} {wrong}: {form}")


def _repair_defaults(client: Any) -> None:
    """Repair the fields that the SDK took from the environment, such as ``SENTRY_RELEASE``."""
    for name in _repair.FIELDS:
        value = client.options.get(name)
        if value is not None:
            valid = _repair.field(name, value)
            if valid != value:
                client.options[name] = valid


@guarded(lambda: None)
def _close_in_background(client: Any) -> None:
    ledger = existing_ledger(client)
    successor = ledger_of(sentry_sdk.get_global_scope().client)
    if ledger is not None and successor is not None:
        successor.adopt(ledger)
    # Not a daemon: the process must not end before the first client has sent its events.
    thread = threading.Thread(target=_close_quietly, args=(client,), name="sentryintegration.close")
    try:
        contextvars.Context().run(thread.start)
    except RuntimeError:
        _close_quietly(client)


def _close_quietly(client: Any) -> None:
    try:
        client.close(timeout=2.0)
    except Exception:
        failed("closing the first client")
