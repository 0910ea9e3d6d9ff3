"""The contract, in whichever of the SDK's three tracing APIs this run uses (see ``sending.py``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.sending import OPTIONS
from tests.integration.conftest import run

__all__ = ["run", "sentry_options"]


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """What an application that has not chosen would get, in this run's span mode."""
    return dict(OPTIONS)
