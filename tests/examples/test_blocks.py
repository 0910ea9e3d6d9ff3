"""Each block of code of the README and the pages of `docs` is run, or compared with what runs."""

from __future__ import annotations

import shlex
from importlib.metadata import metadata

import pytest

from tests.cli.test_documentation import CONSOLE as OF_THE_COMMAND_LINE
from tests.cli.test_options import COMMANDS
from tests.clients.test_command_line import OF_NODE
from tests.clients.test_several_machines import PAGE as SEVERAL_MACHINES
from tests.examples.pages import BLOCKS, ROOT
from tests.examples.test_readme import EXCERPTS, FAILING, FILES, OUTPUTS, SCRIPTS, SETTINGS
from tests.examples.test_tutorial import FOLLOWED
from tests.web.test_documentation import PAGES as OF_THE_API

COMMANDS_ALONE = [block for block in BLOCKS if block.language == "sh" and not block.name]
"""Commands without an output: below, each is looked for where it is defined."""
OF_THE_COMMAND_LINE_TOO = [
    block for block in BLOCKS if block.name and block.page in {each.page for each in OF_THE_COMMAND_LINE}
]
"""Files that its examples use."""
RUN = [
    *(FILES + FAILING + OUTPUTS + SCRIPTS + SETTINGS + COMMANDS_ALONE),
    *EXCERPTS.values(),
    *(OF_THE_COMMAND_LINE + OF_THE_COMMAND_LINE_TOO + OF_NODE),
    *(block for block in BLOCKS if block.page in FOLLOWED and (block.language == "console" or block.name)),
    *(block for block in BLOCKS if block.page.name in OF_THE_API and block.language == "console"),
    *(block for block in BLOCKS if block.page == SEVERAL_MACHINES and block.language != "sh"),
]
EXCEPTIONS = {
    ("architecture.md", "text"): "a picture",
    ("endpoints.md", "ini"): "a setting of Unreal Engine, which is not at hand",
    ("django.md", "text"): "compared by tests/integration/test_django_client.py",
}


def test_every_block_is_run_or_compared() -> None:
    left = {(block.page.name, block.language): str(block) for block in BLOCKS if block not in RUN}

    assert {key: block for key, block in left.items() if key not in EXCEPTIONS} == {}
    assert left.keys() == EXCEPTIONS.keys(), "an exception that is needed no more"


@pytest.mark.parametrize(
    "line", [line for block in COMMANDS_ALONE for line in block.text.splitlines()], ids=lambda line: line[:40]
)
def test_a_command_without_an_output_is_one_that_there_is(
    line: str, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *words = shlex.split(line, comments=True)
    if program == "make":
        assert f"\n{words[0]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    elif program == "pip":
        name, _, extras = words[-1].rstrip("]").partition("[")
        known = set(metadata(name).get_all("Provides-Extra") or ())
        assert words[0] == "install"
        assert set(filter(None, extras.split(","))) <= known
    elif program == "sentryintegration":
        (command,) = (command for command in COMMANDS if command.name == words[0])
        command.parse(words[1:])
    elif program == "pytest":
        for word in words:
            if word.startswith("--"):
                pytestconfig.getoption(word.partition("=")[0])
    else:
        script = (ROOT / words[0]).read_text(encoding="utf-8")
        assert program == ".venv/bin/python"
        assert [word for word in words[1:] if word not in script] == []
