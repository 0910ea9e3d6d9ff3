"""What decides that something is sampled out, noted where the SDK reports the loss."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any, Final

from pytest_sentryintegration.evidence import SampledOut
from pytest_sentryintegration.sdk.notes import notes_of
from pytest_sentryintegration.sdk.ownership import Owner

_FRAMES: Final = 8
"""How far from the transport a span that it reports as lost may be."""


def note_sampling(owner: Owner | None, options: dict[str, Any], category: str, quantity: int) -> None:
    """Note what sampled something out; to be called where the SDK reports the loss.

    Args:
        owner: to whom it belongs.
        options: of the client.
        category: the data category of what was lost.
        quantity: how much of it.
    """
    noted = notes_of(owner)
    if noted is not None:
        noted.sampled_out[SampledOut(category, *_sampled_by(options, category))] += quantity


def _sampled_by(options: dict[str, Any], category: str) -> tuple[str, float | None]:
    if category == "error":
        sampler = callable(options.get("error_sampler"))
        return ("error_sampler", None) if sampler else ("sample_rate", options["sample_rate"])
    if category not in ("transaction", "span"):
        return "", None
    span = _unsampled_span()
    is_static = hasattr(span, "_span_recorder")
    segment = span if is_static else getattr(span, "_segment", None)
    # Not of the span that is lost: the parent of a streamed one is usually in this process.
    decided = getattr(segment, "parent_sampled" if is_static else "_parent_sampled", None)
    # With `sampled=False` the SDK sets the transaction's rate to 0, whatever the options say.
    refused = is_static and span.sample_rate == 0
    rate = options.get("traces_sample_rate")
    if callable(options.get("traces_sampler")):
        return "traces_sampler or sampled=False" if refused else "traces_sampler", None
    if decided is False:
        return "caller", None
    if refused and rate:
        return "sampled=False", None
    # A rate of 1 samples nothing out: what did is not known.
    return ("", None) if rate is None or rate >= 1 else ("traces_sample_rate", rate)


def _unsampled_span() -> Any:
    """Return the span of which the SDK, or the facade, is just now reporting the loss."""
    kinds = tuple(tracing_kinds())
    frame: types.FrameType | None = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame is None:
            break
        if package(frame.f_globals) in ("sentry_sdk", "sentryintegration"):
            for name in ("self", "span"):
                if isinstance(found := frame.f_locals.get(name), kinds):
                    return found
        frame = frame.f_back
    return None


def tracing_kinds() -> Iterator[type]:
    """Yield the classes of transactions and of streamed spans that the SDK has."""
    for module, name in (
        ("sentry_sdk.tracing", "Transaction"),
        ("sentry_sdk.traces", "StreamedSpan"),
        ("sentry_sdk.traces", "Span"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            yield kind


def package(names: dict[str, Any]) -> str:
    """Return the package of a module, by its globals.

    >>> package({"__name__": "sentry_sdk.tracing"})
    'sentry_sdk'
    """
    return str(names.get("__name__", "")).partition(".")[0]
