"""Sentry's own ingestion code: the only module that touches ``sentry-relay``.

The library is loaded when it is first needed, and its traps are dealt with here: loading it turns on
Rust's backtraces for the whole process, and a rejection then costs 47 ms instead of 20 µs.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import ModuleType
from typing import Any

from pytest_sentryintegration.verdict.delivery import FUTURE, RETENTION

INSTALL = 'pip install "sentryintegration[relay]"'

_BACKTRACE = ("RUST_BACKTRACE", "RUST_LIB_BACKTRACE")


class RelayMissing(ImportError, RuntimeError):
    """``sentry-relay`` is not installed, or does not load here; the text says what to do.

    >>> event_id = capture_message("out of tea")
    >>> try:
    ...     stored = sentry_events.find("out of tea").verdict.stored
    ... except RelayMissing:
    ...     stored = None
    """


class Rejected(ValueError):
    """Relay would drop the event; the text is Relay's."""


_lock = threading.Lock()
_loaded: list[ModuleType | RelayMissing] = []


def processing() -> ModuleType:
    """Return the library's module ``sentry_relay.processing``, loaded once.

    Raises:
        RelayMissing: It is not installed or does not load; there are no wheels for Windows and Alpine.
    """
    if not _loaded:
        with _lock:
            if not _loaded:
                _loaded.append(_load())
    found = _loaded[0]
    if isinstance(found, RelayMissing):
        # A new one: an exception that is raised repeatedly accumulates tracebacks.
        raise RelayMissing(*found.args)
    return found


def available() -> bool:
    """Whether ``sentry-relay`` is installed and loads."""
    try:
        processing()
    except RelayMissing:
        return False
    return True


def _load() -> ModuleType | RelayMissing:
    with _without_backtraces():
        try:
            from sentry_relay import processing as module

            try:
                # Rust reads its environment at the first error and remembers what it read.
                module.StoreNormalizer().normalize_event(raw_event="{")
            except Exception:
                pass
        except (ImportError, OSError, AttributeError) as error:
            return RelayMissing(
                f"what Sentry would store is known by Sentry's own code alone, which is not here ({error}): "
                f"{INSTALL} (Linux with glibc, or macOS)"
            )
    return module


@contextmanager
def _without_backtraces() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _BACKTRACE}
    os.environ["RUST_LIB_BACKTRACE"] = "0"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def normalize(payload: bytes | str, *, project_id: str, client: str | None, received: datetime) -> Any:
    """Return the event in *payload* as Sentry would store it, with its ``_meta``.

    Args:
        payload: One event or transaction as JSON, already known to be strict JSON.
        project_id: The project it goes to.
        client: The sender, ``name/version``.
        received: When it came, in the sender's time.

    Raises:
        Rejected: Relay would drop it.
        RelayMissing: The library is not here.
    """
    module = processing()
    config: dict[str, Any] = {
        "project_id": int(project_id) if project_id.isdecimal() else 1,
        "key_id": "1",
        "protocol_version": "7",
        "received_at": received.isoformat(),
        "max_secs_in_past": RETENTION,
        "max_secs_in_future": FUTURE,
        "enable_trimming": True,
        "normalize_user_agent": True,
        "normalize_spans": True,
    }
    if client:
        config["client"] = client
    try:
        return module.StoreNormalizer(**config).normalize_event(raw_event=payload)
    except Exception as error:
        # The library's exceptions are generated; all that is known of them is their text.
        raise Rejected(str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def scrub(event: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Return *event* as the server-side scrubbing with these project *settings* leaves it.

    *settings* are those of Sentry's project options: ``scrubData``, ``scrubDefaults``,
    ``scrubIpAddresses``, ``sensitiveFields``, ``excludeFields``.

    Raises:
        RelayMissing: The library is not here.
    """
    module = processing()
    config = module.convert_datascrubbing_config(dict(settings))
    if not config:
        return json.loads(json.dumps(event))
    return module.pii_strip_event(config, event)
