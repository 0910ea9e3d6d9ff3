"""Python imports this first in each process that a test starts: it hides the packages of ``HIDDEN_PACKAGES``.

`sentry_sdk.init` imports every framework that it has an integration for, and its first event reads the
descriptions of all distributions that are installed. With all of those that these tests are run with, that is
more than half of the time of a pytest run that needs none of them.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import Any


class Hidden:
    """A finder for which the hidden packages are not installed."""

    names = frozenset(filter(None, os.environ.get("HIDDEN_PACKAGES", "").split(",")))

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}: hidden by {__file__}", name=name)


class Few(PathFinder):
    """Lists only the distributions with plugins of pytest; asked for one by name, it finds it as ever."""

    @staticmethod
    def find_distributions(*context: Any) -> Any:
        found = PathFinder.find_distributions(*context)
        if context and context[0].name is None:
            return (one for one in found if "[pytest11]" in (one.read_text("entry_points.txt") or ""))
        return found


if Hidden.names:
    sys.meta_path[sys.meta_path.index(PathFinder)] = Few
    sys.meta_path.insert(0, Hidden())
