"""The viewer in headless Chromium."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.app import Web
from pytest_sentryintegration.web.page import PAGE
from pytest_sentryintegration.web.reading import Kept, Part
from tests.clients import driving, shop
from tests.clients.conftest import missing, node
from tests.clients.driving import VIEWER
from tests.clients.shop import BROKEN
from tests.web.conftest import Local

pytestmark = pytest.mark.clients

DRIVE = "drive.mjs"
TRACE = {"trace_id": "a" * 32, "span_id": "b" * 16}
HOSTILE = (
    "<img src=x onerror='globalThis.ran=1'>",
    "</script><script>globalThis.ran=1</script>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "javascript:globalThis.ran=1",
    "\u202egnp.exe\u202c <b>",
    "\x00\x1b[31m\x07\r\n\t",
    "x" * 90_000,
    "{{constructor.constructor('globalThis.ran=1')()}} ${globalThis.ran=1}",
    '"><svg onload=globalThis.ran=1>',
    "\ud800 \ufffe &lt;script&gt;",
)


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    with FakeSentry(web=Web) as sentry:
        yield sentry


def see(sentry: FakeSentry, scenario: str, argument: str = "") -> Any:
    """Do what a scenario says in the browser, and return what was seen."""
    return driving.see(DRIVE, sentry.url, scenario, argument)


def send(sentry: FakeSentry, kind: str, payload: dict[str, Any], inbox: str = "") -> None:
    lines = [b"{}", json.dumps({"type": kind}).encode(), json.dumps(payload).encode()]
    path = f"/{inbox}/api/1/envelope/" if inbox else "/api/1/envelope/"
    sentry.receive(f"{path}?sentry_key={'a' * 32}", {}, b"\n".join(lines))


def send_a_shop(sentry: FakeSentry) -> None:
    frame = {"filename": "shop.py", "function": "pay", "lineno": 7, "context_line": "raise CardError(card)"}
    stack = {"frames": [{"filename": "lib.py", "in_app": False}, {**frame, "in_app": True}]}
    error = {"type": "CardError", "value": "declined", "stacktrace": stack}
    send(sentry, "event", {"exception": {"values": [error]}, "contexts": {"trace": TRACE}})
    send(sentry, "event", {"message": "slow", "tags": {"graph": "g1"}})
    send(sentry, "event", {"message": "other", "tags": {"graph": "g2"}})
    span = {"trace_id": "a" * 32, "span_id": "c" * 16, "parent_span_id": "b" * 16, "op": "db"}
    times = {"start_timestamp": 1_000_000_000.0, "timestamp": 1_000_000_001.0}
    root = {"type": "transaction", "transaction": "checkout", "contexts": {"trace": {**TRACE, "op": "http"}}}
    send(sentry, "transaction", {**root, **times, "tags": {"graph": "g1"}, "spans": [{**span, **times}]})


def test_what_comes_is_shown_as_it_comes_and_nothing_is_loaded_from_elsewhere(sentry: FakeSentry) -> None:
    assert see(sentry, "arrival") == {"labels": ["second", "first"], "said": [], "elsewhere": []}


def test_the_filter_is_kept_in_the_url(sentry: FakeSentry) -> None:
    send_a_shop(sentry)

    assert see(sentry, "filter") == {
        "labels": ["slow"],
        "hash": "#q=tag:graph=g1+-noun:transaction",
        "again": ["slow"],
    }


def test_the_filter_looks_at_verdicts_of_what_came_and_of_what_comes(sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "fine"})
    send(sentry, "event", {"message": "cut", "tags": {"graph": "x" * 300}})
    send(sentry, "no_such_type", {})

    assert see(sentry, "verdicts") == {"trimmed": ["cut"], "accepted": ["later", "fine"]}


def test_each_word_of_the_filter_leaves_what_it_says_and_the_list_can_be_by_test(
    sentry: FakeSentry,
) -> None:
    asked = Request(
        f"{sentry.url}/api/inboxes", b'{"test": "test_cart"}', {"content-type": "application/json"}
    )
    with urlopen(asked) as answer:
        inbox = json.load(answer)["inbox"]
    shop.send_a_shop(sentry)
    send(sentry, "event", {"message": "two words", "level": "info"}, inbox)
    left = {
        "level:error": 1,
        "noun:transaction": 4,
        "tag:graph=g1": 5,
        "tag:graph": 6,
        "test:cart": 1,
        "project:3": 2,
        "server:payments": 2,
        "release:payments": 2,
        "environment:ci": 6,
        "status:crashed": 1,
        "transaction:charge": 1,
        "trace:04ce62": 7,
        "-noun:transaction": 18,
        '"two words"': 1,
        "visa-17": 2,
        "visa-17 -noun:log": 1,
        "levle:error": 0,
    }

    seen = see(sentry, "tokens", json.dumps([*left]))

    assert {words: seen["seen"][words] for words in left if seen["seen"][words] != left[words]} == {}
    assert seen["groups"] == ["test_cart 1", "outside of a test 21"]
    # The last one asks for a field that there is not.
    assert seen["hint"] == ['"levle:" is no field, and is searched as text. Did you mean "level:"?']


def test_the_keyboard_leads_from_the_list_to_the_line_and_to_the_trace(sentry: FakeSentry) -> None:
    send_a_shop(sentry)

    assert see(sentry, "keyboard") == {
        "line": "raise CardError(card)",
        "spans": ["project 1 http checkout", "db"],
        "said": [],
    }


def test_enter_opens_the_row_that_has_the_focus(sentry: FakeSentry) -> None:
    for text in ("first", "second", "third"):
        send(sentry, "event", {"message": text})

    assert see(sentry, "focus") == {"opened": "first", "closes": ["close"]}


def test_a_message_shows_where_it_was_sent_and_folds_frames_of_libraries(sentry: FakeSentry) -> None:
    own = {"filename": "shop.py", "lineno": 7, "context_line": "    tell()", "in_app": True}
    library = {"filename": "lib.py", "lineno": 1, "in_app": False}
    stack = {"frames": [own, *[library] * 3, {**own, "lineno": 9}, *[library] * 2]}
    send(sentry, "event", {"message": "slow", "threads": {"values": [{"stacktrace": stack}]}})

    assert see(sentry, "stack") == {
        "frames": [
            "lib.py:1 in ?",
            "lib.py:1 in ?",
            "shop.py:9 in ?",
            "3 frames of libraries",
            "shop.py:7 in ?",
        ],
        "open": ["tell()"],
        "at": ["shop.py:9"],
    }


def test_an_event_shows_every_field_that_was_sent(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)

    seen = see(sentry, "fields", "#open=entry:5:errors:0")

    assert seen["Tags"][:2] == [["graph", "g1"], ["region", "eu-west"]]
    assert seen["User"] == [["id", "17"], ["email", "ada@example.com"]]
    assert seen["Request"][:2] == [["url", "http://payments/charge"], ["method", "POST"]]
    assert (seen["Flags"], seen["Extra"]) == ([["new-checkout", "true"]], [["attempt", "2"]])
    assert [name for name, _ in seen["Contexts"]] == ["trace", "flags"]
    assert seen["variables"] == ["amount120", "card'visa-17'", "limit100"]
    assert seen["json"]["id"] == "4e6e5b8dfb1a408b907b06327590f39a"
    assert seen["chosen"] == ["db.query INSERT INTO charges internal_error"]


def test_a_trace_is_searched_by_op_description_and_attribute(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)

    found = see(sentry, "searched", json.dumps([shop.TRACE, "smtp.send", "limits:17", "postgresql"]))

    assert found == {
        "smtp.send": ["smtp.send smtp://mail"],
        "limits:17": ["cache.get limits:17"],
        "postgresql": ["db.query SELECT * FROM cart"],
    }


def test_whatever_has_the_focus_is_seen_to_have_it(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)

    seen = see(sentry, "ringed", "#open=entry:5:errors:0")

    assert (seen["passed"] > 20, seen["hidden"]) == (True, [])


def test_on_a_telephone_no_row_is_cut_and_the_help_begins_with_its_first_key(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)
    words = ["error", "transaction", "log", "attachment", "refused", "lost", "item"]

    seen = see(sentry, "telephone", json.dumps(words))

    whole = {"rows": True, "cut": 0, "wide": False, "pressed": True}
    assert seen["helped"] == {"keys": ["j", "k", "Enter"], "seen": True}
    assert [(word, view) for word, view in seen["seen"].items() if view != whole] == []


def test_what_is_very_large_never_holds_the_page_up(sentry: FakeSentry) -> None:
    line = "x" * 900_000
    deep: Any = None
    for _ in range(90):
        deep = {"a": deep}
    frame = {"filename": "a.py", "context_line": line[:200_000], "vars": {"a": line[:600_000]}}
    calls = [{"filename": "a.py", "lineno": number, "in_app": True} for number in range(8000)]
    crumbs = [{"message": f"crumb {number}", "timestamp": number} for number in range(15_000)]
    send(sentry, "event", {"exception": {"values": [{"type": "E", "stacktrace": {"frames": [frame]}}]}})
    for fields in (
        {"message": line},
        {"tags": {"a": line[:200_000]}, "extra": {"a": line[:600_000]}},
        {"extra": {"a": deep}, "contexts": {"b": deep}},
        {"breadcrumbs": crumbs},
        {"threads": {"values": [{"stacktrace": {"frames": calls}}]}},
        {
            "tags": {f"key {number}": "" for number in range(20_000)},
            "extra": dict.fromkeys(map(str, range(20_000))),
        },
    ):
        send(sentry, "event", {"message": "large", **fields})
    shop.send(sentry, ("attachment", line.encode(), {"filename": "a.txt", "content_type": "text/plain"}))
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    span = {**TRACE, "span_id": "c" * 16, "parent_span_id": TRACE["span_id"], "description": line, **times}
    root = {"type": "transaction", "transaction": "large", "contexts": {"trace": TRACE}}
    send(sentry, "transaction", {**root, **times, "spans": [span]})
    places = ["entry:1:errors:0", *(f"entry:{number}:messages:0" for number in range(2, 8))]
    places += ["entry:8:attachments:0", "entry:9:transactions:0", f"trace:{'a' * 32}:{'c' * 16}"]

    seen = see(sentry, "heavy", json.dumps(places))

    # Milliseconds of the processor in the longest task, each time that it was shown. Usual are 10 to 300.
    fast = [place for place, times in seen["took"].items() if any(took and took < 1000 for took in times)]
    assert fast == places, seen["took"]
    assert seen["said"] == []


def test_hostile_text_is_shown_and_never_run_in_any_field(sentry: FakeSentry) -> None:
    for text in HOSTILE:
        send_everywhere(sentry, text)
    send(sentry, "event", {"message": "y" * 990_000})
    nouns = [
        *("messages", "errors", "feedback", "check_ins", "client_reports", "attachments", "logs"),
        "transactions",
    ]
    # A client report of 90 KB is too large, and a header may hold no half of a character.
    refused = {53: "refused", 78: "refused"}
    places = [
        f"entry:{place * len(nouns) + number}:{refused.get(place * len(nouns) + number, noun)}:0"
        for place in range(len(HOSTILE))
        for number, noun in enumerate(nouns, 1)
    ]

    places += ["entry:81:messages:0", f"trace:{'a' * 32}:{'b' * 16}"]

    seen = see(sentry, "hostile", json.dumps(places))

    assert seen == {"shown": 81, "faults": [], "said": [], "ran": None, "images": 0}


def send_everywhere(sentry: FakeSentry, text: str) -> None:
    frame = {"filename": text, "function": text, "context_line": text, "vars": {text[:100]: text}}
    fields = {
        "tags": {text[:100]: text[:200]},
        "extra": {"a": text},
        "user": {"id": text},
        "release": text[:200],
    }
    error = {"type": text, "value": text, "stacktrace": {"frames": [frame]}}
    crumb = {"message": text, "category": text}
    send(sentry, "event", {"message": text, **fields, "breadcrumbs": [crumb]})
    send(sentry, "event", {"exception": {"values": [error]}, "request": {"url": text, "data": text}})

    send(sentry, "feedback", {"contexts": {"feedback": {"message": text, "name": text, "url": text}}})
    send(sentry, "check_in", {"monitor_slug": text, "status": "ok", "check_in_id": "c" * 32})
    send(sentry, "client_report", {"discarded_events": [{"reason": text, "category": text, "quantity": 1}]})
    shop.send(
        sentry,
        ("attachment", text.encode("utf-8", "replace"), {"filename": text, "content_type": "text/html"}),
    )
    log = {"trace_id": "a" * 32, "span_id": "b" * 16, "timestamp": 1.0, "level": "info", "body": text}
    attributes = {"attributes": {text[:100]: {"value": text, "type": "string"}}}
    shop.send(sentry, ("log", {"items": [{**log, **attributes}]}, {"item_count": 1}))
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    span = {**TRACE, "span_id": "c" * 16, "parent_span_id": "d" * 16, "op": text, "description": text}
    described = {**span, **times, "data": {text[:100]: text}, "status": text}
    root = {"type": "transaction", "transaction": text, "server_name": text, "contexts": {"trace": TRACE}}
    send(sentry, "transaction", {**root, **times, "spans": [described]})


def test_where_the_page_escaped_nothing_the_policy_still_holds(sentry: FakeSentry) -> None:
    assert see(sentry, "policy", "".join(HOSTILE[:3])) == {"ran": None}


def test_a_pause_holds_back_what_comes(sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "before"})

    assert see(sentry, "pause") == {"during": ["before"], "after": ["held back", "before"]}


@pytest.fixture(scope="module")
def seen() -> Iterator[Any]:
    """What a person sees who goes through what a shop of three services sent."""
    with FakeSentry(web=Web) as sentry:
        shop.send_a_shop(sentry)
        yield {**see(sentry, "shop", BROKEN), "sentry": sentry}


def test_each_noun_is_counted_and_has_a_table(seen: Any) -> None:
    assert seen["counts"][:4] == ["all 21", "errors 1", "messages 1", "transactions 4"]
    assert seen["tables"] == {
        "log": {
            "heads": ["came at", "level", "sent at", "body", "trace"],
            "first": seen["tables"]["log"]["first"],
        },
        "metric": {
            "heads": ["came at", "name", "type", "value", "unit", "sent at"],
            "first": seen["tables"]["metric"]["first"],
        },
        "check-in": {
            "heads": ["came at", "monitor", "status", "took", "id"],
            "first": ["monitor nightly", "status error", "took", "id cccccccc"],
        },
        "session": {
            "heads": ["came at", "status", "count", "errors", "release", "environment"],
            "first": ["status crashed", "count 1", "errors 1", "release shop-web@1.4.2", "environment ci"],
        },
        "feedback": {
            "heads": ["came at", "message", "name", "contact", "page"],
            "first": ["message The button does nothing", "name Ada", "contact ada@example.com", "page"],
        },
        "lost": {
            "heads": ["came at", "lost before it was sent, as the sender says"],
            "first": ["lost before it was sent, as the sender says 2 events dropped by before_send"],
        },
        "attachment": {
            "heads": ["came at", "filename", "type", "size"],
            "first": ["filename core.bin", "type application/octet-stream", "size 256 bytes"],
        },
        "refused": {
            "heads": ["came at", "status", "reason"],
            "first": [
                "status 400",
                "reason invalid event envelope: invalid envelope header: "
                "Expecting value: line 1 column 1 (char 0)",
            ],
        },
    }
    assert seen["tables"]["metric"]["first"][:4] == [
        "name cart.value",
        "type distribution",
        "value 120.5",
        "unit euro",
    ]


def test_the_heads_of_a_table_stand_above_their_columns_and_a_row_tells_its_verdict(seen: Any) -> None:
    assert (seen["straight"], seen["judged"]) == (True, "dropped")


def test_while_what_came_is_read_nothing_is_said_to_be_missing(sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "there"})

    assert see(sentry, "reading", "#open=entry:1:messages:0") == ["Reading what came ..."] * 2


@pytest.mark.parametrize("how", ["cleared", "restarted"])
def test_where_what_came_is_gone_before_it_is_read_nothing_has_come(how: str, sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "there"})

    assert see(sentry, "emptied", how) == ["Nothing has come yet"]


def test_on_a_telephone_the_chosen_span_is_seen_whole(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)

    seen = see(sentry, "chosen", f"#open=trace:{shop.TRACE}:{6:016x}")

    assert seen == ["db.query INSERT INTO charges internal_error"]


def test_text_in_every_script_stays_in_order_and_can_be_read_in_the_call_that_finds_it(
    sentry: FakeSentry,
) -> None:
    said = "فشل الدفع: 支付失败 💳 \u202e\u200b\\ 'é' \"\n"
    send(sentry, "event", {"message": said, "transaction": "/الدفع", "server_name": "خادم", "level": "fatal"})

    seen = see(sentry, "scripts", "#open=entry:1:messages:0")

    assert seen["facts"] == ["fatal", "in /الدفع", "خادم"]
    assert (seen["ordered"], seen["said"]) == (True, [])
    assert seen["call"] == (
        'sentry_events.messages.find("فشل الدفع: 支付失败 💳 \\u202e\\u200b\\\\ \'é\' \\"\\n", level="fatal")'
    )
    found = eval(seen["call"], {"sentry_events": Part(Kept(sentry.store)).events(Local())})
    assert found.message == said


def test_an_error_shows_its_line_its_group_and_what_was_before(seen: Any) -> None:
    assert seen["headline"] == "payments.errors.CardError: visa-17 declined: 120 is over 100"
    assert seen["exceptions"] == ["in the group ValueError", "caused by KeyError"]
    assert seen["source"][2] == '31 raise CardError(f"{card} declined: {amount} is over {limit}")'
    assert [text.partition(" ")[2] for text in seen["crumbs"][:3]] == [
        "GET /api/cart status_code=200",
        "SELECT * FROM limits",
        "the token is about to expire",
    ]
    assert seen["points"] == 4


def test_raster_images_and_text_are_shown_and_svg_and_html_are_never_drawn(seen: Any) -> None:
    assert seen["images"] == [["attachment screenshot.png", 10]]
    assert seen["files"] == [
        shop.SVG.decode(),
        shop.PAGE.decode(),
        "line one line two",
    ]
    assert (seen["said"], seen["ran"]) == ([], None)


def test_each_finding_stands_at_its_place_and_the_verdict_leads_there(seen: Any) -> None:
    assert (seen["findings"], seen["there"], seen["led"]) == (2, ["too long"], "too long")
    assert seen["verdict"] == ["trimmed"]


def test_the_call_that_is_copied_finds_it(seen: Any) -> None:
    reader = Part(Kept(seen["sentry"].store)).events(Local())

    found = eval(seen["call"], {"sentry_events": reader})

    assert found.id == "4e6e5b8dfb1a408b907b06327590f39a"
    assert seen["bytes"].startswith("{}")


def test_a_trace_over_three_services_shows_what_was_waited_for_and_what_happened(seen: Any) -> None:
    trace = seen["trace"]

    assert trace["services"] == ["shop-web", "payments", "worker"]
    assert trace["lines"] == [
        "shop-web http.server POST /checkout",
        "db.query SELECT * FROM cart",
        "http.client POST http://payments/charge",
        "payments http.server POST /charge",
        "cache.get limits:17",
        "db.query INSERT INTO charges internal_error",
        "worker queue.process send_receipt",
        "template.render receipt.html",
        "smtp.send smtp://mail",
    ]
    assert (trace["chosen"], trace["happened"]) == (["db.query INSERT INTO charges"], ["error"])
    assert trace["longest"][0] == "db.query INSERT INTO charges"
    assert (len(trace["critical"]), trace["marks"]) == (9, 3)
    # A key leads to the span before; what is below a fold is not shown.
    assert (trace["moved"], trace["folded"]) == (f"{5:016x}", 4)


def test_a_parent_that_never_came_is_named(seen: Any) -> None:
    assert "It is not complete." in seen["broken"]["said"]
    assert seen["broken"]["lines"][0] == f"parent {'f' * 16} has not come"


def test_nothing_is_cut_in_print_and_no_navigation_is_printed(sentry: FakeSentry) -> None:
    shop.send_a_shop(sentry)
    for number in range(100):
        send(sentry, "event", {"message": f"number {number}"})

    places = ["#open=entry:5:errors:0", f"#open=trace:{shop.TRACE}:{6:016x}"]
    seen = see(sentry, "printed", json.dumps(places))

    whole = {"cut": [], "navigation": 0, "closed": 0, "wide": False}
    assert {name: {key: view[key] for key in whole} for name, view in seen.items()} == {
        "list": whole,
        "entry": whole,
        "trace": whole,
    }
    assert (seen["list"]["rows"], seen["trace"]["spans"]) == (121, 9)


def test_in_a_trace_of_ten_thousand_spans_one_is_found(sentry: FakeSentry) -> None:
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    # In ten transactions, since one may have 1 MB.
    for part in range(1, 11):
        trace = {"trace_id": "a" * 32, "span_id": f"{part:016x}"}
        if part > 1:
            trace["parent_span_id"] = f"{1:016x}"
        span = {"trace_id": "a" * 32, "parent_span_id": f"{part:016x}", "op": "db", **times}
        spans: list[Any] = [{**span, "span_id": f"{part:08x}{number:08x}"} for number in range(999)]
        if part == 7:
            spans[500]["data"] = {"note": "here is the Needle"}
        root = {"type": "transaction", "transaction": "all", "contexts": {"trace": trace}}
        send(sentry, "transaction", {**root, **times, "spans": spans})

    seen = see(sentry, "wide", "a" * 32)

    assert seen["drawn"] < 100
    assert {name: seen[name] for name in ("found", "said", "again", "chosen")} == {
        "found": ["db"],
        "said": ["1 of 1"],
        "again": ["1 of 1"],
        "chosen": ["db"],
    }


def test_a_lost_connection_is_said_and_comes_back_by_itself() -> None:
    first = FakeSentry(web=Web)
    first.start()
    port = first.port
    send(first, "event", {"message": "before"})
    with driving.browsing(DRIVE, first.url, "lost", "after") as browser:
        assert browser.readline() == "ready\n"
        first.close()
        assert browser.readline() == "lost\n"
        with FakeSentry(web=Web, port=port) as second:
            # As many as before: the numbers alone do not tell that it is another server.
            send(second, "event", {"message": "after"})
            second.start()
            line = browser.readline()

    assert json.loads(line) == {
        "said": True,
        "kept": ["before"],
        "labels": ["after"],
        "state": ["live"],
        "restarted": True,
    }


SAID = ["It cannot be shown: the server does not answer. What the list knows of it is below."]


@pytest.mark.parametrize(
    ("scenario", "before"),
    [
        pytest.param("away", {"said": SAID}, id="said"),
        pytest.param("late", {}, id="an error that comes late"),
    ],
)
def test_what_is_opened_while_the_connection_is_lost_is_shown_when_it_is_back(
    tmp_path: Path, scenario: str, before: dict[str, Any]
) -> None:
    kept = tmp_path / "kept.sqlite"
    with FakeSentry(web=Web, data=kept) as first:
        send(first, "event", {"message": "before"})
        port = first.port
        with driving.browsing(DRIVE, first.url, scenario) as browser:
            assert browser.readline() == "ready\n"
            first.close()
            assert browser.readline() == "lost\n"
            with FakeSentry(web=Web, data=kept, port=port) as second:
                second.start()
                line = browser.readline()

    assert json.loads(line) == {**before, "shown": ["before"], "left": 0}


def test_what_is_evicted_leaves_the_list_and_says_so() -> None:
    with FakeSentry(web=Web, limit=5) as sentry:
        send(sentry, "event", {"message": "first"})

        seen = see(sentry, "evicted")

    assert seen["labels"] == [f"further {number}" for number in (7, 6, 5, 4, 3)]
    assert seen["notice"] == [
        "4 older requests were evicted, and are not shown: the server keeps the newest 5. "
        "For more, start it with serve --limit."
    ]
    assert seen["open"] == "It is not among what came."


def test_what_is_read_stays_where_it_is_while_more_comes_also_behind_what_is_open(sentry: FakeSentry) -> None:
    for number in range(1, 51):
        send(sentry, "event", {"message": f"number {number}"})

    seen = see(sentry, "stays", "50")

    assert {width: [view["back"], view["after"]] for width, view in seen.items()} == {
        width: [seen[width]["before"]] * 2 for width in ("1200", "400")
    }


def test_a_tag_that_is_pressed_leaves_what_has_it_and_the_next_press_takes_it_back(
    sentry: FakeSentry,
) -> None:
    tags = {"said": 'so "it" is', "a=b": "c=d", 'q"': '"'}
    for number, (key, value) in enumerate(tags.items()):
        send(sentry, "event", {"message": f"number {number}", "tags": {key: value}})

    assert see(sentry, "pressed") == {
        'q"="': ['"tag:q""="""', ["number 2"]],
        "a=b=c=d": ["tag:a=b=c=d", ["number 1"]],
        'said=so "it" is': ['"tag:said=so ""it"" is"', ["number 0"]],
    }


