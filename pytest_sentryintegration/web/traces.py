"""One trace: its tree, and whether it is continuous."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_sentryintegration.inbox.queries import seconds
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.model import Break, Event, Span, Trace
from pytest_sentryintegration.model.reading import identifier
from pytest_sentryintegration.web.asking import PLACES, Asked, RefusedError, json_reply, reply, text_reply
from pytest_sentryintegration.web.captured import LONGEST
from pytest_sentryintegration.web.objects import as_json, dump
from pytest_sentryintegration.web.reading import Kept, Part
from pytest_sentryintegration.words.continuity import called_service, discontinuous, told

__all__ = ["Traces"]


class Traces:
    """Answers with what is known of one trace as a whole."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def tree(self, asked: Asked, trace_id: str) -> Reply:
        """Answer with the tree of a trace: text, or nested spans where JSON is asked for."""
        part = asked.part(self._kept, asked.parameters(PLACES))
        roots = _roots(_trace(part, trace_id))
        accepted = asked.request.headers.get("accept", "")
        if "application/json" in accepted:
            return reply(200, "application/json", b"[" + b",".join(map(_nested, roots)) + b"]", vary="accept")
        return text_reply(200, "\n".join(f"{root}\n" for root in roots), vary="accept")

    def continuity(self, asked: Asked, trace_id: str) -> Reply:
        """Answer with whether a trace is continuous; where it is not, what shows that, and the cure."""
        given = asked.parameters(PLACES | {"wait"})
        part = asked.part(self._kept, given)
        wait = seconds("wait", given.get("wait", "0"), LONGEST)
        wanted = identifier(trace_id)
        if wait and wanted is not None and not _is_sound(part, wanted):
            # What has not come yet may tell otherwise.
            with contextlib.suppress(AssertionError):
                part.events(asked.client).traces.find(wanted, complete=True, timeout=wait)
        trace = _trace(part, trace_id)
        breaks = trace.breaks()
        return json_reply(
            200,
            {
                "trace_id": trace.trace_id,
                "continuous": not breaks,
                "text": discontinuous(trace, breaks) if breaks else None,
                "breaks": [_shown(broken) for broken in breaks],
            },
        )


def _trace(part: Part, trace_id: str) -> Trace:
    traces = _traces(part)
    found = next((trace for trace in traces if trace.trace_id == identifier(trace_id)), None)
    if found is None:
        raise RefusedError(404, f"there is no trace {trace_id[:80]!r} among the {len(traces)} that came")
    return found


def _is_sound(part: Part, trace_id: str) -> bool:
    return any(trace.trace_id == trace_id and not trace.breaks() for trace in _traces(part))


def _traces(part: Part) -> Sequence[Trace]:
    contents = part.contents()
    contents.update()
    traces: Sequence[Trace] = contents.traces
    return traces


def _shown(broken: Break) -> dict[str, Any]:
    """Return where a trace is not continuous, in data and in words."""
    words = told(broken)
    after = broken.callee or broken.event
    return {
        "kind": broken.kind,
        "hop": words.hop,
        "caller": None if broken.caller is None else _side(broken.caller, broken.caller.service),
        "callee": None if after is None else _side(after, called_service(broken)),
        "differences": [
            {"name": name, "before": before, "after": after} for name, before, after in broken.differences
        ],
        "event": None if broken.event is None else broken.event.id,
        "evidence": words.evidence,
        "cure": words.cure,
    }


def _side(sent: Span | Event, service: str | None) -> dict[str, Any]:
    span = sent if isinstance(sent, Span) else None
    return {
        "service": service,
        "op": span and span.op,
        "description": span and span.description,
        "trace_id": sent.trace_id,
        "span_id": sent.span_id,
    }


def _roots(trace: Trace) -> tuple[Span, ...]:
    """Return the spans at the top: roots, and those whose parent has not come."""
    return (*trace.roots, *trace.orphans)


def _nested(root: Span) -> bytes:
    """Return a tree as JSON. Not by recursion: it may have 10,000 levels."""
    return b"".join(_pieces(root))


def _pieces(root: Span) -> Iterator[bytes]:
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, bytes):
            yield node
            continue
        yield dump(as_json(node))[:-1] + b',"children":['
        stack.append(b"]}")
        children = node.children
        for position in range(len(children) - 1, -1, -1):
            stack.append(children[position])
            if position:
                stack.append(b",")
