"""Several stores over one Redis are one: each has what any took, and nothing answered 200 is lost."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration import clock
from pytest_sentryintegration.store import STRAYS, Arrival, Entry, HolderError, RefusedRequest, Store
from pytest_sentryintegration.store import replica as replica_module
from pytest_sentryintegration.store import stream as stream_module
from pytest_sentryintegration.store.replica import Replica
from pytest_sentryintegration.store.scripts import KEYS
from pytest_sentryintegration.store.stream import Stream
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem
from tests.store.redis_server import RedisServer
from tests.web.conftest import Api

pytestmark = pytest.mark.clients

NOT_SAVED = "the fake Sentry could not save it"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.close()


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    running.ask("FLUSHALL")
    return running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may kill, or set otherwise."""
    server = RedisServer(tmp_path)
    yield server
    server.close()


Make = Callable[..., Api]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make a fake Sentry over a Redis; it is closed with the test."""
    with ExitStack() as stack:

        def make_one(server: RedisServer, **options: Any) -> Api:
            api = Api(data=server.url, **options)
            stack.enter_context(api.sentry)
            return api

        yield make_one


def send(store: Store, inbox: str | None, *texts: str) -> None:
    for text in texts:
        store.add(
            inbox, project_id="1", envelope=RawEnvelope({}, (RawItem({"type": "event"}, text.encode()),))
        )
    store.commit()


def texts(entries: list[Entry]) -> list[str]:
    return [entry.envelope.items[0].payload.decode() for entry in entries if isinstance(entry, Arrival)]


def post(api: Api, body: bytes = b"{}", inbox: str = "") -> tuple[int, str]:
    reply = api.sentry.receive(f"{inbox and '/' + inbox}/api/1/envelope/", {}, body)
    return reply.status, reply.body.decode()


def read(api: Api) -> list[Entry]:
    api.sentry.store.catch_up()
    return api.sentry.store.since(None)


def until(come: Callable[[], Any]) -> None:
    """Wait until *come* returns something true."""
    deadline = clock.monotonic() + 20
    while not come():
        assert clock.monotonic() < deadline
        threading.Event().wait(0.01)


def test_what_one_took_is_at_the_other_under_the_same_number(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)

    first.message("one")
    second.message("two")
    first.sentry.receive("/api/1/envelope/", {}, b"[]")

    assert [second.texts("/api/captured/messages"), first.texts("/api/captured/messages")] == [
        ["one", "two"],
        ["one", "two"],
    ]
    assert read(first) == read(second)
    assert [entry.number for entry in read(first)] == [1, 2, 3]
    assert first.texts("/api/captured/messages?after=1") == ["two"]


def test_what_one_took_is_waited_for_at_the_other(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    found: list[list[str]] = []
    waiting = threading.Thread(
        target=lambda: found.append(second.texts("/api/captured/messages?text=late&wait=20"))
    )

    waiting.start()
    until(lambda: second.sentry.store._watching.count)
    first.message("late")
    waiting.join()

    assert found == [["late"]]


def test_one_who_follows_goes_on_at_the_other(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    first.message("one")
    first.message("two")

    second.sentry.store.catch_up()
    begun = second.sentry.store.follow(None, 0, timeout=10, most=1)
    first.message("three")
    first.sentry.store.catch_up()
    gone_on = first.sentry.store.follow(None, begun.cursor, timeout=10)

    numbers = [entry.number for entry in (*begun.entries, *gone_on.entries)]
    assert (numbers, gone_on.evicted) == ([1, 2, 3], False)


def test_a_stream_of_events_that_was_cut_is_resumed_at_the_other(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    for number in range(3):
        first.message(f"text {number}")

    resumed = second.get("/api/captured/stream", last_event_id="1").chunks
    assert resumed is not None
    said = next(iter(resumed)) + next(iter(resumed))

    assert [line for line in said.decode().splitlines() if line.startswith("id:")] == ["id: 2", "id: 3"]
    assert b"restarted" not in said


def test_an_inbox_that_one_made_is_known_at_the_other_until_one_closes_it(
    server: RedisServer, make: Make
) -> None:
    first, second = make(server), make(server)
    inbox = first.post("/api/inboxes", {"name": "worker", "test": "checkout"}).json["inbox"]

    second.message("mine", inbox=inbox)
    (entry,) = read(first)
    assert isinstance(entry, Arrival)
    assert (entry.inbox, entry.test) == (inbox, "checkout")
    assert first.texts(f"/{inbox}/api/captured/messages") == ["mine"]

    assert second.ask("DELETE", f"/api/inboxes/{inbox}").status == 204
    assert first.get(f"/api/captured/?inbox={inbox}").status == 404
    first.message("late", inbox=inbox)
    assert second.texts("/api/captured/messages?inbox=strays") == ["late"]


def test_an_envelope_finds_an_inbox_of_which_its_replica_has_not_read_yet(
    server: RedisServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(server), make(server)
    stopped = stop_reading(second, monkeypatch)
    inbox = first.post("/api/inboxes", {"test": "checkout"}).json["inbox"]

    second.message("mine", inbox=inbox)
    assert not second.sentry.store.knows(inbox)
    stopped.set()

    assert [(entry.inbox, getattr(entry, "test", "")) for entry in read(second)] == [(inbox, "checkout")]


def stop_reading(api: Api, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have a replica read nothing until the event that is returned is set."""
    store = api.sentry.store
    assert isinstance(store, Replica)
    go_on, stopped, reading = threading.Event(), threading.Event(), store._stream.read

    def wait_and_read(position: int) -> Any:
        stopped.set()
        go_on.wait(20)
        return reading(position)

    monkeypatch.setattr(store._stream, "read", wait_and_read)
    stopped.wait(20)
    return go_on


