"""What came on the wire: envelopes, their items, and requests that were refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration import verdict
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.reading import mapping
from pytest_sentryintegration.store import Arrival, RefusedRequest
from pytest_sentryintegration.verdict import Verdict
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, serialize_envelope

__all__ = [
    "EVENT_TYPES",
    "SECURITY_TYPES",
    "Envelope",
    "Envelopes",
    "Item",
    "Newest",
    "Refused",
    "UnreadablePayload",
]

SECURITY_TYPES = frozenset({"raw_security", "security", "csp"})
"""Item types that hold a browser's security report, of which Sentry makes an event."""

EVENT_TYPES = SECURITY_TYPES | {"event"}
"""Item types that are events here."""


class UnreadablePayload(ValueError):
    """The payload of an item or attachment cannot be read as JSON; says whose it is, and why.

    >>> event_id = capture_message("out of tea", attachments=["left: 0"])
    >>> sentry_events.attachments.find().json
    Traceback (most recent call last):
    pytest_sentryintegration.model.items.UnreadablePayload: attachment ...: not JSON: Expecting value: ...
    """


@dataclass(frozen=True, eq=False, repr=False)
class Envelope:
    """One request body: headers, and items in the order in which they were sent.

    >>> event_id = capture_message("out of tea")
    >>> envelope = sentry_events.envelopes.find()
    >>> envelope.headers["event_id"] == event_id, [item.type for item in envelope.items]
    (True, ['event'])
    """

    # There may be 50,000 of them: a dict each only once something was worked out.
    __slots__ = ("__dict__", "arrival", "uploads")

    arrival: Arrival
    """The request that it came in, with its HTTP headers, key and endpoint."""
    uploads: Mapping[str, bytes]
    """The files that were uploaded to the same inbox, by the paths of their locations."""

    @property
    def raw(self) -> RawEnvelope:
        """The envelope as it was parsed."""
        return self.arrival.envelope

    @property
    def body(self) -> bytes:
        """Its bytes, decoded; what came by another endpoint is made into an envelope.

        Headers are written anew, so their JSON may be spelled otherwise than it was sent.
        """
        return serialize_envelope(self.raw)

    @property
    def headers(self) -> dict[str, Any]:
        """The envelope's own headers: ``event_id``, ``sent_at``, ``trace``, ..."""
        return self.arrival.envelope.headers

    @lazy
    def items(self) -> tuple[Item, ...]:
        """Its items, unknown types included."""
        return tuple(Item(self, index) for index in range(len(self.arrival.envelope.items)))

    @lazy
    def _known(self) -> dict[str, Any]:
        return {}

    @property
    def project_id(self) -> str:
        """The project that it was sent to."""
        return self.arrival.project_id

    @property
    def received(self) -> datetime:
        """When it arrived: real time, UTC."""
        return self.arrival.received

    @property
    def test(self) -> str:
        """The node id of the test that it belongs to, ``""`` outside pytest."""
        return self.arrival.test

    def __repr__(self) -> str:
        kinds = ", ".join(str(raw.headers.get("type")) for raw in self.raw.items[:10])
        more = ", ..." if len(self.raw.items) > 10 else ""
        return f"<Envelope {kinds or 'without items'}{more}>"


class Envelopes:
    """The envelopes of arrivals, made when they are looked at: 50,000 objects take a tenth of a second."""

    def __init__(self) -> None:
        self._made: dict[int, Envelope] = {}
        self._uploads: dict[str, bytes] = {}
        self._uploaded: dict[str, int] = {}

    def of(self, arrival: Arrival) -> Envelope:
        """Return the envelope of an arrival; asked again, the same object."""
        made = self._made.get(arrival.number)
        return (
            self._made.setdefault(arrival.number, Envelope(arrival, self._uploads)) if made is None else made
        )

    def upload(self, path: str, number: int, payload: bytes) -> None:
        """Take in a file that was uploaded: the path of its location, and the number of its arrival."""
        self._uploads[path] = payload
        self._uploaded[path] = number

    def forget(self, number: int) -> None:
        """Forget those up to the arrival of that number, and the files that were uploaded with them."""
        for known in [known for known in self._made if known <= number]:
            del self._made[known]
        for path in [path for path, known in self._uploaded.items() if known <= number]:
            del self._uploads[path], self._uploaded[path]


