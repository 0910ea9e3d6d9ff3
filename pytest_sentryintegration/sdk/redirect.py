"""Every client of this process sends to the fake Sentry, however and whenever it was made.

Patched are two places through which all clients go on every SDK: ``Client.__init__`` and ``__setstate__`` (a
test's own options, which transport, no Spotlight, helpers that must not inherit a test's scopes). What sends
past them (a transport that the application made by hand, a client from before, another copy of the SDK) is
caught at the last moment, where a transport asks its pool of connections to POST.
"""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import sentry_sdk
import sentry_sdk.integrations as sdk_integrations
import sentry_sdk.utils as sdk_utils

from pytest_sentryintegration.sdk import ownership, scopes
from pytest_sentryintegration.sdk.detaching import detach, label_all
from pytest_sentryintegration.sdk.exporting import redirected_setup
from pytest_sentryintegration.sdk.hook import original_of
from pytest_sentryintegration.sdk.installing import installing_again
from pytest_sentryintegration.sdk.pool import Pool
from pytest_sentryintegration.sdk.posting import Answer
from pytest_sentryintegration.sdk.pytest_sentry_client import Transports, is_of_pytest_sentry
from pytest_sentryintegration.sdk.stacklevels import uncounted
from pytest_sentryintegration.sdk.transport import Destination
from pytest_sentryintegration.sdk.transport_classes import (
    HTTP_TRANSPORTS,
    TransportClasses,
    http_transports,
    redirected,
    wants,
)


