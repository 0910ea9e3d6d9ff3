"""The settings of Sphinx, and what is made beside its pages. `make docs` builds the site."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

project = "sentryintegration"
version = release = version_of(project)
html_title = f"{project} {version}"

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_theme_options = {"source_directory": "docs/"}
myst_heading_anchors = 4
myst_links_external_new_tab = False
pygments_style = "default"
highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]

SENTENCE = re.compile(r"^(?:\*[^*]+\*$|[A-Z`*\[].*?[.](?=\s|$))", re.MULTILINE | re.DOTALL)
"""The question that a page answers, else the first sentence of its text."""
INCLUDED = re.compile(r"^```\{include\} (\S+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def beside_the_pages(app: Any, error: Exception | None) -> None:
    """Put the Markdown of each page beside it, and `llms.txt`, which lists them all."""
    if error is not None or app.builder.name != "html":
        return
    source, target = Path(app.srcdir), Path(app.outdir)
    lines = [f"# {project}", ""]
    for name in sorted(app.env.found_docs, key=lambda name: (name != "index", name)):
        page = source / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        (target / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        included = INCLUDED.search(text)
        if included is not None:
            text = (page.parent / included[1]).read_text(encoding="utf-8")
        (target / f"{name}.md").write_text(text, encoding="utf-8")
        found = SENTENCE.search(text.partition("\n")[2])
        summary = f": {' '.join(found[0].split())}" if found is not None else ""
        lines.append(f"- [{app.env.titles[name].astext()}]({name}.md){summary}")
    (target / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Ask for `beside_the_pages` to be called at the end."""
    app.connect("build-finished", beside_the_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
