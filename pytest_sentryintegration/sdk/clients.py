"""The client of a test: the application's own where it has one, else a fallback; and when clients close."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import is_
from typing import Any

import sentry_sdk
from sentry_sdk import client as sdk_client
from sentry_sdk.scope import Scope

from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.detaching import components
from pytest_sentryintegration.sdk.ownership import Owner
from pytest_sentryintegration.sdk.redirect import Redirect
from pytest_sentryintegration.sdk.transport_classes import HTTP_TRANSPORTS, redirected

KEPT = 16
"""How many fallback clients are kept, by their options, to be used by later tests."""


_GET_CLIENT = Scope.get_client.__code__
"""The code by which the SDK finds the client to capture with."""


class FallbackClient(sentry_sdk.Client):
    """Captures where the application did not initialise the SDK, and does not count as initialised.

    An application that asks first (``if not sentry_sdk.is_initialized(): sentry_sdk.init(...)``) must still
    initialise itself. The SDK asks `is_active` for both purposes; here the answer depends on the caller.
    """

    def is_active(self) -> bool:
        """Return true to the SDK's own calls, false to ``sentry_sdk.is_initialized()`` and all others."""
        frame = sys._getframe(1)
        if frame.f_code is _GET_CLIENT:  # called about 30 times a test
            return True
        if frame.f_code is sentry_sdk.is_initialized.__code__:
            return False
        return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "sentry_sdk" or (
            frame.f_globals.get("__name__") == "pytest_sentryintegration.sdk.ownership"
        )


@dataclass
class _State:
    """What a test can change in a client that outlives it."""

    client: Any
    transport: Any
    options: dict[str, Any]
    disabled: dict[Any, Any]
    downsample: Any
    last_seen: tuple[Any, Any] | None

    @classmethod
    def of(cls, client: Any) -> _State:
        transport = redirected(client)
        disabled = dict(getattr(transport, "_disabled_until", {}))
        downsample = getattr(getattr(client, "monitor", None), "_downsample_factor", None)
        # An exception that one test has reported is no duplicate in the next.
        seen = getattr(client.integrations.get("dedupe"), "_last_seen", None)
        last_seen = None
        if seen is not None:
            last_seen = (seen, seen.get(None))
            seen.set(None)
        return cls(client, client.transport, dict(client.options), disabled, downsample, last_seen)

    def restore(self) -> None:
        self._restore_options()
        if self.last_seen is not None:
            seen, last = self.last_seen
            seen.set(last)
        if self.client.transport is None:
            # The test closed it, as an application does when it shuts down. A fallback is made anew.
            if not _is_fallback(self.client):
                self.client.__setstate__(self.client.__getstate__())
        elif self.client.transport is not self.transport:
            self.client.transport = self.transport
        disabled = getattr(redirected(self.client), "_disabled_until", None)
        if disabled is not None:
            disabled.clear()
            disabled.update(self.disabled)
        monitor = getattr(self.client, "monitor", None)
        if self.downsample is not None and monitor is not None:
            monitor._downsample_factor = self.downsample
            monitor._healthy = True

    def _restore_options(self) -> None:
        options, before = self.client.options, self.options
        # The usual case: none of the 80 options changed.
        if all(map(is_, options.values(), before.values())) and options.keys() == before.keys():
            return
        # In place: a thread that captures meanwhile must never see an empty dict.
        for name in [name for name in options if name not in before]:
            del options[name]
        for name, value in before.items():
            if name not in options or options[name] is not value:
                options[name] = value


