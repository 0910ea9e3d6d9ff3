"""Which transports clients have, and which ones they get instead of these, so that they are redirected."""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Mapping
from typing import Any

import sentry_sdk
from sentry_sdk import Transport

from pytest_sentryintegration.sdk.detaching import inner
from pytest_sentryintegration.sdk.transport import Destination, Redirected, RedirectedTransport

TRANSPORTS = sentry_sdk.HttpTransport.__module__


def http_transports(sdk: Any) -> tuple[Any, ...]:
    """Return the transports of *sdk* that open connections: `HttpTransport` and what it is made of."""
    return tuple(cls for cls in sdk.HttpTransport.__mro__ if cls not in sdk.Transport.__mro__)


HTTP_TRANSPORTS: tuple[type[Transport], ...] = http_transports(sentry_sdk)


def wants(options: Mapping[str, Any]) -> bool:
    """Whether a client with these options is one to redirect: it has a DSN and would open connections."""
    dsn, transport = options.get("dsn"), options.get("transport")
    if not dsn:
        return False
    if transport is None:
        return True
    return isinstance(transport, type) and issubclass(transport, HTTP_TRANSPORTS)


def redirected(client: Any) -> Redirected | None:
    """Return the transport of a redirected client, ``None`` of any other."""
    transport = inner(getattr(client, "transport", None))
    return transport if isinstance(transport, Redirected) else None


def own_transport(client: Any) -> Transport | None:
    """Return the transport that the application brought along itself, ``None`` where it did not."""
    transport = getattr(client, "transport", None)
    if transport is None or redirected(client) is not None:
        return None
    if isinstance(transport, HTTP_TRANSPORTS) and transport is not client.options.get("transport"):
        return None
    return transport  # type: ignore[no-any-return]


class TransportClasses:
    """Makes the classes by which clients post to *destination*, each once."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._of_own = functools.lru_cache(maxsize=64)(
            functools.partial(redirected_class, destination=destination)
        )

    @functools.cached_property
    def _default(self) -> type[RedirectedTransport]:
        return type("RedirectedTransport", (RedirectedTransport,), {"destination": self._destination})

    def instead_of(self, own: type[Transport] | None) -> type[Any]:
        """Return the transport class to use in place of *own*, or of the SDK's choice."""
        if own is None or own.__module__ == TRANSPORTS or issubclass(own, Redirected):
            return self._default
        return self._of_own(own)


def redirected_class(own: type[Any], destination: Destination) -> type[Any]:
    """Return a class that does what *own* does, and posts to *destination*.

    Args:
        own: a subclass of one of the SDK's HTTP transports, of the application's own.
        destination: where envelopes go.
    """
    sdk = next(cls for cls in own.__mro__ if cls.__module__ == TRANSPORTS)
    body = {
        "__module__": own.__module__,
        "__qualname__": own.__qualname__,
        "__doc__": own.__doc__,
        "destination": destination,
        "_auth": property(_auth, lambda transport, auth: vars(transport).update(_auth=auth)),
    }
    try:
        base = type(f"Redirected{sdk.__name__}", (Redirected, sdk), {})
        return types.new_class(
            own.__name__, (_Prepared, own, base), exec_body=lambda names: names.update(body)
        )
    except TypeError:  # it is not meant to be subclassed: its pool of connections is still guarded
        return own


def _auth(transport: Redirected) -> Any:
    """Return what makes the URL, of the fake Sentry: a class may post by a library of its own choice."""
    auth, address, owner = vars(transport)["_auth"], transport.destination.address, transport._owner()
    if address is None or not (transport.destination.guarded or owner):
        return auth
    changed = copy.copy(auth)
    changed.scheme, changed.host, changed.path = "http", address, f"/{owner.inbox}/" if owner else "/"
    return changed


class _Prepared:
    """Stands before a class of the application, whose ``__new__`` may call that of `object` by name."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        make: Any = super().__new__
        self = make(cls, *args, **kwargs)
        if isinstance(self, Redirected) and "worker" not in vars(self):
            self.prepare(*args)
        return self