class Newest:
    """Finds the newest arrival whose envelope names a trace id in its trace header; reads each but once."""

    def __init__(self, arrivals: Sequence[Arrival], lock: AbstractContextManager[Any]) -> None:
        self._arrivals = arrivals
        self._lock = lock
        self._read = 0
        self._of: dict[str, Arrival] = {}

    def __call__(self, trace_id: str) -> Arrival | None:
        """Return that of *trace_id*, ``None`` where none names it."""
        with self._lock:
            came = len(self._arrivals)
            for arrival in self._arrivals[self._read : came]:
                named = mapping(arrival.envelope.headers.get("trace")).get("trace_id")
                if isinstance(named, str):
                    self._of[named] = arrival
            self._read = came
            return self._of.get(trace_id)


@dataclass(frozen=True, eq=False, repr=False)
class Item:
    """One part of an envelope: headers and payload bytes.

    >>> event_id = capture_message("out of tea")
    >>> item = sentry_events.items.find("event")
    >>> item.headers["content_type"], item.json["event_id"] == event_id
    ('application/json', True)
    """

    envelope: Envelope
    """The envelope that it came in."""
    index: int
    """Its place in the envelope, from 0."""

    @lazy
    def raw(self) -> RawItem:
        """The item as it was parsed."""
        return self.envelope.arrival.envelope.items[self.index]

    @property
    def type(self) -> str:
        """Its type, such as ``event`` or ``client_report``; ``""`` where that is not text."""
        kind = self.raw.headers.get("type")
        return kind if isinstance(kind, str) else ""

    @property
    def headers(self) -> dict[str, Any]:
        """Its headers: ``type``, ``length``, ``content_type``, ..."""
        return self.raw.headers

    @property
    def payload(self) -> bytes:
        """Its bytes, untouched."""
        return self.raw.payload

    @property
    def json(self) -> Any:
        """Its payload as JSON, parsed when first looked at.

        Raises:
            UnreadablePayload: It is not JSON in UTF-8, or nested deeper than Python can follow.
        """
        value, problem = self._parsed
        if problem is not None:
            raise UnreadablePayload(f"payload of the {self.type!r} item: {problem}")
        return value

    @lazy
    def _fields(self) -> dict[str, Any]:
        """Its payload where that is a JSON object, else an empty dict."""
        value = self._parsed[0]
        return value if isinstance(value, dict) else {}

    @lazy
    def _is_object(self) -> bool:
        """Whether its payload is a JSON object."""
        return isinstance(self._parsed[0], dict)

    @lazy
    def verdict(self) -> Verdict:
        """What real Sentry would do with it."""
        return verdict.judge(self.envelope.arrival, self.index, self.envelope._known)

    @lazy
    def _parsed(self) -> tuple[Any, str | None]:
        return parsed(self.payload)

    def __repr__(self) -> str:
        return f"<Item {self.type} {len(self.payload)} bytes>"


@dataclass(frozen=True, eq=False, repr=False)
class Refused:
    """A request that the fake Sentry did not accept.

    >>> sentry_events.faults.status(503, times=1)
    >>> event_id = capture_message("out of tea")
    >>> refused = sentry_events.refused.find()
    >>> refused.status, refused.reason
    (503, 'fault set by the test: status 503')
    """

    raw: RefusedRequest
    """The request as it was stored, with its method and path."""

    @property
    def status(self) -> int:
        """The status that it was answered with."""
        return self.raw.status

    @property
    def reason(self) -> str:
        """Why, in Relay's words."""
        return self.raw.reason

    @lazy
    def headers(self) -> dict[str, str]:
        """The headers of the HTTP request, names in lower case; of doubled ones the last."""
        return {name.lower(): value for name, value in self.raw.headers}

    @property
    def body(self) -> bytes:
        """The bytes that were sent."""
        return self.raw.body

    @property
    def received(self) -> datetime:
        """When it arrived: real time, UTC."""
        return self.raw.received

    def __repr__(self) -> str:
        return f"<Refused {self.status} {self.reason!r}>"


def parsed(payload: bytes) -> tuple[Any, str | None]:
    """Parse JSON; return it and ``None``, or ``None`` and the reason why it cannot be read.

    Reads what Python reads, so more than Sentry does (``NaN``): what Sentry refuses is the verdict's to say.

    >>> parsed(b'{"a": 1}')
    ({'a': 1}, None)
    >>> parsed(b"nope")
    (None, 'not JSON: Expecting value: line 1 column 1 (char 0)')
    """
    try:
        return json.loads(str(payload, "utf-8")), None
    except UnicodeDecodeError as error:
        return None, f"not UTF-8: {error.reason} at byte {error.start}"
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as error:
        return None, f"not JSON: {error}"
