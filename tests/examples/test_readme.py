"""What the README and the pages of `docs` show is run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.plugin import pytest_addoption
from tests.conftest import find_frameworks_of
from tests.test_settings import Parser

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (\w+\.py)(, which fails)?\n")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; Python that begins with a file name is that file, other is a script."""

    page: Path
    line: int
    language: str
    text: str
    name: str
    fails: bool

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        name = NAME.match(match[2])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match[1], match[2], name[1] if name else "", bool(name and name[2])))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
HAS_RELAY = find_spec("sentry_relay") is not None
TESTS = [
    block
    for block in BLOCKS
    if block.name.startswith("test_") and (HAS_RELAY or ".verdict" not in block.text)
]
SCRIPTS = [block for block in BLOCKS if block.language == "python" and not block.name]
SETTINGS = [block for block in BLOCKS if block.language == "toml"]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"


def write_files(page: Path, folder: Path) -> None:
    for block in BLOCKS:
        if block.page == page and block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")


def run_pytest(
    pytester: pytest.Pytester, blocks: list[Block], monkeypatch: pytest.MonkeyPatch
) -> pytest.RunResult:
    find_frameworks_of(
        [block.text for block in BLOCKS if block.page == blocks[0].page and block.name], monkeypatch
    )
    names = [block.name for block in blocks]
    return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", *names)


@pytest.mark.parametrize("page", sorted({block.page for block in TESTS}), ids=lambda page: page.name)
def test_the_tests_of_a_page_pass(
    page: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(page, pytester.path)
    shown = [block for block in TESTS if block.page == page and not block.fails]

    result = run_pytest(pytester, shown, monkeypatch)

    assert result.parseoutcomes() == {"passed": sum(block.text.count("def test_") for block in shown)}


@pytest.mark.parametrize("block", [block for block in TESTS if block.fails], ids=str)
def test_a_failure_that_is_shown_is_what_pytest_prints(
    block: Block, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(block.page, pytester.path)
    outputs = [other.text for other in BLOCKS if other.page == block.page and other.language == "text"]

    result = run_pytest(pytester, [block], monkeypatch)

    assert result.parseoutcomes() == {"failed": len(outputs)}
    printed = "\n".join(line.rstrip() for line in result.outlines)
    assert [output for output in outputs if output not in printed] == []


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
def test_a_script_that_is_shown_runs(
    block: Block, sentry_events: SentryEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_frameworks_of([block.text], monkeypatch)
    script = tmp_path / "script.py"
    script.write_text(block.text, encoding="utf-8")

    subprocess.run([sys.executable, script], env=sentry_events.env, check=True, timeout=60)

    assert not sentry_events.refused


@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_settings_that_are_shown_do_what_the_pages_say(block: Block, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(block.text)
    (pytester.path / "known.txt").write_text("the kettle is cold\n")
    pytester.makepyfile("""
        import sentry_sdk

        def test_unexpected(): sentry_sdk.capture_message("boom", level="error")
        def test_a_subclass(): sentry_sdk.capture_exception(ConnectionRefusedError("port 80"))
        def test_a_pattern(): sentry_sdk.capture_message("Slow query: 7 s", level="error")
        def test_of_the_file(): sentry_sdk.capture_message("the kettle is cold", level="error")
    """)

    result = pytester.runpytest_subprocess("-v", "-p", "no:asyncio", "-p", "no:randomly", "--strict-config")

    failed = set(re.findall(r"::(\w+) FAILED", result.stdout.str()))
    has_policy, has_file = "sentry_unexpected" in block.text, "@known.txt" in block.text
    expected = {"test_unexpected"} | (set() if has_file else {"test_of_the_file"}) if has_policy else set()
    assert (failed, result.ret) == (expected, int(bool(expected)))


def test_the_time_that_the_settings_show_is_waited(pytester: pytest.Pytester) -> None:
    (shown,) = [block.text for block in SETTINGS if block.page == SETTINGS_PAGE]
    pytester.makepyprojecttoml(shown.replace('"2"', '"0.05"'))
    pytester.makepyfile("def test_it(sentry_events): sentry_events.find()")

    result = pytester.runpytest_subprocess("-p", "no:asyncio")

    result.stdout.fnmatch_lines(["*within 0.05 s*"])


@pytest.mark.parametrize(
    "command",
    [
        "unittest kettle_tests",
        "django test shop_tests --settings=settings_for_tests",
        "django test shop_tests --settings=settings_for_tests --parallel=2",
    ],
)
@pytest.mark.usefixtures("frameworks")
def test_the_recipes_without_pytest_run(command: str, tmp_path: Path) -> None:
    write_files(ROOT / "docs" / "how-to.md", tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
    )

    assert done.returncode == 0, done.stderr
    assert f"Ran {1 if 'unittest' in command else 2} test" in done.stderr


def first_column(heading: str) -> list[str]:
    readme = PAGES[0].read_text(encoding="utf-8")
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^):#]+)[)#]", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= 200


def test_the_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = PAGES[0].read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert f"\n{target}:" in makefile