def test_where_all_that_came_is_gone_the_page_does_not_go_on_reading_it() -> None:
    with FakeSentry(web=Web) as sentry:
        asked = Request(f"{sentry.url}/api/inboxes", b"{}", {"content-type": "application/json"})
        with urlopen(asked) as answer:
            inbox = json.load(answer)["inbox"]
        # More than are read at first.
        for number in range(210):
            send(sentry, "event", {"message": f"number {number}"}, inbox)
        with urlopen(Request(f"{sentry.url}/api/inboxes/{inbox}", method="DELETE")):
            pass

        seen = see(sentry, "gone")

    assert seen == {"counted": ["0 of 0"], "open": "It is not among what came."}


def test_what_was_cleared_elsewhere_is_not_said_to_be_evicted(sentry: FakeSentry) -> None:
    send(sentry, "event", {"message": "there"})

    said = see(sentry, "elsewhere")

    assert said == (
        "It cannot be shown: the server does not keep it any more: it was evicted, or cleared. "
        "What the list knows of it is below."
    )


def test_nothing_can_be_cleared_while_the_connection_is_lost() -> None:
    with FakeSentry(web=Web) as sentry:
        send(sentry, "event", {"message": "there"})
        with driving.browsing(DRIVE, sentry.url, "clearing") as browser:
            assert browser.readline() == "ready\n"
            sentry.close()
            line = browser.readline()

    assert json.loads(line) == {"before": True, "lost": False, "said": []}


