"""One thing that Sentry would not keep as it was sent, and what counts as ordinary. Knows no protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

DEFAULT_ALLOW: tuple[str, ...] = tuple(
    f"{owner}.frames.*.{field}"
    for owner in ("exception.values.*.stacktrace", "threads.values.*.stacktrace", "stacktrace")
    for field in ("vars.**", "pre_context", "post_context")
)
"""The paths that do not count by default: what Sentry trims in the stack frames of ordinary errors.

Variables are cut to 2048 bytes a frame, and in a stack of more than 50 frames the middle ones
lose their variables and the source lines around them.
"""


@dataclass(frozen=True)
class Finding:
    """One place where what Sentry stores differs from what was sent.

    >>> Finding("level", "invalid_data", "warn", "error", "Sentry knows no level 'warn'.").path
    'level'
    """

    path: str
    """Where, dotted: ``tags.graph``, ``exception.values.0.stacktrace.frames.3.vars.x``."""
    rule: str
    """Relay's name of the rule, such as ``invalid_data`` or ``!limit``."""
    sent: Any
    """The value as it was sent."""
    stored: Any
    """The value as Sentry stores it; ``None`` where nothing is left of it."""
    text: str
    """The rule in a sentence."""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


REQUEST = "the request"
"""The path of a finding about the HTTP request, and not about anything inside of it."""

_CUT = {"!limit": 5, "depth": 5, "stack_frames": 6}


def sort_key(finding: Finding) -> tuple[int, str]:
    """Order findings worst first: ``sorted(verdict.findings, key=sort_key)``.

    What loses everything comes first, then values that are lost, values that are changed, and values
    that are cut.

    >>> cut = Finding("message", "!limit", "xx", "x", "")
    >>> lost = Finding("release", "invalid_data", "a/b", None, "")
    >>> [finding.path for finding in sorted([cut, lost], key=sort_key)]
    ['release', 'message']
    """
    if finding.path in ("", REQUEST) or finding.path.startswith("dsn."):
        weight = 0
    elif finding.rule in _CUT:
        weight = _CUT[finding.rule]
    else:
        weight = 3 if finding.stored is None else 4
    return weight, finding.path


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = []
    for segment in pattern.split("."):
        if segment == "**":
            parts.append(r"(?:\..+)?")
            continue
        text = re.escape(segment).replace(r"\*", r"[^.]*").replace(r"\?", r"[^.]")
        parts.append((r"\." if parts else "") + text)
    return re.compile("".join(parts), re.DOTALL)


def matches_allow(path: str, patterns: Iterable[str] = DEFAULT_ALLOW) -> bool:
    """Whether *path* is one of those that do not count.

    ``*`` stands for one segment of the path or a part of it, ``**`` for any number of them, none included.

    >>> matches_allow("exception.values.0.stacktrace.frames.3.vars.rows")
    True
    >>> matches_allow("tags.graph", ["tags.*"])
    True
    >>> matches_allow("tags.graph", ["tag"])
    False
    """
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


def objections(findings: Sequence[Finding], allow: Iterable[str] = DEFAULT_ALLOW) -> list[Finding]:
    """Return the findings that count, worst first.

    >>> objections([Finding("extra.rows", "!limit", [], [], "")], allow=["extra.**"])
    []
    """
    patterns = tuple(allow)
    return sorted((found for found in findings if not matches_allow(found.path, patterns)), key=sort_key)
