"""The verdict on one item, computed when it is first read."""

from __future__ import annotations

import threading
from typing import Any

from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.verdict import relay
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.items import rule_on
from pytest_sentryintegration.verdict.ruling import Outcome, Ruling
from pytest_sentryintegration.verdict.scrubbing import Scrubbed, scrubbed


class Verdict:
    """What real Sentry would have done with one item. Every attribute may be read from any thread.

    Nothing is computed until an attribute is read, and then once.

    >>> event_id = capture_message("out of tea")
    >>> verdict = sentry_events.find("out of tea").verdict
    >>> verdict.outcome, verdict.findings
    ('accepted', ())
    """

    __slots__ = ("_arrival", "_index", "_known", "_lock", "_ruling", "_scrubbed")

    def __init__(self, arrival: Arrival, index: int, known: dict[str, Any]) -> None:
        self._arrival = arrival
        self._index = index
        self._known = known
        self._lock = threading.Lock()
        self._ruling: Ruling | None = None
        self._scrubbed: Scrubbed | None = None

    def _get(self) -> Ruling:
        if self._ruling is None:
            with self._lock:
                if self._ruling is None:
                    self._ruling = rule_on(self._arrival, self._index, self._known)
        return self._ruling

    @property
    def outcome(self) -> Outcome:
        """``accepted``, ``trimmed`` (kept, with something lost), ``dropped`` (after a 200) or ``refused``."""
        return self._get().outcome

    @property
    def reason(self) -> str | None:
        """Why, in Relay's words: ``invalid_json``, ``too_large:log``; ``None`` when it is accepted."""
        return self._get().reason

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each place where something is lost, worst first; empty exactly when it is accepted."""
        return self._get().findings

    @property
    def stored(self) -> Any:
        """The payload as Sentry would store it; ``None`` where nothing of it is stored.

        Raises:
            RelayMissing: The item is an event or a transaction, and ``sentry-relay`` is not installed.
        """
        ruling = self._get()
        if ruling.needs_relay:
            relay.processing()
        return ruling.stored

    @property
    def pii(self) -> tuple[Finding, ...]:
        """What Sentry's server-side scrubbing would remove under the settings a new project has.

        Empty for items that are neither events nor transactions: the library judges no others.

        Raises:
            RelayMissing: ``sentry-relay`` is not installed.
        """
        if self._scrubbed is None:
            self._scrubbed = self.scrubbed()
        return self._scrubbed.findings

    def scrubbed(self, **settings: Any) -> Scrubbed:
        """Return the payload as a project with its own scrubbing settings would store it.

        Args:
            settings: ``scrub_data``, ``scrub_defaults``, ``scrub_ip_addresses``, ``sensitive_fields``,
                ``exclude_fields``, as in `scrubbing.scrubbed`.

        Raises:
            RelayMissing: ``sentry-relay`` is not installed.

        >>> sentry_sdk.set_context("order", {"shelf": "north 7"})
        >>> event_id = capture_message("out of tea")
        >>> verdict = sentry_events.find("out of tea").verdict
        >>> [finding.path for finding in verdict.scrubbed(sensitive_fields=["shelf"]).findings]
        ['contexts.order.shelf']
        """
        relay.processing()
        ruling = self._get()
        if ruling.stored is None or not ruling.event:
            return Scrubbed((), ruling.stored)
        return scrubbed(ruling.stored, **settings)

    def __repr__(self) -> str:
        if self._ruling is None:
            return "<Verdict, not yet read>"
        reason = f": {self._ruling.reason}" if self._ruling.reason else ""
        return f"<Verdict {self._ruling.outcome}{reason}, {len(self._ruling.findings)} findings>"


def judge(arrival: Arrival, index: int, known: dict[str, Any] | None = None) -> Verdict:
    r"""Return the verdict on the item at *index* of what arrived; this costs nothing until it is read.

    Args:
        arrival: What arrived.
        index: The place of the item in its envelope.
        known: The same for all items of an envelope: what is worked out of all of it is, once, in there.

    >>> from pytest_sentryintegration.store import Store
    >>> from pytest_sentryintegration.wire.envelope import parse_envelope
    >>> envelope = parse_envelope(b'{}\n{"type":"check_in"}\n{"monitor_slug":"nightly"}')
    >>> verdict = judge(Store().add(None, project_id="1", envelope=envelope), 0)
    >>> verdict.outcome, verdict.reason
    ('dropped', 'invalid_json')
    """
    return Verdict(arrival, index, {} if known is None else known)
