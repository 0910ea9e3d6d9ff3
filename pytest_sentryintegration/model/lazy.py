"""Attributes that are worked out when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # To a type checker a lazy attribute is a property: read-only, typed, with its docstring.
    from builtins import property as lazy
else:

    class lazy:  # noqa: N801
        """Work an attribute out when it is first read, and keep it; also in a frozen dataclass.

        Two threads may both work it out; they get the same object. `functools.cached_property` holds one lock
        for all instances before Python 3.12, which deadlocks with locks taken meanwhile.

        >>> class Point:
        ...     @lazy
        ...     def x(self) -> object:
        ...         return object()
        >>> point = Point()
        >>> point.x is point.x
        True
        """

        def __init__(self, compute: Callable[[Any], Any]) -> None:
            self.__wrapped__ = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, holder: Any, owner: type) -> Any:
            if holder is None:
                return self
            return holder.__dict__.setdefault(self._name, self.__wrapped__(holder))


__all__ = ["lazy"]
