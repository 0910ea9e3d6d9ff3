"""The stock: a service on the facade, with a database, which hands parcels to a worker.

Two switches for tests of what goes wrong: ``STOCK_SAMPLES=0`` keeps none of its traces, ``STOCK_CRASHES=1``
ends it at once when it has answered.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import parcels
import reporting

from sentryintegration import Warn, capture_message, start_transaction

database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE stock (article, pieces)")
database.execute("INSERT INTO stock VALUES ('kettle', 2)")


def reserve(article: str) -> int:
    query = "SELECT pieces FROM stock WHERE article = ?"
    with start_transaction(op="db.query", description=query):
        (pieces,) = database.execute(query, [article]).fetchone()
    if pieces < 3:
        capture_message(f"{article}: few are left", Warn)
    parcels.pack.delay(article)
    return int(pieces)


class Stock(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        with start_transaction(name="POST /reserve", op="http.server", headers=dict(self.headers)):
            body = str(reserve("kettle")).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if os.environ.get("STOCK_CRASHES"):
                os.kill(os.getpid(), signal.SIGKILL)

    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    if os.environ.get("STOCK_SAMPLES") == "0":
        reporting.start("stock", traces_sampler=lambda _: 0.0, traces_sample_rate=None)
    else:
        reporting.start("stock")
    server = HTTPServer(("127.0.0.1", 0), Stock)
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
