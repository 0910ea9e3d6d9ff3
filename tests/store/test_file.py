"""What a store has in a file outlives it; a file that cannot be used says so and loses nothing."""

from __future__ import annotations

import http.client
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pytest_sentryintegration import FakeSentry
from pytest_sentryintegration.store import STRAYS, Arrival, Entry, HolderError, RefusedRequest, Store
from pytest_sentryintegration.store.file import _SCHEMA, File
from pytest_sentryintegration.store.held import HeldStore
from pytest_sentryintegration.store.packing import pack, unpack
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

NOW = datetime(2026, 1, 5, 10, 0, 0, 1, tzinfo=timezone.utc)
HOSTILE = {"a": ["\ud800", "\x00", 'quote"', 10**30, 1.5, None, {"deep": [[]]}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sentry.db"


@contextmanager
def stored(path: Path, **options: Any) -> Iterator[HeldStore]:
    store = HeldStore(File(path), **options)
    try:
        yield store
    finally:
        store.end()


def send(store: Store, inbox: str | None, *texts: str) -> None:
    for text in texts:
        store.add(
            inbox, project_id="1", envelope=RawEnvelope({}, (RawItem({"type": "event"}, text.encode()),))
        )


def texts(entries: list[Entry]) -> list[str]:
    return [entry.envelope.items[0].payload.decode() for entry in entries if isinstance(entry, Arrival)]


@pytest.mark.parametrize(
    "entry",
    [
        Arrival(7, STRAYS, NOW, "1", "", None, RawEnvelope({}, ())),
        Arrival(
            *(2**40, "in\ud800box", NOW, "1", "key", "sentry.python/2.75.0"),
            RawEnvelope(HOSTILE, (RawItem({"type": "a", **HOSTILE}, b"\x00\xff\n"), RawItem({}, b""))),
            *((("a", "b"), ("a", "c")), "minidump", "toy_key", "t.py::test[\udcff]", "a=\xff"),
        ),
        RefusedRequest(1, "a", NOW, 400, "no\ud800", "POST", "/\xff", (("a", "\xff"),), b"\x00\xff", True),
    ],
)
def test_an_entry_is_the_same_after_it_was_packed(entry: Entry) -> None:
    assert unpack(entry.number, pack(entry)) == entry


def compressed(text: str) -> bytes:
    return zstandard.compress(text.encode())


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"nope",
        pack(Arrival(1, "a", NOW, "1", "", None, RawEnvelope({}, ())))[:-1],
        compressed(""),
        compressed("nope"),
        compressed("{}"),
        compressed("[]"),
        compressed("null"),
        compressed("[1,2,3,4,5,6,7,8]"),
        compressed("[1,2,3,4,5,6,7,8,9,10,11]"),
        compressed('["a","2026-01-05",1,1,1,[],1,1,1,{},[[{},4]]]\nabc'),
        compressed('["a","2026-01-05",1,1,1,[],1,1,1,{},[[{},2]]]\nabc'),
        compressed('["a","2026-01-05",1,1,1,[["a"]],1,1,1,{},[]]'),
        compressed('["a","2026-01-05",1,1,1,5,1,1,1,{},5]'),
    ],
)
def test_what_no_entry_was_packed_as_is_an_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(1, packed)


def test_what_was_saved_is_there_when_the_store_is_made_again(
    path: Path,
) -> None:
    with stored(path) as store:
        store.open("w1", test="checkout", expires=True)
        send(store, "w1", "one", "two")
        send(store, None, "stray")
        store.refuse("w1", status=400, reason="no", method="POST", path="/x", headers=(), body=b"\xff")
        store.commit()
        before = store.since(None)

    with stored(path) as store:
        assert store.since(None) == before
        assert store.inboxes == {STRAYS: "", "w1": "checkout"}
        send(store, "w1", "next")
        store.commit()
        assert store.last("w1") == store.count == 5


def test_what_was_forgotten_stays_forgotten_and_no_number_is_given_twice(path: Path) -> None:
    with stored(path) as store:
        for inbox in ("cleared", "closed"):
            store.open(inbox)
            send(store, inbox, inbox)
        store.clear("cleared")
        store.close("closed")

    with stored(path) as store:
        assert (store.since(None), store.count) == ([], 2)
        assert store.inboxes == {STRAYS: "", "cleared": ""}


