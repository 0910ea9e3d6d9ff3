from __future__ import annotations

import textwrap

from tests.words.inboxes import Received

V2 = "application/vnd.sentry.items.span.v2+json"


def text(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


def test_the_fields_of_an_event_are_broken_at_80_columns() -> None:
    received = Received()
    received.message(
        "Spec failed", tags={"graph": "g1", "region": "eu"}, user={"id": "7"}, release="shop@1.2.3",
        environment="production", transaction="checkout",
    )  # fmt: skip

    assert str(received.events) == text("""
        1 event:
          'Spec failed'
            level='error', tags={'graph': 'g1', 'region': 'eu'}, user={'id': '7'},
            transaction='checkout', release='shop@1.2.3', environment='production'
        """)


def test_a_streamed_span_whose_segment_has_not_come_is_shown() -> None:
    received = Received()
    child = {
        "trace_id": "a" * 32,
        "span_id": "c" * 16,
        "parent_span_id": "b" * 16,
        "name": "SELECT 1",
        "is_segment": False,
        "start_timestamp": 1000.0,
        "end_timestamp": 1000.5,
        "attributes": {"sentry.op": {"type": "string", "value": "db.query"}},
    }
    received.item("span", {"version": 2, "items": [child]}, item_count=1, content_type=V2)

    assert str(received.events) == text("""
        1 span:
          db.query 'SELECT 1'
        """)
