"""Section 3: what a test is given, and what stays as it was."""

from __future__ import annotations

import json
import os
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, capture
from tests.contract.sending import OPTIONS, REAL_DSN, envelope, event, fail, post, request, root
from tests.integration.conftest import Run


def test_the_fixture_is_a_sentry_events(sentry_events: SentryEvents) -> None:
    assert isinstance(sentry_events, SentryEvents)


def test_a_test_begins_with_nothing_sent(sentry_events: SentryEvents) -> None:
    assert not sentry_events
    assert len(sentry_events.envelopes) == 0


def test_everything_sent_during_this_test_is_there(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("first")
    fail(ValueError("second"))
    with root("third", "task"):
        pass
    assert [seen.message for seen in sentry_events.messages] == ["first"]
    assert [seen.exception.value for seen in sentry_events.errors if seen.exception] == ["second"]
    assert [seen.name for seen in sentry_events.transactions] == ["third"]


def test_the_server_has_an_url_a_port_and_a_dsn_for_each_project(sentry_server: Any) -> None:
    url, default, other = urlsplit(sentry_server.url), urlsplit(sentry_server.dsn()), sentry_server.dsn(42)
    assert (url.hostname, url.port) == ("127.0.0.1", sentry_server.port)
    assert (default.hostname, default.port, default.path) == ("127.0.0.1", sentry_server.port, "/1")
    assert urlsplit(other).path == "/42"
    assert sentry_server.dsn(project_id=42) == other


def test_what_is_sent_without_an_inbox_in_its_path_goes_to_the_running_test(
    sentry_events: SentryEvents, sentry_server: Any
) -> None:
    assert post(sentry_server.dsn(7), event("from elsewhere")).status == 200
    assert sentry_events.messages.find("from elsewhere").project_id == "7"


def test_the_dsn_for_other_processes_names_the_inbox_in_its_path(
    sentry_events: SentryEvents, sentry_server: Any
) -> None:
    dsn = urlsplit(sentry_events.dsn)
    *inbox, project = dsn.path.split("/")[1:]
    assert (dsn.hostname, dsn.port, project) == ("127.0.0.1", sentry_server.port, "1")
    assert len(inbox) == 1
    assert inbox[0]


def test_url_is_that_of_the_server(sentry_events: SentryEvents, sentry_server: Any) -> None:
    assert sentry_events.url.startswith(sentry_server.url)


def test_sentry_dsn_is_set_for_child_processes(sentry_events: SentryEvents) -> None:
    assert os.environ["SENTRY_DSN"] == sentry_events.dsn


def test_env_is_a_complete_environment_that_no_proxy_spoils(sentry_events: SentryEvents) -> None:
    env = dict(sentry_events.env)
    assert env["SENTRY_DSN"] == sentry_events.dsn
    assert env["PATH"] == os.environ["PATH"]
    assert "127.0.0.1" in env["NO_PROXY"]


def test_an_application_that_asks_first_is_told_that_nobody_has_initialised(
    sentry_events: SentryEvents,
) -> None:
    assert not sentry_sdk.is_initialized()
    sentry_sdk.capture_message("without init")
    assert sentry_events.messages.find("without init")
    assert not sentry_sdk.is_initialized()


def test_the_options_of_an_application_that_initialises_itself_in_the_test_stay(
    sentry_events: SentryEvents,
) -> None:
    def before_send(event: Any, hint: Any) -> Any:
        event["tags"] = {"by": "before_send"}
        return event

    sentry_sdk.init(REAL_DSN, environment="staging", release="shop@1", before_send=before_send)
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert (seen.environment, seen.release, seen.tags) == ("staging", "shop@1", {"by": "before_send"})
    assert seen.project_id == "42"


def test_the_sampling_of_the_application_stays(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **{**OPTIONS, "traces_sample_rate": 0.0})
    with root("checkout"):
        pass
    assert len(sentry_events.transactions) == 0


def test_a_client_keeps_its_own_dsn_as_in_production(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    client = sentry_sdk.get_client()
    assert client.dsn == REAL_DSN
    with root("checkout"):
        pass
    header = sentry_events.items.find(lambda kind: kind in ("transaction", "span")).envelope.headers["trace"]
    assert header["public_key"] == "0123456789abcdef0123456789abcdef"
    assert header.get("org_id", "17") == "17"


def test_an_initialisation_without_dsn_takes_the_one_in_the_environment(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(release="shop@2")
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find("hello").release == "shop@2"


@pytest.mark.sentry(environment="marked", release="shop@3")
def test_the_marker_gives_options_for_one_test(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find(environment="marked").release == "shop@3"


@pytest.mark.sentry(environment="marked")
def test_the_markers_options_override_those_of_an_initialisation_in_the_test(
    sentry_events: SentryEvents,
) -> None:
    sentry_sdk.init(REAL_DSN, environment="staging", release="shop@4")
    sentry_sdk.capture_message("hello")
    seen = sentry_events.messages.find("hello")
    assert (seen.environment, seen.release) == ("marked", "shop@4")


@pytest.mark.sentry(transport="memory")
def test_the_memory_transport_carries_the_same_without_a_socket(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("hello", level="warning")
    with root("checkout", "task"):
        pass
    assert sentry_events.messages.find("hello").level == "warning"
    assert sentry_events.transactions.find("checkout").op == "task"
    assert sentry_events.envelopes[0].items[0].type == "event"


@pytest.mark.sentry(transport="memory")
@pytest.mark.parametrize("name", ["dsn", "env"])
def test_the_memory_transport_has_nothing_for_other_processes(sentry_events: SentryEvents, name: str) -> None:
    with pytest.raises(Exception, match="memory"):
        getattr(sentry_events, name)


def test_a_thread_belongs_to_the_test_that_started_it(sentry_events: SentryEvents) -> None:
    thread = threading.Thread(target=sentry_sdk.capture_message, args=("from a thread",))
    thread.start()
    thread.join()
    assert sentry_events.messages.find("from a thread")


def test_of_nested_captures_the_inner_receives_and_the_outer_goes_on(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("before")
    with capture(**OPTIONS) as inner:
        sentry_sdk.capture_message("inside")
        assert [seen.message for seen in inner] == ["inside"]
    sentry_sdk.capture_message("after")
    assert [seen.message for seen in sentry_events] == ["before", "after"]


def test_a_capture_takes_sdk_options_and_puts_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "https://key@example.invalid/1")
    tags = dict(sentry_sdk.get_isolation_scope()._tags)
    with capture(environment="a notebook") as sentry_events:
        sentry_sdk.set_tag("inside", "yes")
        sentry_sdk.capture_message("hello")
        assert sentry_events.messages.find("hello").environment == "a notebook"
        assert os.environ["SENTRY_DSN"] == sentry_events.dsn
    assert os.environ["SENTRY_DSN"] == "https://key@example.invalid/1"
    assert not sentry_sdk.get_client().is_active()
    assert sentry_sdk.get_isolation_scope()._tags == tags


def test_what_a_capture_held_can_be_read_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with capture() as sentry_events:
        sentry_sdk.capture_message("hello")
    assert sentry_events.messages.find("hello").message == "hello"


def test_a_capture_gives_back_the_error_of_its_body() -> None:
    with pytest.raises(KeyError, match="mine"), capture():
        raise KeyError("mine")


def test_fifty_threads_that_post_at_once_lose_nothing(sentry_events: SentryEvents) -> None:
    dsn = sentry_events.dsn
    threads = [threading.Thread(target=post, args=(dsn, event(f"number {n}"))) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = sentry_events.messages.wait(50)
    assert {one.message for one in seen} == {f"number {n}" for n in range(50)}


def test_the_fake_answers_an_envelope_with_its_event_id(sentry_events: SentryEvents) -> None:
    identity = "9ec79c33ec9942ab8353589fcb2e04dc"
    body = envelope(({"type": "event"}, {"message": "hello"}), event_id=identity)
    answer = request(sentry_events.dsn, "envelope", body)
    assert (answer.status, json.loads(answer.body)) == (200, {"id": identity})
    assert sentry_events.messages.find("hello").id == identity


def test_the_default_options_trace_everything(run: Run) -> None:
    test_it = """
        def test_options(sentry_options, sentry_events):
            assert sentry_options == {"traces_sample_rate": 1.0}
        """
    run(test_it=test_it).assert_outcomes(passed=1)


def test_a_capture_may_do_without_a_socket() -> None:
    with capture(transport="memory") as sentry_events:
        sentry_sdk.capture_message("hello")
        assert sentry_events.messages.find("hello")


def test_one_capture_after_another_holds_its_own() -> None:
    for text in ("first", "second"):
        with capture() as sentry_events:
            sentry_sdk.capture_message(text)
            assert [seen.message for seen in sentry_events] == [text]


def test_an_unknown_option_of_a_capture_names_the_nearest() -> None:
    with pytest.raises(Exception, match="traces_sample_rate"), capture(trace_sample_rate=1.0):
        pass


def test_a_view_can_be_read_by_many_threads_while_it_grows(sentry_events: SentryEvents) -> None:
    dsn, wrong = sentry_events.dsn, list[BaseException]()

    def read() -> None:
        try:
            sentry_events.messages.wait(20, lambda text: text.startswith("number"), timeout=10)
        except BaseException as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    writers = [threading.Thread(target=post, args=(dsn, event(f"number {n}"))) for n in range(20)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in (*readers, *writers):
        thread.join()
    assert wrong == []
    assert len(sentry_events.messages) == 20
