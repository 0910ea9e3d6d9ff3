"""A span with the attributes that `matching` uses: an op, a description, children."""

from __future__ import annotations

from typing import Any


class FakeSpan:
    def __init__(
        self, op: str | None, description: str | None = None, *children: FakeSpan, **fields: Any
    ) -> None:
        self.op = op
        self.description = description
        self.children = children
        self.status = fields.get("status")
        self.data = fields.get("data", {})


def chain(make: Any, depth: int) -> Any:
    """Return a tree of that depth in which each span has one child."""
    tree = make("leaf")
    for _ in range(depth):
        tree = make("node", "inner", tree)
    return tree
