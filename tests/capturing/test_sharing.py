"""What the captures of a process share."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from pytest_sentryintegration.capturing.sharing import Shared
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.wire.envelope import RawEnvelope


class Events:
    """Stands for what a test holds of its inbox."""


def test_an_inbox_is_closed_when_nobody_can_look_into_it() -> None:
    shared, kept, gone = Shared(Settings()), Events(), Events()
    store = shared.fake.store
    for inbox, events in (("kept", kept), ("gone", gone)):
        store.open(inbox, f"t.py::{inbox}")
        shared.close_when_gone(inbox, events)

    del gone, events
    for number in range(3):
        shared.close_when_gone(f"t{number}", kept)

    assert (store.knows("kept"), store.knows("gone")) == (True, False)
    assert store.add("gone", project_id="1", envelope=RawEnvelope({}, ())).test == "t.py::gone"


def test_inboxes_that_stay_open_are_not_looked_through_for_each_test(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, kept = Shared(Settings()), Events()
    close_gone = Mock(wraps=shared._close_gone)
    monkeypatch.setattr(shared, "_close_gone", close_gone)

    for number in range(1000):
        shared.close_when_gone(str(number), kept)

    assert close_gone.call_count < 20