def test_what_was_evicted_is_counted_on_when_the_store_is_made_again(path: Path) -> None:
    with stored(path, limit=3) as store:
        store.open("a")
        send(store, "a", "1", "2", "3")
        send(store, None, "4", "5")
        store.commit()

    with stored(path, limit=2) as store:
        assert (store.evicted(), store.evicted("a"), texts(store.since(None))) == ((3, 3), (3, 3), ["4", "5"])


def test_a_file_keeps_to_the_limit_but_for_a_few(path: Path) -> None:
    with stored(path, limit=10) as store:
        for number in range(1000):
            send(store, None, str(number))
            store.commit()
        with_it = store.evicted()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (10,)
    with stored(path, limit=10) as store:
        assert store.evicted() == with_it == (990, 990)


def test_nothing_is_read_before_it_is_saved(path: Path) -> None:
    with stored(path) as store:
        send(store, None, "one")
        assert (store.since(None), store.last(None), store.wait(None, 0, timeout=0)) == ([], 0, False)

        store.commit()

        assert texts(store.since(None)) == ["one"]


def test_an_inbox_that_nobody_used_is_forgotten_in_the_file_too(path: Path) -> None:
    at = [NOW]
    with stored(path, now=lambda: at[0]) as store:
        store.open("w1", expires=True)
        send(store, "w1", "one")
        store.commit()
        at[0] += timedelta(hours=2)
        assert store.inboxes == {STRAYS: ""}

    with stored(path) as store:
        assert (store.inboxes, store.since(None)) == ({STRAYS: ""}, [])


def fill(path: Path) -> None:
    with stored(path) as store:
        send(store, None, *(f"{number}" * 5000 for number in range(10)))
        store.commit()


def run(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12_288] = b"\xa5" * 8192
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("this is no database" * 100),
    "cut": cut,
    "scribbled on": scribble,
    "a table is missing": lambda path: run(path, "DROP TABLE inboxes"),
    "a column is missing": lambda path: run(path, "DROP TABLE entries; CREATE TABLE entries (number)"),
    "an entry is cut": lambda path: run(path, "UPDATE entries SET packed = x'00' WHERE number = 3"),
    "an entry is of another type": lambda path: run(path, "UPDATE entries SET packed = NULL"),
    "a name is no text": lambda path: run(path, "UPDATE inboxes SET name = x'ff'"),
    "the state is missing": lambda path: run(path, "DELETE FROM state"),
    "the state is text": lambda path: run(path, "UPDATE state SET count = 'many'"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_moved_aside_as_it_is_and_begun_anew(path: Path, damage: str) -> None:
    fill(path)
    DAMAGE[damage](path)
    damaged = path.read_bytes()

    with FakeSentry(data=path) as sentry:
        assert sentry.store.since(None) == []
        assert sentry.receive("/api/1/envelope/", {}, b"{}").status == 200
    with stored(path) as store:
        assert store.count == 1

    moved = path.with_name("sentry.db.damaged-1")
    assert moved.read_bytes() == damaged
    assert sentry.notice.startswith(f"{path} is damaged (")
    assert sentry.notice.endswith(f"): moved to {moved}, and begun anew")


def test_files_that_were_moved_aside_before_stay(path: Path) -> None:
    for number in (1, 2):
        path.write_text(f"damaged {number}" * 100)
        with stored(path):
            pass

    assert [path.with_name(f"sentry.db.damaged-{number}").read_text()[:9] for number in (1, 2)] == [
        "damaged 1",
        "damaged 2",
    ]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (
            lambda path: run(path, "CREATE TABLE users (name)"),
            "{} is a database of another program: choose a file of your own",
        ),
        (
            lambda path: run(path, f"{_SCHEMA}PRAGMA user_version = 99"),
            "{} was written by a newer version of sentryintegration: use that, or another file",
        ),
        (
            lambda path: path.mkdir(),
            "cannot use {}: unable to open database file; choose a file in a folder that can be written",
        ),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(path: Path, prepare: Callable[[Path], Any], said: str) -> None:
    prepare(path)
    before = path.read_bytes() if path.is_file() else b""

    with pytest.raises(HolderError) as caught:
        FakeSentry(data=path)

    assert str(caught.value) == said.format(path)
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_file_of_a_running_store_is_in_use(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_sentryintegration.store.file.PATIENCE", 0)
    with stored(path) as store:
        send(store, None, "one")
        store.commit()

        with pytest.raises(HolderError) as caught:
            File(path)

    assert str(caught.value) == f"{path} is in use by another process: only one can write it"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HolderError, match=r"choose a file in a folder that can be written$"):
        File(tmp_path / "nowhere" / "sentry.db")


def full(file: File) -> None:
    pages = file._connection.execute("PRAGMA page_count").fetchone()[0]
    file._connection.execute(f"PRAGMA max_page_count = {pages}")


def post(sentry: FakeSentry, body: bytes) -> tuple[int, bytes]:
    reply = sentry.receive("/api/1/envelope/", {}, body)
    return reply.status, reply.body


def post_by_socket(sentry: FakeSentry, body: bytes) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(sentry.host, sentry.port)) as connection:
        connection.request("POST", "/api/1/envelope/", body)
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.parametrize("send", [post, post_by_socket])
def test_what_cannot_be_saved_is_answered_with_a_reason_and_not_kept(
    path: Path, send: Callable[[FakeSentry, bytes], tuple[int, bytes]]
) -> None:
    body = b'{}\n{"type":"attachment","length":100000}\n' + random.Random(1).randbytes(100_000)
    with FakeSentry(data=path) as sentry:
        assert isinstance(sentry.store, HeldStore)
        file = sentry.store.holder
        assert isinstance(file, File)
        full(file)

        lost, refused = send(sentry, body), send(sentry, b"[]")
        file._connection.execute("PRAGMA max_page_count = 1000000")
        kept = send(sentry, body)

    reason = f"cannot write to {path}: database or disk is full"
    said = f'{{"detail":"the fake Sentry could not save it","causes":["{reason}"]}}'
    assert lost == (503, said.encode())
    assert (refused[0], kept[0]) == (400, 200)
    with stored(path) as store:
        assert [entry.number for entry in store.since(None) if isinstance(entry, Arrival)] == [3]


