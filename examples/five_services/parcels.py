"""Parcels, packed by a Celery worker. The broker is a folder: nothing has to be installed for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import reporting
from celery import Celery
from celery.signals import celeryd_init

from sentryintegration import start_transaction

queue = Path(os.environ["PARCELS_QUEUE"])
app = Celery("parcels", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": queue,
    "data_folder_out": queue,
    "control_folder": queue / "control",
    "polling_interval": 0.05,
}


@celeryd_init.connect
def start_reporting(**_: Any) -> None:
    reporting.start("parcels")


@app.task
def pack(article: str) -> None:
    with start_transaction(op="print", description=f"label of {article}"):
        pass
