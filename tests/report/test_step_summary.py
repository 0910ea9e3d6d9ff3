"""The summary of a step of GitHub Actions."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from pytest_sentryintegration.report.step_summary import summary
from tests.integration.conftest import Run, run

__all__ = ["run"]

TESTS = """
    import sentry_sdk

    def test_fails(sentry_events):
        sentry_sdk.capture_message("<img src=x onerror=alert(1)>")
        assert sentry_events.messages[0].text == "**bold** @everyone"

    def test_passes(sentry_events):
        sentry_sdk.capture_message("fine")
"""


def test_failed_tests_are_shown_with_what_they_sent(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "summary.md"
    target.write_text("of an earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))

    run("-n1", plugins=("xdist",), test_it=TESTS)

    text = target.read_text(encoding="utf-8")
    assert text.startswith("of an earlier step\n### Sentry\n\nSentry&#58; 2 envelopes captured in 2 tests\n")
    assert re.findall("<summary><code>(.*)</code>", html.unescape(text)) == ["test_it.py::test_fails"]
    assert "test&#95;passes" not in text
    assert not re.search(r"<img|\*\*bold|@everyone", text)
    assert "<img src=x onerror=alert(1)>" in html.unescape(text)


def test_it_is_left_where_the_setting_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    run(ini="sentry_step_summary = off", test_it=TESTS)

    assert not (tmp_path / "summary.md").exists()


def test_nothing_in_a_text_is_markdown_or_html() -> None:
    hostile = "</pre></details>\n\n# heading\n| a | `b` | [c](javascript:d) \x1b[31m \u202e \ud800 ![e](f) https://g"

    text = summary([hostile], [(hostile, hostile, hostile)])

    own = re.sub(r"</?(details|summary|code|pre)>|&#\d+;|### Sentry", "", text)
    assert re.findall(r"[^\w\s\ufffd]", own) == []
    assert "\n\n#" not in text[20:]


def test_of_many_failed_tests_twenty_are_shown_and_long_texts_are_cut() -> None:
    text = summary([], [("test", "a" * 10_000, "")] * 30)

    assert text.count("<details>") == 20
    assert "... and 10 more failed tests" in text
    assert len(text) < 100_000
