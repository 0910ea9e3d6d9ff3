"""Subclasses of the SDK's `Scope` that know whose scopes they are.

``Scope.__copy__`` keeps the class, so what the SDK forks into threads and tasks knows it too. A class is
used again once it has no scopes any more: what the interpreter has learnt of a class (where its attributes
are) it learns anew for each, in every function of the SDK that touches a scope.
"""

from __future__ import annotations

import sys
import sysconfig
from typing import Any

from sentry_sdk.scope import Scope

_MOST = 16
"""How many classes wait for their scopes to go; of more, the eldest are given up."""

# Without the interpreter's lock, and elsewhere than in CPython, the references to a class are not counted.
_COUNTED = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


class _Waiting:
    """A class that no test uses, and how many references there are to it without any scope."""

    __slots__ = ("cls", "least")

    def __init__(self, cls: type[Scope]) -> None:
        self.cls = cls
        self.least: int = cls._least  # type: ignore[attr-defined]


_waiting: list[_Waiting] = []


def take_class(owner: Any, client: property) -> type[Scope]:
    """Return a class whose scopes belong to *owner*: a new one, or one that has no scopes any more.

    Args:
        owner: what `owner_of` answers for its scopes.
        client: in place of the slot of that name.
    """
    cls = _take_unused()
    if cls is None:
        body = {"__slots__": (), "__module__": Scope.__module__, "client": client, "_owners": [owner]}
        cls = type("Scope", (Scope,), body)
        cls._least = 0  # type: ignore[attr-defined]
        # A tracer may hold what was local here: the class would be taken for unused with a scope left.
        if sys.gettrace() is None and sys.getprofile() is None:
            waiting = _Waiting(cls)
            del cls
            waiting.cls._least = _references(waiting)  # type: ignore[attr-defined]
            return waiting.cls
        return cls
    # In a list, since to change the class would make the interpreter forget what it has learnt of it.
    cls._owners[0] = owner  # type: ignore[attr-defined]
    return cls


def give_back(cls: type[Scope]) -> None:
    """Let another test have *cls*, which this one uses no longer, when its last scope is gone."""
    if _COUNTED:
        _waiting.append(_Waiting(cls))
        del _waiting[:-_MOST]


def owner_of(scope: Any) -> Any:
    """Return whose scope this is, ``None`` for a scope of nobody (or none at all)."""
    owners = getattr(scope, "_owners", None)
    return None if owners is None else owners[0]


def _take_unused() -> type[Scope] | None:
    # Without a lock, which a fork could find held: what is popped is this thread's alone.
    used = []
    found = None
    while found is None:
        try:
            waiting = _waiting.pop()
        except IndexError:
            break
        if _references(waiting) > waiting.least:
            used.append(waiting)
        else:
            found = waiting.cls
    _waiting[:0] = used
    return found


def _references(waiting: _Waiting) -> int:
    return sys.getrefcount(waiting.cls)
