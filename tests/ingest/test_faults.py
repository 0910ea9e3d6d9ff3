from __future__ import annotations

import traceback
from typing import Any

import pytest

from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.wire.envelope import parse_envelope
from tests.ingest.asking import EVENT, KEY, Fake, header, said

LOG = b'{}\n{"type":"log"}\n{}'
BOTH = EVENT + b'{"type":"session"}\n{}\n'


def kept(fake: Fake) -> list[list[str]]:
    return [[item.type for item in arrival.envelope.items] for arrival in fake.arrivals]


def test_a_rate_limit_takes_its_items_and_keeps_the_others(fake: Fake) -> None:
    fake.faults.rate_limit("error", seconds=42, scope="key")
    reply = fake.post(body=BOTH)

    assert said(reply)[1]["detail"].startswith("Sentry dropped data due to a quota")
    assert (reply.status, header(reply, "retry-after")) == (429, "42")
    assert header(reply, "x-sentry-rate-limits") == "42:error:key"
    assert kept(fake) == [["session"]]


def test_what_a_rate_limit_takes_is_listed(fake: Fake) -> None:
    fake.faults.rate_limit("error", "session")
    fake.post(body=BOTH)

    (refused,) = fake.refused
    assert (refused.status, refused.reason, refused.fault) == (
        429,
        "rate limited by the test: error, session",
        True,
    )
    assert [item.type for item in parse_envelope(refused.body).items] == ["event", "session"]
    assert fake.arrivals == []


def test_a_rate_limit_without_categories_is_for_all_but_client_reports(fake: Fake) -> None:
    fake.faults.rate_limit()
    reply = fake.post(body=BOTH + b'{"type":"client_report"}\n{}\n')

    assert header(reply, "x-sentry-rate-limits") == "60::organization"
    assert kept(fake) == [["client_report"]]


def test_other_categories_are_answered_as_ever(fake: Fake) -> None:
    fake.faults.rate_limit("transaction", "log_item")

    assert fake.post(body=EVENT).status == 200
    assert fake.post(body=LOG).status == 429


def test_a_rate_limit_comes_before_the_size_limits(fake: Fake) -> None:
    fake.faults.rate_limit("monitor")

    assert fake.post(body=b"{}\n" + b'{"type":"check_in"}\n{}\n' * 2).status == 429


def test_a_rate_limit_may_be_for_a_number_of_requests(fake: Fake) -> None:
    fake.faults.rate_limit("error", times=2)

    assert [fake.post(body=body).status for body in (LOG, EVENT, LOG, EVENT, EVENT)] == [
        200,
        429,
        200,
        429,
        200,
    ]


def test_a_rate_limit_may_be_for_one_item_type(fake: Fake) -> None:
    fake.faults.rate_limit(item_type="log")

    assert [fake.post(body=body).status for body in (EVENT, LOG)] == [200, 429]


def test_a_limit_on_attachments_leaves_the_event(fake: Fake) -> None:
    fake.faults.rate_limit("attachment")

    assert fake.post(body=EVENT + b'{"type":"attachment"}\nx').status == 429
    assert kept(fake) == [["event"]]


