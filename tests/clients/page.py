"""A page with @sentry/browser on an origin of its own, and a headless Chromium that visits it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.clients.conftest import SECONDS, chromium

HTML = b"<!doctype html><meta charset=utf-8><button>buy</button><script src=/page.js></script>"


@contextmanager
def serving(script: bytes) -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """Serve the page; give its origin, and a queue of what the page says when it is done."""
    done: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = (script, "text/javascript") if self.path == "/page.js" else (HTML, "text/html")
            self.answer(body, kind)

        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["content-length"]))
            self.answer(b"", "text/plain")
            done.put(json.loads(said))

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", done
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def visit(script: Path, profile: Path, env: dict[str, str], query: str = "") -> dict[str, Any]:
    """Open the page in a new Chromium, and return what it says when it is done."""
    with serving(script.read_bytes()) as (origin, done):
        browser = subprocess.Popen(
            [
                chromium(),
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                *("--disable-dev-shm-usage", "--no-proxy-server", "--password-store=basic"),
                *(f"--user-data-dir={profile}", "--remote-debugging-port=0"),
                f"{origin}/?dsn={quote(env['SENTRY_DSN'], safe='')}{query}",
            ],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said = done.get(timeout=SECONDS)
        except queue.Empty:
            browser.kill()
            raise AssertionError(f"the page never finished: {browser.communicate()[1][-4000:]}") from None
        finally:
            browser.terminate()
            try:
                browser.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.communicate()
    assert "failed" not in said, said["failed"]
    return {**said, "origin": origin}
