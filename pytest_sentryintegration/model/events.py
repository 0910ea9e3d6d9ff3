"""Error and message events, and the attachments that came with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_sentryintegration.model.breadcrumbs import Breadcrumb, read_breadcrumbs
from pytest_sentryintegration.model.exceptions import Frame, SentException, read_exceptions, read_frames
from pytest_sentryintegration.model.filenames import by_filename
from pytest_sentryintegration.model.items import (
    EVENT_TYPES,
    SECURITY_TYPES,
    Envelope,
    Item,
)
from pytest_sentryintegration.model.lazy import lazy
from pytest_sentryintegration.model.messages import event_level, event_message, security_message
from pytest_sentryintegration.model.parts import Part, read_once
from pytest_sentryintegration.model.reading import identifier, listing, mapping, moment, text, texts, values
from pytest_sentryintegration.model.sent_files import SentFile
from pytest_sentryintegration.model.snapshots import event_snapshot

__all__ = ["Attachment", "Event", "attachment_of", "attachments_of", "event_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Event(Part):
    """An error or message as it was reported.

    A field of a wrong type reads as empty; `raw` has what was sent.

    >>> event_id = capture_message("out of tea", Warn, tags={"shop": "north"})
    >>> event = sentry_events.find("out of tea")
    >>> event.level, event.tags["shop"], event.id == event_id
    ('warning', 'north', True)
    """

    @property
    def raw(self) -> dict[str, Any]:
        """Its payload: the JSON object as it was sent."""
        return self.item._fields

    @property
    def _is_security_report(self) -> bool:
        """Whether it is a browser's report of a blocked resource or certificate."""
        return self.item.type in SECURITY_TYPES

    @lazy
    def id(self) -> str | None:
        """Its id, 32 hexadecimal digits. Relay: the envelope's ``event_id`` overrides the payload's."""
        return identifier(self.envelope.headers.get("event_id")) or identifier(self.raw.get("event_id"))

    @property
    def level(self) -> str:
        """``error`` where none was sent; else as sent, also where Sentry would not take it (``warn``).

        Relay reads the numbers of Python's logging: 40 is ``error``.
        """
        return event_level(self.raw)

    @property
    def is_message(self) -> bool:
        """Whether it is a message: without an exception, or with one that is only a message's stack trace.

        ``@sentry/node`` sends such a trace as an exception that has no type.
        """
        return not any(sent.type for sent in self.exceptions) and (not self.exceptions or bool(self.message))

    @lazy
    def message(self) -> str | None:
        """Its message, as formatted; ``None`` for an exception without one."""
        return security_message(self.raw) if self._is_security_report else event_message(self.raw)

    @property
    def text(self) -> str | None:
        """What it says: its message, else the outermost exception's text. `find` compares it (and causes)."""
        return self.message or (self.exception.value if self.exception is not None else None)

    @property
    def logger(self) -> str | None:
        """The logger that it came from."""
        return text(self.raw.get("logger"))

    @lazy
    def tags(self) -> dict[str, str]:
        """Its tags, as text."""
        return texts(self.raw.get("tags"))

    @property
    def user(self) -> dict[str, Any]:
        """Who was affected: ``id``, ``email``, ``username``, ``ip_address``, ..."""
        return mapping(self.raw.get("user"))

    @property
    def extra(self) -> dict[str, Any]:
        """What was set with ``set_extra``."""
        return mapping(self.raw.get("extra"))

    @property
    def contexts(self) -> dict[str, Any]:
        """Its contexts by name: ``trace``, ``runtime``, ..."""
        return mapping(self.raw.get("contexts"))

    @lazy
    def breadcrumbs(self) -> tuple[Breadcrumb, ...]:
        """What happened before, oldest first."""
        return read_breadcrumbs(self.raw.get("breadcrumbs"))

    @lazy
    def exceptions(self) -> tuple[SentException, ...]:
        """Its exceptions, the innermost cause first; members of an exception group come before the group."""
        return read_exceptions(self.raw.get("exception") or self.raw.get("sentry.interfaces.Exception"))

    @property
    def exception(self) -> SentException | Any:
        """The outermost exception: the one that was captured. ``None`` for messages."""
        # Any, not Optional: tests of errors would have to check for None first, only for the type checker.
        exceptions = self.exceptions
        return exceptions[-1] if exceptions else None

    @lazy
    def frames(self) -> tuple[Frame, ...]:
        """The stack of an event whose exceptions have none, outermost call first: of its thread.

        The SDKs send it with messages where they are told so (``attach_stacktrace=True``).
        """
        if any(sent.frames for sent in self.exceptions):
            return ()
        threads = values(self.raw.get("threads"))
        # Others may be listed that only ran at that time.
        own = [thread for thread in threads if thread.get("crashed") or thread.get("current")] or threads[:1]
        stacks = [*(thread.get("stacktrace") for thread in own), self.raw.get("stacktrace")]
        return next((frames for stack in stacks if (frames := read_frames(stack))), ())

    @property
    def release(self) -> str | None:
        """The version of the application; of a security report, the one that its URL named."""
        return text(self.raw.get("release")) or self._of_security_report("sentry_release")

    @property
    def environment(self) -> str | None:
        """Such as ``production``."""
        return text(self.raw.get("environment")) or self._of_security_report("sentry_environment")

    @property
    def dist(self) -> str | None:
        """The build of the release."""
        return text(self.raw.get("dist"))

    @property
    def transaction(self) -> str | None:
        """The name of the transaction that it happened in."""
        return text(self.raw.get("transaction"))

    @property
    def fingerprint(self) -> list[Any]:
        """What it is grouped by, empty where Sentry is to decide."""
        return listing(self.raw.get("fingerprint"))

    @lazy
    def flags(self) -> dict[str, Any]:
        """The feature flags that were evaluated before, with their results; of one asked twice the last."""
        evaluated = listing(mapping(self.contexts.get("flags")).get("values"))
        return {
            flag["flag"]: flag.get("result")
            for flag in evaluated
            if isinstance(flag, dict) and isinstance(flag.get("flag"), str)
        }

    @property
    def modules(self) -> dict[str, Any]:
        """The installed packages and their versions."""
        return mapping(self.raw.get("modules"))

    @property
    def request(self) -> dict[str, Any]:
        """The HTTP request that was handled: ``url``, ``method``, ``headers``, ``data``, ..."""
        return mapping(self.raw.get("request"))

    @lazy
    def attachments(self) -> dict[str, Attachment]:
        """What was attached, by filename; a second one of the same name is ``"name (2)"``."""
        return attachments_of(self.item)

    @property
    def trace_id(self) -> str | None:
        """The trace that it belongs to, 32 hexadecimal digits."""
        return identifier(mapping(self.contexts.get("trace")).get("trace_id"))

    @property
    def span_id(self) -> str | None:
        """The span that was active, 16 hexadecimal digits."""
        return identifier(mapping(self.contexts.get("trace")).get("span_id"))

    @property
    def timestamp(self) -> datetime | None:
        """When it happened by the sender's clock, in UTC."""
        return moment(self.raw.get("timestamp"))

    @property
    def sdk(self) -> dict[str, Any]:
        """What sent it: ``name``, ``version``, ``integrations``, ..."""
        return mapping(self.raw.get("sdk"))

    @property
    def server_name(self) -> str | None:
        """The host."""
        return text(self.raw.get("server_name"))

    def snapshot(self) -> dict[str, Any]:
        """Return it as plain data that is equal on every run and machine; see `snapshots`.

        >>> event_id = capture_message("out of tea")
        >>> sentry_events.find("out of tea").snapshot()["level"]
        'info'
        """
        return event_snapshot(self)

    def _of_security_report(self, header: str) -> str | None:
        return text(self.item.headers.get(header)) if self._is_security_report else None

    def __repr__(self) -> str:
        if not self.item._is_object:
            return f"<Event that cannot be read, {len(self.item.payload)} bytes>"
        if self.exception is None:
            return f"<Event {self.level} {_cut(self.message)!r}>"
        return f"<Event {self.level} {self.exception.type}: {_cut(self.exception.value)!r}>"


