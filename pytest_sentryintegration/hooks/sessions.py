"""A session: its settings, from the first conftest on, and the redirect that it lets go of at its end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_sentryintegration.hooks import dumping
from pytest_sentryintegration.hooks.redirecting import (
    HELD,
    HOOK,
    SESSIONS,
    SETTINGS,
    can_capture,
    is_used,
    shared_by,
)
from pytest_sentryintegration.settings import Settings, read_settings, reject_mistyped

MARKER = (
    "sentry(**options): options of sentry_sdk.init for this test; transport='memory',"
    " unexpected='ignore|warn|fail', invalid='ignore|warn|fail' and allow=[...] are the plugin's own."
)


# A wrapper: those run before pytest-django's hook of this name, which loads the settings.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Set ``SENTRY_DSN`` before anything of the application is imported (``sentry_dsn = on``)."""
    if early_config.getini("sentry_dsn") != "off":
        early_config.stash[SETTINGS] = settings = _settings(early_config)
        if settings.dsn and can_capture():
            _announce(early_config)
    return (yield)


def _announce(config: pytest.Config) -> None:
    from pytest_sentryintegration.capturing.environment import announce
    from pytest_sentryintegration.server.listening import ListenError

    try:
        config.add_cleanup(announce(shared_by(config).delivery))
    except ListenError as error:
        raise pytest.UsageError(str(error)) from error


def _settings(config: pytest.Config, listing: Path | None = None) -> Settings:
    folder = config.inipath.parent if config.inipath is not None else config.rootpath
    try:
        for name in _unknown(config):
            reject_mistyped(name)
        settings = read_settings(config.getini, folder, listing)
        if settings.secrets:
            from pytest_sentryintegration.inbox.secrets import secrets_of_settings

            secrets_of_settings(settings.secrets)
        return settings
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def _unknown(config: pytest.Config) -> list[str]:
    """Return the names of ini values that no plugin has registered, those of ``-o`` too."""
    # Pytest has no public way to them: `Config.inicfg` warns from pytest 9.1 on, and is no property before 9.
    given = vars(config).get("_inicfg") or vars(config).get("inicfg") or {}
    overrides = [each.partition("=")[0].strip() for each in config.getoption("override_ini") or ()]
    names = dict.fromkeys((*given, *overrides))
    return [name for name in names if name.startswith("sentry_") and not _is_registered(config, name)]


def _is_registered(config: pytest.Config, name: str) -> bool:
    try:
        config.getini(name)
    except ValueError:
        return False
    except TypeError:
        pass  # it is, with a value of another type
    return True


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the marker."""
    config.addinivalue_line("markers", MARKER)
    listing = config.getoption("--sentry-allow-all")
    if listing is not None:
        # Absolute, for the workers of xdist too.
        listing = (config.invocation_params.dir / listing).resolve()
        config.option.sentry_allow_all = str(listing)
    config.stash[SETTINGS] = _settings(config, listing)
    dumping.prepare(config)
    if is_used():
        shared_by(config)
    SESSIONS.append(config)
    HOOK.arm()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the SDK; what another session holds goes on with the settings of that one."""
    if config in SESSIONS:
        SESSIONS.remove(config)
    sharing = config.stash.get(HELD, None)
    if sharing is not None:
        sharing.let_go()
        if SESSIONS and SESSIONS[-1].stash.get(HELD, None) is sharing:
            shared_by(SESSIONS[-1])
    if not SESSIONS:
        HOOK.disarm()
