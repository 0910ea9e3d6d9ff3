"""Ordinary errors and transactions of real applications, sent by the real SDK: Sentry keeps them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any, NoReturn

import freezegun
import pytest
import sentry_sdk
from sentry_sdk import scope as sdk_scope
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from pytest_sentryintegration.store import Store
from pytest_sentryintegration.verdict import Verdict, judge, objections
from pytest_sentryintegration.wire.envelope import parse_envelope


class Sent:
    """What the SDK sent, judged."""

    def __init__(self) -> None:
        self.store = Store()
        self.bodies: list[bytes] = []

    def verdicts(self) -> list[tuple[str, Verdict]]:
        """Return the type and the verdict of each item."""
        judged = []
        for body in self.bodies:
            envelope = parse_envelope(body)
            arrival = self.store.add(None, project_id="1", envelope=envelope, client="sentry.python/2.75.0")
            judged += [(item.type, judge(arrival, index)) for index, item in enumerate(envelope.items)]
        return judged

    def assert_nothing_lost(self, *types: str) -> list[tuple[str, Verdict]]:
        """Fail where anything but the variables of frames is lost; *types* are those that must be there."""
        judged = self.verdicts()
        assert set(types) <= {kind for kind, _ in judged}
        assert {verdict.outcome for _, verdict in judged} <= {"accepted", "trimmed"}
        assert [str(found) for _, verdict in judged for found in objections(verdict.findings)] == []
        return judged


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    kept = Sent()

    class Keeping(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            kept.bodies.append(envelope.serialize())

    monkeypatch.setattr(sdk_scope, "_global_scope", sentry_sdk.get_global_scope().fork())
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            "https://0123456789abcdef0123456789abcdef@sentry.example/1",
            transport=Keeping,
            traces_sample_rate=1.0,
            environment="test",
            release="shop@1.0",
            auto_session_tracking=False,
        )
        yield kept
        sentry_sdk.get_client().close()


def pay(depth: int) -> NoReturn:
    rows = [{"id": index, "name": "x" * 50, "nested": {"a": {"b": {"c": {"d": 1}}}}} for index in range(200)]
    text = "y" * 5000
    if depth:
        pay(depth - 1)
    raise ValueError(f"cannot pay\nfor {len(rows)} rows of {len(text)}")


def remember() -> None:
    sentry_sdk.set_tag("graph", "g1")
    sentry_sdk.set_tag("size", 5)
    sentry_sdk.set_user({"id": 5, "email": "a@b.example", "plan": "free"})
    sentry_sdk.set_context("cart", {"items": [1, 2, {"size": "m"}]})
    sentry_sdk.add_breadcrumb(
        message="paying", category="shop", level="warning", data={"rows": list(range(20))}
    )


def test_an_error_of_flask(sent: Sent) -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("shop")

    @app.route("/cart/<int:depth>", methods=["GET", "POST"])  # type: ignore[untyped-decorator,unused-ignore]
    def cart(depth: int) -> NoReturn:
        remember()
        pay(depth)

    client = app.test_client()
    client.get("/cart/3?size=3&x=%20", headers={"Cookie": "a=b; c=d", "Authorization": "Bearer x"})
    client.post("/cart/60", json={"rows": [1, {"a": None}]})
    client.post("/cart/1", data={"a": "1", "b": ""})

    judged = sent.assert_nothing_lost("event", "transaction")
    assert any(verdict.findings for _, verdict in judged), "large variables are cut"


def test_an_error_of_fastapi(sent: Sent) -> None:
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    app = fastapi.FastAPI()

    async def cart(depth: int) -> None:
        remember()
        try:
            pay(depth)
        except ValueError as error:
            raise RuntimeError("no cart") from error

    app.get("/cart/{depth}")(cart)
    with testclient.TestClient(app, raise_server_exceptions=False) as client:
        client.get("/cart/3?name=größe")
        client.get("/cart/none")

    sent.assert_nothing_lost("event", "transaction")


def test_an_error_of_django(sent: Sent) -> None:
    django = pytest.importorskip("django")
    conf = pytest.importorskip("django.conf")
    urls = pytest.importorskip("django.urls")
    test = pytest.importorskip("django.test")

    def cart(request: Any, depth: int) -> NoReturn:
        remember()
        pay(depth)

    module = types.ModuleType("shop_urls")
    module.urlpatterns = [urls.path("cart/<int:depth>/", cart)]  # type: ignore[attr-defined]
    settings = {"ROOT_URLCONF": "shop_urls", "ALLOWED_HOSTS": ["*"], "SECRET_KEY": "x", "DEBUG": False}
    if not conf.settings.configured:
        conf.settings.configure(**settings, DATABASES={})
        django.setup()
    sys.modules["shop_urls"] = module
    try:
        with test.override_settings(**settings):
            client = test.Client(raise_request_exception=False)
            client.get("/cart/3/?size=3")
            client.post("/cart/1/", {"a": "b"})
            client.get("/nowhere/12345/")
    finally:
        del sys.modules["shop_urls"]

    sent.assert_nothing_lost("event")


@pytest.mark.parametrize("moment", ["1971-06-01", "2020-02-29 12:00:00", "2035-01-01"])
def test_under_a_frozen_clock(sent: Sent, moment: str) -> None:
    with freezegun.freeze_time(moment):
        remember()
        with (
            sentry_sdk.start_transaction(name="checkout", op="task"),
            sentry_sdk.start_span(op="db", name="SELECT"),
        ):
            try:
                pay(2)
            except ValueError:
                sentry_sdk.capture_exception()

    judged = sent.assert_nothing_lost("event", "transaction")
    assert not [found for _, verdict in judged for found in verdict.findings if "timestamp" in found.path]


def test_a_recursion_error_loses_frames_at_most(sent: Sent) -> None:
    def again() -> None:
        again()

    try:
        again()
    except RecursionError:
        sentry_sdk.capture_exception()

    ((_, verdict),) = sent.verdicts()
    assert {found.path for found in objections(verdict.findings)} <= {"exception.values.0.stacktrace.frames"}


def test_a_large_extra_that_the_sdk_cuts_itself(sent: Sent) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_extra(
            "rows", {"ids": list(range(5000)), "text": "x" * 3000, "deep": {"a": {"b": {"c": {"d": {}}}}}}
        )
        sentry_sdk.capture_message("hello")

    sent.assert_nothing_lost("event")
