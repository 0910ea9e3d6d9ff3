"""Where a trace is continuous, by trace headers, requests' headers and ids; public reports of broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.model import Break, Trace
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.words.continuity import discontinuous, told
from tests.model.sent import TRACE, Sender, container, item, span, streamed, transaction
from tests.model.test_streamed_spans import otlp, otlp_span

OTHER = "c" * 32
CALL, SERVED = "1" * 16, "2" * 16
HEADER = {
    "trace_id": TRACE,
    "public_key": "abc",
    "release": "page@1",
    "sampled": "true",
    "sample_rand": "0.25",
    "transaction": "/shop",
}
"""The trace header that the page sends, and hands on."""


def baggage(**fields: str | None) -> str:
    """Return the header baggage of a sound request, with changes."""
    merged = {**HEADER, **fields}
    return ",".join(f"sentry-{name}={value}" for name, value in merged.items() if value is not None)


def request(**headers: str | None) -> dict[str, Any]:
    """Return the request of a sound hop as an event has it, with changes to its headers."""
    sound = {"Sentry-Trace": f"{TRACE}-{CALL}-1", "Baggage": baggage(), "Host": "api.example"}
    merged = {**sound, **{name.replace("_", "-"): value for name, value in headers.items()}}
    kept = {name: value for name, value in merged.items() if value is not None}
    return {"url": "http://api.example/stock", "method": "GET", "headers": kept}


def page(**fields: Any) -> RawItem:
    call = span(CALL, "root", 100.1, description="GET http://api.example/stock?q=1", op="http.client")
    return item("transaction", transaction(call, transaction="/shop", server_name="browser", **fields))


def api(trace_id: str = TRACE, parent: str | None = CALL, **fields: Any) -> RawItem:
    trace = {"trace_id": trace_id, "span_id": SERVED, "op": "http.server", "parent_span_id": parent}
    sent = {"transaction": "GET /stock", "start_timestamp": 100.2, "timestamp": 100.3, "server_name": "api-1"}
    return item("transaction", transaction(trace=trace, **{**sent, **fields}))


def trace_of(*envelopes: tuple[RawItem, dict[str, Any] | None]) -> Trace:
    sender = Sender()
    for sent, header in envelopes:
        sender.send(sent, headers={} if header is None else {"trace": header})
    return next(trace for trace in sender.contents.traces if trace.trace_id == TRACE)


def hop(header: dict[str, Any] | None = HEADER, **fields: Any) -> list[Break]:
    """Return the breaks of a trace from a page to an API, which sends *header*."""
    return trace_of((page(), HEADER), (api(**fields), header)).breaks()


def differences(breaks: list[Break]) -> list[Any]:
    return [(broken.kind, *broken.differences) for broken in breaks]


def said(trace: Trace) -> str:
    return " ".join(discontinuous(trace, trace.breaks()).split())


def test_a_trace_header_and_headers_that_agree_are_continuous() -> None:
    traceparent = f"00-{TRACE}-{CALL}-01"

    assert hop() == hop(request=request()) == hop(request=request(traceparent=traceparent)) == []


def test_what_is_not_known_is_held_against_nobody() -> None:
    without_rand = {name: value for name, value in HEADER.items() if name != "sample_rand"}

    assert hop(None) == []
    assert trace_of((page(), None), (api(), HEADER)).breaks() == []
    assert trace_of((page(), without_rand), (api(), HEADER)).breaks() == []
    assert trace_of((api(parent="gone"), HEADER)).breaks() == []


@pytest.mark.parametrize(
    "malformed", [7, "x", [], {"trace_id": 7, "sampled": None, "transaction": []}, {"": 1}]
)
def test_a_malformed_trace_header_raises_nothing(malformed: Any) -> None:
    hop(malformed)
    trace_of((page(request=malformed), malformed), (api(request=malformed), malformed)).breaks()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sentry_Trace": "nonsense", "Baggage": "=,;"},
        {"Sentry_Trace": "", "Baggage": "sentry-"},
        {"Baggage": "%zz", "traceparent": "00"},
    ],
)
def test_malformed_headers_raise_nothing(headers: dict[str, str]) -> None:
    hop(request=request(**headers))


@pytest.mark.parametrize(
    ("field", "value"),
    [("sampled", "false"), ("sample_rand", "0.75"), ("public_key", "xyz"), ("release", "api@2")],
)
def test_what_changes_in_the_trace_header_is_named(field: str, value: str) -> None:
    assert differences(hop({**HEADER, field: value})) == [("changed", (field, HEADER[field], value))]


def test_a_hop_is_named_with_both_services_and_what_to_look_at() -> None:
    trace = trace_of((page(), HEADER), (api(), {**HEADER, "release": "api@2"}))

    assert said(trace) == (
        f"Trace {TRACE} is not continuous, at 1 hop: - From 'browser' (http.client 'GET "
        "http://api.example/stock?q=1') to 'api-1' (http.server 'GET /stock'): the trace header has changed: "
        "release was 'page@1' and is 'api@2'. Something between them replaces the header baggage (a proxy, "
        "another tracing library), or the service makes a trace header of its own."
    )


def test_a_service_without_a_trace_header_between_two_others_is_passed_over() -> None:
    middle = container("span", streamed("otel", CALL, is_segment=True), streamed("3" * 16, "otel"))

    def broken(header: dict[str, Any]) -> list[Any]:
        return differences(
            trace_of((page(), HEADER), (middle, None), (api(parent="3" * 16), header)).breaks()
        )

    assert broken(HEADER) == []
    assert broken({**HEADER, "sampled": "false"}) == [("changed", ("sampled", "true", "false"))]


def test_baggage_that_a_javascript_service_did_not_get_is_lost() -> None:
    # It sends an empty trace header then.
    assert [broken.kind for broken in hop({})] == ["baggage_lost"]


def test_baggage_that_a_python_service_did_not_get_is_lost_though_it_makes_an_equal_one() -> None:
    own = {**HEADER, "transaction": "GET /stock"}

    assert [broken.kind for broken in hop(own)] == ["baggage_lost"]


@pytest.mark.parametrize("sent", [None, "", "other=1;p, more=2"])
def test_a_request_without_sentrys_baggage_names_proxy_and_cors(sent: str | None) -> None:
    trace = trace_of((page(), HEADER), (api(request=request(Baggage=sent)), HEADER))

    assert [broken.kind for broken in trace.breaks()] == ["baggage_lost"]
    assert "A proxy or gateway between them drops the header baggage, or CORS does not allow it" in said(
        trace
    )


def test_a_second_root_is_named() -> None:
    trace = trace_of((page(), HEADER), (api(parent=None), HEADER))

    assert [broken.kind for broken in trace.breaks()] == ["second_root"]
    assert "Beside root 'browser' (task '/shop') there is root 'api-1' (http.server 'GET /stock')" in said(
        trace
    )


def browser_root(span_id: str, **fields: Any) -> RawItem:
    sdk = {"name": "sentry.javascript.react", "version": "11"}
    return item("transaction", transaction(trace={"span_id": span_id}, **{"sdk": sdk, **fields}))


def test_what_happens_on_a_page_one_after_the_other_is_one_trace() -> None:
    # @sentry/browser begins a new trace with the next navigation alone.
    trace = trace_of((browser_root("load"), HEADER), (browser_root("click"), HEADER))

    assert (len(trace.roots), trace.breaks()) == (2, [])


@pytest.mark.parametrize(
    "fields",
    [{"sdk": {"name": "sentry.javascript.node"}}, {"sdk": {"name": "sentry.python"}}, {"release": "other@2"}],
)
def test_a_second_root_of_another_application_is_named_beside_a_page(fields: dict[str, Any]) -> None:
    trace = trace_of((browser_root("load"), HEADER), (browser_root("other", **fields), HEADER))

    assert [broken.kind for broken in trace.breaks()] == ["second_root"]


@pytest.mark.parametrize(
    ("first", "other", "kinds"),
    [
        ("http.server", "http.server", ["second_root"]),
        ("cron", "http.server", ["second_root"]),
        ("http.server", "cron", ["second_root"]),
        ("cron", "cron", []),
    ],
)
def test_a_second_root_of_a_server_in_javascript_is_named_where_one_is_a_request(
    first: str, other: str, kinds: list[str]
) -> None:
    def node(span_id: str, op: str) -> RawItem:
        trace = {"span_id": span_id, "op": op}
        return item("transaction", transaction(trace=trace, sdk={"name": "sentry.javascript.node"}))

    trace = trace_of((node("one", first), HEADER), (node("two", other), HEADER))

    assert [broken.kind for broken in trace.breaks()] == kinds


@pytest.mark.parametrize(
    ("sdk", "services"),
    [
        ("sentry.javascript.vue", ("sentry.javascript.vue in project 1",)),
        ("sentry.python", ("web-1",)),
        ("sentry.python.django", ("web-1",)),
    ],
)
def test_a_streamed_request_is_of_the_service_that_asks_also_where_its_segment_has_not_come(
    sdk: str, services: tuple[str, ...]
) -> None:
    # Where sentry-sdk has its option server_name, other SDKs have the server that is called.
    names = {"sentry.op": "http.client", "server.address": "web-1", "sentry.sdk.name": sdk}
    attributes = {name: {"value": value} for name, value in names.items()}
    root, orphan = (streamed("call", parent, attributes=attributes) for parent in (None, "gone"))

    assert trace_of((container("span", root), HEADER)).services == services
    assert trace_of((container("span", orphan), HEADER)).services == services


@pytest.mark.parametrize(
    "names",
    [
        {"sentry.op": "db.query", "sentry.origin": "auto.db.sqlalchemy"},
        {"sentry.op": "db", "sentry.origin": "auto.db.otel.postgres"},
        {"sentry.op": "cache.get", "sentry.origin": "auto.db.redis"},
        {"sentry.op": "socket.dns", "sentry.origin": "auto.socket.socket"},
        {"sentry.op": "http.client", "sentry.origin": "auto.http.boto3"},
    ],
)
@pytest.mark.parametrize("sdk", ["sentry.python", "sentry.javascript.node"])
def test_the_address_of_what_is_asked_is_no_service_where_its_segment_has_not_come(
    names: dict[str, str], sdk: str
) -> None:
    sent = {**names, "server.address": "db.example", "sentry.sdk.name": sdk}
    orphan = streamed("call", "gone", attributes={name: {"value": value} for name, value in sent.items()})

    (missing,) = trace_of((container("span", orphan), HEADER)).missing

    assert missing.service == f"{sdk} in project 1"


def test_a_query_that_the_application_records_itself_is_of_the_service_that_asks() -> None:
    names = {"sentry.op": "db.query", "server.address": "web-1", "sentry.origin": "manual"}
    orphan = streamed("call", "gone", attributes={name: {"value": value} for name, value in names.items()})

    assert trace_of((container("span", orphan), HEADER)).services == ("web-1",)


@pytest.mark.parametrize(
    "header",
    [
        {**HEADER, "sample_rand": "0.250000"},
        {**HEADER, "sample_rand": 0.25},
        {**HEADER, "sampled": True},
        {**HEADER, "sampled": "True"},
    ],
)
def test_a_value_that_is_written_otherwise_has_not_changed(header: dict[str, Any]) -> None:
    assert hop(header) == []


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("release", "1.1", "1.10"),
        ("release", "2024.1", "2024.10"),
        ("release", "App@A", "app@a"),
        ("public_key", "1e1", "10"),
    ],
)
def test_releases_and_keys_are_texts_of_which_none_is_another_written_otherwise(
    field: str, one: str, other: str
) -> None:
    trace = trace_of((page(), {**HEADER, field: one}), (api(), {**HEADER, field: other}))

    assert differences(trace.breaks()) == [("changed", (field, one, other))]


def test_traceparent_must_agree_with_sentry_trace() -> None:
    foreign, unsampled = f"00-{OTHER}-{CALL}-01", f"00-{TRACE}-{CALL}-00"

    assert differences(hop(request=request(traceparent=foreign))) == [
        ("headers_disagree", ("trace id of traceparent", TRACE, OTHER))
    ]
    assert differences(hop(request=request(traceparent=unsampled))) == [
        ("headers_disagree", ("sampling decision of traceparent", "true", "false"))
    ]


def test_a_mesh_that_took_part_by_traceparent_alone_is_not_accused() -> None:
    assert hop(request=request(traceparent=f"00-{TRACE}-{'9' * 16}-01")) == []


def test_an_undecided_caller_agrees_with_any_decision() -> None:
    sent = request(Sentry_Trace=f"{TRACE}-{CALL}", Baggage=baggage(sampled=None))

    assert hop(request=sent) == []


def test_a_call_that_ends_in_another_trace_is_found_by_the_requests_address_and_time() -> None:
    alone = api(OTHER, None, request=request(Sentry_Trace=None, Baggage=None))
    trace = trace_of((page(), HEADER), (alone, {**HEADER, "trace_id": OTHER}))

    assert [broken.kind for broken in trace.breaks()] == ["not_continued"]
    assert "Look at trace_propagation_targets (JavaScript: tracePropagationTargets) of the caller" in said(
        trace
    )


def test_a_server_that_ends_after_its_caller_has_the_answer_is_found() -> None:
    # @sentry/node under load: a millisecond later.
    late = api(OTHER, None, request=request(Sentry_Trace=None, Baggage=None), timestamp=200.0)
    trace = trace_of((page(), HEADER), (late, None))

    assert [broken.kind for broken in trace.breaks()] == ["not_continued"]


@pytest.mark.parametrize(
    "fields",
    [
        {"start_timestamp": 99.0},
        {"start_timestamp": 200.0, "timestamp": 201.0},
        {"request": {"url": "http://api.example/other", "method": "GET"}},
        {"request": {"url": "http://other.example/stock", "method": "GET"}},
        {"request": {"url": "http://api.example/stock", "method": "POST"}},
        {"request": {"url": "http://[broken", "method": "GET"}},
        {"request": None},
    ],
)
def test_another_request_is_not_taken_for_the_call(fields: dict[str, Any]) -> None:
    assert trace_of((page(), HEADER), (api(OTHER, None, **fields), None)).breaks() == []


def test_a_service_that_got_the_headers_and_began_a_trace_of_its_own_is_named() -> None:
    trace = trace_of((page(), HEADER), (api(OTHER, None, request=request()), {**HEADER, "trace_id": OTHER}))

    assert [(broken.kind, broken.has_headers) for broken in trace.breaks()] == [("not_continued", True)]
    assert (
        "although the request carried sentry-trace. Give the request's headers to continue_trace()"
        in said(trace)
    )


FOREIGN = f"{'d' * 32}-{'4' * 16}-1"


@pytest.mark.parametrize("sent", [f"{TRACE}-{CALL}-1-extra", FOREIGN, "nonsense"])
def test_a_header_that_does_not_name_the_trace_of_the_caller_is_shown(sent: str) -> None:
    alone = api(OTHER, None, request=request(Sentry_Trace=sent, Baggage=None))
    sender = Sender()
    sender.send(page())
    called = sender.send(alone).traces
    from_caller, from_callee = (differences(trace.breaks()) for trace in called)

    assert from_caller == from_callee == [("not_continued", ("sentry-trace", None, sent))]
    assert all(f"does not name the trace of the caller, '{sent[:57]}" in said(trace) for trace in called)


@pytest.mark.parametrize("headers", [{}, {"Host": "api.example"}])
def test_that_a_request_carried_nothing_is_said_only_where_its_headers_were_recorded(
    headers: dict[str, str],
) -> None:
    sent = {"url": "http://api.example/stock", "method": "GET", "headers": headers}
    trace = trace_of((page(), HEADER), (api(OTHER, None, request=sent), None))

    assert [broken.has_headers for broken in trace.breaks()] == [False if headers else None]
    assert ("the request carried no sentry-trace" in said(trace)) == bool(headers)
    assert ("is not known, as its headers were not recorded" in said(trace)) == (not headers)


def test_of_opentelemetry_it_is_not_known_which_headers_a_request_carried() -> None:
    attributes = {"http__request__method": "GET", "url__full": "http://api.example/stock"}
    recorded = {**attributes, "http__request__header__host": "api.example"}
    served = {"traceId": OTHER, "startTimeUnixNano": "100200000000", "endTimeUnixNano": "100300000000"}
    service = otlp({**otlp_span("2", "", 2, **recorded), **served}, service_name="prices")

    (broken,) = trace_of((page(), HEADER), (service, None)).breaks()

    assert (broken.kind, broken.has_headers) == ("not_continued", None)
    assert "OpenTelemetry reads traceparent alone: propagateTraceparent" in told(broken).cure


def test_headers_that_the_sdk_was_told_not_to_send_accuse_nobody() -> None:
    filtered = request(Sentry_Trace="[Filtered]", Baggage="[Filtered]")

    assert hop(request=filtered) == []
    assert differences(trace_of((page(), HEADER), (api(OTHER, None, request=filtered), None)).breaks()) == [
        ("not_continued",)
    ]


def carried(*values: str) -> list[Break]:
    """Return the breaks of a page that asked with these values of the header, which an API could not read."""
    alone = api(OTHER, None, request=request(Sentry_Trace=",".join(values)))
    return trace_of((page(), HEADER), (alone, None)).breaks()


def test_of_several_values_of_sentry_trace_that_of_the_trace_is_named() -> None:
    own, third = f"{TRACE}-{CALL}-1", f"{'e' * 32}-{'4' * 16}-1"
    expected = [("several_headers", ("sentry-trace", own, FOREIGN))]

    assert differences(carried(FOREIGN, third, own)) == expected
    assert differences(carried(own, FOREIGN)) == differences(carried(own, own, FOREIGN)) == expected


def test_a_header_that_was_sent_twice_with_one_value_is_said_to_be() -> None:
    own = f"{TRACE}-{CALL}-1"
    (broken,) = carried(own, own)

    assert told(broken).evidence == f"the request carried sentry-trace twice, {own}"


def message(**fields: Any) -> RawItem:
    trace = {"trace_id": TRACE, "span_id": "lost", "parent_span_id": CALL, **fields.pop("trace", {})}
    return item(
        "event", {"message": "sold out", "server_name": "api-1", "contexts": {"trace": trace}, **fields}
    )


def test_a_service_that_reports_errors_and_no_spans_of_the_trace_is_named() -> None:
    trace = trace_of((page(), HEADER), (message(), HEADER), (message(), HEADER))

    assert [broken.kind for broken in trace.breaks()] == ["unsampled"]
    assert (
        "to 'api-1': it reported 'sold out' in this trace, and not the span in which that happened"
        in said(trace)
    )


def test_an_error_in_a_span_that_was_dropped_in_its_own_process_accuses_nobody() -> None:
    assert trace_of((page(), HEADER), (message(trace={"parent_span_id": "root"}), HEADER)).breaks() == []


def fetched(**fields: Any) -> list[Break]:
    """Return the breaks of a page whose request no service has continued."""
    sent = {"sentry.origin": "auto.http.browser", **fields.pop("data", {})}
    call = span(CALL, "root", **{"op": "http.client", "status": "internal_error", "data": sent, **fields})
    return trace_of((item("transaction", transaction(call)), HEADER)).breaks()


def test_a_request_of_a_page_that_got_no_answer_names_cors() -> None:
    (broken,) = fetched()

    said = " ".join(str(told(broken)).split())
    assert (broken.kind, broken.callee) == ("unanswered", None)
    assert "Where the service is of another origin, CORS does not allow it" in said


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "ok"},
        {"status": None},
        {"data": {"http.response.status_code": 500}},
        {"data": {"sentry.origin": "auto.http.httpx"}},
        {"op": "resource.script"},
    ],
)
def test_requests_that_were_answered_or_are_no_pages_are_not_accused(fields: dict[str, Any]) -> None:
    assert fetched(**fields) == []


def test_streamed_services_are_judged_by_their_attributes() -> None:
    def attributes(**headers: str) -> dict[str, Any]:
        named = {f"http.request.header.{name}": value for name, value in headers.items()}
        return {name: {"value": value, "type": "string"} for name, value in named.items()}

    sent = attributes(**{"sentry-trace": f"{TRACE}-{CALL}-1", "baggage": baggage(trace_id=OTHER)})
    served = container("span", streamed("served", CALL, is_segment=True, attributes=sent))

    assert differences(trace_of((page(), HEADER), (served, HEADER)).breaks()) == [
        ("headers_disagree", ("trace id of baggage", TRACE, OTHER))
    ]


def received_in(trace_id: str, job: str, **fields: Any) -> RawItem:
    """Return a transaction that processes message 7 in a span of its own, outside of the sender's trace."""
    data = {"messaging.message.id": "task-7", **fields.pop("data", {})}
    process = span(f"in {job}", job, trace_id=trace_id, data=data, **fields)
    trace = {"trace_id": trace_id, "span_id": job, "op": "queue.task.celery"}
    return item("transaction", transaction(process, trace=trace, transaction="mail", server_name=job))


