"""One fault that a test asks for, and what its arguments may be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_sentryintegration.wire.categories import DATA_CATEGORIES, KINDS
from pytest_sentryintegration.wire.rate_limits import NAMESPACES, SCOPES, RateLimit, format_rate_limits

_CATEGORY_ALIASES = {"user_report_v2": "feedback"}


@dataclass(slots=True)
class Fault:
    """One fault that is set: what it does, to which requests, and how often still."""

    kind: str
    """``rate_limit``, ``status``, ``delay``, ``disconnect`` or ``truncate``."""
    item_type: str | None = None
    """Only requests with such an item; ``None`` for all."""
    times: int | None = None
    """For how many requests still; ``None`` until it is cleared."""
    probability: float = 1.0
    """To which part of the requests it applies."""
    seed: int | None = None
    """Makes chance the same again, where it does not apply to all of them."""
    code: int = 0
    seconds: float = 0.0
    limit: RateLimit | None = None
    most: int | None = None
    """For how many requests it was set."""
    place: int = 0
    """Its place among those that were set together."""
    done: int = 0
    """How many requests it was applied to."""
    tried: int = 0
    """For how many requests chance has decided, with a seed."""

    def __post_init__(self) -> None:
        """Check what holds for a fault of any kind.

        Raises:
            ValueError: A wrong value; of an item type the nearest is named.
            TypeError: A wrong type.
        """
        if isinstance(self.probability, bool) or not isinstance(self.probability, int | float):
            raise TypeError(f"probability is a number from 0 to 1, got {self.probability!r}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is a number from 0 to 1, got {self.probability!r}")
        self.probability = float(self.probability)
        if self.seed is not None and (isinstance(self.seed, bool) or not isinstance(self.seed, int)):
            raise TypeError(f"seed is a whole number or None, got {self.seed!r}")
        if self.times is not None:
            if isinstance(self.times, bool) or not isinstance(self.times, int):
                raise TypeError(f"times is a number of requests or None, got {self.times!r}")
            if self.times < 1:
                raise ValueError(f"times is at least 1, got {self.times}")
        if self.item_type is not None:
            _known(self.item_type, tuple(KINDS), "item type")
        self.most = self.times

    def __str__(self) -> str:
        said = self.kind
        if self.limit is not None:
            said += f" {format_rate_limits([self.limit])}"
        elif self.kind == "status":
            said += f" {self.code}"
        elif self.kind == "delay":
            said += f" {self.seconds:g} s"
        if self.item_type is not None:
            said += f" for {self.item_type}"
        if self.probability < 1:
            said += f" with probability {self.probability:g}"
        if self.times is not None:
            said += f", {self.times} more time{'s' if self.times != 1 else ''}"
        return said


def limit_of(
    categories: Iterable[str], seconds: int, scope: str, reason: str, namespaces: Iterable[str]
) -> RateLimit:
    """Return the rate limit of a spent quota, as a test asks for it.

    Raises:
        ValueError: An unknown name, the nearest is named; a reason that the header cannot hold.
        TypeError: A wrong type.
    """
    spaces = tuple(_known(namespace, NAMESPACES, "namespace") for namespace in namespaces)
    names = tuple(_known_category(category) for category in categories)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise TypeError(f"seconds is a whole number, got {seconds!r}")
    if seconds <= 0:
        raise ValueError(f"seconds is at least 1, got {seconds}")
    _known(scope, SCOPES, "scope")
    if not isinstance(reason, str):
        raise TypeError(f"reason is text such as 'project_quota', got {reason!r}")
    if not re.fullmatch(r"[!-~]*", reason) or any(separator in reason for separator in ":,"):
        raise ValueError(f"a reason is printable ASCII without spaces, ':' and ',', got {reason!r}")
    return RateLimit(seconds, names, scope, reason, spaces)


def _known_category(name: str) -> str:
    if isinstance(name, str) and name in _CATEGORY_ALIASES:
        return _CATEGORY_ALIASES[name]
    return _known(name, tuple(DATA_CATEGORIES), "data category")


def _known(name: str, known: tuple[str, ...], what: str) -> str:
    if not isinstance(name, str):
        article = "an" if what.startswith("item") else "a"
        raise TypeError(f"{article} {what} is text such as {known[1]!r}, got {name!r}")
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"unknown {what} {name!r}; nearest: {nearest!r}")
    return name
