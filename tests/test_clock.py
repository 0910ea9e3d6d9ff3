from __future__ import annotations

from datetime import datetime, timedelta, timezone

import freezegun
import time_machine

from pytest_sentryintegration import clock


def test_now_is_real_time_in_utc() -> None:
    assert abs(clock.now() - datetime.now(timezone.utc)) < timedelta(seconds=5)


def test_freezegun_does_not_stop_it() -> None:
    with freezegun.freeze_time("2001-01-01"):
        first, moment = clock.monotonic(), clock.now()

        assert clock.monotonic() > first
        assert moment.year > 2001


def test_time_machine_does_not_move_it() -> None:
    with time_machine.travel("2001-01-01", tick=False):
        first, moment = clock.monotonic(), clock.now()

        assert clock.monotonic() > first
        assert moment.year > 2001