class Clients:
    """The clients of a run: which one a test uses, which are drained, when each is closed."""

    def __init__(self, redirect: Redirect) -> None:
        self._redirect = redirect
        self._fallbacks: OrderedDict[Any, _State] = OrderedDict()
        self._retired: list[tuple[Owner, list[Any]]] = []

    def note(self) -> Callable[[Owner], None]:
        """Take note of the clients there are; the result, called with the owner, puts them back.

        Clients that were made since are closed as soon as no thread of their test is left: one that
        reports late still needs them.
        """
        before = set(self._redirect.clients)
        # What a test changes in a fallback client is put back when `fallback` gives it to the next one; but
        # where captures nest, the outer one goes on with it as it was.
        nested = ownership.running() is not None
        states = [
            _State.of(client)
            for client in before
            if client.transport is not None and (nested or not _is_fallback(client))
        ]
        sdk_info: dict[str, Any] = getattr(sdk_client, "SDK_INFO", {})
        before_info = dict(sdk_info)

        def put_back(owner: Owner) -> None:
            made = [client for client in set(self._redirect.clients) - before if not _is_fallback(client)]
            if made:
                self._retired.append((owner, made))
            for state in states:
                state.restore()
            sdk_info.update(before_info)
            self.sweep()

        return put_back

    def live(self) -> list[Any]:
        """Return the clients to drain: not those of tests that are over."""
        retired = {id(client) for _, clients in self._retired for client in clients}
        clients = self._redirect.clients
        return [client for client in clients if id(client) not in retired] if retired else clients

    def fallback(self, options: Mapping[str, Any], dsn: str) -> FallbackClient:
        """Return a client with these options; the same one for the same options, its state fresh."""
        key = tuple(sorted((name, _key(value)) for name, value in options.items()))
        state = self._fallbacks.pop(key, None)
        if state is None or state.client.transport is None:
            state = _State.of(FallbackClient(**{"dsn": dsn, **options}))
            while len(self._fallbacks) >= KEPT:
                close(self._fallbacks.popitem(last=False)[1].client)
        # Made after `note()`, so nothing else puts back what an earlier test changed in it.
        state.restore()
        self._fallbacks[key] = state
        client: FallbackClient = state.client
        return client

    def overridden(self, client: Any) -> Any:
        """Make a client as *client* was made, under the options that the running test lays over it."""
        made_with = self._redirect.arguments.get(client)
        if made_with is not None:
            args, kwargs = made_with
            return sentry_sdk.Client(*args, **{**kwargs, "dsn": client.options.get("dsn")})
        # It was made before the SDK was patched: as unpickling would make it, of finished options.
        copy: Any = object.__new__(type(client))
        copy.__setstate__({"options": {**client.options, **self._redirect.overrides()}})
        return copy

    def sweep(self) -> None:
        """Close the clients of finished tests of which no thread runs any more."""
        waiting = []
        for owner, clients in self._retired:
            if owner.has_live_threads():
                waiting.append((owner, clients))
                continue
            owner.client = None
            for client in clients:
                close(client)
        self._retired = waiting

    def close(self) -> None:
        """Close every client that a test, or this class, made."""
        for owner, clients in self._retired:
            owner.client = None
            for client in clients:
                close(client)
        self._retired = []
        while self._fallbacks:
            close(self._fallbacks.popitem()[1].client)


def close(client: Any) -> None:
    """End the threads of *client*, without waiting for what it still holds."""
    # client.close() flushes first, for up to two seconds where no server answers.
    inner: Any = redirected(client) or client.transport
    client.transport = None
    for component in (*components(client), getattr(client, "monitor", None)):
        if component is not None:
            component.kill()
    # A transport of the application's own may serve other clients too.
    if isinstance(inner, HTTP_TRANSPORTS):
        inner.kill()


def _is_fallback(client: Any) -> bool:
    return isinstance(client, FallbackClient)


def _key(value: Any) -> Any:
    """Identify an option's value: by value where that is safe, else by the object."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return (type(value).__name__, value)
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(_key(each) for each in value))
    if isinstance(value, dict):
        return ("dict", tuple((repr(name), _key(each)) for name, each in value.items()))
    # The client keeps its options alive, so no other object has the same id meanwhile.
    return (type(value).__name__, id(value))
