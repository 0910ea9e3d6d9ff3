"""Each number in the text of the pages is that of the code, or is of a kind that other tests hold."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.cli.asking import PATIENCE, PORT
from pytest_sentryintegration.cli.serve import SERVE
from pytest_sentryintegration.model.drawing import MAX_LINES
from pytest_sentryintegration.processes.child import grace
from pytest_sentryintegration.report.blocks import Limits
from pytest_sentryintegration.report.building import _BODY
from pytest_sentryintegration.report.step_summary import LISTED
from pytest_sentryintegration.sdk import worker
from pytest_sentryintegration.server import deferring
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.store import bounds, stream, uploads
from pytest_sentryintegration.web.captured import LONGEST
from pytest_sentryintegration.web.streaming import HEARTBEAT, SHARE
from sentryintegration import _ledger, _repair
from tests.examples.prose.pieces import PIECE, PROSE, prose_of, read

DEFAULTS = {option.name: option.default for option in SERVE.options}
PROJECT = read("pyproject.toml")


def number_in(name: str, pattern: str) -> int:
    """Return the number that stands in a file of another language."""
    (found,) = re.findall(pattern, read(name))
    return int(found.replace("_", ""))


def version_in(pattern: str) -> str:
    (found,) = re.findall(pattern, PROJECT)
    return str(found)


NOXFILE = read("noxfile.py")
INTERPRETERS = set(re.findall(r'"(3\.\d+)"', NOXFILE.partition("INTERPRETERS = (")[2].partition(")")[0]))
PAIRED = dict(re.findall(r'"(oldest|stream|3)": "(3\.\d+)"', NOXFILE))

FIGURES: dict[str, dict[str, Any]] = {
    "README.md": {
        "Python {} or newer": version_in(r'requires-python = ">=([\d.]+)"'),
        "sentry-sdk {} to 3": version_in(r'"sentry-sdk>=([\d.]+),'),
    },
    "CONTRIBUTING.md": {"Python {} or newer": version_in(r'requires-python = ">=([\d.]+)"')},
    "js/README.md": {
        "({} seconds). A server": number_in("clients/js/index.js", r"const TIMEOUT = (\w+);") // 1000,
        "take {} seconds at most": number_in("clients/js/index.js", r"const TIMEOUT = (\w+);") // 1000,
        "milliseconds (up to {})": number_in("clients/js/questions.js", r"const LONGEST = (\w+);"),
    },
    "api.md": {
        "at most so many seconds ({}) later": LONGEST,
        "of more than {} the one": bounds.MOST,
        "has come for {} seconds": Settings().quiet,
        "a comment every {} seconds": HEARTBEAT,
        "takes nothing for {} seconds": deferring.PATIENCE,
        "{} requests may wait": deferring.LIMIT,
    },
    "architecture.md": {
        "fewer than {} without": number_in("tests/relay/figures.py", r"(?m)^FLOOR = (\d+)"),
        "pauses for {} times as long": SHARE,
        "every {} milliseconds, for": worker.NAP * 1000,
        "for {} second after the last envelope": worker.LINGER,
    },
    "benchmarks.md": {"its first {} lines": MAX_LINES},
    "command-line.md": {
        "`--timeout` seconds ({}) once": PATIENCE,
        "within `--timeout` seconds ({})": PATIENCE,
        "Its port is {};": PORT,
        "and {} |": DEFAULTS["port"],
        "how many requests are kept ({})": DEFAULTS["limit"],
    },
    "node.md": {"at most {} seconds": number_in("clients/js/index.js", r"const TIMEOUT = (\w+);") // 1000},
    "compatibility.md": {
        "| Python | {} to 3.14": version_in(r'requires-python = ">=([\d.]+)"'),
        "| `sentry-sdk` | {} to 3": version_in(r'"sentry-sdk>=([\d.]+),'),
        "| pytest | {} and newer": version_in(r'"pytest>=([\d.]+)"'),
        "pairs: {} with 2.41": PAIRED["oldest"],
        ", {} with the newest 2.x": " and ".join(sorted(INTERPRETERS - set(PAIRED.values()))),
        ", {} with the newest 2.x that streams its spans": PAIRED["stream"],
        ", {} with 3.0.": PAIRED["3"],
    },
    "endpoints.md": {
        "at most {}, and": uploads.MOST,
        "at most {} GiB of them": uploads.MOST_BYTES // 2**30,
    },
    "facade.md": {"still open {} seconds after": _ledger.PATIENCE},
    "limits.md": {"- {} seconds after its end": _ledger.PATIENCE},
    "report.md": {
        "up to {} KB each": _BODY // 1000,
        "of the first {} requests": Limits().judged,
        "(of more than {} requests": Limits().whole,
    },
    "settings.md": {"the first {} failed tests": LISTED},
    "several-machines.md": {
        "after {} seconds at the latest": stream.TIMEOUT,
        "for more than {} seconds, Redis": number_in(
            "pytest_sentryintegration/store/scripts.py", r"'EXPIRE', pieces \.\. ARGV\[1\], (\d+)\)"
        ),
    },
    "traces.md": {"by default {})": Settings().quiet},
    "tutorial.md": {"Python {} or newer": version_in(r'requires-python = ">=([\d.]+)"')},
    "viewer.md": {"its first {} entries": number_in("viewer/src/window.js", r"const PRINTED = (\d+);")},
    "release.md": {
        "key of at most {} characters": _repair.NAME_LIMIT,
        "and at most {} characters": _repair.TAG_LIMIT,
    },
    "shell.md": {"The port {} is taken": PORT},
}
"""The text around each figure, and the figure, by page."""
OTHERS = re.compile(
    r"sentry-sdk [23][.\dx]*|on 2\.x|on 3\.0|\(3\.0 has|SDK 2|sdk 3|releases of 2|§ of 3|§ 11"
    r"|from 2\.66|to 3[;,]|and 3:|Kent 2\.2|as of 2\.75|version 0\.2\.0|Python 3\.1\d(\.\d+)?"
    r"|to 3\.14|Until 1\.0|3\.1\d with (?:2\.41|3\.0|the newest 2\.x)|newest 2\.x|  3;"
    r"|Redis 7\.0(\.15)?|512 MB|sentry-relay 0\.10\.1|OpenAPI 3\.1|RFC 3339|#\d+|127\.0\.0\.1"
    r"|20\d\d(-\d\d)*|exit (?:code|status)(?: is)? \d|\| \d \||128 \+ n|1(?:30|27|26)|with 0 and"
    r"|command's is 0|\d+ (?:events dropped|hexadecimal digits)|with 32 and|step \d|port; 0"
    r"|50 to 300 lines|5 to 20 lines|milliseconds \(0\)|last 100|after 100 entries|1,000 spans"
    r"|15 MiB|every 5 seconds|below 10 MB"
)
"""Versions, exit codes, counted lists, rules for contributors, and figures of other programs."""
MEASURED = ("benchmarks.md", "architecture.md")
"""Pages whose numbers are mostly results, which `make bench` and `make relay` write or compare."""


def key(page: Path) -> str:
    return "js/README.md" if page.parent.name == "js" else page.name


def shown(value: object) -> str:
    return f"{value:,}".removesuffix(".0") if isinstance(value, int | float) and value != PORT else str(value)


def flat(page: Path) -> str:
    """Return the text of a page in one line, without the numbers of lists."""
    return " ".join(re.sub(r"(?m)^ *\d\. ", "", prose_of(page)).split())


@pytest.mark.parametrize("page", [page for page in PROSE if key(page) in FIGURES], ids=lambda page: page.stem)
def test_a_figure_of_a_page_is_that_of_the_code(page: Path) -> None:
    expected = [text.format(shown(value)) for text, value in FIGURES[key(page)].items()]

    assert [text for text in expected if text not in flat(page)] == []


@pytest.mark.parametrize("page", PROSE, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_no_figure_is_left_out(page: Path) -> None:
    text = flat(page)
    for around, value in FIGURES.get(key(page), {}).items():
        text = text.replace(around.format(shown(value)), " ")
    text = OTHERS.sub(" ", re.sub(r"\]\([^)]*\)", "]", PIECE.sub("§", text)))
    numbers = re.findall(r"(?<![\w.,-])\d[\d,.]*\d|(?<![\w.,-])\d(?![\w,.]*\d)", text)

    statuses = {str(status.value) for status in HTTPStatus}
    left = [number for number in numbers if number not in statuses]
    assert left == [] or page.name in MEASURED


def test_processes_are_given_the_two_seconds_that_the_page_names() -> None:
    (page,) = (page for page in PROSE if page.name == "traces.md")

    assert ("after two seconds ended" in flat(page), grace) == (True, 2.0)