def test_what_one_forgot_is_forgotten_at_the_other(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    inbox = first.post("/api/inboxes").json["inbox"]
    for where in (inbox, ""):
        first.message("before", inbox=where)

    assert second.ask("DELETE", f"/api/captured/?inbox={inbox}").status == 200
    assert first.texts("/api/captured/messages") == ["before"]
    assert first.ask("DELETE", "/api/captured/").status == 200
    second.message("after", inbox=inbox)

    assert first.texts("/api/captured/messages") == ["after"]
    for api in (second, make(server)):
        assert (api.get("/api/captured/").json["evicted"], len(read(api))) == (0, 1)


def test_all_count_the_same_as_evicted_also_one_that_comes_later(server: RedisServer, make: Make) -> None:
    first, second = make(server, limit=20), make(server, limit=20)
    inbox = first.post("/api/inboxes").json["inbox"]
    for number in range(700):
        post((first, second)[number % 2], inbox=inbox if number % 3 else "")
    third = make(server, limit=20)

    for api in (first, second, third):
        api.sentry.store.catch_up()
    told = [
        (api.sentry.store.evicted(), api.sentry.store.evicted(inbox), len(read(api)))
        for api in (first, second, third)
    ]

    # The record that opened the inbox is the first of 701.
    assert told == [((680, 681), (453, 681), 20)] * 3
    assert server.ask("XLEN", KEYS[1]) < 20 + 2 * 256


def test_all_count_the_same_as_evicted_after_all_was_cleared(server: RedisServer, make: Make) -> None:
    first, second = make(server, limit=20), make(server, limit=20)
    for _ in range(100):
        post(first)
    assert second.ask("DELETE", "/api/captured/").status == 200
    assert server.ask("XLEN", KEYS[1]) == 1

    for api in (first, second, make(server, limit=20)):
        api.sentry.store.catch_up()
        assert (api.sentry.store.evicted(), api.sentry.store.since(None)) == ((80, 80), [])


def test_the_stream_is_bounded_where_inboxes_only_come_and_go(server: RedisServer, make: Make) -> None:
    api = make(server, limit=10)
    for _ in range(300):
        inbox = api.post("/api/inboxes").json["inbox"]
        api.ask("DELETE", f"/api/inboxes/{inbox}")

    assert server.ask("XLEN", KEYS[1]) <= 10 + 256
    assert (server.ask("HLEN", KEYS[2]), server.ask("ZCARD", KEYS[3])) == (0, 0)


def test_one_that_fell_far_behind_has_what_the_others_have(
    server: RedisServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(server, limit=10), make(server, limit=10)
    open_before = first.post("/api/inboxes", {"test": "before"}).json["inbox"]
    second.sentry.store.catch_up()
    stopped = stop_reading(second, monkeypatch)
    open_since = first.post("/api/inboxes", {"test": "since"}).json["inbox"]
    first.ask("DELETE", f"/api/inboxes/{open_before}")
    for _ in range(600):
        post(first)
    stopped.set()

    assert read(second) == read(first)
    assert second.sentry.store.evicted() == first.sentry.store.evicted()
    assert second.sentry.store.inboxes == {STRAYS: "", open_since: "since"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.at


def two(server: RedisServer, stack: ExitStack, now: Clock, **options: Any) -> list[Replica]:
    replicas = [Replica(Stream(server.url), now=now, **options) for _ in range(2)]
    for one in replicas:
        stack.callback(one.end)
    return replicas


def test_what_is_too_old_is_evicted_at_each(server: RedisServer) -> None:
    now = Clock()
    with ExitStack() as stack:
        replicas = two(server, stack, now, max_age=10)
        send(replicas[0], None, "old")
        now.at += timedelta(seconds=11)
        send(replicas[1], None, "new")
        for one in replicas:
            one.catch_up()

        assert [(texts(one.since(None)), one.evicted()) for one in replicas] == [(["new"], (1, 1))] * 2


def test_an_inbox_is_closed_at_all_when_none_of_them_used_it_for_an_hour(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "_TOLD", 0)
    now = Clock()
    with ExitStack() as stack:
        first, second = two(server, stack, now)
        for inbox in ("unused", "read elsewhere"):
            first.open(inbox, expires=True)
        second.catch_up()
        for _ in range(3):
            now.at += timedelta(minutes=45)
            second.since("read elsewhere")
            until(lambda: server.ask("ZSCORE", KEYS[3], "read elsewhere") == now.at.timestamp())

        until(lambda: not second.knows("unused"))
        first.catch_up()
        assert first.inboxes.keys() == second.inboxes.keys() == {STRAYS, "read elsewhere"}


def test_faults_hold_at_all_also_at_one_that_comes_later(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    faults = {"status": {"code": 503, "item_type": "event"}, "delay": {"seconds": 0}}
    assert first.ask("PUT", "/api/faults", json.dumps(faults).encode()).status == 200
    third = make(server)

    body = b'{}\n{"type":"event","length":2}\n{}'
    assert second.get("/api/faults").json == faults
    assert [post(api, body)[0] for api in (first, second, third)] == [503, 503, 503]

    assert second.ask("DELETE", "/api/faults").status == 200
    assert [api.get("/api/faults").json for api in (first, third)] == [{}, {}]
    assert [post(api, body)[0] for api in (first, second, third)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("faults", "refused"),
    [
        ({"status": {"code": 503, "times": 3}}, 503),
        ({"rate_limit": {"categories": ["error"], "times": 3}}, 429),
        ({"rate_limit": [{"categories": ["error"], "times": 2}, {"categories": ["error"], "times": 3}]}, 429),
    ],
)
def test_how_often_a_fault_is_applied_is_counted_by_all_together(
    faults: dict[str, Any], refused: int, server: RedisServer, make: Make
) -> None:
    first, second = make(server), make(server)
    first.ask("PUT", "/api/faults", json.dumps(faults).encode())
    second.sentry.store.catch_up()
    body = b'{}\n{"type":"event","length":2}\n{}'

    codes = [post(api, body)[0] for api in (first, second)]
    third = make(server)
    codes += [post(api, body)[0] for api in (third, first, second, third)]

    assert codes == [refused] * 3 + [200] * 3
    assert [api.get("/api/faults").json for api in (first, second, third)] == [{}, {}, {}]


def test_with_a_seed_chance_decides_for_all_together_as_for_one(server: RedisServer, make: Make) -> None:
    faults = json.dumps({"status": {"code": 503, "probability": 0.5, "seed": 7}}).encode()
    alone, replicas = Api(), (make(server), make(server))
    for api in (alone, replicas[0]):
        assert api.ask("PUT", "/api/faults", faults).status == 200
    replicas[1].sentry.store.catch_up()

    decided = [post(alone)[0] for _ in range(40)]

    assert {200, 503} == set(decided)
    assert [post(replicas[number % 3 % 2])[0] for number in range(40)] == decided
    assert replicas[1].get("/api/faults").json == json.loads(faults)


def test_what_others_used_of_a_fault_is_shown_and_ends_with_it(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    first.ask("PUT", "/api/faults", b'{"status": {"code": 503, "times": 3}}')
    second.sentry.store.catch_up()
    assert post(second)[0] == 503
    assert first.get("/api/faults").json == {"status": {"code": 503, "times": 2}}

    first.ask("PUT", "/api/faults", b'{"status": {"code": 503, "times": 1}}')
    second.sentry.store.catch_up()

    assert [post(api)[0] for api in (second, first)] == [503, 200]
    first.ask("DELETE", "/api/faults")
    assert server.ask("KEYS", f"{KEYS[5]}*") == []


def test_faults_of_an_inbox_end_with_it_at_all(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    inbox = first.post("/api/inboxes").json["inbox"]
    first.ask("PUT", f"/api/faults?inbox={inbox}", b'{"status": {"code": 503}}')
    second.sentry.store.catch_up()
    assert (post(second, inbox=inbox)[0], second.sentry.ingest.has_faults) == (503, True)

    first.ask("DELETE", f"/api/inboxes/{inbox}")
    second.sentry.store.catch_up()

    assert (first.sentry.ingest.has_faults, second.sentry.ingest.has_faults) == (False, False)
    assert server.ask("HLEN", KEYS[4]) == 0


def test_ten_thousand_envelopes_are_in_one_order_at_each(server: RedisServer, make: Make) -> None:
    replicas = make(server), make(server)
    inboxes = [replicas[0].post("/api/inboxes").json["inbox"] for _ in range(4)]

    def send_to(inbox: str) -> None:
        for number in range(2500):
            body = b'{}\n{"type":"event"}\n{"message":"%d"}' % number
            assert post(replicas[number % 2], body, inbox)[0] == 200

    threads = [threading.Thread(target=send_to, args=(inbox,)) for inbox in inboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first, second = map(read, replicas)
    assert first == second
    assert [entry.number for entry in first] == list(range(5, 10_005))
    for inbox in inboxes:
        kept = texts([entry for entry in second if entry.inbox == inbox])
        assert kept == [f'{{"message":"{number}"}}' for number in range(2500)]


def test_after_redis_was_killed_and_started_again_all_go_on(own_server: RedisServer, make: Make) -> None:
    first, second = make(own_server), make(own_server)
    inbox = first.post("/api/inboxes").json["inbox"]
    first.message("before", inbox=inbox)
    own_server.kill()

    status, said = post(first)
    assert (status, NOT_SAVED in said, own_server.where in said) == (503, True, True)
    assert (second.get("/api/captured/").status, second.post("/api/inboxes").status) == (503, 503)
    until(lambda: second.get("/readyz").status == 503)
    assert "Connection refused" in second.get("/readyz").error

    own_server.start()
    until(lambda: second.get("/readyz").status == 200 == first.get("/readyz").status)
    second.message("after", inbox=inbox)
    assert first.texts(f"/{inbox}/api/captured/messages") == ["before", "after"]


def test_what_a_redis_has_that_was_started_again_is_read_anew(own_server: RedisServer) -> None:
    with closing(Stream(own_server.url)) as stream:
        assert stream.begin(0) is not None
        assert stream.begin(0) is None
        own_server.kill()
        own_server.start()

        # It has the same epoch, and may have lost the newest records.
        assert stream.begin(0) is not None


def test_one_who_waits_is_answered_after_redis_was_started_again(own_server: RedisServer, make: Make) -> None:
    first, second = make(own_server), make(own_server)
    inbox = first.post("/api/inboxes").json["inbox"]
    found: list[list[str]] = []
    waiting = threading.Thread(
        target=lambda: found.append(second.texts(f"/{inbox}/api/captured/messages?wait=20"))
    )

    waiting.start()
    until(lambda: (box := second.sentry.store._inboxes.get(inbox)) and box.waiting and box.waiting.count)
    own_server.kill()
    own_server.start()
    until(lambda: post(first, b'{}\n{"type":"event"}\n{"message":"late"}', inbox)[0] == 200)
    waiting.join()

    assert found == [["late"]]


def test_what_a_full_redis_does_not_take_is_a_503_until_something_is_forgotten(
    own_server: RedisServer, make: Make
) -> None:
    first, second = make(own_server), make(own_server)
    first.message("kept")
    own_server.ask("CONFIG", "SET", "maxmemory", "1mb")

    status, said = post(first, b'{}\n{"type":"event"}\n{"message":"lost"}')
    assert (status, "command not allowed when used memory > 'maxmemory'\"" in said) == (503, True)
    assert second.texts("/api/captured/messages") == ["kept"]
    assert second.ask("DELETE", "/api/captured/").status == 200

    own_server.ask("CONFIG", "SET", "maxmemory", "0")
    first.message("new")
    assert second.texts("/api/captured/messages") == ["new"]


def test_what_a_redis_that_is_read_only_refuses_is_a_503(own_server: RedisServer, make: Make) -> None:
    api = make(own_server)
    own_server.ask("REPLICAOF", "127.0.0.1", "1")

    status, said = post(api)

    assert (status, "You can't write against a read only replica\"" in said) == (503, True)
    own_server.ask("REPLICAOF", "NO", "ONE")
    until(lambda: post(api)[0] == 200)


def test_a_redis_that_does_not_answer_costs_one_time_out(
    own_server: RedisServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "TIMEOUT", 0.2)
    monkeypatch.setattr(stream_module, "PAUSE", 60)
    api = make(own_server)
    own_server.ask("CLIENT", "PAUSE", "3000", "ALL")
    calls: list[object] = []
    monkeypatch.setattr(stream_module.Stream, "_do", noting(Stream._do, calls))

    answers = [post(api) for _ in range(100)]

    reason = f"cannot use Redis at {own_server.where}: it did not answer within 0.2 s"
    assert answers == [(503, f'{{"detail":"{NOT_SAVED}","causes":["{reason}"]}}')] * 100
    assert len(calls) == 1


def noting(function: Any, calls: list[object]) -> Any:
    def noted(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return noted


def test_no_number_is_given_twice_where_redis_lost_what_it_had(server: RedisServer, make: Make) -> None:
    first, second = make(server), make(server)
    inbox = first.post("/api/inboxes").json["inbox"]
    for _ in range(3):
        first.message("lost")
    second.sentry.store.catch_up()
    server.ask("FLUSHALL")

    until(lambda: post(first, b'{}\n{"type":"event"}\n{"message":"new"}')[0] == 200)

    until(lambda: [entry.number for entry in read(second)] == [entry.number for entry in read(first)] != [])
    (entry,) = read(second)
    assert entry.number > 4
    assert (first.sentry.store.inboxes, second.sentry.store.knows(inbox)) == ({STRAYS: ""}, False)


@pytest.mark.parametrize(
    ("fields", "body"), [(("inbox", "", "entry", "nope"), b"nope"), (("name", "of another program"), b"")]
)
def test_a_record_that_cannot_be_read_is_listed_and_the_next_one_is_read(
    server: RedisServer, make: Make, fields: tuple[str, ...], body: bytes
) -> None:
    api = make(server)
    server.ask("XADD", KEYS[1], "0-*", *fields)
    server.ask("HSET", KEYS[0], "last", 1)

    api.message("next")

    refused, arrival = read(api)
    assert isinstance(refused, RefusedRequest)
    assert (refused.status, refused.body) == (500, body)
    assert refused.reason.startswith("a record of the stream in Redis is not as it was written: entry 1 ")
    assert isinstance(arrival, Arrival)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (
            [("SET", KEYS[0], "mine")],
            "Redis at {} has keys of another program under the names of these"
            " ({{sentryintegration}}:about and others): choose another DB",
        ),
        (
            [("RPUSH", KEYS[1], "mine")],
            "Redis at {} has keys of another program under the names of these"
            " ({{sentryintegration}}:about and others): choose another DB",
        ),
        (
            [("HSET", KEYS[0], "format", 99)],
            "what Redis at {} has was written by a newer version of sentryintegration: use that, or another"
            " DB",
        ),
    ],
)
def test_what_is_not_ours_is_left_alone(
    server: RedisServer, prepare: list[tuple[Any, ...]], said: str
) -> None:
    for command in prepare:
        server.ask(*command)

    with pytest.raises(HolderError) as caught:
        Api(data=server.url)

    assert str(caught.value) == said.format(server.where)
    assert server.ask("DBSIZE") == 1


def test_a_redis_that_is_too_old_says_so(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(server.url)
    monkeypatch.setattr(stream._client, "info", lambda section: {"redis_version": "6.2.14"})

    with pytest.raises(HolderError) as caught:
        Replica(stream)

    assert str(caught.value) == f"Redis at {server.where} is version 6.2.14: 7.0 or newer is needed"


def test_a_redis_that_loses_things_is_told_of_at_start(tmp_path: Path) -> None:
    options = ("--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    with closing(RedisServer(tmp_path, *options)) as server, Api(data=server.url).sentry as sentry:
        assert sentry.notice == (
            f"Redis at {server.where}: it loses what it has when it ends (set appendonly yes, and appendfsync"
            " always), and it deletes all of it when it is full (set maxmemory-policy noeviction)"
        )


def test_two_databases_of_one_redis_know_nothing_of_each_other(server: RedisServer, make: Make) -> None:
    first = make(server)
    with closing(Api(data=f"{server.url[:-1]}1").sentry) as other:
        first.message("mine")
        other.store.catch_up()

        assert other.store.since(None) == []


def test_what_comes_by_socket_is_saved_before_it_is_answered(own_server: RedisServer, make: Make) -> None:
    api, other = make(own_server), make(own_server)
    with closing(http.client.HTTPConnection(api.sentry.host, api.sentry.port)) as connection:
        statuses = []
        for kill in (False, True):
            if kill:
                own_server.kill()
            connection.request("POST", "/api/1/envelope/", b"{}")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)

    assert statuses == [200, 503]
    own_server.start()
    until(lambda: other.get("/readyz").status == 200)
    assert len(read(other)) == 1
