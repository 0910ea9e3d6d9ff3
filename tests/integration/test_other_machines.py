"""Workers of pytest-xdist in places of their own (``--tx``), as on other machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_sentryintegration.report.building import build
from pytest_sentryintegration.report.manifest import PATTERN
from tests.integration.conftest import Run
from tests.report.pages import Page


@pytest.mark.clients  # xdist copies pytest to each place first
def test_each_worker_in_a_place_of_its_own_has_a_fake_sentry_of_its_own(
    run: Run, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    specs = [word for place in places for word in ("--tx", f"popen//chdir={place}")]

    result = run(
        *("--dist=each", *specs, f"--rsyncdir={pytester.path}", "--sentry-dump=dump"),
        str(pytester.path / "test_it.py"),
        plugins=("xdist",),
        test_it=f"""
            import pathlib, pytest, sentry_sdk

            @pytest.mark.parametrize("number", range(3))
            def test_it(number, sentry_events, sentry_server):
                sentry_sdk.capture_message(f"message {{number}}")

                assert [message.text for message in sentry_events.messages] == [f"message {{number}}"]
                ports = pathlib.Path({str(tmp_path)!r}, f"ports of {{pathlib.Path.cwd().name}}")
                with ports.open("a") as file:
                    file.write(f"{{sentry_server.port}}\\n")
        """,
    )

    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["Sentry: 6 envelopes captured in 6 tests"])
    ports = [set((tmp_path / f"ports of {place.name}").read_text().split()) for place in places]
    assert [len(each) for each in ports] == [1, 1]
    assert ports[0] != ports[1]
    # Each has written its part of the dump, and they make one report.
    dump = pytester.path / "dump"
    assert [path.name for path in sorted(dump.glob(PATTERN))] == ["manifest-gw0.jsonl", "manifest-gw1.jsonl"]
    assert sorted(Page(build([dump])[0]).labels) == [f"'message {number}'" for number in (0, 0, 1, 1, 2, 2)]
