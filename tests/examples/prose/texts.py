"""Pieces that are a text of the sources: what is said, constants, keys, JavaScript."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tests.cli.test_options import COMMANDS
from tests.examples.pages import ROOT, blocks_of
from tests.examples.prose.commands import ini_values
from tests.examples.prose.pieces import read


@cache
def sources() -> str:
    """Return the text of what is said by plugin, facade and viewer, texts in several pieces made one."""
    folders = ("pytest_sentryintegration", "src/sentryintegration", "viewer/src")
    files = (
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".js")
    )
    joined = "".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*f?"', "", joined)


@cache
def constants() -> frozenset[str]:
    """Return what the sources have as a text of its own, and their classes and functions, in lower case."""
    texts = re.findall(r"""(?<![\w"'])[fb]?"([^"\n]+)"(?!")""", sources())
    named = re.findall(r"^ *(?:class|def) (\w+)", sources(), re.MULTILINE)
    return frozenset(text.lower().rstrip(":") for text in texts) | {name.lower() for name in named}


def constant(piece: str, page: Path) -> bool | None:
    """``X-Sentry-Auth``, ``sentry_key=``, ``buffer_overflow``, ``OwnedScope``."""
    found = re.fullmatch(r"([A-Za-z_][\w./-]*|[@#~*+-]|\*+)=?", piece)
    return True if found is not None and found[1].lower() in constants() else None


def said(piece: str, page: Path) -> bool | None:
    """``'api' owes span ..., which it names``: what stands between values in a text that is printed."""
    if not re.search(r"[a-z]+ [a-z]+", piece) or re.search(r"[={}$;]", piece):
        return None
    between = [part.strip(" .,:") for part in re.split(r"'[^']*'|\.\.\.|\d[\d.]*|\(.*?\)|<|>", piece)]
    parts = [part for part in between if len(part) > 4]
    return (bool(parts) and all(part in sources() for part in parts)) or None


def of_help(piece: str, page: Path) -> bool | None:
    """``redis://HOST:PORT/DB``, ``env:NAME``: what the help of an option calls its value, or its default."""
    given = [each for command in COMMANDS for each in command.options]
    texts = [f"{each.metavar} {each.help} {each.default}" for each in given] + [
        str(value) for value in ini_values().values()
    ]
    texts.append(read("docs/reference/plugin.md"))
    found = re.compile(rf"(?<![\w.]){re.escape(piece)}(?![\w])")
    return any(found.search(text) for text in texts) or None if re.search(r"[:/.\d]", piece) else None


def header(piece: str, page: Path) -> bool | None:
    """``Accept: text/plain``, ``Authorization: Bearer TOKEN``."""
    found = re.fullmatch(r"([A-Z][a-z-]+): (\S+).*", piece)
    if found is None or page.name != "api.md":
        return None
    text = sources().lower()
    return found[1].lower() in text and found[2].lower() in text


def method(piece: str, page: Path) -> bool | None:
    """``Store.follow``: of a class inside."""
    found = re.fullmatch(r"([A-Z]\w+)\.([a-z]\w+)", piece)
    if found is None or page.name != "architecture.md":
        return None
    return f"class {found[1]}" in sources() and f"def {found[2]}(" in sources()


def package(piece: str, page: Path) -> bool | None:
    """``@sentry/node``, ``raven``: an SDK that is tested against."""
    lists = read("tests/clients/node/package.json") + read("noxfile.py")
    return True if f'"{piece}"' in lists or f'"{piece}==' in lists else None


def of_viewer(piece: str, page: Path) -> bool | None:
    """``level:error``, ``Esc``: words of the filter, and keys."""
    if page.name not in ("viewer.md", "report.md"):
        return None
    if re.fullmatch(r"-?\w+:\S+( \w+:\S+)*", piece):
        fields = re.findall(r"(\w+):", piece)
        return all(
            re.search(rf"^  {field}: ", read("viewer/src/filter.js"), re.MULTILINE) for field in fields
        )
    keys = re.search(r"const KEYS = .*?\];", read("viewer/src/help.js"), re.DOTALL)
    assert keys is not None
    shown = {key for each in re.findall(r'^  \["([^"]+)"', keys[0], re.MULTILINE) for key in each.split()}
    return True if piece in shown else None


@cache
def words_of_script() -> frozenset[str]:
    """Return the words of the declarations of the client for JavaScript, without their comments."""
    texts = (read(f"clients/js/{each}.d.ts") for each in ("index", "playwright", "openapi"))
    return frozenset(re.findall(r"\w+", re.sub(r"//[^\n]*|/\*.*?\*/", "", "".join(texts), flags=re.DOTALL)))


def script(piece: str, page: Path) -> bool | None:
    """``inbox.faults.set({ status: { code: 503 } })`` about JavaScript: each word is declared."""
    if "js" not in page.parts and page.stem not in ("node", "playwright"):
        return None
    words = re.findall(r"[A-Za-z_]\w+", re.sub(r"\"[^\"]*\"|`[^`]*`", "", piece))
    unknown = {word for word in words if word not in words_of_script() and word not in OF_SCRIPT}
    return True if words and not unknown else None


OF_SCRIPT = frozenset(
    {
        *(
            "await",
            "import",
            "from",
            "using",
            "const",
            "true",
            "null",
            "assert",
            "deepEqual",
            "expect",
            "toMatchObject",
        ),
        *(
            "browser",
            "newContext",
            "page",
            "goto",
            "context",
            "test",
            "use",
            "encodeURIComponent",
            "first",
            "criteria",
        ),
        *("afterAll", "after", "as", "Sentry", "init", "flush", "fetch", "meta", "globalThis", "tunnel"),
    }
)
"""Words of JavaScript, of its test runners and of Sentry's SDK."""


def shown(piece: str, page: Path) -> bool | None:
    """``/price/<tea>``, ``tcp.refused``: in a block of code of the page, all of which are run or compared."""
    blocks = "\n".join(block.text for block in blocks_of(page))
    if piece not in blocks or not re.search(r"\w", piece):
        return None
    return True if re.search(rf"(?<![\w.-]){re.escape(piece)}(?![\w-])", blocks) else None
