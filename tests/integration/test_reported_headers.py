"""Headers as users have reported them, sent to a real Flask application: the hop is judged rightly."""

from __future__ import annotations

from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents
from pytest_sentryintegration.model import Break
from sentryintegration import start_transaction, trace_headers
from tests.integration.test_continuous_apps import app_options, flask_app

__all__ = ["app_options"]  # a fixture


@pytest.fixture(autouse=True)
def initialised(sentry_events: SentryEvents, app_options: dict[str, Any]) -> None:
    sentry_sdk.init(**app_options)
    sentry_events._reader.source.quiet = 0.01
    sentry_events._reader.source.timeout = 0.1


def breaks(sentry_events: SentryEvents, **headers: str) -> list[Break]:
    """Return the breaks of the trace in which the application serves a request with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    flask_app().test_client().get("/stock/1", headers=named)
    (trace,) = sentry_events.traces
    found = trace.breaks()
    with pytest.raises(AssertionError, match="is not continuous, at 1 hop"):
        trace.assert_continuous()
    return found


def test_3383_sentry_trace_and_baggage_of_different_traces(sentry_events: SentryEvents) -> None:
    # https://github.com/getsentry/sentry-python/issues/3383
    baggage = "sentry-trace_id=85f29184b20d47c28dde78483288c3d7,sentry-sample_rate=0.0,sentry-sampled=false"

    (broken,) = breaks(
        sentry_events, sentry_trace="ac9fb4acad4a4f3d90ea2660a9d060b9-aa7d2d9bb68db6d5-1", baggage=baggage
    )

    ids = ("ac9fb4acad4a4f3d90ea2660a9d060b9", "85f29184b20d47c28dde78483288c3d7")
    # Streamed spans do not have the headers of the request: the trace header of the envelope tells it then.
    assert (broken.kind, broken.differences[0][1:]) in [("headers_disagree", ids), ("changed", ids)]


def test_1940_sentry_trace_of_two_traces(sentry_events: SentryEvents) -> None:
    # https://github.com/getsentry/sentry-python/issues/1940
    first, second = "cd429eb592d8422183b699e2b9c6e157", "240b9aa69cd6e8dae92d6494a855dc0e"

    (broken,) = breaks(sentry_events, sentry_trace=f"{first}-b4f74d4df648ecf7-,{second}-b125fadd945d8599-1")

    assert (broken.kind, broken.differences[0][1:]) == ("several_headers", (first, second))


def test_6703_sentry_trace_twice_of_one_trace(sentry_events: SentryEvents) -> None:
    # https://github.com/getsentry/sentry-python/issues/6703: an SDK that cannot read it begins a new trace;
    # newer ones take a value of it and go on.
    with start_transaction(name="checkout", op="task") as checkout:
        sent = trace_headers()["sentry-trace"]
        other = f"{checkout.trace_id}-b8ffba9273e7a14f-1"
        flask_app().test_client().get(
            "/stock/1", headers={**trace_headers(), "sentry-trace": f"{sent},{other}"}
        )

    trace = sentry_events.traces.find(checkout.trace_id)

    (served,) = sentry_events.transactions.where(op="http.server")
    unread = served.trace_id != trace.trace_id
    assert [broken.kind for broken in trace.breaks()] == ["several_headers"] * unread


def test_2308_sentry_trace_says_yes_and_baggage_no(sentry_events: SentryEvents) -> None:
    # As https://github.com/getsentry/sentry-java/issues/2308, the other way round: what is not sampled is
    # not sent, and nothing to judge.
    trace_id = "ac9fb4acad4a4f3d90ea2660a9d060b9"
    baggage = f"sentry-trace_id={trace_id},sentry-sampled=false,sentry-sample_rate=0.1"

    (broken,) = breaks(sentry_events, sentry_trace=f"{trace_id}-aa7d2d9bb68db6d5-1", baggage=baggage)

    assert ("true", "false") in [difference[1:] for difference in broken.differences]
