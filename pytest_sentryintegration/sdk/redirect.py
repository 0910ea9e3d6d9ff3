"""Every client of this process sends to the fake Sentry, however and whenever it was made.

Patched are the three places through which all clients go on every SDK: ``get_options`` (a test's
own options, no Spotlight), ``make_transport`` (where it sends) and ``_init_impl`` (helpers that must not
inherit a test's scopes). What sends past them (a transport that the application made by hand, a client
from before, another copy of the SDK) is caught at the last moment, in ``_request``.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import sentry_sdk.client as sdk_client
import sentry_sdk.integrations as sdk_integrations
import sentry_sdk.utils as sdk_utils
from sentry_sdk.transport import HttpTransport, Transport, make_transport

from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.detaching import detach, inner, label_all
from pytest_sentryintegration.sdk.posting import Answer, HttpcoreAnswer
from pytest_sentryintegration.sdk.transport import Destination, RedirectedTransport

HTTP_TRANSPORTS: tuple[type[Transport], ...] = tuple(
    cls for cls in HttpTransport.__mro__ if issubclass(cls, Transport) and cls is not Transport
)
"""The SDK's transports that open connections: `HttpTransport` and what it is made of."""

_EXPORTER = "setup_otlp_traces_exporter"


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
        self.overrides: Callable[[], dict[str, Any]] = dict
        """Answers the options that the running test's marker lays over those of each client."""
        self._making = threading.local()

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
        if self._patched is not sdk_client._Client:
            self._patched = sdk_client._Client
            self._patch()
        transports = sys.modules.get("sentry_sdk.transport")
        if transports is not self._guarded and transports is not None:
            self._guarded = transports
            self._guard(transports)

    def _patch(self) -> None:
        self._replace(sdk_client, "get_options", self._get_options(sdk_client.get_options))
        self._replace(sdk_client, "make_transport", self._make_transport(make_transport))
        self._replace(sdk_client._Client, "_init_impl", self._init_impl(sdk_client._Client._init_impl))
        # Without release and SENTRY_RELEASE each init asks git, and leaves its call as a breadcrumb.
        revision = functools.lru_cache(maxsize=32)(_of_folder(sdk_utils.get_git_revision))
        self._replace(sdk_utils, "get_git_revision", lambda: revision(os.getcwd()))

    def uninstall(self) -> None:
        """Put the SDK's own functions back; clients keep the transports they have."""
        self._patched = self._guarded = self._otlp = None
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        old = getattr(owner, name)
        setattr(owner, name, new)

        def undo() -> None:
            if getattr(owner, name) is new:
                setattr(owner, name, old)

        self._undo.append(undo)

    def _get_options(self, original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        @functools.wraps(original)
        def get_options(*args: Any, **kwargs: Any) -> dict[str, Any]:
            self._making.arguments = (args, kwargs)
            kwargs = {**kwargs, **self.overrides()}
            with _without_spotlight():
                # In an empty context: what it runs (git) must not leave a breadcrumb in the test.
                options: dict[str, Any] = ownership.in_no_context(original, *args, **kwargs)
                return options

        get_options._sentryintegration = True  # type: ignore[attr-defined]
        return get_options

    def _make_transport(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def make_transport(options: dict[str, Any]) -> Any:
            if not self.wants(options):
                return original(options)
            transport = original({**options, "transport": self.transport_class, "_experiments": {}})
            inner(transport).options = options
            return transport

        return make_transport

    @functools.cached_property
    def transport_class(self) -> type[RedirectedTransport]:
        """The transport class of redirected clients."""
        return type("RedirectedTransport", (RedirectedTransport,), {"destination": self._destination})

    def wants(self, options: dict[str, Any]) -> bool:
        """Whether a client with these options is one to redirect: it has a DSN and would open connections."""
        dsn, transport = options.get("dsn"), options.get("transport")
        if not dsn or dsn == os.environ.get("PYTEST_SENTRY_DSN"):
            return False
        if transport is None:
            return True
        return isinstance(transport, type) and issubclass(transport, HTTP_TRANSPORTS)

    def _init_impl(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def _init_impl(client: Any) -> None:
            # An integration that one init disables could otherwise never be enabled by a later one.
            processed = sdk_integrations._processed_integrations
            processed.intersection_update(sdk_integrations._installed_integrations)
            otlp: Any = sys.modules.get("sentry_sdk.integrations.otlp")
            if otlp is not None and otlp is not self._otlp:
                self._otlp = otlp
                self._replace(otlp, _EXPORTER, self._setup_exporter(getattr(otlp, _EXPORTER)))
            with _without_spotlight():
                original(client)
            for disabled in client.options.get("disabled_integrations") or ():
                # Installed once a process: the init of another test may have been first.
                client.integrations.pop(getattr(disabled, "identifier", None), None)
            self._clients[id(client)] = client
            made_with = self._making.__dict__.pop("arguments", None)
            if made_with is not None:
                self.arguments[client] = made_with
            if redirected(client) is not None:
                client.spotlight = None
                label_all(client)
            detach(client)

        return _init_impl

    def _setup_exporter(self, original: Callable[..., None]) -> Callable[..., None]:
        # OpenTelemetry's exporter posts by itself, to the endpoint that is made of the DSN.
        @functools.wraps(original)
        def setup(dsn: str | None = None, collector_url: str | None = None) -> None:
            if not dsn or collector_url or not self._destination.guarded or not self.wants({"dsn": dsn}):
                original(dsn, collector_url=collector_url)
            elif self._destination.address is not None:
                parsed = sdk_utils.Dsn(dsn)
                original(f"http://{parsed.public_key}@{self._destination.address}/{parsed.project_id}")

        return setup

    def flush_spans(self, timeout: float) -> None:
        """Have OpenTelemetry's exporter send what it holds, where the SDK has set one up."""
        flush = getattr(self._otlp.get_tracer_provider(), "force_flush", None) if self._otlp else None
        if flush is not None:
            flush(int(timeout * 1000))

    def _guard(self, module: ModuleType) -> None:
        for cls in vars(module).values():
            if isinstance(cls, type) and "_request" in vars(cls):
                self._replace(cls, "_request", self._request(vars(cls)["_request"]))

    def _request(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def post(transport: Any, endpoint: Any, body: Any, headers: Any) -> Answer | None:
            dsn = transport.parsed_dsn
            if (
                dsn is None
                or not self._destination.guarded
                or not self.wants({"dsn": transport.options.get("dsn")})
            ):
                return None
            path = f"/api/{dsn.project_id}/{endpoint.value}/"
            return self._destination.post(ownership.current(), path, dict(headers), body)

        @functools.wraps(original)
        def _request(transport: Any, method: str, endpoint: Any, body: Any, headers: Any) -> Any:
            answer = post(transport, endpoint, body, headers)
            if answer is None:
                return original(transport, method, endpoint, body, headers)
            return answer if isinstance(transport, HttpTransport) else HttpcoreAnswer.of(answer)

        @functools.wraps(original)
        async def _request_async(transport: Any, method: str, endpoint: Any, body: Any, headers: Any) -> Any:
            answer = post(transport, endpoint, body, headers)
            if answer is None:
                return await original(transport, method, endpoint, body, headers)
            return HttpcoreAnswer.of(answer)

        return _request_async if inspect.iscoroutinefunction(original) else _request

    def swap(self, client: Any) -> Callable[[], None]:
        """Redirect a client that was made before the SDK was patched; returns what undoes it."""
        if redirected(client) is not None or client.transport is None or not self.wants(client.options):
            return lambda: None
        before = client.transport
        if not isinstance(before, HTTP_TRANSPORTS):
            return lambda: None
        client.transport = self.transport_class(client.options)
        label_all(client)
        detach(client)
        self._clients[id(client)] = client

        def undo() -> None:
            self._clients.pop(id(client), None)
            if redirected(client) is not None:
                client.transport.kill()
                client.transport = before

        return undo


def redirected(client: Any) -> RedirectedTransport | None:
    """Return the transport of a redirected client, ``None`` of any other."""
    transport = inner(getattr(client, "transport", None))
    return transport if isinstance(transport, RedirectedTransport) else None


def own_transport(client: Any) -> Transport | None:
    """Return the transport that the application brought along itself, ``None`` where it did not."""
    transport = getattr(client, "transport", None)
    if transport is None or redirected(client) is not None:
        return None
    if isinstance(transport, HTTP_TRANSPORTS) and transport is not client.options.get("transport"):
        return None
    return transport  # type: ignore[no-any-return]


def _of_folder(get_revision: Callable[[], str | None]) -> Callable[[str], str | None]:
    return lambda folder: get_revision()


@contextmanager
def _without_spotlight() -> Iterator[None]:
    """Hide ``SENTRY_SPOTLIGHT``: a client that heeds it posts each envelope once more, and synchronously."""
    value = os.environ.pop("SENTRY_SPOTLIGHT", None)
    try:
        yield
    finally:
        if value is not None:
            os.environ["SENTRY_SPOTLIGHT"] = value
