"""How much of an event is compared: thousands of verdicts are to take seconds."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.verdict.comparing import Place
from pytest_sentryintegration.verdict.fields import compare


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the places that were looked into."""
    paths: list[str] = []
    below = Place.below

    def noted(place: Place, *keys: str | int) -> Place:
        found = below(place, *keys)
        paths.append(found.path)
        return found

    monkeypatch.setattr(Place, "below", noted)
    return paths


def test_what_is_stored_as_it_was_sent_is_not_looked_into(compared: list[str]) -> None:
    sent: dict[str, Any] = {
        "release": "shop@1",
        "user": {"id": "1"},
        "contexts": {"trace": {"span_id": "b" * 16}},
        "spans": [{"op": "db"}] * 50,
        "extra": {"rows": [1, 2], "large": "x"},
    }

    findings = compare(sent, {**sent, "extra": {"rows": [1, 2], "large": "y"}})

    assert [(finding.path, finding.rule) for finding in findings] == [("extra.large", "changed")]
    assert compared == ["extra", "extra.large"]


def test_what_is_annotated_is_looked_into_also_where_it_is_the_same(compared: list[str]) -> None:
    noted = {"release": {"": {"err": ["invalid_data"]}}}

    findings = compare({"release": "a", "dist": "b"}, {"release": "a", "dist": "b", "_meta": noted})

    assert [finding.path for finding in findings] == ["release"]
    assert set(compared) == {"release"}
