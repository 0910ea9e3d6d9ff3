"""Wrappers that the `warnings` module does not count.

``warnings.warn(..., stacklevel=2)`` names the caller's module, and filters by module match it. A wrapper
between the SDK's function and its caller would shift that by one, so warnings of the SDK would appear in
another module than without the plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def uncounted(wrapper: F) -> F:
    """Leave the frames of *wrapper* out of what ``stacklevel`` counts, as those of an import are.

    Python leaves out frames whose file name contains ``importlib`` and ``_bootstrap``
    (``warnings._is_internal_frame``); nothing else makes a frame transparent for every ``stacklevel``.

    >>> uncounted(lambda: None).__code__.co_filename
    '<sentryintegration, hidden as importlib._bootstrap>'
    """
    function = cast("Any", wrapper)
    function.__code__ = function.__code__.replace(
        co_filename="<sentryintegration, hidden as importlib._bootstrap>"
    )
    return wrapper
