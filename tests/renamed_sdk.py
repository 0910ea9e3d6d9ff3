"""Copies of the installed ``sentry_sdk`` in which one name has moved, as it may in an SDK to come."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import sentry_sdk

SDK = Path(sentry_sdk.__file__).parent


def renamed(name: str, place: Path) -> Path:
    """Copy the installed SDK with another word for *name*; return the folder to import it from."""
    # Not that of Python's own `http.client`.
    word, other = re.compile(rf"(?<!\bhttp\.)\b{name}\b"), f"{name}_of_another_name"
    for source in SDK.rglob("*"):
        target = place / "sentry_sdk" / word.sub(other, str(source.relative_to(SDK)))
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py" and name in (text := source.read_text(encoding="utf-8")):
            target.write_text(word.sub(other, text), encoding="utf-8")
        elif source.is_file():
            # With its time, by which Python knows what it has compiled from this source.
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copy2(source, target)
    return place
