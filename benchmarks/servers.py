"""The servers that are compared, each in a process of its own; Kent and Spotlight are installed for it."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bars import clean_environment

INSTALLED = Path(__file__).parent.parent / ".nox" / "benchmarks"
KENT = "kent==2.2.0"
SPOTLIGHT = {
    "private": True,
    "dependencies": {"@spotlightjs/spotlight": "4.11.8"},
    # Spotlight 4.11.8 answers 500 to every request with the version of hono that npm chooses.
    "overrides": {"hono": "4.10.4"},
}
KENTS_LAST, SPOTLIGHTS_LAST = 100, 500
"""How many envelopes they keep."""


class NotInstalled(Exception):
    """Why a server is left out."""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    check: Callable[[int], None]
    """Looks that so many envelopes are kept, or the last that it keeps, and makes it forget them."""


@contextmanager
def own(name: str) -> Iterator[Server]:
    """Run one of the servers of ``serving.py``."""
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ask, answers = process.stdin, process.stdout
        assert ask is not None
        assert answers is not None

        def check(count: int) -> None:
            print("kept?", file=ask, flush=True)
            kept = json.loads(answers.readline())
            assert (kept["count"], kept["refused"]) == (count, 0), kept
            assert all(value.startswith("error ") for value in kept["some"]), kept

        try:
            yield Server(int(answers.readline()), check)
        finally:
            ask.close()


@contextmanager
def kent() -> Iterator[Server]:
    """Run Kent, whose page and list are looked at afterwards."""
    folder = INSTALLED / "kent-2.2.0"
    python = folder / "bin" / "python"
    if _is_missing(folder):
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", KENT)
        _install(folder, (sys.executable, "-m", "venv", "."), (str(python), *install))
    port = _free_port()
    script = str(python.with_name("kent-server"))

    def check(count: int) -> None:
        listed = json.loads(_ask(port, "GET", "/api/eventlist/"))["events"]
        assert len(listed) == min(count, KENTS_LAST), len(listed)
        assert b"error " in _ask(port, "GET", f"/api/event/{listed[-1]['event_id']}")
        _ask(port, "POST", "/api/flush/")

    with _running([str(python), script, "run", "-h", "127.0.0.1", "-p", str(port)], port):
        yield Server(port, check)


@contextmanager
def spotlight() -> Iterator[Server]:
    """Run Spotlight's sidecar, whose stream replays to a new reader what it keeps."""
    folder = INSTALLED / "spotlight-4.11.8"
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("there is no npm")
    if _is_missing(folder):
        (folder / "package.json").write_text(json.dumps(SPOTLIGHT))
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        _install(folder, (npm, "install", *quiet))
    port = _free_port()

    def check(count: int) -> None:
        expected = min(count, SPOTLIGHTS_LAST)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/stream")
        stream = connection.getresponse()
        while expected:
            line = stream.readline()
            assert line, f"{expected} envelopes are missing"
            if line.startswith(b"data:"):
                assert b"error " in line, line[:200]
                expected -= 1
        connection.close()
        _ask(port, "DELETE", "/clear")

    program = str(folder / "node_modules" / ".bin" / "spotlight")
    # Spotlight reports its own traces to its makers; this setting keeps them on this machine.
    nowhere = {"https_proxy": "http://127.0.0.1:9", "no_proxy": "localhost"}
    with _running([program, "server", "--port", str(port)], port, **nowhere):
        yield Server(port, check)


@contextmanager
def _running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    with subprocess.Popen(
        command,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(port, process)
            yield
        finally:
            process.kill()


def _is_missing(folder: Path) -> bool:
    if (folder / "complete").exists():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return True


def _install(folder: Path, *commands: tuple[str, ...]) -> None:
    print(f"installing {folder.name}, once", flush=True)
    try:
        for command in commands:
            subprocess.run(
                command,
                check=True,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=300,
            )
    except subprocess.CalledProcessError as error:
        raise NotInstalled(error.stderr.strip() or str(error)) from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise NotInstalled(str(error)) from error
    (folder / "complete").touch()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _ask(port: int, method: str, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, (method, path, answer.status, content[:200])
    return content


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