def patch(sentry: FakeSentry, location: str, chunk: bytes, offset: int) -> int:
    headers = {
        "tus-resumable": "1.0.0",
        "content-type": "application/offset+octet-stream",
        "upload-offset": str(offset),
        "x-decoded-content-length": str(len(chunk)),
    }
    with closing(http.client.HTTPConnection(sentry.host, sentry.port)) as connection:
        connection.request("PATCH", f"{location}&sentry_key={'a' * 32}", chunk, headers)
        return connection.getresponse().status


def test_a_piece_of_an_upload_that_cannot_be_saved_may_be_sent_again(path: Path) -> None:
    content = random.Random(1).randbytes(300_000)
    pieces = [content[:100_000], content[100_000:200_000], content[200_000:]]
    with FakeSentry(data=path) as sentry:
        headers = {"tus-resumable": "1.0.0", "upload-length": str(len(content))}
        created = sentry.receive(f"/api/1/upload/?sentry_key={'a' * 32}", headers, b"")
        location = dict(created.headers)["location"]
        assert isinstance(sentry.store, HeldStore)
        file = sentry.store.holder
        assert isinstance(file, File)
        answers = []
        for place, piece in enumerate(pieces):
            full(file)
            answers.append(patch(sentry, location, piece, place * 100_000))
            file._connection.execute("PRAGMA max_page_count = 1000000")
            answers.append(patch(sentry, location, piece, place * 100_000))
        again = patch(sentry, location, pieces[2], 200_000)

    assert answers == [503, 204] * 3
    assert again == 409
    with stored(path) as store:
        kept = [entry.envelope.items[0] for entry in store.since(None) if isinstance(entry, Arrival)]
    assert [item.headers["type"] for item in kept] == ["upload_part", "upload_part", "upload"]
    assert kept[2].payload == content


def test_an_inbox_that_cannot_be_saved_is_not_open(path: Path) -> None:
    with stored(path) as store:
        file = store.holder
        assert isinstance(file, File)
        file._connection.execute("PRAGMA query_only = 1")

        with pytest.raises(HolderError, match=r"^cannot write to .*: attempt to write a readonly database$"):
            store.open("w1", expires=True)

        assert store.inboxes == {STRAYS: ""}


def test_one_that_had_to_save_for_another_leaves_the_failure_to_it(path: Path) -> None:
    with stored(path) as store:
        file = store.holder
        assert isinstance(file, File)
        send(store, None, "lost")
        file._connection.execute("PRAGMA query_only = 1")
        store.save()
        file._connection.execute("PRAGMA query_only = 0")
        store.open("w1")

        with pytest.raises(HolderError, match="readonly"):
            store.commit()
        store.commit()

        assert store.since(None) == []


def test_a_copy_of_a_file_that_nobody_has_open_is_whole(path: Path) -> None:
    fill(path)
    copied = Path(shutil.copy(path, path.with_name("copy.db")))

    with stored(copied) as store:
        assert len(store.since(None)) == 10
