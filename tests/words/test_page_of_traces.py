"""The page on traces says what failures say, of each kind of break and of all that a trace may lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from pytest_sentryintegration.model import Break
from pytest_sentryintegration.model.continuity import Kind
from pytest_sentryintegration.model.traces import Trace
from pytest_sentryintegration.words.continuity import told
from pytest_sentryintegration.words.senders import still_running
from pytest_sentryintegration.words.traces import of_missing, too_recent
from pytest_sentryintegration.words.unsent_spans import unsent
from tests.model.sent import TRACE, Sender, container, item, received, span, streamed, transaction

PAGE = " ".join(
    (Path(__file__).parent.parent.parent / "docs" / "traces.md").read_text(encoding="utf-8").split()
)
CALL = received(item("transaction", transaction(span("call", op="http.client"), span("publish")))).traces[0]
HTTP, QUEUE = CALL.tree.children
EVENT = received(item("event", {"message": "sold out"})).events[0]
DIFFERENCES = (("sentry-trace", "one", "other"),)
BREAKS = [
    Break("second_root", HTTP, QUEUE),
    Break("several_headers", HTTP, QUEUE, DIFFERENCES),
    Break("headers_disagree", HTTP, QUEUE, DIFFERENCES),
    Break("baggage_lost", HTTP, QUEUE),
    Break("changed", HTTP, QUEUE, DIFFERENCES),
    Break("not_continued", HTTP, QUEUE),
    Break("not_continued", HTTP, QUEUE, has_headers=True),
    Break("not_continued", HTTP, QUEUE, has_headers=None),
    Break("not_continued", HTTP, QUEUE, (("sentry-trace", None, "sentry-trace"),), has_headers=True),
    Break("not_continued", QUEUE, HTTP),
    Break("unsampled", HTTP, None, event=EVENT),
    Break("unanswered", HTTP, None),
]


def test_each_kind_of_break_is_on_the_page() -> None:
    kinds = set(get_args(Kind))

    assert {broken.kind for broken in BREAKS} == kinds
    assert [kind for kind in kinds if f"| `{kind}` |" not in PAGE] == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.kind)
def test_what_to_look_at_is_on_the_page_as_a_failure_says_it(broken: Break) -> None:
    said = told(broken)

    assert f"| {said.cure}" in PAGE
    # What differs, ids and texts are dots there.
    words = (
        said.evidence.partition(", one")[0]
        .partition(" (sentry")[0]
        .partition(": sentry")[0]
        .partition(", 'sentry")[0]
    )
    shown = words.replace(TRACE, "...").replace("'sold out'", "...")
    assert shown in PAGE


def test_the_attributes_of_a_trace_are_on_the_page() -> None:
    public = {name for name in vars(Trace) if not name.startswith("_")} - {"raw"}

    assert [name for name in sorted(public) if f"`{name}" not in PAGE and f".{name}(" not in PAGE] == []


def lacking(**fields: Any) -> str:
    sender = Sender()
    sender.send(container("span", streamed("job", "gone", **fields)))
    return of_missing(sender.contents.traces[0])[0]


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (unsent("transaction 'checkout'"), "."),
        (still_running(4711, "worker.py").replace("`worker.py`", "worker.py"), ";"),
        (too_recent(0.05, 0.2), ": "),
        (lacking(is_segment=True).replace("project 1", "api").replace("gone", "..."), ","),
        (lacking().replace("project 1", "api").replace("gone", "..."), " job"),
    ],
)
def test_what_a_trace_lacks_is_on_the_page_as_a_failure_says_it(said: str, until: str) -> None:
    assert said.partition(until)[0] in PAGE
