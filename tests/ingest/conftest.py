from __future__ import annotations

import pytest

from tests.ingest.asking import Fake


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def strict() -> Fake:
    return Fake(strict=True)
