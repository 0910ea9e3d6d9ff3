"""What holds at each endpoint of the table: credentials, project, and what of a request counts first."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from pytest_sentryintegration.ingest.request import Reply, Request
from pytest_sentryintegration.ingest.routes import ENDPOINTS
from pytest_sentryintegration.store import Arrival
from pytest_sentryintegration.wire.uploads import Location
from tests.ingest.asking import EVENT, KEY, Fake, text

JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=X"}
FILE = b'Content-Disposition: form-data; name="upload_file_minidump"; filename="a"'
DUMP = b"--X\r\n" + FILE + b"\r\n\r\nMDMP\r\n--X--\r\n"
HELLO = b"hello"
TUS = {"tus-resumable": "1.0.0"}
PIECE = {**TUS, "content-type": "application/offset+octet-stream", "upload-offset": "0"}
CHECK_IN = b'{"status":"ok"}'
TOO_LONG = "Failed to buffer the request body: length limit exceeded"


class Example(NamedTuple):
    """A request that its endpoint accepts once it has credentials and a project."""

    body: bytes = b""
    headers: dict[str, str] = {}
    query: str = ""
    too_long: tuple[int, int] | None = None
    """The answers to a body that is too long: to one without credentials, and to one with."""


OPEN = (413, 413)
"""The body counts before the credentials: they may be in it, or Relay looks at its length before all else."""
CLOSED = (401, 413)

PROJECT = "/api/<project_id>"
CRON = PROJECT + "/cron/<slug>[/<sentry_key>][/]"
OTLP = PROJECT + "/integration/otlp/v1/"
VERCEL = PROJECT + "/integration/vercel/logs[/]"
ATTACHMENTS = PROJECT + "/events/<event_id>/attachments/"
EXAMPLES = {
    # Relay: relay-server/src/endpoints/envelope.rs:91.
    ("POST", PROJECT + "/envelope/"): Example(EVENT, too_long=OPEN),
    ("POST", "/stream[/]"): Example(EVENT, too_long=OPEN),
    # endpoints/store.rs:141.
    ("POST", "/api/[<project_id>/]store/"): Example(b"{}", too_long=CLOSED),
    ("GET", "/api/[<project_id>/]store/"): Example(query="sentry_data={}"),
    ("HEAD", "/api/[<project_id>/]store/"): Example(query="sentry_data={}"),
    # endpoints/security_report.rs:28.
    ("POST", PROJECT + "/security/"): Example(b"{}", JSON, too_long=CLOSED),
    ("POST", PROJECT + "/csp-report/"): Example(b"{}", JSON, too_long=CLOSED),
    # endpoints/monitor.rs:33.
    ("POST", CRON): Example(CHECK_IN, JSON, too_long=CLOSED),
    ("GET", CRON): Example(query="status=ok"),
    ("HEAD", CRON): Example(query="status=ok"),
    # RequestBodyLimitLayer: endpoints/minidump.rs:697, attachments.rs:78, upload.rs:46.
    ("POST", PROJECT + "/minidump[/]"): Example(DUMP, FORM, too_long=OPEN),
    ("POST", ATTACHMENTS): Example(DUMP, FORM, too_long=OPEN),
    ("POST", PROJECT + "/upload/"): Example(b"", {**TUS, "upload-length": "5"}, too_long=OPEN),
    ("PATCH", PROJECT + "/upload/<key>/"): Example(HELLO, PIECE, too_long=OPEN),
    # endpoints/unreal.rs:21; its key is in the path.
    ("POST", PROJECT + "/unreal/<sentry_key>/"): Example(b"CR1", too_long=OPEN),
    # extractors/integration_builder.rs:78.
    ("POST", PROJECT + "/nel/"): Example(b"[]", JSON, too_long=CLOSED),
    ("POST", VERCEL): Example(b"[]", JSON, too_long=CLOSED),
    ("POST", OTLP + "traces[/]"): Example(b"{}", JSON, too_long=CLOSED),
    ("POST", OTLP + "logs[/]"): Example(b"{}", JSON, too_long=CLOSED),
    ("GET", "/api/relay/healthcheck/live/"): Example(),
    ("GET", "/api/relay/healthcheck/ready/"): Example(),
    ("GET", "/api/0/relays/live/"): Example(),
    ("HEAD", "/api/relay/healthcheck/live/"): Example(),
    ("HEAD", "/api/relay/healthcheck/ready/"): Example(),
    ("HEAD", "/api/0/relays/live/"): Example(),
}
PUBLIC = [place for place in EXAMPLES if "/relay" in place[1] or "/stream" in place[1]]
"""Those that take everything from everybody: Relay's own state, and Spotlight's, which Sentry has not."""
PRIVATE = [place for place in EXAMPLES if place not in PUBLIC]
IN_PATH = ("POST", PROJECT + "/unreal/<sentry_key>/")
IN_QUERY = [(method, "/api/[<project_id>/]store/") for method in ("GET", "HEAD")]
"""``sentry_data`` makes a credential of the query, beside which a header is a second one."""
SILENT = [("POST", PROJECT + "/upload/"), *(place for place in PUBLIC if "/relay" in place[1])]
"""Those whose example leaves nothing: an upload has no bytes yet, and Relay's own state takes none."""
BODIES = [place for place, example in EXAMPLES.items() if example.too_long is not None]
Place = tuple[str, str]


