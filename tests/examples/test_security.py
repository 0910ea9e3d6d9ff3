"""What SECURITY.md and the section on security of `docs/compatibility.md` promise."""

from __future__ import annotations

import gzip

import pytest

from pytest_sentryintegration import FakeSentry
from pytest_sentryintegration.cli.serve import SERVE
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.settings import Settings
from tests.examples.pages import ROOT
from tests.ingest.asking import Fake
from tests.web.conftest import Api

MIB = 1 << 20


def test_it_listens_on_this_machine_unless_told_otherwise() -> None:
    (of_serve,) = [option.default for option in SERVE.options if option.name == "host"]

    assert {Settings().host, of_serve, FakeSentry().host} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/api/1/store/", b'{"a":"%s"}' % bytes(MIB), {}),
        ("/api/1/store/", gzip.compress(bytes(10 * MIB)), {"content_encoding": "gzip"}),
        ("/api/1/envelope/", b'{}\n{"type":"event"}\n"%s"' % bytes(MIB), {}),
    ],
    ids=["a body", "what a compressed body becomes", "an item"],
)
def test_what_is_too_large_is_refused(path: str, body: bytes, headers: dict[str, str]) -> None:
    fake = Fake()

    assert fake.post(path, body, **headers).status == 413
    assert ([refused.status for refused in fake.refused], fake.arrivals) == ([413], [])


def test_json_that_is_nested_too_deeply_is_kept_and_judged_as_dropped() -> None:
    fake = Fake()
    body = b'{}\n{"type":"event"}\n' + b"[" * 100_000 + b"]" * 100_000

    assert fake.post(body=body).status == 200
    contents = Contents.of_inbox(fake.store, "test")
    contents.update()
    (item,) = contents.items
    assert (item.verdict.outcome, len(item.payload), len(contents.events)) == ("dropped", 200_000, 0)


def test_all_who_reach_it_may_send_and_others_may_not_read() -> None:
    api = Api()

    assert api.ask("POST", "/api/1/envelope/?sentry_key=public", body=b"{}", host="10.0.0.7").status == 200
    assert api.get("/api/captured/", host="10.0.0.7").status == 403


def test_the_policy_names_a_section_that_is_there() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")

    assert "(docs/compatibility.md#security)" in policy
    assert "\n## Security\n" in page