@dataclass(frozen=True, eq=False, repr=False)
class Attachment(SentFile):
    """A file that was sent along.

    >>> event_id = capture_message("out of tea", attachments=['{"left": 0}'])
    >>> attachment = sentry_events.attachments.find()
    >>> attachment.json, attachment.event.message
    ({'left': 0}, 'out of tea')
    """

    @lazy
    def event(self) -> Event | None:
        """The event that it belongs to; ``None`` where it came alone or with a transaction."""
        owner = _owner(self.envelope)
        return event_of(owner) if owner is not None and owner.type in EVENT_TYPES else None


def event_of(item: Item) -> Event:
    """Return the event of an item; asked again, the same object."""
    return read_once(item, Event)


def attachment_of(item: Item) -> Attachment:
    """Return the attachment of an item; asked again, the same object."""
    return read_once(item, Attachment)


def attachments_of(owner: Item) -> dict[str, Attachment]:
    """Return by filename what was attached to the event or transaction that *owner* is.

    Relay takes one of either an envelope; of several, the first owns the attachments, and an event before a
    transaction.
    """
    if owner is not _owner(owner.envelope):
        return by_filename(())
    return by_filename(attachment_of(item) for item in owner.envelope.items if item.type == "attachment")


def _owner(envelope: Envelope) -> Item | None:
    for types in (EVENT_TYPES, ("transaction",)):
        for item in envelope.items:
            if item.type in types and item._is_object:
                return item
    return None


def _cut(value: str | None) -> str:
    value = value or ""
    return value if len(value) <= 80 else f"{value[:77]}..."