def ask(fake: Fake, place: Place, key: str | None = KEY, project: str = "42", **more: str) -> Reply:
    """Send the example of an endpoint, with that key where it has its key."""
    return fake.ingest.handle(request(place, key, project, **more))


def request(place: Place, key: str | None = KEY, project: str = "42", **more: str) -> Request:
    method, pattern = place
    example = EXAMPLES[place]
    path = pattern.replace("[/<sentry_key>]", "").replace("[", "").replace("]", "")
    values = {
        "project_id": project,
        "slug": "nightly",
        "event_id": "a" * 32,
        "sentry_key": str(key),
        "key": "b",
    }
    for name, value in values.items():
        path = path.replace(f"<{name}>", value)
    if "/upload/b/" in path:
        path = Location(path, 5).signed()
    in_query = f"sentry_key={key.replace(',', '&')}" if key is not None and place in IN_QUERY else ""
    asked = "&".join(filter(None, [path.partition("?")[2], example.query, in_query]))
    headers = {**example.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
    if key is not None and place not in PUBLIC and place not in (IN_PATH, *IN_QUERY):
        headers["x-sentry-auth"] = f"Sentry sentry_key={key}"
    return Request(method, f"{path.partition('?')[0]}?{asked}", tuple(headers.items()), example.body)


def detail(reply: Reply) -> str:
    return reply.body.decode()


def test_the_examples_are_those_of_the_table() -> None:
    places = {(method, path) for one in ENDPOINTS for path in one.paths for method in one.methods}

    assert places == EXAMPLES.keys()
    assert {method for method, _ in PUBLIC} == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("place", EXAMPLES)
def test_a_real_key_is_accepted_in_both_modes(fake: Fake, strict: Fake, place: Place) -> None:
    for one in (fake, strict):
        assert ask(one, place).status < 300
        assert one.refused == []
        noted = "no_such_endpoint" if place[1] == "/stream[/]" else None
        assert [arrival.tolerated for arrival in one.arrivals] == ([] if place in SILENT else [noted])


@pytest.mark.parametrize("place", PRIVATE)
def test_a_toy_key_is_accepted_and_noted_unless_strict(fake: Fake, strict: Fake, place: Place) -> None:
    # Relay: ProjectKey::parse in relay-base-schema/src/project.rs:95.
    assert ask(fake, place, "public").status < 300
    refused = ask(strict, place, "public")

    assert [arrival.tolerated for arrival in fake.arrivals] == ([] if place in SILENT else ["toy_key"])
    assert refused.status == 400
    assert "bad sentry DSN public key" in detail(refused)
    assert strict.arrivals == []


@pytest.mark.parametrize("place", [place for place in PRIVATE if place != IN_PATH])
def test_no_key_is_401_but_for_envelopes_where_the_fake_is_not_strict(
    fake: Fake, strict: Fake, place: Place
) -> None:
    tolerant = ask(fake, place, None)
    refused = ask(strict, place, None)

    assert refused.status == 401
    assert strict.arrivals == []
    if place == ("POST", PROJECT + "/envelope/"):
        assert (tolerant.status, [one.tolerated for one in fake.arrivals]) == (200, ["no_authentication"])
        assert "bad envelope authentication header" in detail(refused)
    else:
        assert (tolerant.status, fake.arrivals) == (401, [])
        assert ("missing public key" if place in IN_QUERY else "missing authorization") in detail(refused)


@pytest.mark.parametrize("place", PRIVATE)
def test_two_keys_are_401_in_both_modes(fake: Fake, strict: Fake, place: Place) -> None:
    # Relay: relay-server/src/extractors/request_meta.rs, auth_from_parts.
    for one in (fake, strict):
        refused = ask(one, place, authorization=f"Sentry sentry_key={KEY}")
        assert refused.status == 401
        assert "multiple authorization payloads detected" in detail(refused)
        assert one.arrivals == []


# A key in the path has no version.
@pytest.mark.parametrize("place", [place for place in PRIVATE if place != IN_PATH])
def test_a_protocol_of_the_future_is_400(fake: Fake, place: Place) -> None:
    refused = ask(fake, place, f"{KEY},sentry_version=8")

    assert refused.status == 400
    assert "unsupported protocol version (8)" in detail(refused)


@pytest.mark.parametrize("project", ["x", "-1", "4.2", str(2**64), "42%20", "%00", "\udcff"])
@pytest.mark.parametrize("place", [place for place in PRIVATE if "<project_id>" in place[1]])
def test_a_project_that_is_no_number_is_400_in_both_modes(
    fake: Fake, strict: Fake, place: Place, project: str
) -> None:
    if "[<project_id>/]" in place[1]:
        project = "x"  # Anything with a slash would be another path.
    for one in (fake, strict):
        refused = ask(one, place, project=project)
        assert refused.status == 400
        assert "bad project path parameter" in detail(refused)
        assert one.arrivals == []


@pytest.mark.parametrize("place", [place for place in PRIVATE if "<project_id>" in place[1]])
def test_any_other_project_is_taken_and_known_by_its_number(fake: Fake, place: Place) -> None:
    assert ask(fake, place, project="%2B0099").status < 300
    assert [arrival.project_id for arrival in fake.arrivals] == ([] if place in SILENT else ["99"])


@pytest.mark.parametrize("place", BODIES)
def test_a_body_that_is_too_long_counts_where_relay_has_read_so_far(fake: Fake, place: Place) -> None:
    limits = EXAMPLES[place].too_long
    # An announced length, as a server has it; chunks have none, see below.
    length = {"content_length": str(2**31)}
    requests = [request(place, key, **length) for key in (None, KEY)]
    statuses = tuple(fake.ingest.refuse(one, 413, TOO_LONG).status for one in requests)

    assert statuses == limits
    assert [one.status for one in fake.refused] == list(statuses)
    assert fake.arrivals == []


@pytest.mark.parametrize("place", [place for place in BODIES if place in PRIVATE and place != IN_PATH])
def test_the_credentials_count_before_a_length_that_was_not_announced(fake: Fake, place: Place) -> None:
    answer = fake.ingest.refuse(request(place, None), 413, TOO_LONG)
    encoded = request(place, None, content_length=str(2**31), content_encoding="gzip")

    # An envelope may have its credentials in the body.
    expected = 413 if "/envelope/" in place[1] else 401
    assert (answer.status, fake.ingest.refuse(encoded, 413, TOO_LONG).status) == (expected, expected)


@pytest.mark.parametrize(
    ("place", "status"),
    [
        # Relay: endpoints/security_report.rs:88 and nel.rs:30, after the body was extracted.
        (("POST", PROJECT + "/security/"), 413),
        (("POST", PROJECT + "/nel/"), 413),
        (("POST", VERCEL), 413),
        # endpoints/integrations/otlp.rs:42: it looks at the type before it looks at what was extracted.
        (("POST", OTLP + "logs[/]"), 415),
    ],
)
def test_a_body_that_is_too_long_counts_before_its_type_but_for_otlp(
    fake: Fake, place: Place, status: int
) -> None:
    sent = request(place, content_type="text/plain")

    assert fake.ingest.refuse(sent, 413, TOO_LONG).status == status
    assert ask(fake, place, content_type="text/plain").status == 415


def test_what_is_refused_by_its_announced_length_says_so_in_plain_text(fake: Fake) -> None:
    sent = request(("POST", ATTACHMENTS), content_length=str(2**31))

    assert text(fake.ingest.handle(sent)) == (413, "length limit exceeded")
    assert ask(fake, ("POST", ATTACHMENTS), content_length="nonsense").status == 201


def test_a_request_whose_body_nobody_reads_is_taken_though_it_is_too_long(fake: Fake) -> None:
    # Relay: handle_get in endpoints/store.rs has no body.
    answer = fake.ingest.refuse(request(("GET", "/api/[<project_id>/]store/")), 413, TOO_LONG)

    assert (answer.status, len(fake.arrivals), fake.refused) == (200, 1, [])
    assert isinstance(fake.arrivals[0], Arrival)


@pytest.mark.parametrize(("method", "status"), [("DELETE", 405), ("OPTIONS", 200)])
def test_the_method_counts_before_the_length(fake: Fake, method: str, status: int) -> None:
    sent = request(("POST", ATTACHMENTS), content_length=str(2**31))

    assert fake.ingest.refuse(replace(sent, method=method), 413, TOO_LONG).status == status
