"""Which services took part in a trace, and what each is called."""

from __future__ import annotations

from pytest_sentryintegration.model.linking import Forest
from pytest_sentryintegration.model.reading import mapping, text
from pytest_sentryintegration.model.records import Record

__all__ = ["service_of", "services_of"]


def service_of(record: Record) -> str:
    """Return the service that sent *record*: its server name, else its SDK and project."""
    # Of a streamed span, ``server.address`` may be the server that it calls; of a segment it is its own.
    at = record.forest.segment_of(record) or record.root or record
    if at.service:
        return at.service
    envelope = record.item.envelope
    client = envelope.arrival.client or ""
    sdk = (
        at.sdk.get("name")
        or text(mapping(envelope.headers.get("sdk")).get("name"))
        or client.partition("/")[0]
    )
    return f"{sdk} in project {envelope.project_id}" if sdk else f"project {envelope.project_id}"


def services_of(forest: Forest) -> tuple[str, ...]:
    """Return the services of a trace in the order of its tree, depth first."""
    found: dict[str, None] = {}
    known: dict[Record | None, str] = {}
    stack = [*reversed(forest.orphans), *reversed(forest.roots)]
    while stack:
        record = stack.pop()
        stack.extend(reversed(record.children or ()))
        segment = forest.segment_of(record) or record
        if segment not in known:
            known[segment] = service_of(record)
            found[known[segment]] = None
    return tuple(found)
