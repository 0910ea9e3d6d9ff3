"""Objects that cannot be assigned to, whose attributes are worked out when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    # To a type checker a lazy attribute is a property: read-only, typed, with its docstring.
    from builtins import property as lazy
else:

    class lazy:  # noqa: N801
        """Work an attribute out when it is first read, and keep it.

        Two threads may both work it out; they get the same object. `functools.cached_property` holds one lock
        for all instances before Python 3.12, which deadlocks with locks taken meanwhile.
        """

        def __init__(self, compute: Callable[[Any], Any]) -> None:
            self._compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, holder: Any, owner: type) -> Any:
            if holder is None:
                return self
            return holder.__dict__.setdefault(self._name, self._compute(holder))


__all__ = ["Frozen", "lazy"]


class Frozen:
    """An object whose attributes cannot be assigned or deleted.

    >>> class Point(Frozen):
    ...     @lazy
    ...     def x(self) -> int:
    ...         return 1
    >>> point = Point()
    >>> point.x
    1
    >>> point.x = 2  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    dataclasses.FrozenInstanceError: cannot assign to 'x': a Point is read-only
    """

    __slots__ = ()

    # At run time only: with it in sight, type checkers would accept the assignment of any name.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise FrozenInstanceError(f"cannot assign to {name!r}: a {type(self).__name__} is read-only")

        def __delattr__(self, name: str) -> NoReturn:
            raise FrozenInstanceError(f"cannot delete {name!r}: a {type(self).__name__} is read-only")
