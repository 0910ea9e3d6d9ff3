"""Sends an error, waits for the answer, sends the next; prints what is rate limited in the end."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime, timezone
from typing import Any

sentry_sdk: Any = importlib.import_module("sentry_sdk")

sentry_sdk.init(shutdown_timeout=10)
transport = sentry_sdk.get_client().transport
for number in range(int(sys.argv[1])):
    sentry_sdk.capture_message(f"error {number}", "error")
    sentry_sdk.flush(10)
now = datetime.now(timezone.utc)
muted = {
    category or "everything": round(
        (until.replace(tzinfo=until.tzinfo or timezone.utc) - now).total_seconds()
    )
    for category, until in transport._disabled_until.items()
}
print(json.dumps({"muted": muted}))  # noqa: T201
