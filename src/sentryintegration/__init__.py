"""Sentry's basic calls, which stay the same while the SDK changes under them."""

from __future__ import annotations

from sentryintegration._attachments import Attachment
from sentryintegration._capturing import capture_exception, capture_message
from sentryintegration._handles import Handle
from sentryintegration._levels import Debug, Error, Fatal, Info, Level, Warn
from sentryintegration._setup import close, flush, init, set_tag
from sentryintegration._starting import AUTO
from sentryintegration._traced import traced
from sentryintegration._tracing import (
    finish_transaction,
    set_task_transaction,
    start_transaction,
    trace_headers,
)

__all__ = [
    "AUTO",
    "Attachment",
    "Debug",
    "Error",
    "Fatal",
    "Handle",
    "Info",
    "Level",
    "Warn",
    "capture_exception",
    "capture_message",
    "close",
    "finish_transaction",
    "flush",
    "init",
    "set_tag",
    "set_task_transaction",
    "start_transaction",
    "trace_headers",
    "traced",
]
