"""The nouns of `sentry_events`: what each is called, and what its positional criterion is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["text", "field", "members"]


@dataclass(frozen=True)
class Noun:
    """One kind of thing that is received."""

    name: str
    """The attribute of `sentry_events`, such as ``check_ins``."""
    singular: str
    """One of them, in a sentence."""
    main: str
    """What the positional criterion is called."""
    kind: Kind = "field"
    """Compared with any ``text`` of an event, the ``field`` called so, or that of any of its ``members``."""

    @property
    def plural(self) -> str:
        """Several of them, in a sentence."""
        return f"{self.singular[:-1]}ies" if self.singular.endswith("y") else f"{self.singular}s"

    def counted(self, count: int) -> str:
        """Return *count* of them, as in ``1 message`` and ``2 messages``."""
        return f"{count} {self.singular if count == 1 else self.plural}"


NOUNS: Final[dict[str, Noun]] = {
    noun.name: noun
    for noun in (
        Noun("events", "event", "text", "text"),
        Noun("messages", "message", "text", "text"),
        Noun("errors", "error", "text", "text"),
        Noun("transactions", "transaction", "name"),
        Noun("spans", "span", "op"),
        Noun("traces", "trace", "trace_id"),
        Noun("attachments", "attachment", "filename"),
        Noun("logs", "log", "body"),
        Noun("metrics", "metric", "name"),
        Noun("check_ins", "check-in", "monitor_slug"),
        Noun("feedback", "feedback message", "message"),
        Noun("sessions", "session", "status"),
        Noun("client_reports", "client report", "reason", "members"),
        Noun("envelopes", "envelope", "type", "members"),
        Noun("items", "item", "type"),
        Noun("refused", "refused request", "reason"),
    )
}


def texts_of(event: Any) -> Iterator[str]:
    """Yield the texts an event may be found by: its message, then its exceptions' values, outermost first."""
    message = event.message
    if isinstance(message, str):
        yield message
    for exception in reversed(tuple(event.exceptions or ())):
        if isinstance(exception.value, str):
            yield exception.value


def members_of(noun: Noun, obj: Any) -> Iterator[Any]:
    """Yield the item types of an envelope, or the reasons in a client report."""
    for member in obj.items if noun.name == "envelopes" else obj.discarded:
        yield getattr(member, noun.main)
