"""What must not occur in any bytes: text in each way in which it may be encoded, bytes, or a pattern."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = ["MASK", "SHORTEST", "Secret", "masked", "secrets_of", "secrets_of_settings", "unset_variables"]

SHORTEST: Final = 4
"""Characters or bytes that a secret has at least: a shorter one occurs everywhere by chance."""

MASK: Final = "***"
"""What stands in the place of a secret."""


class Secret:
    """One thing that must not occur; its `repr` does not show it.

    Args:
        value: Text, bytes, or a compiled pattern of either.
        name: What it is called in messages.
        number: Its place among others.

    Raises:
        TypeError: *value* is of another type.
        ValueError: It is empty or shorter than `SHORTEST`, or a pattern that matches nothing at all.

    >>> secret = Secret("hunter2", "secret 1")
    >>> secret.find(b"the password is hunter2"), secret.find(b"it is not"), secret
    (16, -1, <secret 1: text of 7 characters>)
    """

    def __init__(self, value: Any, name: str, number: int = 1) -> None:
        self.name = name
        self.number = number
        self._patterns: list[tuple[re.Pattern[Any], bool]] = []
        self._texts: tuple[bytes, ...] = ()
        if isinstance(value, re.Pattern):
            self.kind = "pattern"
            self.shortest = SHORTEST
            is_text = isinstance(value.pattern, str)
            if value.search("" if is_text else b"") is not None:
                raise ValueError(f"{name} is a pattern that matches an empty text, which is everywhere")
            self._patterns = [(value, is_text)]
        elif isinstance(value, str):
            self.kind = f"text of {len(value)} characters"
            self._check(value.strip(), name)
            self._texts = tuple(dict.fromkeys(_spellings(value)))
            self.shortest = min(map(len, self._texts))
        elif isinstance(value, bytes | bytearray):
            self.kind = f"{len(value)} bytes"
            self._check(value, name)
            self._texts = (bytes(value),)
            self.shortest = len(value)
        else:
            several = " (give several as assert_absent(*secrets))" if isinstance(value, Iterable) else ""
            raise TypeError(
                f"{name} is to be text, bytes or a compiled pattern, got {type(value).__name__}{several}"
            )

    def _check(self, value: str | bytes | bytearray, name: str) -> None:
        if len(value) < SHORTEST:
            few = f"it has {len(value)} characters, and needs at least {SHORTEST}"
            raise ValueError(f"{name} is too short to be told from other text: {few}")

    def find(self, data: bytes) -> int:
        """Return where it begins in *data*, -1 where it does not occur."""
        for text in self._texts:
            start = data.find(text)
            if start >= 0:
                return start
        for pattern, is_text in self._patterns:
            shown = data.decode("utf-8", "replace") if is_text else data
            match = pattern.search(shown)
            if match is not None:
                before = shown[: match.start()]
                return len(before.encode("utf-8")) if isinstance(before, str) else match.start()
        return -1

    def masked(self, text: str) -> str:
        """Return *text* with the secret replaced by `MASK`."""
        for pattern, is_text in self._patterns:
            text = pattern.sub(MASK, text) if is_text else text
        for spelling in self._texts:
            try:
                text = text.replace(spelling.decode("utf-8"), MASK)
            except UnicodeDecodeError:
                pass  # in another encoding than text has here
        return text

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind}>"


def _spellings(text: str) -> Iterator[bytes]:
    forms = dict.fromkeys((text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))))
    for form in forms:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "latin-1", "cp1252"):
            try:
                yield form.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")
            except UnicodeEncodeError:
                pass  # not a text of that encoding


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """Return *text* without *secrets*, where they stand unencoded."""
    for secret in secrets:
        text = secret.masked(text)
    return text


def secrets_of(values: Iterable[Any]) -> list[Secret]:
    """Return the secrets that a call names.

    Raises:
        TypeError, ValueError: See `Secret`.
    """
    return [Secret(value, f"secret {number}", number) for number, value in enumerate(values, 1)]


def unset_variables(lines: Iterable[str]) -> list[str]:
    """Return which variables that ``env:NAME`` names have no value: their names may be wrong.

    >>> unset_variables(["env:NOT_SET", "hunter2"])
    ['NOT_SET']
    """
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("env:")]
    return [name for name in named if not os.environ.get(name)]


def secrets_of_settings(lines: Iterable[str], setting: str = "sentry_secrets") -> list[Secret]:
    """Return the secrets of the ini value ``sentry_secrets``: values, ``env:NAME`` or ``re:pattern``.

    A variable that is not set, or is empty, has no value that could be sent: it is passed over.

    Args:
        lines: these.
        setting: what they are called in messages.

    Raises:
        ValueError: One is too short, or no pattern, or names no variable.

    >>> secrets_of_settings(["hunter2", "re:key-[0-9]{8}", "env:NOT_SET"])
    [<sentry_secrets 1: text of 7 characters>, <sentry_secrets 2: pattern>]
    """
    secrets = []
    for number, line in enumerate(lines, 1):
        kind, colon, rest = line.partition(":")
        name, value = f"{setting} {number}", line
        if colon and kind == "env":
            if not rest.strip():
                raise ValueError(f"{name} names no variable: {line!r} is not env:NAME")
            value = os.environ.get(rest.strip(), "")
            name = line
            if not value:
                continue
        if colon and kind == "re":
            try:
                secrets.append(Secret(re.compile(rest), name, number))
            except re.error as error:
                raise ValueError(f"{name} is no pattern: {error.msg} at place {error.pos}") from None
        else:
            secrets.append(Secret(value, name, number))
    return secrets
