"""The line by which a message names what it speaks of."""

from __future__ import annotations

from types import SimpleNamespace as Sent

import pytest

from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.labels import label

ERROR = Sent(type="OrderError", module="shop", value="sold out")
LABELS = {
    "events": (Sent(exception=ERROR, message=None), "shop.OrderError: 'sold out'"),
    "messages": (Sent(exception=None, message="Spec failed"), "'Spec failed'"),
    "errors": (Sent(exception=Sent(type="KeyError", module=None, value=None)), "KeyError"),
    "transactions": (Sent(name="checkout", op="task"), "'checkout', op task"),
    "spans": (Sent(op="db", description="SELECT 1"), "db 'SELECT 1'"),
    "traces": (Sent(trace_id="ab", spans=(1, 2)), "ab with 2 spans"),
    "attachments": (Sent(filename="a.txt", payload=b"four"), "'a.txt', 4 bytes"),
    "logs": (Sent(level="info", body="paid"), "info: 'paid'"),
    "metrics": (Sent(name="queue", value=3, type="gauge"), "queue = 3 (gauge)"),
    "check_ins": (Sent(monitor_slug="nightly", status="ok"), "'nightly', ok"),
    "feedback": (Sent(message="too slow"), "'too slow'"),
    "sessions": (Sent(status="exited", errors=1, release="shop@1"), "exited, 1 errors, release shop@1"),
    "client_reports": (
        Sent(discarded=[Sent(quantity=2, category="error", reason="before_send")]),
        "2 events dropped by before_send",
    ),
    "envelopes": (Sent(items=[Sent(type="event"), Sent(type="attachment")]), "with event, attachment"),
    "items": (Sent(type="event", payload=b"{}"), "event, 2 bytes"),
    "refused": (Sent(status=413, reason="too large"), "status 413: too large"),
}


def test_every_noun_has_a_label() -> None:
    assert LABELS.keys() == NOUNS.keys()


@pytest.mark.parametrize("noun", LABELS)
def test_a_label_says_what_it_is(noun: str) -> None:
    sent, line = LABELS[noun]

    assert label(noun, sent) == line


def test_a_label_without_what_it_would_say_is_short() -> None:
    assert label("transactions", Sent(name="checkout", op=None)) == "'checkout'"
    assert label("envelopes", Sent(items=[])) == "with no items"
