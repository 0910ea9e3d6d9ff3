"""A store's entries in an SQLite file. One process writes it; others cannot even read it meanwhile."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NoReturn

from pytest_sentryintegration.store.entries import Entry
from pytest_sentryintegration.store.holding import Evicted, HeldInbox, HolderError, State
from pytest_sentryintegration.store.packing import unpack

__all__ = ["File"]

_OURS = 0x53454E54
"""What SQLite's ``application_id`` says of a file that is ours."""

_VERSION = 1

PATIENCE = 1.0
"""Seconds that it waits for another process to let go of the file: one that is just ending."""

# Names as bytes: a name may hold lone surrogates, which are no text to SQLite.
_SCHEMA = f"""
CREATE TABLE entries (number INTEGER PRIMARY KEY, inbox BLOB, packed BLOB);
CREATE TABLE inboxes (name BLOB PRIMARY KEY, test BLOB, expires INTEGER, evicted INTEGER, newest INTEGER);
CREATE TABLE state (count INTEGER, evicted INTEGER, newest INTEGER);
INSERT INTO state VALUES (0, 0, 0);
PRAGMA application_id = {_OURS};
PRAGMA user_version = {_VERSION};
"""


_DAMAGE = re.compile("no such (table|column)|decode")
"""In what SQLite says of a file that it could open, and that is not as it was written."""


class _DamagedError(Exception):
    pass


class File:
    """An SQLite file that holds a store's entries: the `Holder` behind ``--data FILE``.

    What `save` has held is there after ``kill -9``. After a failure of the machine's power the newest may be
    lost, and the file is whole: to have the disk confirm each envelope takes several times as long.

    Args:
        path: The file; made where it is not there. A damaged one is moved aside, see `moved`.

    Raises:
        HolderError: It cannot be written, another process has it, or it is another program's database.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = File(Path(folder) / "sentry.db")
    ...     print(file.load(), file.moved)
    ...     file.close()
    (State(total=0, evicted=Evicted(total=0, newest=0), inboxes=()), []) None
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.moved: Path | None = None
        """Where a damaged file was moved; ``None`` where it was whole."""
        self._damage = ""
        try:
            self._loaded = self._open()
        except _DamagedError as error:
            self._damage = str(error)
            self._move_aside()
            self._loaded = self._open()

    @property
    def notice(self) -> str:
        """What to tell the user: that the file was damaged, and where it was moved; ``""`` for nothing."""
        if self.moved is None:
            return ""
        return f"{self.path} is damaged ({self._damage}): moved to {self.moved}, and begun anew"

    def load(self) -> tuple[State, list[Entry]]:
        """Return what is held from before."""
        # Not kept: the store evicts some of it some day.
        loaded, self._loaded = self._loaded, (State(), [])
        return loaded

    def save(self, entries: Sequence[Entry], packed: Sequence[bytes]) -> None:
        """Hold further entries, all or none."""
        rows = [
            (entry.number, _name(entry.inbox), content)
            for entry, content in zip(entries, packed, strict=True)
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)

    def update(self, state: State, *emptied: str) -> None:
        """Hold that state from now on, and neither what was evicted nor what the *emptied* inboxes held."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM entries WHERE number <= ?", (state.evicted.newest,))
            connection.executemany("DELETE FROM entries WHERE inbox = ?", [(_name(box),) for box in emptied])
            connection.execute(
                "UPDATE state SET count = ?, evicted = ?, newest = ?", (state.total, *state.evicted)
            )
            connection.execute("DELETE FROM inboxes")
            connection.executemany(
                "INSERT INTO inboxes VALUES (?, ?, ?, ?, ?)",
                [(_name(box.name), _name(box.test), box.expires, *box.evicted) for box in state.inboxes],
            )

    def close(self) -> None:
        """End; the file is one file then, without the journal beside it."""
        self._connection.close()

    def _open(self) -> tuple[State, list[Entry]]:
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            self._prepare()
            return self._read()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.OperationalError) and not _DAMAGE.search(str(error)):
                raise self._unusable(error) from error
            if isinstance(error, sqlite3.DatabaseError | ValueError | TypeError):
                raise _DamagedError(str(error)) from error
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        is_empty = not run("SELECT count(*) FROM sqlite_master").fetchone()[0]
        ours, version = run("PRAGMA application_id").fetchone()[0], run("PRAGMA user_version").fetchone()[0]
        if not is_empty and ours != _OURS:
            raise HolderError(f"{self.path} is a database of another program: choose a file of your own")
        if version > _VERSION:
            raise HolderError(
                f"{self.path} was written by a newer version of sentryintegration: use that, or another file"
            )
        run("PRAGMA journal_mode = WAL")
        # The disk confirms only when the journal is full; what was written outlives the process all the same.
        run("PRAGMA synchronous = NORMAL")
        if is_empty:
            self._connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
        found = run("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _DamagedError(found)

    def _read(self) -> tuple[State, list[Entry]]:
        run = self._connection.execute
        total, evicted, newest = run("SELECT count, evicted, newest FROM state").fetchone() or _lacking()
        if not all(isinstance(number, int) for number in (total, evicted, newest)):
            _lacking()
        inboxes = tuple(
            HeldInbox(_text(name), _text(test), bool(expires), Evicted(*of_inbox))
            for name, test, expires, *of_inbox in run(
                "SELECT name, test, expires, evicted, newest FROM inboxes ORDER BY rowid"
            )
        )
        entries = [
            unpack(number, packed)
            for number, packed in run("SELECT number, packed FROM entries ORDER BY number")
        ]
        return State(total, Evicted(evicted, newest), inboxes), entries

    def _move_aside(self) -> None:
        number = 1
        while (moved := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        try:
            self.path.rename(moved)
            for ending in ("-wal", "-shm"):
                beside = self.path.with_name(self.path.name + ending)
                if beside.exists():
                    beside.rename(f"{moved}{ending}")
        except OSError as error:
            raise HolderError(
                f"{self.path} is damaged ({self._damage}), and cannot be moved aside: {error.strerror}"
            ) from error
        self.moved = moved

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise HolderError(f"cannot write to {self.path}: {error}") from error

    def _unusable(self, error: sqlite3.Error) -> HolderError:
        if "locked" in str(error):
            return HolderError(f"{self.path} is in use by another process: only one can write it")
        return HolderError(f"cannot use {self.path}: {error}; choose a file in a folder that can be written")


def _lacking() -> NoReturn:
    raise ValueError("what is known of its entries is lacking")


def _name(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")
