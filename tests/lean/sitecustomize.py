"""Python imports this first in each process that a test starts: it hides the packages of ``HIDDEN_PACKAGES``.

`sentry_sdk.init` tries to import every framework that it has an integration for, and its first event reads
the descriptions of all distributions that are installed. With all of those that these tests are run with,
that is more than half of the time of a pytest run that needs none of them.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import Any


class Hidden:
    """A finder for which the hidden packages are not installed."""

    names = frozenset(filter(None, os.environ.get("HIDDEN_PACKAGES", "").split(",")))
    _left_out: set[str] = set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        first, _, rest = name.partition(".")
        if first in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}: hidden by {__file__}", name=name)
        if rest.startswith("integrations.") and first == "sentry_sdk":
            self._leave_out(name)

    def _leave_out(self, name: str) -> None:
        """Raise at once what the module of an integration raises without its package: `init` loads 40."""
        integrations: Any = sys.modules["sentry_sdk.integrations"]
        package = name.rpartition(".")[2]
        if name not in self._left_out:
            tried = getattr(integrations, "_AUTO_ENABLING_INTEGRATIONS", ())
            is_tried = any(each.startswith(f"{name}.") for each in tried)
            is_missing = package in self.names or PathFinder.find_spec(package) is None
            if not (is_tried and is_missing) or package == "redis":  # whose module that of Django imports
                return
            self._left_out.add(name)
        raise integrations.DidNotEnable(f"{package} is not installed")


class Few(PathFinder):
    """Lists two distributions, or to pytest those with plugins, and the frameworks of ``FOUND_PACKAGES``.

    It finds any that is asked for by its name. sentry-sdk 2.41 looks in the list for a framework's version.
    """

    found = tuple(filter(None, os.environ.get("FOUND_PACKAGES", "").split(",")))

    @classmethod
    def find_distributions(cls, *contexts: Any) -> Any:
        (context,) = contexts or (None,)
        if context is None or context.name is not None:
            yield from PathFinder.find_distributions(*contexts)
            return
        names = cls.found
        if "pytest" not in sys.modules or "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in os.environ:
            names = ("sentry-sdk", "pytest-xdist", *names)
        else:
            for one in PathFinder.find_distributions(context):
                if "[pytest11]" in (one.read_text("entry_points.txt") or ""):
                    yield one
        for name in names:
            yield from PathFinder.find_distributions(type(context)(name=name, path=context.path))


if Hidden.names:
    sys.meta_path[sys.meta_path.index(PathFinder)] = Few
    sys.meta_path.insert(0, Hidden())