def test_where_the_browser_has_no_clipboard_the_page_says_what_to_do(sentry: FakeSentry) -> None:
    assert see(sentry, "insecure") == {"said": ["select it and copy it yourself"], "errors": []}


def test_times_that_cannot_be_and_ids_that_came_twice_are_lines_of_their_own(sentry: FakeSentry) -> None:
    now = 1_000_000_000.0
    again = {"span_id": "2" * 16, "parent_span_id": "1" * 16, "description": "first", "timestamp": now + 1}
    circle = [
        {"span_id": "3" * 16, "parent_span_id": "4" * 16},
        {"span_id": "4" * 16, "parent_span_id": "3" * 16},
    ]
    traces: dict[str, list[dict[str, Any]]] = {
        "backwards": [{"span_id": "2" * 16, "parent_span_id": "1" * 16, "timestamp": now - 3600}],
        "ages": [{"span_id": "2" * 16, "parent_span_id": "1" * 16, "timestamp": "9999-12-31T23:59:59Z"}],
        "twice": [again, {**again, "description": "second"}],
        "circle": circle,
    }
    ids = {name: f"{place:x}" * 32 for place, name in enumerate(traces, 10)}
    for name, spans in traces.items():
        root = {"trace_id": ids[name], "span_id": "1" * 16}
        base = {"trace_id": ids[name], "start_timestamp": now, "timestamp": now, "description": "span"}
        times = {"start_timestamp": now, "timestamp": now - 60 if name == "backwards" else now + 2}
        sent = {"type": "transaction", "transaction": name, "contexts": {"trace": root}, **times}
        send(sentry, "transaction", {**sent, "spans": [{**base, **span} for span in spans]})

    seen = see(sentry, "odd", json.dumps(ids))

    lines = {name: view["lines"] for name, view in seen.items()}
    assert lines == {
        "backwards": [["project 1 backwards", 0, "-60.00 s"], ["span", 1, "-3600.00 s"]],
        "ages": [["project 1 ages", 0, "2.00 s"], ["span", 1, lines["ages"][1][2]]],
        "twice": [["project 1 twice", 0, "2.00 s"], ["first", 1, "1.00 s"], ["second", 1, "1.00 s"]],
        "circle": [["project 1 circle", 0, "2.00 s"], ["project 1 span", 0, "0 µs"], ["span", 1, "0 µs"]],
    }
    assert lines["ages"][1][2].endswith("e+6 d")
    assert seen["backwards"]["sum"] == "2 spans, 0 µs, 0 errors, 0 logs"
    assert [(view["over"], view["chosen"]) for view in seen.values()] == [(0, 1)] * 4


