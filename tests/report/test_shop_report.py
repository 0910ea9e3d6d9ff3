"""The example shop's report, which the documentation has as a file."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from tests.report.pages import Page

DOCS = Path(__file__).parents[2] / "docs"


def test_it_is_what_its_command_makes_of_the_dump() -> None:
    found = importlib.util.spec_from_file_location("make_shop_report", DOCS / "make_shop_report.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)

    kept, made = (DOCS / "shop-report.html").read_bytes(), module.report()

    # Not the compressed bytes: those of another zlib may differ.
    assert Page(kept).head == Page(made).head, "run: python docs/make_shop_report.py"
    assert Page(kept).blocks == Page(made).blocks, "run: python docs/make_shop_report.py"
    assert page_alone(kept) == page_alone(made), "run: python docs/make_shop_report.py"


def page_alone(report: bytes) -> bytes:
    return re.sub(rb'<script type="text/plain".*?</script>', b"", report, flags=re.DOTALL)


def test_it_names_no_folder_of_the_machine_that_made_it() -> None:
    texts = b"".join(path.read_bytes() for path in (DOCS / "shop-dump").iterdir())

    assert set(re.findall(rb'(?<=")/(\w+)/', texts)) <= {b"shop", b"python", b"tmp", b"checkout"}
