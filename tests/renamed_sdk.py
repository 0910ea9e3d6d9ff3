"""Copies of the installed ``sentry_sdk`` in which one name has moved, as it may in an SDK to come."""

from __future__ import annotations

import os
import re
import shutil
from functools import cache
from pathlib import Path

import sentry_sdk

SDK = Path(sentry_sdk.__file__).parent


@cache
def sources() -> dict[Path, str | None]:
    """Return the texts of the installed SDK's modules, and its other files; they are read once."""
    return {
        path: path.read_text(encoding="utf-8") if path.suffix == ".py" else None
        for path in SDK.rglob("*")
        if path.is_file()
    }


def renamed(name: str, place: Path) -> Path:
    """Copy the installed SDK with another word for *name*; return the folder to import it from."""
    # Not that of Python's own `http.client`.
    word, other = re.compile(rf"(?<!\bhttp\.)\b{name}\b"), f"{name}_of_another_name"
    for source, text in sources().items():
        target = place / "sentry_sdk" / word.sub(other, str(source.relative_to(SDK)))
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is not None and name in text and (changed := word.sub(other, text)) != text:
            target.write_text(changed, encoding="utf-8")
        else:
            # With its time, by which Python knows what it has compiled from this source.
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copy2(source, target)
    return place
