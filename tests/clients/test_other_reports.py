"""What a failing test sent stands in the reports of other plugins, too."""

from __future__ import annotations

import html
import json
from importlib.util import find_spec

import pytest

from tests.clients.conftest import missing

pytestmark = pytest.mark.clients

FAILS = """
import sentry_sdk

def test_it(sentry_events):
    sentry_sdk.capture_message("out of tea <b>", level="error")
    assert not sentry_events
"""
SAID = "'out of tea <b>'"


def run(pytester: pytest.Pytester, plugin: str, *options: str) -> None:
    if find_spec(plugin) is None:
        missing(plugin)
    pytester.makepyfile(FAILS)
    result = pytester.runpytest_subprocess(*options, "-p", "no:asyncio")
    result.assert_outcomes(failed=1)


def test_pytest_html_shows_it(pytester: pytest.Pytester) -> None:
    run(pytester, "pytest_html", "--html=report.html", "--self-contained-html")

    page = html.unescape((pytester.path / "report.html").read_text(encoding="utf-8"))
    assert "Captured Sentry" in page
    assert SAID in html.unescape(html.unescape(page))


def test_allure_has_it_as_an_attachment(pytester: pytest.Pytester) -> None:
    run(pytester, "allure_pytest", "--alluredir=allure")

    folder = pytester.path / "allure"
    (result,) = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    (attached,) = [item for item in result["attachments"] if item["name"] == "Captured Sentry"]
    assert attached["type"] == "text/plain"
    assert SAID in (folder / attached["source"]).read_text(encoding="utf-8")
