"""A stream of Redis that any number of stores write to and read: what its records are, and errors.

One stream holds the entries of all inboxes and each change of them, in one order: the order in which Redis
took them. The numbers of entries are the numbers of its records.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pytest_sentryintegration import clock
from pytest_sentryintegration.store.holding import Evicted, HeldInbox, HolderError
from pytest_sentryintegration.store.records import Record, name_of, number_of, read_record, text_of
from pytest_sentryintegration.store.scripts import ADD, BEGIN, CHANGES, KEYS, TRIM, USE

__all__ = ["BLOCK", "TIMEOUT", "Begun", "ChangedError", "Stream"]

FORMAT: Final = 1
"""The version of what is written; a stream of a newer one is left alone."""

TIMEOUT: Final = 2.0
"""Seconds after which Redis counts as gone: a sender waits no longer for its 503."""

PAUSE: Final = 0.5
"""Seconds for which it is not asked again after such a time-out: each question would block the senders."""

BLOCK: Final = 0.25
"""Seconds that a read waits for a record."""

MOST: Final = 100
"""Records that are read at once: each may have a hundred megabytes."""

_FOREVER: Final = 1e12
"""A time after all others, in seconds."""


class ChangedError(Exception):
    """What Redis has is not what continues what was read: read it anew."""


class Begun(NamedTuple):
    """What Redis has beside the records, when one begins to read."""

    position: int
    """The number after which its records begin."""
    trimmed: int
    """Up to which number records were deleted."""
    evicted: dict[str, Evicted]
    """What was evicted of these, by inbox; under ``""`` of all."""
    inboxes: list[HeldInbox]
    faults: dict[str, str]


class Stream:
    """A stream that any number of stores share.

    Args:
        url: ``redis://HOST:PORT/DB``, ``rediss://`` for TLS; with ``USER:PASSWORD@`` where it asks for one.

    Raises:
        HolderError: *url* is none.

    >>> Stream("redis://:secret@cache:6380/2")
    Stream(cache:6380/2)
    """

    def __init__(self, url: str) -> None:
        options = _options(url)
        self.where = f"{options['host']}:{options['port']}/{options['db']}"
        """Which one it is, without its password."""
        # No attempt is repeated: whether the first one wrote something is not known.
        options |= {"socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 0), "protocol": 2}
        self._client: Any = redis.Redis(socket_timeout=TIMEOUT, **options)
        self._reading: Any = redis.Redis(socket_timeout=TIMEOUT + BLOCK, **options)
        self._scripts: dict[str, Any] = {}
        self._epoch = ""
        self._server = ""
        self._paused_until = 0.0
        self._reason = ""

    def __repr__(self) -> str:
        return f"Stream({self.where})"

    def begin(self, position: int, *, anew: bool = False) -> Begun | None:
        """Begin to read; ``None`` where one who has read up to *position* can go on from there.

        Args:
            position: The number of the newest record that was read; no lower number is given from now on.
            anew: Whether one cannot go on.

        Raises:
            HolderError: It cannot be reached, is too old, or has something else under these names.
        """
        with self._asking():
            server = self._client.info("server")
        version = str(server["redis_version"])
        if int(version.partition(".")[0]) < 7:
            raise HolderError(f"Redis at {self.where} is version {version}: 7.0 or newer is needed")
        with self._asking():
            found = self._do(BEGIN, FORMAT, secrets.token_hex(8), position)
        epoch, last, trimmed, evicted, first, inboxes, faults = found
        before = (self._epoch, self._server)
        self._epoch, self._server = epoch.decode(), server["run_id"]
        # A server that was started anew may have lost the newest of what it had.
        if before == (self._epoch, self._server) and not anew:
            return None
        counted = json.loads(evicted) if evicted else {}
        return Begun(
            number_of(first) - 1 if first else int(last),
            int(trimmed),
            {name: Evicted(*numbers) for name, numbers in counted.items()},
            [HeldInbox(text_of(name), *json.loads(about)) for name, about in _pairs(inboxes)],
            {text_of(inbox): text.decode() for inbox, text in _pairs(faults)},
        )

    def advice(self) -> str:
        """Return what should be set otherwise in Redis, so that it loses nothing; ``""`` for nothing."""
        with self._asking():
            persistence, memory = self._client.info("persistence"), self._client.info("memory")
        told = []
        if not persistence.get("aof_enabled"):
            told.append("it loses what it has when it ends (set appendonly yes, and appendfsync always)")
        if memory.get("maxmemory") and str(memory.get("maxmemory_policy")).startswith("allkeys"):
            told.append("it deletes all of it when it is full (set maxmemory-policy noeviction)")
        return f"Redis at {self.where}: {', and '.join(told)}" if told else ""

    def add(self, packed: Sequence[tuple[str, bytes]]) -> int:
        """Write entries, all or none, each with the inbox that it is for; return the number of the last."""
        given = [part for inbox, entry in packed for part in (name_of(inbox), entry)]
        with self._asking():
            return int(self._do(ADD, self._epoch, *given))

    def open_inbox(self, inbox: str, test: str, *, expires: bool, now: float) -> int:
        """Open an inbox, where it is not open; return the number of the record after which it is."""
        about = [test, expires]
        return self._change("open", [inbox, *about], inbox, _dump(about), now if expires else _FOREVER)

    def close_inbox(self, inbox: str, unused_since: float = _FOREVER) -> int:
        """Close an inbox, unless one used it later; return the number of the record after which it is."""
        return self._change("close", inbox, inbox, "", unused_since)

    def clear(self, inboxes: Sequence[str] | None) -> int:
        """Forget what inboxes hold, ``None`` for all; return the number of the record up to which."""
        return self._change("clear", inboxes, "", "all" if inboxes is None else "", 0, *inboxes or ())

    def set_faults(self, inbox: str, faults: str) -> int:
        """Set an inbox's faults, ``""`` for none; return the number of the record after which they hold."""
        return self._change("faults", [inbox, faults], inbox, faults)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run one of the scripts that need nothing but the keys, and return what it returns."""
        with self._asking():
            return self._do(script, *arguments)

    def use_fault(self, inbox: str, faults: str, what: str) -> int:
        """Count one more use of some faults; return how many of it, 0 where others were set since."""
        return int(self.run(USE, name_of(inbox), faults, what))

    def fault_uses(self, faults: str) -> dict[int, int]:
        """Return how often each of the faults of that id was used, by its place."""
        with self._asking():
            counted = self._client.hgetall(KEYS[5] + faults)
        return {int(place): int(count) for place, count in counted.items() if place.isdigit()}

    def use(self, inboxes: dict[str, float]) -> None:
        """Tell the others when inboxes were used last."""
        with self._asking():
            self._client.zadd(
                KEYS[3], {name_of(name): time for name, time in inboxes.items()}, xx=True, gt=True
            )

    def trim(self, number: int, evicted: Evicted, inboxes: dict[str, Evicted]) -> None:
        """Delete the records up to that number, and hold what has been evicted of them."""
        counted = _dump({"": evicted, **inboxes})
        with self._asking():
            self._do(TRIM, self._epoch, number, counted)

    def last(self) -> int:
        """Return the number of the newest record."""
        with self._asking():
            epoch, last = self._client.hmget(KEYS[0], "epoch", "last")
        if epoch is None or epoch.decode() != self._epoch:
            raise HolderError(self._says("what it had is gone, and is read anew"))
        return int(last)

    def read(self, position: int) -> list[Record]:
        """Return the records after *position*, waiting a moment for the first of them.

        Raises:
            ChangedError: They do not continue what was read before.
            HolderError: It cannot be reached.
        """
        with self._asking(reading=True):
            found = self._reading.xread({KEYS[1]: f"0-{position}"}, count=MOST, block=int(BLOCK * 1000))
            epoch = self._reading.hget(KEYS[0], "epoch")
        if epoch is None or epoch.decode() != self._epoch:
            raise ChangedError
        # A list of pairs, or a mapping, by the version of the protocol.
        records = [record for _, several in (found or []) for record in several]
        return [read_record(name, fields) for name, fields in records]

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
        self._reading.close()

    def _change(self, kind: str, change: Any, inbox: str, value: str, time: float = 0, *further: str) -> int:
        names = map(name_of, further)
        given = (self._epoch, _dump({kind: change}), name_of(inbox), value, time, *names)
        return int(self.run(CHANGES[kind], *given))

    def _do(self, script: str, *arguments: Any) -> Any:
        known = self._scripts.get(script)
        if known is None:
            known = self._scripts[script] = self._client.register_script(script)
        return known(keys=KEYS, args=arguments)

    @contextmanager
    def _asking(self, *, reading: bool = False) -> Iterator[None]:
        if not reading and clock.monotonic() < self._paused_until:
            raise HolderError(self._reason)
        try:
            yield
        except redis.TimeoutError:
            self._reason = self._says(f"it did not answer within {TIMEOUT:g} s")
            self._paused_until = clock.monotonic() + PAUSE
            raise HolderError(self._reason) from None
        except (redis.RedisError, OSError) as error:
            raise HolderError(self._told(str(error))) from error

    def _told(self, said: str) -> str:
        if "EPOCH" in said:
            return self._says("what it had is gone, and is read anew")
        if "WRONGTYPE" in said or "FOREIGN" in said:
            return (
                f"Redis at {self.where} has keys of another program under the names of these"
                f" ({KEYS[0]} and others): choose another DB"
            )
        if said.startswith("FORMAT"):
            return (
                f"what Redis at {self.where} has was written by a newer version of sentryintegration:"
                " use that, or another DB"
            )
        # Redis adds which line of which script it was.
        return self._says(re.sub(r"\.? script: .*", "", said, flags=re.DOTALL))

    def _says(self, said: str) -> str:
        return f"cannot use Redis at {self.where}: {said}"


def _options(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 6379
    except ValueError:
        host, port = None, 0
    db = re.fullmatch(r"/?(\d{0,4})", parts.path) if host else None
    if not host or parts.scheme not in ("redis", "rediss") or db is None or parts.query or parts.fragment:
        raise HolderError(
            f"expected redis://HOST:PORT/DB, such as redis://127.0.0.1:6379/0, got {_without_password(url)!r}"
        )
    return {
        "host": host,
        "port": port,
        "db": int(db[1] or 0),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "ssl": parts.scheme == "rediss",
    }


def _without_password(url: str) -> str:
    return re.sub(r"//.*@", "//...@", url)[:200]


def _pairs(flat: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


_dump = json.JSONEncoder(separators=(",", ":")).encode
