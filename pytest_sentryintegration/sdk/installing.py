"""What integrations install once a process, installed again where a test's event loop or hook is another.

``Integration.setup_once`` runs for the first client of a process that has the integration. Most of them
change classes of a library, which live as long as the process. Those listed here install something onto what
lives shorter, or keep a client's settings on a class: the result of a test would depend on the tests before.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import is_not
from types import MappingProxyType
from typing import Any, Final

import sentry_sdk
import sentry_sdk.integrations as sdk_integrations
import sentry_sdk.integrations.logging as sdk_logging

from pytest_sentryintegration.sdk import ownership

_MODULES = "sentry_sdk.integrations."

_HOOKS = {"excepthook": "excepthook", "unraisablehook": "unraisablehook", "sys_exit": "exit"}
"""Integrations that replace an attribute of `sys`, which others replace and put back too."""


@contextmanager
def installing_again(client: Any) -> Iterator[None]:
    """Make *client* inside; what its integrations need and an earlier client installed is installed again."""
    loop = _running_loop()
    factory = loop.get_task_factory() if loop is not None else None
    handlers = _loguru_handlers()
    found = _noting_cloud_contexts()
    ignored = [set(loggers) for loggers in _ignored_loggers()]
    yield
    for names, before, kept in zip(_ignored_loggers(), ignored, _IGNORED_BY_SETUP, strict=True):
        kept |= names - before
    integrations = client.integrations
    if "asyncio" in integrations and loop is not None:
        if not _calls(loop.get_task_factory(), _MODULES + "asyncio"):
            integrations["asyncio"].setup_once()
        owner = ownership.running()
        if owner is not None and loop.get_task_factory() is not factory:
            owner.at_end.append(lambda: loop.set_task_factory(factory))
    if "loguru" in integrations:
        _install_loguru(type(integrations["loguru"]), by_the_sdk=_loguru_handlers() != handlers)
    for identifier, name in _HOOKS.items():
        if identifier in integrations and not _calls(getattr(sys, name), _MODULES + identifier):
            integrations[identifier].setup_once()
    if "openfeature" in integrations:
        hooks: Any = sys.modules["openfeature.api"].get_hooks()
        if not any(type(hook).__module__ == _MODULES + "openfeature" for hook in hooks):
            integrations["openfeature"].setup_once()
    if "cloudresourcecontext" in integrations:
        _set_cloud_context(integrations["cloudresourcecontext"], found)


def note() -> Callable[[], None]:
    """Note what the settings of integrations are; returns what puts them back."""
    settings, views, names = _settings_of(tuple(_integrations()))
    values = [*map(MappingProxyType.get, views, names)]
    handlers = _handlers_of_loguru()
    ignored = [set(loggers) for loggers in _ignored_loggers()]

    def put_back() -> None:
        for loggers, before, kept in zip(_ignored_loggers(), ignored, _IGNORED_BY_SETUP, strict=True):
            if loggers != before:
                loggers &= before | kept
                loggers |= before
        if any(map(is_not, map(MappingProxyType.get, views, names), values)):
            for (cls, name), value in zip(settings, values, strict=True):
                if vars(cls).get(name) is not value:
                    setattr(cls, name, value)
        # loguru never changes the dictionary: it makes another one.
        is_changed = _handlers_of_loguru() is not handlers
        if is_changed and (ours := _of_sentry(handlers)) and _loguru_handlers() != ours:
            _install_loguru(sys.modules[_MODULES + "loguru"].LoguruIntegration)

    return put_back


_IGNORED: Final = tuple(
    name
    for name in ("_IGNORED_LOGGERS", "_IGNORED_LOGGERS_EVENTS", "_IGNORED_LOGGERS_SENTRY_LOGS")
    if hasattr(sdk_logging, name)
)
"""Sets of the loggers that the SDK ignores, for events and for logs: other ones in each SDK."""
_IGNORED_BY_SETUP: Final[tuple[set[str], ...]] = tuple(set() for _ in _IGNORED)
"""The loggers that integrations ignore from their `setup_once` on, which runs once a process."""


def _ignored_loggers() -> tuple[set[str], ...]:
    return tuple(getattr(sdk_logging, name) for name in _IGNORED)


@functools.lru_cache(maxsize=1)
def _settings_of(
    classes: tuple[type[Any], ...],
) -> tuple[list[tuple[type[Any], str]], list[MappingProxyType[str, Any]], list[str]]:
    """Return the attributes in which one of *classes* keeps what its instances were made with.

    Each as a pair; and the classes' attributes and the names once more, for each test looks at all of them.
    The cache keeps the classes, so that none is taken for one that was there before.
    """
    found = [(cls, name) for cls in classes for name in vars(cls) if _is_setting(cls, name)]
    return found, [vars(cls) for cls, _ in found], [name for _, name in found]


def _integrations() -> list[type[Any]]:
    base = getattr(sdk_integrations, "Integration", None)
    return base.__subclasses__() if base is not None else []


def _is_setting(cls: type[Any], name: str) -> bool:
    value = vars(cls)[name]
    if name.startswith("__") or name in ("_abc_impl", "identifier", "origin"):
        return False
    return not callable(value) and not isinstance(value, (staticmethod, classmethod, property))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _calls(function: Any, module: str) -> bool:
    """Whether *function* is one of *module*, or wraps one."""
    seen: set[int] = set()
    left = [function]
    while left:
        each = left.pop()
        if id(each) in seen or not callable(each):
            continue
        seen.add(id(each))
        if getattr(each, "__module__", None) == module:
            return True
        left += [getattr(each, name, None) for name in ("__wrapped__", "__func__", "func")]
        for cell in getattr(each, "__closure__", None) or ():
            try:
                left.append(cell.cell_contents)
            except ValueError:  # it is empty yet
                pass
    return False


# loguru has no public list of its handlers.


def _loguru_handlers() -> list[int]:
    """Return the numbers of the handlers that the SDK has added to loguru's logger."""
    return _of_sentry(_handlers_of_loguru())


