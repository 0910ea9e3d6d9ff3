"""A process of Node with one browser for many scenarios: to start both takes longer than most scenarios."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.clients.conftest import SECONDS, chromium, missing, node

VIEWER = Path(__file__).parents[2] / "viewer"


class Driver:
    """Runs a script of ``viewer/test``, which does one scenario after the other."""

    def __init__(self, script: str) -> None:
        if not (VIEWER / "node_modules").is_dir():
            missing("playwright-core")
        self._process = subprocess.Popen(
            [node(), str(VIEWER / "test" / script), chromium()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @contextmanager
    def doing(self, url: str, scenario: str, argument: str) -> Iterator[IO[str]]:
        """Begin a scenario, and give what it prints; after an error nobody else gets this browser."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        limit = threading.Timer(SECONDS, self._process.kill)
        limit.start()
        try:
            print(json.dumps([url, scenario, argument]), file=self._process.stdin, flush=True)
            yield self._process.stdout
        except BaseException:
            self._process.kill()
            raise
        finally:
            limit.cancel()
            limit.join()

    def end(self) -> None:
        """Have the script close its browser, and wait for that."""
        with self._process:
            limit = threading.Timer(SECONDS, self._process.kill)
            limit.start()
            self._process.communicate()
            limit.cancel()
            limit.join()


_drivers: dict[str, Driver] = {}


@contextmanager
def browsing(script: str, url: str, scenario: str, argument: str = "") -> Iterator[IO[str]]:
    """Do what a scenario says in the browser; give what it prints."""
    driver = _drivers.get(script)
    if driver is not None and driver.has_ended:
        end_all(script)
        driver = None
    if driver is None:
        driver = _drivers[script] = Driver(script)
    with driver.doing(url, scenario, argument) as printed:
        yield printed


def see(script: str, url: str, scenario: str, argument: str = "") -> Any:
    """Do what a scenario says in the browser, and return what was seen."""
    with browsing(script, url, scenario, argument) as printed:
        line = printed.readline()
        assert line, f"{scenario} failed: what Node said of it is the captured stderr"
    return json.loads(line)


def end_all(*scripts: str) -> None:
    """Close the browsers of these scripts, or of all."""
    for script in scripts or tuple(_drivers):
        _drivers.pop(script).end()
