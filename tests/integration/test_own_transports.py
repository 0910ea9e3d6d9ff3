"""An application's own transport class runs as in production; only where it posts differs."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import pytest
import sentry_sdk
import urllib3
from sentry_sdk import transport as sdk_transport
from sentry_sdk.client import get_options
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.transport import BaseHttpTransport, Http2Transport, HttpTransport

from pytest_sentryintegration import SentryEvents

DSN = "https://key@example.invalid/5"
calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


class Redacting(HttpTransport):
    def capture_envelope(self, envelope: Any) -> None:
        for item in envelope.items:
            event = item.get_event()
            if event and "s3cret" in str(event.get("message")):
                event["message"] = "[redacted]"
        super().capture_envelope(envelope)


def test_what_a_class_changes_in_an_envelope_is_what_is_sent(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(DSN, transport=Redacting)

    sentry_sdk.capture_message("the s3cret")

    assert [event.message for event in sentry_events] == ["[redacted]"]
    assert isinstance(sentry_sdk.get_client().transport, Redacting)
    assert sentry_sdk.get_client().options["transport"] is Redacting


class Dropping(HttpTransport):
    def capture_envelope(self, envelope: Any) -> None:
        calls.append("dropped")


def test_a_failure_says_that_a_class_may_have_dropped_it(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(DSN, transport=Dropping)
    sentry_sdk.capture_message("hello")

    with pytest.raises(AssertionError) as failure:
        sentry_events.find("hello", timeout=0)

    said = " ".join(str(failure.value).split())
    assert calls == ["dropped"]
    assert "or Dropping, the application's transport class, did not send it." in said
    assert "Nothing was lost" not in said


class Keeping(sdk_transport.Transport):
    def capture_envelope(self, envelope: Any) -> None:
        calls.append("kept")


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (HttpTransport, "was given an instance of HttpTransport, which is not flushed here"),
        (Redacting, "was given an instance of Redacting, which is not flushed here"),
        (
            Keeping,
            "has a transport of its own, Keeping, which is left alone: what it sends does not come here",
        ),
    ],
)
@pytest.mark.parametrize("came", [False, True])
def test_a_failure_says_of_an_instance_whether_what_it_sends_comes_here(
    sentry_events: SentryEvents, cls: type[Any], said: str, came: bool
) -> None:
    if came:
        sentry_sdk.init(DSN)
        sentry_sdk.capture_message("of another client")
    sentry_sdk.init(DSN, transport=cls({**get_options(DSN), "dsn": DSN}))

    with pytest.raises(AssertionError) as failure:
        sentry_events.find("the kettle is cold", timeout=0)

    assert said in " ".join(str(failure.value).split())


class ByName(HttpTransport):
    """Calls the SDK's methods by the name of their class, past any class in between."""

    def __init__(self, options: dict[str, Any]) -> None:
        HttpTransport.__init__(self, options)
        calls.append("init")

    def capture_envelope(self, envelope: Any) -> None:
        calls.append("capture")
        HttpTransport.capture_envelope(self, envelope)

    def flush(self, timeout: float, callback: Any = None) -> None:
        calls.append("flush")
        HttpTransport.flush(self, timeout, callback)


class Counted(HttpTransport):
    """Makes its instances past any class in between."""

    def __new__(cls, options: dict[str, Any]) -> Any:
        return object.__new__(cls)


class Single(HttpTransport):
    """Has one instance."""

    one: Any = None

    def __new__(cls, options: dict[str, Any]) -> Any:
        cls.one = cls.one or super().__new__(cls)
        return cls.one


@pytest.mark.parametrize("transport", [Counted, Single])
def test_a_class_that_makes_its_instances_itself_sends_here(
    transport: type[HttpTransport], sentry_events: SentryEvents
) -> None:
    sentry_sdk.init(DSN, transport=transport)
    sentry_sdk.capture_message("hello")

    assert [event.message for event in sentry_events] == ["hello"]
    assert isinstance(sentry_sdk.get_client().transport, transport)


class Posting(HttpTransport):
    """Overrides each step on the way to the socket."""

    def _send_envelope(self, envelope: Any) -> None:
        calls.append("envelope")
        super()._send_envelope(envelope)

    def _send_request(self, body: bytes, headers: dict[str, str], *args: Any, **kwargs: Any) -> None:
        calls.append("send")
        super()._send_request(body, {**headers, "X-Team": "shop"}, *args, **kwargs)

    def _request(self, *args: Any, **kwargs: Any) -> Any:
        calls.append("request")
        return super()._request(*args, **kwargs)

    def _make_pool(self) -> Any:
        pool = super()._make_pool()
        assert pool is not None
        calls.append("pool")
        return pool