def test_a_name_of_ten_thousand_characters_makes_nothing_wide(sentry: FakeSentry) -> None:
    name = "x" * 10_000
    send(sentry, "event", {"message": "server", "server_name": name, "transaction": name})
    shop.send(sentry, ("attachment", b"a", {"filename": name, "content_type": name}))
    places = ["1:messages:0", "2:attachments:0"]

    assert see(sentry, "within", json.dumps(places)) == dict.fromkeys(places, False)


def test_on_a_telephone_nothing_of_a_row_stands_over_another_and_facts_stay_in_their_order(
    sentry: FakeSentry,
) -> None:
    body = json.dumps({"test": f"test_a.py::test_x[a::b {'y' * 60}]"}).encode()
    with urlopen(Request(f"{sentry.url}/api/inboxes", body, {"content-type": "application/json"})) as answer:
        inbox = json.load(answer)["inbox"]
    root = {"type": "transaction", "transaction": "cart", "contexts": {"trace": TRACE}}
    times = {"start_timestamp": 1_000_000_000.0, "timestamp": 1_000_000_001.0}
    send(sentry, "transaction", {**root, **times}, inbox)
    shop.send(sentry, ("attachment", b"a", {"filename": "\u05d0\u05d1", "content_type": "\u05d2\u05d3"}))

    rows = see(sentry, "beside")

    # The transaction is years old, which real Sentry drops: its row has a verdict, too.
    name, one = f"test_x[a::b {'y' * 60}]", {"over": False, "ordered": True}
    assert [{key: row[key] for key in ("where", *one)} for row in rows] == [
        {"where": "", **one},
        {"where": name, **one},
    ]
    assert rows[0]["label"] == "\u05d0\u05d1  \u00b7  \u05d2\u05d3  \u00b7  1 byte"


def test_of_ten_thousand_only_what_is_seen_is_drawn(sentry: FakeSentry) -> None:
    for number in range(10_000):
        send(sentry, "event", {"message": f"number {number}"})

    seen = see(sentry, "many", "number 9901")

    # Not the bars, which are for a machine that does nothing else: far from waiting for all of them.
    assert seen["drawn"] < 100
    assert (seen["listed"] < 5000, seen["filtered"] < 2000) == (True, True), seen


def test_the_page_is_built_again_to_the_same_bytes(tmp_path: Path) -> None:
    if not (VIEWER / "node_modules").is_dir():
        missing("esbuild")
    target = tmp_path / "viewer.html"

    subprocess.run([node(), "build.mjs", target.as_uri()], cwd=VIEWER, check=True, timeout=60)

    assert target.read_bytes() == PAGE.read_bytes()