@pytest.mark.parametrize(
    "fields",
    [
        {"op": "queue.process"},
        {"op": "queue.receive"},
        {"op": "message", "data": {"sentry.kind": "consumer"}},
        {"op": "message", "data": {"otel.kind": "CONSUMER"}},
        {"op": "message", "data": {"messaging.operation.type": "settle"}},
        {"op": "message", "data": {"messaging.operation": "deliver"}},
    ],
)
def test_two_that_receive_one_message_have_not_sent_it_to_each_other(fields: dict[str, Any]) -> None:
    process = {"op": "queue.process"}
    one, other = (received_in(TRACE, "worker-1", **fields), received_in(OTHER, "worker-2", **process))
    one_too, other_too = (received_in(TRACE, "worker-1", **process), received_in(OTHER, "worker-2", **fields))

    assert trace_of((one, None), (other, None)).breaks() == []
    assert trace_of((one_too, None), (other_too, None)).breaks() == []


def test_a_consumer_of_opentelemetry_below_another_span_has_not_sent_its_message() -> None:
    def consumed(kind: int) -> Any:
        # Flags: that the parent is of the same process is known.
        attributes = {"messaging__system": "kafka", "messaging__message__id": "task-7"}
        inner = {**otlp_span("b", "a", kind, **attributes), "flags": 0x100}
        return otlp({**otlp_span("a"), "flags": 0x100}, inner)

    other = received_in(OTHER, "worker-2", op="queue.process")
    kinds = {"producer": 4, "consumer": 5}
    found = {
        kind: [broken.kind for broken in trace_of((consumed(number), None), (other, None)).breaks()]
        for kind, number in kinds.items()
    }

    assert found == {"producer": ["not_continued"], "consumer": []}


