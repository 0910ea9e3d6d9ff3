"""Runs a function before the first client of sentry_sdk is made. Costs nothing until sentry_sdk is imported.

Conftests and Django settings load before ``pytest_configure``, so the redirect has to be armed
when the plugin's module is imported, and must not import sentry_sdk to be so.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from pytest_sentryintegration.locks import reentrant_lock
from pytest_sentryintegration.sdk.stacklevels import uncounted

MODULE = "sentry_sdk"
PATIENCE = 5.0
"""Seconds that the first client of another thread may hold up a fork; it takes a few tenths of one."""

MAKERS = ("__init__", "__setstate__")
"""The methods of ``sentry_sdk.Client`` that make a client: called, and unpickled."""


class _Loader(Loader):
    """Loads the module as its own loader would, then calls *then* with it."""

    def __init__(self, loader: Loader, then: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module is an ordinary one, also for inspect and pickle.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._then(module)


class ImportHook(MetaPathFinder):
    """While armed, calls *then* with ``sentry_sdk``, at once where it is imported already.

    >>> hook = ImportHook(lambda module: None)
    >>> hook.arm()
    >>> hook.disarm()
    """

    def __init__(self, then: Callable[[ModuleType], None]) -> None:
        self._then = then
        self._searching = False

    def arm(self) -> None:
        """Wait for the import; where it has happened, *then* is called now."""
        module = sys.modules.get(MODULE)
        if self not in sys.meta_path:
            # It stays there: a pytest inside pytest forgets what it imported, and imports it again.
            sys.meta_path.insert(0, self)
        if module is not None:
            self._then(module)

    def disarm(self) -> None:
        """Stop waiting. What *then* did is not undone."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as everybody else would, and wrap its loader."""
        if fullname != MODULE or self._searching:
            return None
        self._searching = True
        try:
            spec = find_spec(fullname)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._then)
        return spec


def at_first_client(complete: Callable[[], None]) -> Callable[[ModuleType], None]:
    """Return what an `ImportHook` calls: *complete* runs before the first client is made.

    Not at the import, which would cost each run something that imports sentry_sdk and makes no client. What
    *complete* sets in place of ``Client.__init__`` stands before `original_of` what it finds there.
    """

    def then(module: ModuleType) -> None:
        client_class: Any = getattr(module, "Client", None)
        if not isinstance(client_class, type) or _is_patched(client_class):
            return
        waiting: dict[str, Any] = {}
        outermost: set[str] = set()
        """Those that nothing else had wrapped when the first client was made: that stays, and calls them."""
        runner: int | None = None
        is_complete = False

        def complete_once() -> None:
            nonlocal runner, is_complete
            # A client of another thread waits here. Made now, it would send to its DSN.
            with _completing:
                if is_complete or runner == threading.get_ident():
                    return
                outermost.clear()
                outermost.update(name for name, make in waiting.items() if _has(client_class, name, make))
                runner = threading.get_ident()
                try:
                    complete()
                finally:
                    runner = None
                is_complete = True
                put_back()

        def wrap(name: str, original: Callable[..., None]) -> Callable[..., None]:
            @uncounted
            def make(client: Any, *args: Any, **kwargs: Any) -> None:
                __tracebackhide__ = True
                complete_once()
                now = getattr(client_class, name) if name in outermost else original
                (original if now is make else now)(client, *args, **kwargs)

            _ORIGINALS[id(make)] = make, original
            return make

        def put_back() -> None:
            for name, make in waiting.items():
                _, original = _ORIGINALS.pop(id(make))
                if _has(client_class, name, make):
                    setattr(client_class, name, original)

        for name in MAKERS:
            original: Any = vars(client_class).get(name)
            if original is not None:
                waiting[name] = wrap(name, original)
                setattr(client_class, name, waiting[name])
        # The SDK may have been used before the hook was armed.
        is_initialized = getattr(module, "is_initialized", None)
        if is_initialized is not None and is_initialized():
            complete_once()

    return then


_completing = reentrant_lock()

_ORIGINALS: dict[int, tuple[Any, Any]] = {}
"""Each function that waits for the first client, and in whose place. By its id: a proxy is equal to it."""


def original_of(method: Any) -> Any:
    """Return *method*, or that in whose place it waits for the first client."""
    make, original = _ORIGINALS.get(id(method), (None, None))
    return original if make is method else method


def _has(client_class: type, name: str, method: Any) -> bool:
    return vars(client_class).get(name) is method


def _is_patched(client_class: type) -> bool:
    method = vars(client_class).get("__init__")
    return hasattr(method, "_sentryintegration") or original_of(method) is not method


def _wait_until_complete() -> None:
    """Let another thread end first what it does at its first client: a fork would have half of it."""
    if _completing.acquire(timeout=PATIENCE):
        _completing.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_until_complete)