@pytest.mark.parametrize(
    ("category", "path", "body", "headers", "status"),
    [
        ("error", "/api/42/minidump", b"MDMP", {"content_type": "application/x-dmp"}, 200),
        ("monitor", "/api/42/cron/slug?status=ok", b"", {}, 202),
    ],
)
def test_crash_reports_and_check_ins_are_told_nothing(
    fake: Fake, category: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    fake.faults.rate_limit(category)

    assert fake.post(path, body, **headers).status == status
    assert fake.arrivals == []
    assert [refused.status for refused in fake.refused] == [429]


def test_a_store_event_is_limited_too(fake: Fake) -> None:
    fake.faults.rate_limit("error")

    assert fake.post("/api/42/store/", b"{}").status == 429
    assert fake.ask("GET", f"/api/42/store/?sentry_key={KEY}&sentry_data=%7B%7D").status == 429


def test_a_status_is_answered_instead_of_accepting(fake: Fake) -> None:
    fake.faults.status(503)

    assert said(fake.post()) == (503, {"detail": "fault set by the test: status 503"})
    assert fake.arrivals == []
    assert [(refused.status, refused.body, refused.fault) for refused in fake.refused] == [(503, EVENT, True)]


def test_what_sentry_too_would_refuse_is_no_fault(fake: Fake) -> None:
    fake.faults.status(503, times=1)
    fake.post(body=b"nonsense")
    fake.faults.delay(1)
    fake.post(body=b"nonsense")

    assert [(refused.status, refused.fault) for refused in fake.refused] == [(503, True), (400, False)]


def test_a_status_may_be_for_the_next_requests(fake: Fake) -> None:
    fake.faults.status(500, times=2)

    assert [fake.post().status for _ in range(3)] == [500, 500, 200]


def test_faults_of_a_kind_follow_each_other(fake: Fake) -> None:
    fake.faults.status(500, times=1)
    fake.faults.status(502, 1)

    assert [fake.post().status for _ in range(3)] == [500, 502, 200]


def test_a_status_may_be_for_one_item_type(fake: Fake) -> None:
    fake.faults.status(413, item_type="log")

    assert [fake.post(body=body).status for body in (EVENT, LOG, EVENT)] == [200, 413, 200]


def test_a_broken_request_meets_faults_for_all_requests_alone(fake: Fake) -> None:
    fake.faults.status(500, item_type="event")
    assert fake.post(body=b"nonsense").status == 400

    fake.faults.status(503)
    assert fake.post(body=b"nonsense").status == 503


def test_a_delayed_request_is_stored_first(fake: Fake) -> None:
    fake.faults.delay(2.5)
    reply = fake.post()

    assert (reply.status, reply.delay, reply.cut, len(fake.arrivals)) == (200, 2.5, None, 1)


def test_a_disconnected_request_is_stored_first(fake: Fake) -> None:
    fake.faults.disconnect(times=1)
    reply = fake.post()

    assert (reply.cut, len(fake.arrivals), fake.post().cut) == (10, 1, None)


def test_a_truncated_answer_says_more_than_it_sends(fake: Fake) -> None:
    fake.faults.truncate()
    reply = fake.post()

    assert (reply.status, len(fake.arrivals)) == (200, 1)
    assert reply.cut is not None
    assert -len(reply.body) < reply.cut < 0


def test_faults_go_together(fake: Fake) -> None:
    fake.faults.delay(1)
    fake.faults.status(500, times=1)
    fake.faults.disconnect()
    reply = fake.post()

    assert (reply.status, reply.delay, reply.cut) == (500, 1.0, 10)


def test_preflights_and_health_checks_meet_no_faults(fake: Fake) -> None:
    fake.faults.status(500)

    assert fake.ask("OPTIONS", "/api/42/envelope/").status == 200
    assert fake.ask("GET", "/api/relay/healthcheck/live/").status == 200


def test_faults_are_cleared(fake: Fake) -> None:
    fake.faults.status(500)
    fake.faults.rate_limit()
    fake.faults.clear()

    assert fake.post().status == 200


def test_faults_are_those_of_one_inbox(fake: Fake) -> None:
    fake.store.open("other")
    fake.ingest.faults_for("other").status(500)

    assert fake.post().status == 200
    assert fake.post("/other/api/42/envelope/").status == 500


def test_faults_are_gone_with_their_inbox(fake: Fake) -> None:
    fake.store.open("other")
    fake.ingest.faults_for("other").status(500)
    fake.store.close("other")

    assert fake.post("/other/api/42/envelope/").status == 200
    assert fake.ingest.faults_for("other").active() == []


def test_faults_are_gone_when_they_are_forgotten(fake: Fake) -> None:
    faults = fake.faults
    faults.status(500)
    fake.ingest.forget("test")

    assert (faults.active(), fake.post().status) == ([], 200)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rate_limit", ("eror",), "unknown data category 'eror'; nearest: 'error'"),
        ("rate_limit", ("logs",), "unknown data category 'logs'; nearest: 'log_item'"),
        ("status", (42,), "42 is no status of a failure (300 to 599); nearest: 300"),
        ("status", (200,), "200 is no status of a failure (300 to 599); nearest: 300"),
        ("status", (1000,), "1000 is no status of a failure (300 to 599); nearest: 599"),
        ("status", (500, 0), "times is at least 1, got 0"),
        ("delay", (-1,), "seconds is a finite number from 0, got -1"),
        ("delay", (float("inf"),), "seconds is a finite number from 0, got inf"),
        ("disconnect", (-3,), "times is at least 1, got -3"),
    ],
)
def test_a_wrong_value_names_the_nearest(name: str, arguments: tuple[Any, ...], message: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        getattr(faults, name)(*arguments)

    assert str(refused.value) == message
    assert faults.active() == []


@pytest.mark.parametrize(
    ("name", "arguments", "keywords"),
    [
        ("rate_limit", (7,), {}),
        ("rate_limit", (["error"],), {}),
        ("rate_limit", (), {"seconds": 1.5}),
        ("rate_limit", (), {"seconds": True}),
        ("rate_limit", (), {"scope": None}),
        ("status", ("500",), {}),
        ("status", (True,), {}),
        ("status", (500, "2"), {}),
        ("status", (500,), {"item_type": 7}),
        ("delay", ("1",), {}),
        ("truncate", (1.5,), {}),
    ],
)
def test_a_wrong_type_is_a_type_error(
    name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        getattr(Faults(), name)(*arguments, **keywords)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"seconds": 0}, "seconds is at least 1, got 0"),
        ({"scope": "organisation"}, "unknown scope 'organisation'; nearest: 'organization'"),
        ({"item_type": "logs"}, "unknown item type 'logs'; nearest: 'log'"),
    ],
)
def test_a_wrong_keyword_names_the_nearest(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        Faults().rate_limit("error", **keywords)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("statsu", "there is no fault 'statsu'; did you mean 'status'?"),
        ("ratelimit", "there is no fault 'ratelimit'; did you mean 'rate_limit'?"),
        ("zzzz", "there is no fault 'zzzz'"),
    ],
)
def test_a_fault_that_there_is_not_is_an_error_that_names_the_nearest(wrong: str, message: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(Faults(), wrong)

    assert traceback.format_exception_only(caught.value) == [f"AttributeError: {message}\n"]


def test_the_old_name_of_feedback_is_understood(fake: Fake) -> None:
    fake.faults.rate_limit("user_report_v2")

    assert header(fake.post(body=b'{}\n{"type":"feedback"}\n{}'), "x-sentry-rate-limits") == (
        "60:feedback:organization"
    )


def test_faults_say_what_they_are() -> None:
    faults = Faults()
    faults.delay(1.5, item_type="log")
    faults.truncate(1)

    assert repr(faults) == "Faults(delay 1.5 s for log; truncate, 1 more time)"


def test_a_limit_on_metric_buckets_may_be_of_one_namespace(fake: Fake) -> None:
    fake.faults.rate_limit("metric_bucket", namespaces=["spans"], reason="spent")
    reply = fake.post(body=b'{}\n{"type":"metric_buckets"}\n[]\n')

    assert (reply.status, header(reply, "x-sentry-rate-limits")) == (
        429,
        "60:metric_bucket:organization:spent:spans",
    )
    assert len(fake.arrivals) == 1
    with pytest.raises(ValueError, match="unknown namespace 'span'; nearest: 'spans'"):
        fake.faults.rate_limit("metric_bucket", namespaces=["span"])


def test_a_rate_limit_names_its_quota(fake: Fake) -> None:
    # Relay: format_rate_limits in relay-server/src/utils/rate_limits.rs.
    fake.faults.rate_limit("error", seconds=30, scope="project", reason="project_quota")

    assert header(fake.post(), "x-sentry-rate-limits") == "30:error:project:project_quota"
    assert repr(fake.faults) == "Faults(rate_limit 30:error:project:project_quota)"


@pytest.mark.parametrize("reason", ["spent quota", "a:b", "a,b", "gr\u00f6\u00dfer", "a\nb", "\x7f"])
def test_a_reason_is_what_the_header_can_hold(reason: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        Faults().rate_limit(reason=reason)
    with pytest.raises(TypeError, match="reason is text"):
        Faults().rate_limit(reason=5)  # type: ignore[arg-type]
