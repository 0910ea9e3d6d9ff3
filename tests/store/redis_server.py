"""A Redis of a test's own: started, killed and started again over the same folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from pytest_sentryintegration import clock

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
"""What loses nothing; see docs/several-machines.md."""


class RedisServer:
    """A ``redis-server``, or ``valkey-server`` where only that is installed."""

    def __init__(self, folder: Path, *options: str) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found is None:
            reason = "redis-server is not installed; .ci/run installs it"
            if os.environ.get("SENTRYINTEGRATION_REQUIRE_CLIENTS") == "1":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.where = f"127.0.0.1:{self.port}/0"
        self._command = [found, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command += ["--save", "", *(options or DURABLE)]
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Any = redis.Redis(host="127.0.0.1", port=self.port)
        self.start()

    def start(self) -> None:
        """Start it; returns when it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = clock.monotonic() + 20
        while not self._answers():
            assert clock.monotonic() < deadline
            threading.Event().wait(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.ConnectionError:  # also while it reads what it had
            return False

    def ask(self, *command: Any) -> Any:
        """Send it a command."""
        return self._client.execute_command(*command)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        with suppress(redis.RedisError):
            self._client.close()
        self.kill()