class Redirect:
    """The patched SDK. One a process, counted: pytest may run inside pytest.

    Args:
        destination: where envelopes go.
    """

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._undo: list[Callable[[], None]] = []
        self._patched: type | None = None
        self._guarded: ModuleType | None = None
        self._otlp: Any = None
        self._clients: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self.arguments: weakref.WeakKeyDictionary[Any, tuple[tuple[Any, ...], dict[str, Any]]] = (
            weakref.WeakKeyDictionary()
        )
        """What each of them was made with, before a test's options were laid over it."""
        self._switched_off: weakref.WeakSet[Any] = weakref.WeakSet()
        """Clients that were made without a DSN inside of a capture, where ``SENTRY_DSN`` is set."""
        self._of_pytest_sentry = Transports()
        self._classes = TransportClasses(destination)
        self.overrides: Callable[[], dict[str, Any]] = dict
        """Returns the options that the running test's marker lays over those of each client."""

    @property
    def clients(self) -> list[Any]:
        """Every client made since that is still there, redirected or not."""
        # Not by iterating: another thread may make a client meanwhile.
        return [client for reference in self._clients.valuerefs() if (client := reference()) is not None]

    @property
    def installed(self) -> bool:
        """Whether the SDK is patched."""
        return bool(self._undo)

    def install(self) -> None:
        """Patch the SDK; a second call does nothing, unless the SDK was loaded anew."""
        if self._patched is not sentry_sdk.Client:
            self._patched = sentry_sdk.Client
            self._undo.append(scopes.follow_contexts())
            for name, wrap in (("__init__", self._init), ("__setstate__", self._setstate)):
                method = original_of(getattr(sentry_sdk.Client, name))
                self._replace(sentry_sdk.Client, name, wrap(method))
            self._cache_revision()
        transports = sys.modules.get("sentry_sdk.transport")
        if transports is not self._guarded and transports is not None:
            self._guarded = transports
            self._guard(transports)

    def _cache_revision(self) -> None:
        # Without release and SENTRY_RELEASE each init asks git, and leaves its call as a breadcrumb.
        ask = getattr(sdk_utils, "get_git_revision", None)
        if ask is not None:
            of_folder = functools.lru_cache(maxsize=32)(lambda _folder: ownership.in_no_context(ask))
            self._replace(sdk_utils, "get_git_revision", lambda: of_folder(os.getcwd()))

    def uninstall(self) -> None:
        """Put the SDK's own functions back; clients keep the transports they have."""
        self._patched = self._guarded = self._otlp = None
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        old = original_of(getattr(owner, name))
        setattr(owner, name, new)

        def undo() -> None:
            if getattr(owner, name) is new:
                setattr(owner, name, old)

        self._undo.append(undo)

    def _init(self, original: Callable[..., None]) -> Callable[..., None]:
        @uncounted
        @functools.wraps(original)
        def __init__(client: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            __tracebackhide__ = True
            overrides = self.overrides()
            options = {**_options(args, kwargs), **overrides}
            with self._making(client, options.get("transport")):
                original(client, *args, **{**kwargs, **overrides, **self._instead(client, options)})
            self.arguments[client] = (args, kwargs)

        __init__._sentryintegration = True  # type: ignore[attr-defined]
        return __init__

    def _setstate(self, original: Callable[..., None]) -> Callable[..., None]:
        @uncounted
        @functools.wraps(original)
        def __setstate__(client: Any, state: Any) -> None:  # noqa: N807
            __tracebackhide__ = True
            options = state["options"]
            with self._making(client, options.get("transport")):
                options.update(self._instead(client, options))
                original(client, state)

        return __setstate__

    @contextmanager
    def _making(self, client: Any, transport: Any) -> Iterator[None]:
        """Prepare the SDK for a new client, and look after the client once it is made.

        Args:
            client: the new client.
            transport: which transport its options name, in place of which it gets a redirected one.
        """
        _forget_failed_integrations()
        self._redirect_exporter()
        try:
            with _without_spotlight(), installing_again(client):
                yield
        finally:
            if "transport" in getattr(client, "options", ()):
                client.options["transport"] = transport
        for disabled in client.options.get("disabled_integrations") or ():
            # Installed once a process: the init of another test may have been first.
            client.integrations.pop(getattr(disabled, "identifier", None), None)
        self._clients[id(client)] = client
        if redirected(client) is not None:
            client.spotlight = None
            label_all(client)
        elif not client.options.get("dsn") and ownership.running() is not None:
            self._switched_off.add(client)
        detach(client)

    def _instead(self, client: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options to lay over those of a client, so that it is redirected."""
        if is_of_pytest_sentry(client) or not wants(options):
            return {}
        return {"transport": self._classes.instead_of(options.get("transport"))}

    def _redirect_exporter(self) -> None:
        otlp: Any = sys.modules.get("sentry_sdk.integrations.otlp")
        if otlp is not None and otlp is not self._otlp:
            integration = getattr(otlp, "OTLPIntegration", None)
            setup = getattr(integration, "setup_once_with_options", None)
            if setup is not None:  # it may be imported just now, in another thread
                self._otlp = otlp
                redirected = redirected_setup(setup, self._destination, wants)
                self._replace(integration, "setup_once_with_options", redirected)

    def _guard(self, module: ModuleType) -> None:
        """See that what asks a transport's pool of connections to POST is answered by the fake Sentry."""
        cls = http_transports(module)[-1]
        before = vars(cls).get("_pool")

        def get(transport: Any) -> Pool:
            return Pool(functools.partial(self._post, transport), lambda: vars(transport)["_pool"])

        guard = property(get, lambda transport, pool: vars(transport).update(_pool=pool))

        def undo() -> None:
            if vars(cls).get("_pool") is guard:
                if before is None:
                    del cls._pool
                else:
                    cls._pool = before

        cls._pool = guard
        self._undo.append(undo)

    def _post(self, transport: Any, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        if not self._destination.guarded or not transport.options.get("dsn"):
            return None
        if self._of_pytest_sentry.has(transport):
            return None
        return self._destination.post(ownership.current(), path, headers, body)

    def swap(self, client: Any, dsn: str) -> Callable[[], None] | None:
        """Redirect a client of before the SDK was patched, or one without a DSN of before the capture.

        Args:
            client: that client; any other is left alone.
            dsn: what it works with if it has none.

        Returns:
            What undoes it; ``None`` where there is nothing to undo.
        """
        before, given = client.transport, client.options.get("dsn")
        is_off = before is None and not given and isinstance(client, sentry_sdk.Client)
        if before is None and not is_off:
            return None
        if not is_off and not (isinstance(before, HTTP_TRANSPORTS) and wants(client.options)):
            return None
        if redirected(client) is not None or client in self._switched_off or is_of_pytest_sentry(client):
            return None
        monitor, known = getattr(client, "monitor", None), id(client) in self._clients
        own = client.options.get("transport")
        if is_off:
            client.options["dsn"] = dsn
        make = self._classes.instead_of(own) if wants(client.options) else own
        client.transport = make(client.options)
        label_all(client)
        detach(client)
        self._clients[id(client)] = client

        def undo() -> None:
            if not known:
                self._clients.pop(id(client), None)
            if client.transport is not None:
                client.transport.kill()
            client.transport, client.monitor = before, monitor
            if is_off:
                client.options["dsn"] = given

        return undo


def _options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a client is made with, its DSN from wherever the SDK takes it."""
    first = args[0] if args else None
    options = {**first, **kwargs} if isinstance(first, Mapping) else dict(kwargs)
    if options.get("dsn") is None:
        options["dsn"] = os.environ.get("SENTRY_DSN") if isinstance(first, (Mapping, type(None))) else first
    return options


def _forget_failed_integrations() -> None:
    # An integration that one init disables could otherwise never be enabled by a later one.
    processed = getattr(sdk_integrations, "_processed_integrations", None)
    installed = getattr(sdk_integrations, "_installed_integrations", None)
    if processed is not None and installed is not None:
        processed.intersection_update(installed)


@contextmanager
def _without_spotlight() -> Iterator[None]:
    """Hide ``SENTRY_SPOTLIGHT``: a client that heeds it posts each envelope once more, and synchronously."""
    value = os.environ.pop("SENTRY_SPOTLIGHT", None)
    try:
        yield
    finally:
        if value is not None:
            os.environ["SENTRY_SPOTLIGHT"] = value
