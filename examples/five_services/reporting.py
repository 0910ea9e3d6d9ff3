"""How the Python services report to Sentry."""

from __future__ import annotations

import os
import threading
from typing import Any

from sentry_sdk.integrations.celery import CeleryIntegration

import sentryintegration

EVERY = float(os.environ.get("FLUSH_EVERY", "0"))
"""Seconds after which what is finished is sent; 0 leaves that to the SDK, which streams spans every 5 s."""


def start(service: str, **options: Any) -> None:
    options.setdefault("traces_sample_rate", 1.0)
    sentryintegration.init(
        server_name=service,
        release=f"{service}@1",
        integrations=[CeleryIntegration()],
        # To look for more imports every framework that is installed, which takes as long as all else here.
        auto_enabling_integrations=False,
        **options,
    )
    if EVERY:
        threading.Thread(target=flush_for_ever, daemon=True).start()


def flush_for_ever() -> None:
    while not threading.Event().wait(EVERY):
        sentryintegration.flush()
