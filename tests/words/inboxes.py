"""A store with one inbox, and the views over it, without server and SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pytest_sentryintegration.inbox.events import SentryEvents
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.store import Store
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from pytest_sentryintegration.words import Evidence
from pytest_sentryintegration.words.captured import captured

TRACE = "a" * 32


class Received(StoredInbox):
    """An inbox that tests put things into, as if they had been sent."""

    def __init__(
        self,
        *,
        timeout: float = 0,
        drain: Callable[[], list[str]] = list,
        evidence: Evidence = Evidence(),  # noqa: B008
        invalid_allow: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(Store(), "t")
        self.store.open("t")
        self.timeout = timeout
        self.invalid_allow = invalid_allow
        self._drain = drain
        self._evidence = evidence
        self.reader = Reader(self)
        self.events = SentryEvents(self.reader)

    def drain(self) -> list[str]:
        return self._drain()

    def evidence(self) -> Evidence:
        return self._evidence

    def captured(self) -> str:
        self.contents.update()
        return captured(self.contents)

    def item(self, kind: str, payload: Any, **headers: Any) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        item = RawItem({"type": kind, **headers}, data)
        self.store.add("t", project_id="1", envelope=RawEnvelope({}, (item,)))

    def message(self, text: str, level: str = "error", **fields: Any) -> None:
        self.item("event", {"message": text, "level": level, **fields})

    def error(self, *exceptions: tuple[str, str], level: str = "error", **fields: Any) -> None:
        """Receive an error; exceptions are (qualified name, value), the innermost cause first."""
        values = []
        for name, value in exceptions:
            module, _, kind = name.rpartition(".")
            values.append({"type": kind, "module": module or None, "value": value})
        self.item("event", {"exception": {"values": values}, "level": level, **fields})

    def transaction(self, name: str, op: str, *spans: tuple[str, str]) -> None:
        """Receive a transaction with these child spans, one after the other."""
        children = [
            {
                "trace_id": TRACE,
                "span_id": f"{position:016x}",
                "parent_span_id": "b" * 16,
                "op": child_op,
                "description": description,
                "start_timestamp": 1000 + position,
                "timestamp": 1000 + position + 0.5,
            }
            for position, (child_op, description) in enumerate(spans, 1)
        ]
        self.item(
            "transaction",
            {
                "transaction": name,
                "contexts": {"trace": {"trace_id": TRACE, "span_id": "b" * 16, "op": op}},
                "start_timestamp": 1000,
                "timestamp": 1010,
                "spans": children,
            },
        )

    def dropped(self, reason: str, category: str, quantity: int) -> None:
        entry = {"reason": reason, "category": category, "quantity": quantity}
        self.item("client_report", {"discarded_events": [entry]})

    def refused(self, status: int, reason: str, *, fault: bool = False) -> None:
        self.store.refuse(
            "t",
            status=status,
            reason=reason,
            method="POST",
            path="/api/1/envelope/",
            headers=(),
            body=b"",
            fault=fault,
        )


class Held(Received):
    """An inbox into which messages only come when it is drained."""

    def __init__(self, *texts: str, **options: Any) -> None:
        self.held = list(texts)
        super().__init__(drain=self._send, **options)

    def _send(self) -> list[str]:
        while self.held:
            self.message(self.held.pop(0))
        return []