def test_a_streamed_consumer_has_not_sent_its_message() -> None:
    names = {"sentry.op": "message", "sentry.kind": "consumer", "messaging.message.id": "task-7"}
    sent = streamed("in", "job", attributes={name: {"value": value} for name, value in names.items()})
    other = received_in(OTHER, "worker-2", op="queue.process")

    assert trace_of((container("span", streamed("job"), sent), None), (other, None)).breaks() == []


class TestPublicReports:
    """What users have reported of broken propagation, as it would arrive."""

    def test_3383_sentry_trace_and_baggage_of_different_traces(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/3383: the SDK takes its trace header from baggage.
        sent = request(Baggage=f"sentry-trace_id={OTHER},sentry-sample_rate=0.0,sentry-sampled=false")
        header = {"trace_id": OTHER, "sample_rate": "0.0", "sampled": "false"}
        trace = trace_of((api(parent="gone", request=sent), header))

        assert differences(trace.breaks()) == [
            (
                "headers_disagree",
                ("trace id of baggage", TRACE, OTHER),
                ("sampling decision of baggage", "true", "false"),
            )
        ]
        assert "look for a proxy or a client that replaces one of the headers" in said(trace)

    def test_3383_without_the_requests_headers(self) -> None:
        assert differences(hop({"trace_id": OTHER, "sampled": "false"})) == [
            ("changed", ("trace_id", TRACE, OTHER))
        ]

    def test_2372_a_task_sent_by_name_begins_a_trace_of_its_own(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/2372
        data = {"messaging.message.id": "task-7"}
        publish = span("publish", op="queue.publish", data=data)
        sender = item("transaction", transaction(publish, server_name="web"))
        trace = {"trace_id": OTHER, "span_id": "job", "op": "queue.task.celery"}
        process = span("process", "job", op="queue.process", data=data, trace_id=OTHER)
        worker = item(
            "transaction", transaction(process, trace=trace, transaction="mail", server_name="worker")
        )

        (broken,) = trace_of((sender, HEADER), (worker, None)).breaks()

        assert [end and (end.op, end.service) for end in (broken.caller, broken.callee)] == [
            ("queue.publish", "web"),
            ("queue.task.celery", "worker"),
        ]
        assert broken.kind == "not_continued"
        assert "processes the message that was sent there. Look at whether both sides instrument" in " ".join(
            str(told(broken)).split()
        )

    def test_1940_two_instrumentations_that_each_add_sentry_trace(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/1940
        sent = request(Sentry_Trace=f"{OTHER}-{'4' * 16}-,{TRACE}-{CALL}-1")

        assert differences(hop(request=sent)) == [("several_headers", ("sentry-trace", OTHER, TRACE))]

    def test_6703_sentry_trace_twice_which_the_service_cannot_read(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/6703: both are of one trace.
        one, other = f"{TRACE}-{CALL}-1", f"{TRACE}-{'4' * 16}-1"
        alone = api(OTHER, None, request=request(Sentry_Trace=f"{one},{other}"))
        trace = trace_of((page(), HEADER), (alone, {**HEADER, "trace_id": OTHER}))

        assert differences(trace.breaks()) == [("several_headers", ("sentry-trace", one, other))]
        assert "Two instrumentations of the caller, or a proxy, each add headers: leave one of them" in said(
            trace
        )

    def test_6703_sentry_trace_twice_of_which_the_service_took_the_first(self) -> None:
        assert hop(request=request(Sentry_Trace=f"{TRACE}-{CALL}-1,{TRACE}-{'4' * 16}-1")) == []

    def test_3709_baggage_that_a_repeated_request_adds_again(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/3709: equal items are harmless, others are not.
        again = f"{baggage()},{baggage()}"
        other = f"{baggage()},{baggage(trace_id=OTHER)}"

        assert hop(request=request(Baggage=again)) == []
        assert differences(hop(request=request(Baggage=other))) == [
            ("several_headers", ("sentry-trace_id", TRACE, OTHER))
        ]

    def test_1096_a_scheduled_task_that_names_a_parent_which_nobody_sends(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/1096: it is incomplete, and not discontinuous.
        trace = trace_of((api(parent="beat"), HEADER))

        assert (trace.breaks(), [missing.span_id for missing in trace.missing]) == ([], ["beat"])

    def test_2990_a_continued_transaction_that_is_never_sent(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/2990: only its errors tell of the service.
        assert [broken.kind for broken in trace_of((page(), HEADER), (message(), HEADER)).breaks()] == [
            "unsampled"
        ]

    def test_6856_a_service_that_samples_what_its_caller_did_not(self) -> None:
        # https://github.com/getsentry/sentry-python/issues/6856: sentry-trace says no, baggage says yes.
        sent = request(Sentry_Trace=f"{TRACE}-{CALL}-0")

        assert differences(hop(request=sent)) == [
            ("headers_disagree", ("sampling decision of baggage", "false", "true"))
        ]
