"""Attachments by the name of their file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from pytest_sentryintegration.matching.hints import near_key
from pytest_sentryintegration.matching.showing import MISSING

__all__ = ["by_filename"]


class Named(Protocol):
    """What has the name of a file."""

    @property
    def filename(self) -> str: ...


T = TypeVar("T", bound=Named)


class _ByFilename(dict[str, T]):
    """A dict whose `KeyError` says which filenames there are."""

    def __missing__(self, name: str) -> T:
        __tracebackhide__ = True
        came = ", ".join(map(repr, self)) or "none"
        near = near_key(name, self)
        meant = "" if near is MISSING else f"; did you mean {near!r}?"
        raise KeyError(f"no attachment is named {name!r}; there came: {came}{meant}")


def by_filename(attachments: Iterable[T]) -> dict[str, T]:
    """Return attachments by filename; a second one of the same name is ``"name (2)"``."""
    named: _ByFilename[T] = _ByFilename()
    counts: dict[str, int] = {}
    for attachment in attachments:
        name = attachment.filename
        while name in named:
            counts[attachment.filename] = counts.get(attachment.filename, 1) + 1
            name = f"{attachment.filename} ({counts[attachment.filename]})"
        named[name] = attachment
    return named
