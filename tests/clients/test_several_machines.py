"""Two ``serve`` over one Redis, as processes: killed in the middle, and as the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_sentryintegration.store import Arrival
from tests.cli.conftest import unused_port
from tests.clients.conftest import missing
from tests.examples.pages import ROOT, blocks_of
from tests.store.redis_server import RedisServer
from tests.store.test_killing import Sender
from tests.store.test_replica import until
from tests.web.conftest import Api

pytestmark = pytest.mark.clients

PAGE = ROOT / "docs" / "several-machines.md"
BLOCKS = {block.language: block.text for block in blocks_of(PAGE)}


class Replica:
    """A ``serve`` in a process of its own."""

    def __init__(self, url: str) -> None:
        self.port = unused_port()
        command = [sys.executable, "-m", "pytest_sentryintegration", "serve", "--quiet", "--limit", "1000000"]
        command += ["--port", str(self.port), "--data", url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Stubborn(Sender):
    """Notes what was answered 200 and what 503, and goes on."""

    def __init__(self, port: int, name: str, ending: threading.Event) -> None:
        super().__init__(port, name)
        self.refused: list[bytes] = []
        self._ending = ending

    def run(self) -> None:
        with self._connection as connection:
            number = 0
            while not self._ending.is_set():
                number += 1
                text = f"{self.sent}-{number}"
                body = f'{{}}\n{{"type":"event"}}\n{{"message":"{text}"}}'.encode()
                head = f"POST /api/1/envelope/ HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
                try:
                    connection.sendall(head.encode() + body)
                    answer = b""
                    while not answer.endswith(b"}"):
                        received = connection.recv(4096)
                        if not received:
                            return
                        answer += received
                except OSError:
                    return
                if answer.startswith(b"HTTP/1.1 200 "):
                    self.answered.append(text)
                else:
                    self.refused.append(answer)


@pytest.mark.usefixtures("frameworks")  # redis is one of them
def test_what_was_answered_is_there_after_a_replica_and_redis_were_killed(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    ending = threading.Event()
    replicas: list[Replica] = []
    try:
        replicas += [Replica(server.url) for _ in range(2)]
        senders = [
            Stubborn(replica.port, f"{place}-{n}", ending)
            for place, replica in enumerate(replicas)
            for n in range(2)
        ]
        for sender in senders:
            sender.start()
        until(lambda: len(senders[0].answered) > 100)
        replicas[0].kill()
        until(lambda: len(senders[2].answered) > 300)
        server.kill()
        until(lambda: len(senders[2].refused) > 10)
        server.start()
        before = len(senders[2].answered)
        until(lambda: len(senders[2].answered) > before + 100)
        ending.set()
        for sender in senders:
            sender.join()

        kept = messages(server)
    finally:
        ending.set()
        for replica in replicas:
            replica.kill()
        server.close()

    answered = [text for sender in senders for text in sender.answered]
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept))
    # Each of the 4 senders may have one that was being answered when something was killed, twice.
    assert len(kept) <= len(answered) + 8
    refused = [answer for sender in senders for answer in sender.refused]
    assert {answer[:13] for answer in refused} == {b"HTTP/1.1 503 "}
    assert all(b"the fake Sentry could not save it" in answer for answer in refused)
    for sender in senders:
        mine = [text for text in kept if text.startswith(sender.sent)]
        assert mine == sorted(mine, key=lambda text: int(text.rpartition("-")[2]))


def messages(server: RedisServer) -> list[str]:
    """Return the messages that one who comes later has."""
    with Api(data=server.url).sentry as sentry:
        return [
            entry.envelope.items[0].payload.decode().split('"')[3]
            for entry in sentry.store.since(None)
            if isinstance(entry, Arrival)
        ]


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    for program in ("redis-server", "redis-cli", "curl"):
        if shutil.which(program) is None:
            missing(program)
    (tmp_path / "redis.conf").write_text(BLOCKS["conf"], encoding="utf-8")
    text = BLOCKS["console"]
    for port in ("6379", "8971", "8972"):
        text = text.replace(port, str(unused_port()))
    lines = text.splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-c", "\n".join(commands)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": path},
        timeout=60,
    )

    assert done.stdout.splitlines() == [line for line in lines if not line.startswith("$ ")]
    assert (tmp_path / "message.json").read_text(encoding="utf-8").count("cart is empty") >= 1


def test_nginx_takes_the_settings_of_the_page(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    block = re.sub(r"listen 8969", f"listen {unused_port()}", BLOCKS["nginx"])
    settings = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;\n{block}\n}}"
    (tmp_path / "nginx.conf").write_text(settings, encoding="utf-8")

    done = subprocess.run(
        [nginx, "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )

    assert (done.returncode, "test is successful" in done.stderr) == (0, True)