def _handlers_of_loguru() -> Mapping[int, Any]:
    module: Any = sys.modules.get(_MODULES + "loguru")
    core = getattr(getattr(module, "logger", None), "_core", None)
    handlers: Mapping[int, Any] = getattr(core, "handlers", _NO_HANDLERS)
    return handlers


_NO_HANDLERS: Final[Mapping[int, Any]] = {}


def _of_sentry(handlers: Mapping[int, Any]) -> list[int]:
    return [number for number, handler in handlers.items() if _is_of_sentry(getattr(handler, "_sink", None))]


def _is_of_sentry(sink: Any) -> bool:
    target = getattr(sink, "_handler", None) or getattr(sink, "_function", None)
    return getattr(target, "__module__", None) == _MODULES + "loguru"


_LOGURU: dict[str, Any] = {}
"""With which integration and settings of it its handlers were installed, and the numbers of these."""


def _install_loguru(integration: Any, *, by_the_sdk: bool = False) -> None:
    """Install handlers with the present settings, unless they are there: loguru takes 7 ms for each."""
    module = sys.modules[_MODULES + "loguru"]
    wanted = {"integration": integration, "settings": dict(vars(module.LoguruIntegration))}
    if not by_the_sdk and {**wanted, "handlers": _loguru_handlers()} != _LOGURU:
        for number in _loguru_handlers():
            module.logger.remove(number)
        integration.setup_once()
    _LOGURU.update(wanted, handlers=_loguru_handlers())


# The context of the cloud is asked over HTTP, once, and set on the isolation scope: that of one test.

_CLOUDS: dict[str, dict[str, tuple[Any, ...]]] = {}
"""By the provider that an integration was made with: the context that was set, if one was found."""


def _noting_cloud_contexts() -> dict[str, tuple[Any, ...]]:
    """Return a dictionary that will hold the context that the integration sets from now on."""
    found: dict[str, tuple[Any, ...]] = {}
    module: Any = sys.modules.get(_MODULES + "cloud_resource_context")
    if module is not None:

        def set_context(*context: Any) -> None:
            found["context"] = context
            sentry_sdk.set_context(*context)

        module.set_context = set_context
    return found


def _set_cloud_context(integration: Any, found: dict[str, tuple[Any, ...]]) -> None:
    provider = type(integration).cloud_provider
    if provider not in _CLOUDS:
        if _CLOUDS:  # the SDK has asked for another one
            integration.setup_once()
        _CLOUDS[provider] = found
    elif not found and _CLOUDS[provider]:
        sentry_sdk.set_context(*_CLOUDS[provider]["context"])
