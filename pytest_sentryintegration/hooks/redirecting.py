"""The redirect, set while the plugin is imported, and what captures share, which a session holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sentryintegration.sdk.hook import ImportHook, at_first_client
from pytest_sentryintegration.settings import Settings

if TYPE_CHECKING:
    from pytest_sentryintegration.capturing.sharing import Shared

SETTINGS = pytest.StashKey[Settings]()
HELD = pytest.StashKey[Any]()
"""The module `sharing` that this session holds."""

SESSIONS: list[pytest.Config] = []
"""The sessions that run in this process: more than one where pytest runs inside pytest."""
NOTES: dict[str, None] = {}
"""Sentences on the installed sentry_sdk for the terminal summary."""
_UNSUPPORTED: list[str] = []
"""Why the installed sentry_sdk cannot be captured: a sentence, or none."""


def _redirect() -> None:
    try:
        from pytest_sentryintegration.capturing.sharing import shared

        (shared_by(SESSIONS[-1]) if SESSIONS else shared()).redirect.install()
        from pytest_sentryintegration.sdk.internals import newer

        NOTES.update(dict.fromkeys(newer()))
    except Exception as error:  # whatever it is, the application's own code goes on
        from pytest_sentryintegration.sdk.unsupported import keep_from_sending

        _go_without(error)
        keep_from_sending(lambda: all(session.stash[SETTINGS].guard for session in SESSIONS))


def _go_without(error: Exception) -> None:
    from pytest_sentryintegration.sdk.unsupported import reason_of

    _UNSUPPORTED[:] = [reason_of(error)]
    NOTES[f"nothing was captured: {_UNSUPPORTED[0]}"] = None


def is_used() -> bool:
    """Whether anything in this process has used Sentry so far."""
    return "pytest_sentryintegration.capturing.sharing" in sys.modules


def can_capture() -> bool:
    """Whether the installed SDK can be captured; imports what captures need."""
    try:
        import pytest_sentryintegration.capturing.sharing  # noqa: F401
    except ImportError as error:
        _go_without(error)
    return not _UNSUPPORTED


def shared_or_fail(config: pytest.Config) -> Shared:
    """Return what captures share; fail with one sentence where the installed SDK cannot be captured."""
    if not can_capture():
        pytest.fail(_UNSUPPORTED[0], pytrace=False)
    return shared_by(config)


def shared_by(config: pytest.Config) -> Shared:
    """Return what captures share, which this session holds from now on."""
    from pytest_sentryintegration.capturing import sharing

    if HELD not in config.stash:
        config.stash[HELD] = sharing
        sharing.hold()
    return sharing.shared(config.stash[SETTINGS])


HOOK = ImportHook(at_first_client(_redirect))
