"""The routes of Kent (https://github.com/mozilla-services/kent), answered as Kent 2.2 does.

Kent counts each item of an envelope as an event, and gives it an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.model import Item
from pytest_sentryintegration.web.asking import Asked, json_reply
from pytest_sentryintegration.web.reading import Kept, Part

__all__ = ["Kent"]


class Kent:
    """Answers as Kent."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def eventlist(self, asked: Asked) -> Reply:
        """Answer with all items, oldest first."""
        part = asked.part(self._kept, asked.parameters({"inbox"}))
        events = [
            {"project_id": _project(item), "event_id": event_id, "summary": _summary(_body(item))}
            for event_id, item in _items(part)
        ]
        return json_reply(200, {"events": events})

    def event(self, asked: Asked, event_id: str) -> Reply:
        """Answer with one item."""
        part = asked.part(self._kept, asked.parameters({"inbox"}))
        for known, item in _items(part):
            if known == event_id:
                sent_as_envelope = item.envelope.arrival.endpoint == "envelope"
                payload = {
                    "envelope_header": item.envelope.headers if sent_as_envelope else None,
                    "header": item.headers if sent_as_envelope else None,
                    "body": _body(item),
                }
                return json_reply(
                    200, {"project_id": _project(item), "event_id": event_id, "payload": payload}
                )
        return json_reply(404, {"error": f"Event {event_id[:80]} not found"})

    def flush(self, asked: Asked) -> Reply:
        """Forget all items."""
        part = asked.part(self._kept, asked.parameters({"inbox"}))
        store = self._kept.store
        store.clear(*(store.inboxes if part.inbox is None else [part.inbox]))
        return json_reply(200, {"success": True})


def _items(part: Part) -> Iterator[tuple[str, Item]]:
    contents = part.contents()
    contents.update()
    for item in contents.items:
        yield f"{item.envelope.arrival.number}-{item.index}", item


def _project(item: Item) -> Any:
    project = item.envelope.project_id
    return int(project) if project.isascii() and project.isdecimal() else project


def _body(item: Item) -> Any:
    value, problem = item._parsed
    return value if problem is None else item.payload.decode("utf-8", "replace")


def _summary(body: Any) -> str:
    if isinstance(body, dict):
        exception = body.get("exception")
        values = exception.get("values") if isinstance(exception, dict) else None
        if isinstance(values, list) and values and isinstance(values[0], dict):
            return f"{values[0].get('type')}: {values[0].get('value')}"
        if isinstance(body.get("message"), str) and body["message"]:
            return str(body["message"])
        report = body.get("csp-report")
        if isinstance(report, dict):
            return f"csp-report: {report.get('violated-directive', 'unknown')}"
    return "no summary"
