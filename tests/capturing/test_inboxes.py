"""How long an inbox stays open."""

from __future__ import annotations

from pytest_sentryintegration.capturing.inboxes import Inboxes


class Events:
    """Stands for what a test holds of its inbox."""


def test_an_inbox_is_closed_when_nobody_can_look_into_it() -> None:
    closed: list[str] = []
    inboxes, kept, gone = Inboxes(closed.append), Events(), Events()
    inboxes.close_when_gone("kept", kept)
    inboxes.close_when_gone("gone", gone)

    del gone
    for number in range(3):
        inboxes.close_when_gone(f"t{number}", kept)

    assert closed == ["gone"]


def test_inboxes_that_stay_open_are_not_looked_through_for_each_test() -> None:
    looks = 0

    class Counted(Inboxes):
        def _close_gone(self) -> None:
            nonlocal looks
            looks += 1
            super()._close_gone()

    inboxes, kept = Counted(lambda inbox: None), Events()

    for number in range(1000):
        inboxes.close_when_gone(str(number), kept)

    assert looks < 20


def test_inboxes_have_names_of_their_own() -> None:
    assert len({Inboxes(lambda inbox: None).next_name() for _ in range(3)}) == 3
