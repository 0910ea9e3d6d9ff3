"""What pytest finds: hooks and fixtures, each in a module of its own subject.

Until Sentry is used, they import pytest, the import hook and the settings, and nothing else.
"""

from __future__ import annotations

from pytest_sentryintegration.hooks.dumping import pytest_configure_node
from pytest_sentryintegration.hooks.fixtures import (
    pytest_fixture_setup,
    pytest_runtest_setup,
    sentry_events,
    sentry_options,
    sentry_server,
)
from pytest_sentryintegration.hooks.options import pytest_addoption
from pytest_sentryintegration.hooks.policies import pytest_runtest_call, pytest_runtest_teardown
from pytest_sentryintegration.hooks.redirecting import HOOK
from pytest_sentryintegration.hooks.reports import (
    pytest_assertrepr_compare,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from pytest_sentryintegration.hooks.sessions import (
    pytest_configure,
    pytest_load_initial_conftests,
    pytest_unconfigure,
)

__all__ = [
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_fixture_setup",
    "pytest_load_initial_conftests",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_unconfigure",
    "sentry_events",
    "sentry_options",
    "sentry_server",
]

# While this module is imported: conftests and Django settings, which may initialise the SDK, load before
# pytest_configure.
HOOK.arm()
