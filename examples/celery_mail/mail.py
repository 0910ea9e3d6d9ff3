"""Mails, sent by a Celery worker. The broker is a folder: nothing has to be installed for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sentry_sdk
from celery import Celery
from celery.signals import celeryd_init
from sentry_sdk.integrations.celery import CeleryIntegration

from sentryintegration import start_transaction

queue = Path(os.environ["MAIL_QUEUE"])
app = Celery("mail", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": queue,
    "data_folder_out": queue,
    "control_folder": queue / "control",
    "polling_interval": 0.05,
}


class Bounced(Exception):
    """There is no such address."""


@celeryd_init.connect
def start_reporting(**_: Any) -> None:
    sentry_sdk.init(release="mail@1.2", traces_sample_rate=1.0, integrations=[CeleryIntegration()])


@app.task
def send(address: str) -> None:
    with start_transaction(op="smtp", description="deliver"):
        if "@" not in address:
            raise Bounced(address)
