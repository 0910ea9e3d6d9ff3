"""Send Kent the envelopes of standard input, and print what its API answers about them."""

from __future__ import annotations

import base64
import json
import sys

from kent.app import create_app  # type: ignore[import-not-found]

kent = create_app().test_client()
key = "/api/1/envelope/?sentry_key=" + "a" * 32
posted = [
    kent.post(key, headers=headers, data=base64.b64decode(body)).status_code
    for headers, body in json.load(sys.stdin)
]
listed = kent.get("/api/eventlist/").json["events"]
shown = [kent.get(f"/api/event/{event['event_id']}") for event in listed]
kent.post("/api/flush/")
said = {
    "posted": posted,
    "listed": listed,
    "shown": [[answer.status_code, answer.get_json(silent=True)] for answer in shown],
    "after": kent.get("/api/eventlist/").json["events"],
}
print(json.dumps(said))  # noqa: T201
