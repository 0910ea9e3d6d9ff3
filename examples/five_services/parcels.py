"""Parcels, packed by a Celery worker. The broker is a folder: nothing has to be installed for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import reporting
from celery import Celery
from celery.signals import celeryd_init, worker_ready
from kombu.transport import filesystem

from sentryintegration import start_transaction


class Channel(filesystem.Channel):
    """Puts a message into the folder when all of it is written.

    Kombu's own writes it where the worker looks, which ends where it finds a file that is still empty.
    """

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        with TemporaryDirectory(dir=self.control_folder) as aside:
            self.data_folder_out = aside
            super()._put(queue, payload, **kwargs)
            for message in Path(aside).iterdir():
                message.rename(Path(self.data_folder_in, message.name))


class Transport(filesystem.Transport):
    Channel = Channel


folder = Path(os.environ["PARCELS_QUEUE"])
app = Celery("parcels", broker="filesystem://")
app.conf.broker_transport = "parcels:Transport"
app.conf.broker_transport_options = {
    "data_folder_in": folder,
    "control_folder": folder / "control",
    "polling_interval": 0.05,
}


@celeryd_init.connect
def start_reporting(**_: Any) -> None:
    reporting.start("parcels")


@worker_ready.connect
def say_ready(**_: Any) -> None:
    # Celery makes log records of what is printed otherwise.
    print("ready", file=sys.__stdout__, flush=True)


@app.task
def pack(article: str) -> None:
    with start_transaction(op="print", description=f"label of {article}"):
        pass
