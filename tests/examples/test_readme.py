"""What the README and the pages of `docs` show is run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.plugin import pytest_addoption
from tests.conftest import find_frameworks_of
from tests.examples.pages import BLOCK, BLOCKS, DOCS, HOW_TO, README, ROOT, Block, runs_of
from tests.examples.prose.pieces import PROSE
from tests.examples.test_tutorial import FOLLOWED
from tests.integration.forked_pytest import RunPytest
from tests.test_settings import Parser

HAS_RELAY = find_spec("sentry_relay") is not None
FILES = [
    block
    for block in BLOCKS
    if block.name.endswith(".py") and block.page not in (*HOW_TO, *FOLLOWED) and not block.fails
]
"""They have names of their own, so that one process can run the tests of all pages."""
TESTS = sorted(
    (
        block
        for block in FILES
        if block.name.startswith("test_") and (HAS_RELAY or ".verdict" not in block.text)
    ),
    key=lambda block: "sentry_helper" in block.text,
)
"""Fillmore leaves its client to all later tests, so its test is the last."""
FAILING = [block for block in BLOCKS if block.fails and block.page not in FOLLOWED]
OUTPUTS = [
    block
    for block in BLOCKS
    if block.language == "text" and block.page in {failing.page for failing in FAILING}
]
SCRIPTS = [block for block in BLOCKS if block.language == "python" and not block.name]
SETTINGS = [block for block in BLOCKS if block.language == "toml"]
SETTINGS_PAGE = DOCS / "settings.md"
EXCERPTS = {
    (block.page, block.name if block.page in FOLLOWED else block.line): block
    for block in BLOCKS
    if block.page in HOW_TO and block.name and not block.fails
}
"""Of a file that changes from step to step, the last one."""
QUESTIONS = [page for page in HOW_TO if page.stem != "index"]


@pytest.fixture
def with_this_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a run find no plugin but this one, as after the installation that the pages show."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_sentryintegration.plugin")


def run_blocks(
    blocks: list[Block], files: list[Block], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.RunResult:
    """Run the tests of some blocks in one process, in a folder with these *files*."""
    names = [file.name for file in files]
    assert sorted(set(names)) == sorted(names), "another page has a file of that name"
    for file in files:
        (pytester.path / file.name).write_text(file.text, encoding="utf-8")
    find_frameworks_of([file.text for file in files], monkeypatch)
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning")
    return pytester.runpytest_subprocess(*options, *(block.name for block in blocks))


def test_the_tests_of_the_pages_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_blocks(TESTS, FILES, pytester, monkeypatch)

    assert result.parseoutcomes() == {"passed": sum(block.text.count("def test_") for block in TESTS)}


def test_a_failure_that_is_shown_is_what_pytest_prints(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = [block for block in FILES if block.page == README]

    result = run_blocks(FAILING, [*beside, *FAILING], pytester, monkeypatch)

    assert result.parseoutcomes() == {"failed": sum(block.text.count("def test_") for block in FAILING)}
    printed = "\n".join(line.rstrip() for line in result.outlines)
    assert [run for output in OUTPUTS for run in runs_of(output.text) if run not in printed] == []


def examples_of(page: Path) -> list[Path]:
    """Return the folders that a page names as its projects."""
    return [ROOT / name for name in re.findall(r"`(examples/[\w/]+)`", page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", QUESTIONS, ids=lambda page: page.stem)
def test_a_page_names_a_project_that_is_there(page: Path) -> None:
    folders = examples_of(page)

    assert folders
    assert [folder for folder in folders if not folder.is_dir()] == []


@pytest.mark.parametrize("block", EXCERPTS.values(), ids=str)
def test_the_code_of_a_page_is_that_of_its_project(block: Block) -> None:
    shown = block.text.partition("\n")[2].strip("\n")
    files = [path for folder in examples_of(block.page) for path in folder.rglob(block.name)]

    texts = [f"\n{path.read_text(encoding='utf-8')}" for path in files]
    assert any(f"\n{shown}\n" in text for text in texts), f"{files} have other code"


@pytest.mark.uncounted
@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_a_script_that_is_shown_runs(
    block: Block, sentry_events: SentryEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_frameworks_of([block.text], monkeypatch)
    script = tmp_path / "script.py"
    script.write_text(block.text, encoding="utf-8")

    subprocess.run([sys.executable, script], env=sentry_events.env, check=True, timeout=60)

    assert not sentry_events.refused


@pytest.mark.uncounted
@pytest.mark.usefixtures("with_this_plugin")
@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_settings_that_are_shown_do_what_the_pages_say(
    block: Block, pytester: pytest.Pytester, run_pytest: RunPytest
) -> None:
    pytester.makepyprojecttoml(block.text)
    (pytester.path / "known.txt").write_text("the kettle is cold\n")
    pytester.makepyfile("""
        import sentry_sdk

        def test_unexpected(): sentry_sdk.capture_message("boom", level="error")
        def test_a_subclass(): sentry_sdk.capture_exception(ConnectionRefusedError("port 80"))
        def test_a_pattern(): sentry_sdk.capture_message("Slow query: 7 s", level="error")
        def test_of_the_file(): sentry_sdk.capture_message("the kettle is cold", level="error")
        def test_a_secret(): sentry_sdk.capture_message(f"paid with {4 * 10**15}")
    """)

    result = run_pytest("-v", "--strict-config")

    failed = set(re.findall(r"::(\w+) FAILED", result.stdout.str()))
    has_policy, has_file = "sentry_unexpected" in block.text, "@known.txt" in block.text
    expected = {"test_unexpected"} | (set() if has_file else {"test_of_the_file"}) if has_policy else set()
    expected |= {"test_a_secret"} if "sentry_secrets" in block.text else set()
    assert (failed, result.ret) == (expected, int(bool(expected)))


@pytest.mark.usefixtures("with_this_plugin")
def test_the_time_that_the_settings_show_is_waited(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    (shown,) = [block.text for block in SETTINGS if block.page == SETTINGS_PAGE]
    pytester.makepyprojecttoml(shown.replace('"2"', '"0.05"'))
    pytester.makepyfile("def test_it(sentry_events): sentry_events.find()")

    result = run_pytest()

    result.stdout.fnmatch_lines(["*within 0.05 s*"])


def first_column(heading: str) -> list[str]:
    readme = README.read_text(encoding="utf-8")
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        name
        for row in re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]


def test_the_nouns_of_the_readme_exist(sentry_events: SentryEvents) -> None:
    nouns = first_column("What a test can say")

    assert [noun for noun in nouns if not hasattr(sentry_events, noun) and noun != "sentry_events"] == []


def test_each_setting_is_listed_with_its_default() -> None:
    parser: Any = Parser()
    pytest_addoption(parser)
    page = SETTINGS_PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(sentry_\w+)` \| .* \| (.*?) ?\|$", page, re.MULTILINE)

    assert {name for name, _ in rows} == parser.defaults.keys()
    assert {name: default.strip("`") for name, default in rows if default.startswith("`")} == {
        name: default for name, default in parser.defaults.items() if isinstance(default, str)
    }


def headings_of(page: Path) -> set[str]:
    """Return the headings of a page as links name them."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_links_to_files_and_headings_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^):#]*)#?([^):#]*)\)", BLOCK.sub("", page.read_text(encoding="utf-8")))

    places = {target: page.parent / target if target else page for target, _ in links}
    wrong = [
        (target, heading)
        for target, heading in links
        if not places[target].exists() or (heading and heading not in headings_of(places[target]))
    ]
    assert wrong == []


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_the_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = README.read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert f"\n{target}:" in makefile
