"""One row of the table of routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_sentryintegration.ingest.request import Reply

__all__ = ["Route"]


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    """``<name>`` is a variable part. A slash at the end may be left out."""
    handler: Callable[..., Reply]
    """Answers; the first line of its docstring says with what."""
    open: bool = False
    """Whether everybody may ask."""
