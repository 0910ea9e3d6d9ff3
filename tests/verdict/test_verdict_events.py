"""Each rule for error events: what it costs, and the nearest thing that costs nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verdict.builders import NOW, event, judged, places

DATA = "invalid_data"
LIMIT = "!limit"
Places = list[tuple[str, str, Any, Any]]


def x(count: int) -> str:
    return "x" * count


def cut(limit: int) -> str:
    return x(limit - 3) + "..."


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"end": 1}
    for _ in range(depth - 1):
        inner = {"a": inner}
    return inner


def raised(**fields: Any) -> dict[str, Any]:
    return {"exception": {"values": [{"type": "ValueError", "value": "bad", **fields}]}}


def frames(count: int, **fields: Any) -> dict[str, Any]:
    stack = [{"filename": "shop.py", "function": "pay", "lineno": line, **fields} for line in range(count)]
    return raised(stacktrace={"frames": stack})


def crumb(**fields: Any) -> dict[str, Any]:
    return {"breadcrumbs": {"values": [{"timestamp": NOW, "message": "hi", **fields}]}}


CRUMB = "breadcrumbs.values.0"
ERROR = "exception.values.0"
LOST: dict[str, tuple[dict[str, Any], Places]] = {
    "event_id": ({"event_id": "soon"}, [("event_id", DATA, "soon", "new")]),
    "level in capitals": ({"level": "WARNING"}, [("level", DATA, "WARNING", "error")]),
    "level as digits": ({"level": "30"}, [("level", DATA, "30", "error")]),
    "level of logs": ({"level": "trace"}, [("level", DATA, "trace", "error")]),
    "type": ({"type": "transaction"}, [("type", "type", "transaction", "default")]),
    "platform": ({"platform": "rust"}, [("platform", "unknown_platform", "rust", "other")]),
    "timestamp unreadable": ({"timestamp": "soon"}, [("timestamp", DATA, "soon", NOW)]),
    "timestamp bool": ({"timestamp": True}, [("timestamp", DATA, True, NOW)]),
    "release empty": ({"release": ""}, [("release", DATA, "", None)]),
    "release long": ({"release": x(201)}, [("release", DATA, x(201), None)]),
    "release control": ({"release": "a\nb"}, [("release", DATA, "a\nb", None)]),
    "release dots": ({"release": ".."}, [("release", DATA, "..", None)]),
    "release latest": ({"release": "Latest"}, [("release", DATA, "Latest", None)]),
    "environment long": ({"environment": x(65)}, [("environment", DATA, x(65), None)]),
    "environment slash": ({"environment": "a/b"}, [("environment", DATA, "a/b", None)]),
    "environment none": ({"environment": "None"}, [("environment", DATA, "None", None)]),
    "dist characters": ({"dist": "a b"}, [("dist", DATA, "a b", None)]),
    "dist long": ({"dist": x(65)}, [("dist", "value_too_long", x(65), None)]),
    "transaction": ({"transaction": x(201)}, [("transaction", LIMIT, x(201), cut(200))]),
    "logger long": ({"logger": x(65)}, [("logger", LIMIT, x(65), cut(64))]),
    "logger with a break": ({"logger": "a\rb"}, [("logger", DATA, "a\rb", "")]),
    "logger of java": (
        {"platform": "java", "logger": "org.example.shop." + x(60)},
        [("logger", "changed", "org.example.shop." + x(60), "*." + x(60))],
    ),
    "message empty": ({"message": ""}, [("message", "empty", "", None)]),
    "logentry": ({"logentry": {"message": x(8393)}}, [("logentry.message", LIMIT, x(8393), cut(8192))]),
    "logentry without text": (
        {"logentry": {"params": ["a"]}},
        [("logentry", DATA, {"params": ["a"]}, None)],
    ),
    "logentry params": (
        {"logentry": {"message": "a %s", "params": 3}},
        [("logentry.params", DATA, 3, None)],
    ),
    "logentry deep params": (
        {"logentry": {"message": "a", "params": nested(6)}},
        [("logentry.params.a.a.a.a", "depth", {"a": {"end": 1}}, '{"a":{"end":1}}')],
    ),
    "tag key long": ({"tags": {x(201): "1"}}, [(f"tags.{x(201)}", LIMIT, x(201), cut(200))]),
    "tag key characters": ({"tags": {"größe": "1"}}, [("tags.größe", DATA, "größe", None)]),
    "tag value long": ({"tags": {"a": x(201)}}, [("tags.a", LIMIT, x(201), cut(200))]),
    "tag value empty": ({"tags": {"a": ""}}, [("tags.a", DATA, "", None)]),
    "tag value object": ({"tags": {"a": {"b": 1}}}, [("tags.a", DATA, {"b": 1}, None)]),
    "tag value huge number": ({"tags": {"a": 10**20}}, [("tags.a", "coerced", 10**20, "0")]),
    "tag twice": ({"tags": [["a", "1"], ["a", "2"]]}, [("tags.a", "duplicate", "2", "1")]),
    "tag keys both nulled": (
        {"tags": {"a/b": "1", "c/d": "2"}},
        [("tags.a/b", DATA, "a/b", None), ("tags.c/d", "duplicate_key", "2", None)],
    ),
    "tag release": ({"tags": {"release": "1"}}, [("tags.release", "reserved_tag", "1", None)]),
    "tag dist": ({"tags": {"dist": "1"}}, [("tags.dist", "reserved_tag", "1", None)]),
    "tag user": ({"tags": {"user": "1"}}, [("tags.user", "reserved_tag", "1", None)]),
    "tag filename": ({"tags": {"filename": "1"}}, [("tags.filename", "reserved_tag", "1", None)]),
    "tag function": ({"tags": {"function": "1"}}, [("tags.function", "reserved_tag", "1", None)]),
    "tag device.class": ({"tags": {"device.class": "1"}}, [("tags.device.class", "reserved_tag", "1", None)]),
    "tag environment beside the field": (
        {"environment": "production", "tags": {"environment": "test"}},
        [("tags.environment", "reserved_tag", "test", None)],
    ),
    "user id": ({"user": {"id": x(129)}}, [("user.id", LIMIT, x(129), cut(128))]),
    "user email": ({"user": {"email": x(76)}}, [("user.email", LIMIT, x(76), cut(75))]),
    "user ip_address": ({"user": {"ip_address": "here"}}, [("user.ip_address", DATA, "here", None)]),
    "breadcrumb type": (crumb(type=x(129)), [(f"{CRUMB}.type", LIMIT, x(129), cut(128))]),
    "breadcrumb category": (crumb(category=x(129)), [(f"{CRUMB}.category", LIMIT, x(129), cut(128))]),
    "breadcrumb message": (crumb(message=x(8393)), [(f"{CRUMB}.message", LIMIT, x(8393), cut(8192))]),
    "breadcrumb level": (crumb(level="warn"), [(f"{CRUMB}.level", DATA, "warn", "info")]),
    "breadcrumb depth": (
        crumb(data=nested(5)),
        [(f"{CRUMB}.data.a.a.a.a", "depth", {"end": 1}, '{"end":1}')],
    ),
    "breadcrumb field": (crumb(foo=1), [(f"{CRUMB}.foo", "invalid_attribute", 1, None)]),
    "exception empty": (
        {"exception": [{"module": "m"}]},
        [(ERROR, "missing_attribute", {"module": "m"}, None)],
    ),
    "exception type": (raised(type=x(277)), [(f"{ERROR}.type", LIMIT, x(277), cut(256))]),
    "exception module": (raised(module=x(277)), [(f"{ERROR}.module", LIMIT, x(277), cut(256))]),
    "exception value": (raised(value=x(8393)), [(f"{ERROR}.value", LIMIT, x(8393), cut(8192))]),
    "mechanism type": (
        raised(mechanism={"type": x(129)}),
        [(f"{ERROR}.mechanism.type", LIMIT, x(129), cut(128))],
    ),
    "mechanism help_link": (
        raised(mechanism={"type": "a", "help_link": "https://" + x(290)}),
        [(f"{ERROR}.mechanism.help_link", LIMIT, "https://" + x(290), "https://" + cut(248))],
    ),
    "mechanism without type": (
        raised(mechanism={"handled": False}),
        [(f"{ERROR}.mechanism.handled", "legacy_mechanism", False, None)],
    ),
    "no frames": (
        raised(stacktrace={"frames": []}),
        [(f"{ERROR}.stacktrace.frames", DATA, [], None)],
    ),
    "frame function": (
        frames(1, function=x(533)),
        [(f"{ERROR}.stacktrace.frames.0.function", LIMIT, x(533), cut(512))],
    ),
    "frame lineno": (
        frames(1, lineno=-1),
        [(f"{ERROR}.stacktrace.frames.0.lineno", DATA, -1, None)],
    ),
    "frame field": (
        frames(1, foo=1),
        [(f"{ERROR}.stacktrace.frames.0.foo", "removed", 1, None)],
    ),
    "frame variables deep": (
        frames(1, vars={"v": nested(4)}),
        [(f"{ERROR}.stacktrace.frames.0.vars.v.a.a.a", "depth", {"end": 1}, '{"end":1}')],
    ),
    "extra no object": ({"extra": "text"}, [("extra", DATA, "text", {})]),
    "extra value": ({"extra": {"a": x(16385)}}, [("extra.a", LIMIT, x(16385), cut(16384))]),
    "context": ({"contexts": {"a": {"b": x(9000)}}}, [("contexts.a.b", LIMIT, x(9000), cut(8192))]),
    "context no object": ({"contexts": {"a": 1}}, [("contexts.a", DATA, 1, None)]),
    "context depth": (
        {"contexts": {"c": nested(7)}},
        [("contexts.c.a.a.a.a.a.a", "depth", {"end": 1}, '{"end":1}')],
    ),
    "flag": (
        {"contexts": {"flags": {"values": [{"flag": x(201), "result": True}]}}},
        [("contexts.flags.values.0.flag", LIMIT, x(201), cut(200))],
    ),
    "module version": ({"modules": {"shop": 1}}, [("modules.shop", DATA, 1, None)]),
    "request url": ({"request": {"url": x(297)}}, [("request.url", LIMIT, x(297), cut(256))]),
    "request method": ({"request": {"method": "get it"}}, [("request.method", DATA, "get it", None)]),
    "request data": ({"request": {"data": {"a": x(9000)}}}, [("request.data.a", LIMIT, x(9000), cut(8192))]),
    "request header": (
        {"request": {"headers": {"x-a": x(9000)}}},
        [("request.headers.x-a", LIMIT, x(9000), cut(8186))],
    ),
    "request fragment": (
        {"request": {"url": "http://x/", "fragment": x(1125)}},
        [("request.fragment", LIMIT, x(1125), cut(1024))],
    ),
    "sdk": ({"sdk": {"name": "a"}}, [("sdk.version", "missing_attribute", None, None)]),
    "sdk name": ({"sdk": {"name": x(277), "version": "1"}}, [("sdk.name", LIMIT, x(277), cut(256))]),
    "fingerprint text": ({"fingerprint": "a"}, [("fingerprint", DATA, "a", None)]),
    "fingerprint object": ({"fingerprint": ["a", {}]}, [("fingerprint", DATA, ["a", {}], ["a"])]),
    "fingerprint float": ({"fingerprint": [1.5]}, [("fingerprint.0", "coerced", 1.5, "1")]),
    "thread name": (
        {"threads": {"values": [{"id": 1, "name": x(1125)}]}},
        [("threads.values.0.name", LIMIT, x(1125), cut(1024))],
    ),
    "debug image": (
        {"debug_meta": {"images": [{"type": "foo"}]}},
        [("debug_meta.images.0", DATA, {"type": "foo"}, None)],
    ),
    "culprit": ({"culprit": x(201)}, [("culprit", LIMIT, x(201), cut(200))]),
    "checksum": ({"checksum": x(129)}, [("checksum", LIMIT, x(129), cut(128))]),
    "server_name": ({"server_name": x(201)}, [("server_name", LIMIT, x(201), cut(200))]),
    "time_spent": ({"time_spent": 2147483647}, [("time_spent", "removed", 2147483647, None)]),
    "unknown field": ({"foo": {"a": 1}}, [("foo", "invalid_attribute", {"a": 1}, None)]),
    "measurements": (
        {"measurements": {"lcp": {"value": 1.0}}},
        [("measurements", "removed", {"lcp": {"value": 1.0}}, None)],
    ),
}

KEPT: dict[str, dict[str, Any]] = {
    "event_id": {"event_id": "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA"},
    "levels": {"level": "critical"},
    "level log": {"level": "log"},
    "level as a number": {"level": 30},
    "no level": {"level": None},
    "timestamp with a zone": {"timestamp": "2026-03-01T13:00:00+01:00"},
    "timestamp without a zone": {"timestamp": "2026-03-01T12:00:00.123456"},
    "release": {"release": " shop@1.2 (beta) "},
    "release number": {"release": 12},
    "release none": {"release": "None"},
    "environment": {"environment": "Production EU"},
    "dist": {"dist": " 1.2-3_a "},
    "transaction": {"transaction": f" {x(200)} "},
    "message as a number": {"message": 5},
    "message at the limit": {"message": x(8392)},
    "logentry formatted": {"logentry": {"message": "a %s", "params": ["b"]}},
    "logentry curly": {"logentry": {"message": "a {}", "params": ["b"]}},
    "tags": {"tags": {"a.b:c-d_1": "x", "n": 5, "b": True, "nothing": None, "tab": "a\tb", "cr": "a\rb"}},
    "tags as pairs": {"tags": [["b", "1"], ["a", "2"]]},
    "tag environment": {"tags": {"environment": "production"}},
    "server_name": {"server_name": "web-1"},
    "user": {"user": {"id": 5, "email": "nobody", "ip_address": "{{auto}}", "plan": "free"}},
    "no user": {"user": {}},
    "breadcrumbs as a list": {"breadcrumbs": [{"message": "a"}]},
    "many breadcrumbs": {"breadcrumbs": {"values": [{"message": "a"}] * 300}},
    "one exception": {"exception": {"type": "ValueError", "value": "bad"}},
    "exception value as JSON": raised(value={"a": 1}),
    "stack trace beside an exception": {
        **raised(),
        "stacktrace": {"frames": [{"filename": "shop.py", "function": "pay", "lineno": 1}]},
    },
    "mechanism": raised(mechanism={"type": "generic", "handled": False}),
    "long thread_id": raised(thread_id=x(400)),
    "long filename": frames(1, filename=x(400)),
    "frames": frames(50, vars={"a": "1"}, pre_context=["a"], context_line="b", post_context=["c"]),
    "extra": {"extra": {"a": nested(5), "": 1}},
    "unknown context": {"contexts": {"shop": {"size": 1, "list": [1, 2]}}},
    "flags": {"contexts": {"flags": {"values": [{"flag": "new", "result": True}]}}},
    "request": {
        "request": {
            "url": "http://shop.example/cart?size=3#top",
            "method": "get",
            "headers": {"content-type": "text/plain", "Cookie": "a=b; c=d", "X": ["a", "b"]},
            "query_string": "size=3",
            "data": '{"a": 1}',
            "env": {"REMOTE_ADDR": "10.0.0.1"},
        }
    },
    "request pairs": {"request": {"url": "http://a/", "headers": [["A", "b"]], "query_string": [["a", "b"]]}},
    "request form": {"request": {"url": "http://a/", "data": "a=1&b=2"}},
    "sdk": {
        "sdk": {"name": "sentry.python", "version": "2.75.0", "packages": [{"name": "a", "version": "1"}]}
    },
    "fingerprint": {"fingerprint": ["{{ default }}", 1, True]},
    "threads": {"threads": [{"id": 1, "name": "main", "crashed": True}]},
    "modules": {"modules": {"shop": "1.0"}},
}


@pytest.mark.parametrize(("fields", "expected"), LOST.values(), ids=LOST)
def test_a_loss_is_named(fields: dict[str, Any], expected: Places) -> None:
    verdict = judged("event", event(**fields))

    found = [
        (path, rule, sent, "new" if path == "event_id" else stored)
        for path, rule, sent, stored in places(verdict)
    ]
    assert found == expected
    assert verdict.outcome == "trimmed"
    assert all(one.text[0].isupper() and one.text.endswith(".") for one in verdict.findings)


@pytest.mark.parametrize("fields", KEPT.values(), ids=KEPT)
def test_what_keeps_its_meaning_is_no_finding(fields: dict[str, Any]) -> None:
    verdict = judged("event", event(**fields))

    assert places(verdict) == []
    assert (verdict.outcome, verdict.reason) == ("accepted", None)


@pytest.mark.parametrize("shift", [-91 * 86400, 120])
def test_a_moved_event_moves_its_breadcrumbs_and_is_one_finding(shift: float) -> None:
    crumbs = [{"timestamp": NOW + shift - 3, "message": "a"}]

    verdict = judged("event", event(timestamp=NOW + shift, breadcrumbs={"values": crumbs}))

    assert [found.path for found in verdict.findings] == ["timestamp"]
    assert verdict.stored["breadcrumbs"]["values"][0]["timestamp"] == NOW - 3


def test_a_breadcrumb_before_1970_is_lost() -> None:
    crumb = {"timestamp": -5, "message": "a"}

    verdict = judged("event", event(breadcrumbs=[crumb]))

    assert places(verdict) == [("breadcrumbs.values.0", "invalid_data", crumb, None)]


def test_of_300_frames_the_first_50_and_the_last_200_are_kept() -> None:
    verdict = judged("event", event(**frames(300)))

    assert [found.path for found in verdict.findings] == ["exception.values.0.stacktrace.frames"]
    assert len(verdict.findings[0].stored) == 250
    assert "250 stack frames" in verdict.findings[0].text


def test_the_middle_of_60_frames_loses_its_variables_and_surroundings() -> None:
    verdict = judged("event", event(**frames(60, vars={"a": "1"}, pre_context=["b"], post_context=["c"])))

    lost = {int(found.path.split(".")[5]) for found in verdict.findings}
    assert lost == set(range(25, 35))
    assert {found.path.split(".")[6] for found in verdict.findings} == {"vars", "pre_context", "post_context"}


def test_frames_after_a_cut_are_named_by_where_they_were_sent() -> None:
    body = event(**frames(300))
    body["exception"]["values"][0]["stacktrace"]["frames"][299]["lineno"] = -1

    verdict = judged("event", body)

    assert "exception.values.0.stacktrace.frames.299.lineno" in [found.path for found in verdict.findings]


def test_large_variables_are_cut_at_2048_bytes() -> None:
    verdict = judged("event", event(**frames(1, vars={"rows": ["row " * 20] * 100})))

    (found,) = [one for one in verdict.findings if one.path.endswith("vars.rows")]
    assert "2,048 bytes of variables" in found.text
    assert 0 < len(found.stored) < 100


def test_all_extra_data_together_has_a_limit() -> None:
    verdict = judged("event", event(extra={f"k{index:02}": x(16000) for index in range(20)}))

    found = next(one for one in verdict.findings if one.path == "extra")
    assert (len(found.sent), len(found.stored)) == (20, 17)
    assert "262,144 bytes" in found.text


def test_of_2000_modules_1024_are_kept() -> None:
    verdict = judged("event", event(modules={f"m{index:04}": "1.0.0" for index in range(2000)}))

    assert [(one.path, len(one.stored)) for one in verdict.findings] == [("modules", 1024)]
    assert "1,024 of 2,000" in verdict.findings[0].text


def test_what_the_sdk_cut_itself_is_no_finding() -> None:
    remark = {"rem": [["!limit", "x", 509, 512]], "len": 9000}
    body = event(
        extra={"a": x(509) + "...", "b": [1]},
        _meta={"extra": {"a": {"": remark}, "b": {"": {"len": 5000}}}},
    )

    assert judged("event", body).outcome == "accepted"


def test_what_sentry_cuts_after_the_sdk_is_a_finding() -> None:
    body = event(message=x(9000), _meta={"message": {"": {"len": 20000}}})

    assert [found.path for found in judged("event", body).findings] == ["message"]


@pytest.mark.parametrize("payload", [b"null", b"[]", b"1", b'"text"'])
def test_an_event_that_is_no_object_is_dropped(payload: bytes) -> None:
    verdict = judged("event", payload)

    assert (verdict.outcome, verdict.reason) == ("dropped", "no_event_payload")


@pytest.mark.parametrize(
    "payload", [b"", b"{", b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b"[" * 200 + b"]" * 200]
)
def test_an_event_that_serde_cannot_read_is_dropped(payload: bytes) -> None:
    verdict = judged("event", payload)

    assert (verdict.outcome, verdict.reason, verdict.stored) == ("dropped", "invalid_json", None)
    assert [found.rule for found in verdict.findings] == ["invalid_json"]


def test_the_header_s_event_id_wins() -> None:
    verdict = judged("event", event(event_id="b" * 32), headers={"event_id": "A" * 32})

    assert verdict.outcome == "accepted"
    assert verdict.stored["event_id"] == "a" * 32


def test_an_exception_without_frames_is_stored_with_those_of_the_event() -> None:
    body = raised(stacktrace={"frames": []})
    body["stacktrace"] = {"frames": [{"filename": "shop.py", "lineno": line + 1} for line in range(260)]}

    verdict = judged("event", body)

    assert len(verdict.stored["exception"]["values"][0]["stacktrace"]["frames"]) == 250
    assert [found.path for found in verdict.findings] == ["stacktrace.frames"]
