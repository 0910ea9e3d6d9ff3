"""Serve the payments service on a free port, and print its number: ``python -m payments``."""

from __future__ import annotations

import logging
import sys

from werkzeug.serving import make_server

import sentryintegration
from payments.app import create_app

logging.getLogger("werkzeug").setLevel(logging.ERROR)
sentryintegration.set_tag("release", "payments@2.0.1")
sentryintegration.init(traces_sample_rate=1.0)
server = make_server("127.0.0.1", 0, create_app(), threaded=True)
sys.stdout.write(f"{server.port}\n")
sys.stdout.flush()
server.serve_forever()