class Pooled(HttpTransport):
    """Asks its connections itself."""

    def _request(self, method: str, endpoint_type: Any, body: Any, headers: Any) -> Any:
        calls.append("request")
        return self._pool.request("POST", self._auth.get_api_url(endpoint_type), body=body, headers=headers)


class Library(HttpTransport):
    """Posts with another library."""

    def _send_request(
        self, body: bytes, headers: dict[str, str], endpoint_type: Any, envelope: Any = None
    ) -> None:
        calls.append("library")
        headers["X-Sentry-Auth"] = str(self._auth.to_header())
        url = self._auth.get_api_url(endpoint_type)
        urllib.request.urlopen(urllib.request.Request(url, body, headers)).close()


class Base(BaseHttpTransport):
    """Has connections of its own."""

    _pool: Any

    def _make_pool(self) -> Any:
        calls.append("pool")
        return urllib3.PoolManager()

    def _request(self, method: str, endpoint_type: Any, body: Any, headers: Any) -> Any:
        return self._pool.request(method, self._auth.get_api_url(endpoint_type), body=body, headers=headers)


class Http2(Http2Transport):
    def _request(self, *args: Any, **kwargs: Any) -> Any:
        calls.append("request")
        return super()._request(*args, **kwargs)


class Grandchild(Redacting, Pooled):
    def on_dropped_event(self, reason: str) -> None:
        calls.append(f"dropped: {reason}")


CALLED = {
    ByName: ["init", "capture", "flush"],
    Posting: ["pool", "envelope", "send", "request"],
    Pooled: ["request"],
    Library: ["library"],
    Base: ["pool"],
    Http2: ["request"],
    Grandchild: ["request"],
}


@pytest.mark.parametrize("own", CALLED, ids=lambda own: str(own.__name__))
def test_the_overrides_of_a_class_run_and_it_posts_to_the_fake(
    sentry_events: SentryEvents, own: type[HttpTransport]
) -> None:
    sentry_sdk.init(DSN, transport=own)
    sentry_sdk.capture_message("sent")
    sentry_sdk.flush()

    (event,) = sentry_events
    assert (event.message, event.project_id) == ("sent", "5")
    assert calls == CALLED[own]


@pytest.mark.parametrize("own", [ByName, Posting], ids=lambda own: str(own.__name__))
def test_a_class_of_an_application_that_was_initialised_before_is_wrapped_too(
    sentry_events: SentryEvents, own: type[HttpTransport]
) -> None:
    client = sentry_sdk.Client(DSN, transport=own)

    with sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        sentry_sdk.capture_message("sent")

    assert sentry_events.find("sent")


def test_what_a_class_drops_is_reported(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(DSN, transport=Grandchild)
    sentry_events.faults.status(500, times=1)

    sentry_sdk.capture_message("lost")

    assert sentry_events.client_reports.find().discarded[0].reason == "network_error"
    assert "dropped: status_500" in calls


@pytest.mark.skipif(
    not getattr(sdk_transport, "ASYNC_TRANSPORT_AVAILABLE", False), reason="this SDK has no such transport"
)
def test_an_asynchronous_class_runs_its_overrides(sentry_events: SentryEvents) -> None:
    class Own(getattr(sdk_transport, "AsyncHttpTransport", HttpTransport)):  # type: ignore[misc]
        async def _send_envelope(self, envelope: Any) -> None:
            await asyncio.sleep(0)
            calls.append("envelope")
            await super()._send_envelope(envelope)

        def capture_envelope(self, envelope: Any) -> None:
            calls.append("capture")
            super().capture_envelope(envelope)

    async def report() -> None:
        sentry_sdk.init(DSN, transport=Own, integrations=[AsyncioIntegration()])
        sentry_sdk.capture_message("sent")
        assert sentry_events.find("sent")

    asyncio.run(report())

    assert calls == ["capture", "envelope"]


def test_a_class_that_cannot_be_subclassed_posts_to_the_fake_too(sentry_events: SentryEvents) -> None:
    class Final(HttpTransport):
        def __init_subclass__(cls) -> None:
            raise TypeError("final")

    sentry_sdk.init(DSN, transport=Final)
    sentry_sdk.capture_message("sent")
    sentry_sdk.flush()

    assert [event.message for event in sentry_events] == ["sent"]
