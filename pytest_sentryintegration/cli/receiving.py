"""Where a command that `run` runs reports to: a fake Sentry of its own, or an inbox of a running one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from pytest_sentryintegration.cli.asking import Api, UnreachableError
from pytest_sentryintegration.cli.options import WrongUse
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.wire.envelope import parse_envelope

SLICE: Final = 0.25
"""Seconds that one request waits for something new."""


class Receiving:
    """Where a command reports to.

    Args:
        dsn: that of the command.
        store: holds what it sent.
        inbox: in which inbox.
    """

    def __init__(self, dsn: str, store: Store, inbox: str = STRAYS) -> None:
        self.dsn = dsn
        self.store = store
        self.inbox = inbox

    def catch_up(self) -> str:
        """Return when the store holds all that has come; a sentence where it lacks something."""
        return ""


@contextmanager
def here() -> Iterator[Receiving]:
    """Run a fake Sentry in this process."""
    with FakeSentry() as sentry:
        yield Receiving(sentry.dsn(), sentry.store)


@contextmanager
def there(api: Api, name: str) -> Iterator[Receiving]:
    """Open an inbox at a running fake Sentry, and copy what comes.

    Args:
        api: of that server.
        name: what its inbox is called, as far as that can be read in a URL.

    Raises:
        WrongUse: there is no such server.
    """
    try:
        opened = api.ask("/api/inboxes", "POST", {"name": name}).value
    except UnreachableError as error:
        raise WrongUse(str(error)) from None
    copy = _Copy(opened["dsn"], api, quote(opened["inbox"]))
    thread = threading.Thread(target=copy.go_on, name="sentryintegration-copying", daemon=True)
    thread.start()
    try:
        yield copy
    finally:
        copy.ended.set()
        thread.join()
        try:
            api.ask(f"/api/inboxes/{quote(opened['inbox'])}", "DELETE")
        except (UnreachableError, WrongUse):
            pass  # it is gone; or it closes the inbox itself when nobody has used it for an hour


class _Copy(Receiving):
    """A store into which an inbox of a server is copied, so that everything is asked here."""

    def __init__(self, dsn: str, api: Api, name: str) -> None:
        super().__init__(dsn, Store())
        self.ended = threading.Event()
        self._api = api
        self._name = name
        self._cursors = {"envelopes": 0, "refused": 0}
        self._copied = 0
        self._lock = threading.Lock()

    def go_on(self) -> None:
        """Copy until it is to end, or the inbox is gone."""
        while not self.ended.is_set():
            try:
                self._copy("envelopes", SLICE)
                self._copy("refused")
            except UnreachableError:
                self.ended.wait(SLICE)  # it may come back; where not, `catch_up` says so
            except WrongUse:
                return  # `catch_up` says so

    def catch_up(self) -> str:
        """Return when the store holds all that has come; a sentence where it lacks something."""
        try:
            kept = self._api.ask(f"/api/captured/?inbox={self._name}").value
            self._copy("envelopes")
            self._copy("refused")
        except (UnreachableError, WrongUse) as error:
            return f"not all that was sent is known: {error}"
        came = kept["evicted"] + kept["counts"]["envelopes"] + kept["counts"]["refused"]
        missing = came - self._copied
        if missing > 0:
            return (
                f"not all that was sent is known: the server evicted {missing} of {came} requests (--limit)"
            )
        return ""

    def _copy(self, noun: str, wait: float = 0) -> None:
        after = self._cursors[noun]
        path = f"/api/captured/{noun}?inbox={self._name}&after={after}&wait={wait:g}"
        answer = self._api.ask(path, wait=wait)
        if answer.status == 408:
            return
        with self._lock:
            for item in answer.value["items"]:
                if item["number"] > self._cursors[noun]:
                    self._add(noun, item)
                    self._cursors[noun] = item["number"]
                    self._copied += 1

    def _add(self, noun: str, item: dict[str, Any]) -> None:
        if noun == "envelopes":
            body = self._api.bytes_of(f"{item['path']}?inbox={self._name}")
            self.store.add(None, project_id=item["project_id"], envelope=parse_envelope(body))
            return
        self.store.refuse(
            None,
            status=item["status"],
            reason=item["reason"],
            method=item["method"],
            path=item["path"],
            headers=tuple(item["headers"].items()),
            body=b"",  # stays at the server
            fault=item["fault"],
        )
