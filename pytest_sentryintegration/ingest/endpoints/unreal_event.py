"""The event of a crash report of Unreal Engine, made of its files and of what the engine says of the crash.

Relay: ``relay-server/src/utils/unreal.rs``. It makes breadcrumbs of the log files as well, and a context of
all properties; here both are in the attachments alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pytest_sentryintegration.ingest.endpoints.crash_event import crash_event
from pytest_sentryintegration.wire import msgpack
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.refusal import Refusal
from pytest_sentryintegration.wire.unreal import Context, ReportError, ReportFile, read_context, take_event

__all__ = ["unreal_items"]

# Property or engine's datum: where Relay writes it in the event's contexts.
_OF_ENGINE = {
    "RHI.AdapterName": "name",
    "RHI.DeviceId": "id",
    "RHI.FeatureLevel": "graphics_shader_level",
    "RHI.GPUVendor": "vendor_name",
    "RHI.UserDriverVersion": "version",
    "RHI.RHIName": "api_type",
}


def unreal_items(files: Sequence[ReportFile], event_id: str, user: str | None) -> tuple[RawItem, ...]:
    """Return what a report becomes: its event, its files as attachments, and what the user wrote.

    Args:
        files: The files of the report.
        event_id: The id that it was answered with.
        user: ``UserID`` of the query: user, Epic account and machine, between ``|``.

    Raises:
        ReportError: Its event or its context cannot be read.
    """
    attachments = [_attachment(file) for file in files]
    context = next(
        (read_context(file.content) for file in files if file.attachment_type == "unreal.context"), None
    )
    sent = None if context is None else take_event(context)
    event = _event(attachments) if sent is None else sent
    _add_user(event, user)
    reports = []
    if context is not None:
        description = context.properties.get("UserDescription")
        if description is not None:
            name = context.properties.get("UserName", "unknown")
            report = {"email": "", "comments": description, "event_id": event_id, "name": name}
            reports.append(_item("user_report", report))
        _add_context(event, context)
    event = {"platform": "native", "level": "fatal", **event, "event_id": event_id}
    return (_item("event", event), *attachments, *reports)


def _attachment(file: ReportFile) -> RawItem:
    headers = {
        "type": "attachment",
        "attachment_type": file.attachment_type,
        "filename": file.name,
        "content_type": file.content_type,
        "length": len(file.content),
    }
    return RawItem(headers, file.content)


def _item(kind: str, value: dict[str, Any]) -> RawItem:
    payload = json.dumps(value, separators=(",", ":")).encode()
    return RawItem({"type": kind, "content_type": "application/json", "length": len(payload)}, payload)


def _event(attachments: Sequence[RawItem]) -> dict[str, Any]:
    try:
        for one in attachments:
            if one.headers["attachment_type"] == "event.payload":
                msgpack.read_one(one.payload)
        return crash_event(attachments, ())
    except (Refusal, msgpack.MessagePackError) as error:
        raise ReportError(f"invalid messagepack data: {error}") from None


def _add_user(event: dict[str, Any], user: str | None) -> None:
    parts = (user or "").split("|")
    if parts[0]:
        event["user"] = {**_mapping(event.get("user")), "id": parts[0]}
    for name, value in zip(("epic_account_id", "machine_id"), parts[1:], strict=False):
        if value:
            _add_tag(event, name, value)


def _add_tag(event: dict[str, Any], name: str, value: str) -> None:
    tags = event.get("tags")
    pairs = tags if isinstance(tags, list) else [[key, tag] for key, tag in _mapping(tags).items()]
    event["tags"] = [*pairs, [name, value]]


def _add_context(event: dict[str, Any], context: Context) -> None:
    sent = context.properties
    if "ErrorMessage" in sent and not event.get("logentry"):
        event["logentry"] = {"formatted": sent["ErrorMessage"]}
    user = {"username": sent.get("UserName"), "id": sent.get("LoginId")}
    _fill(event, "user", user)
    contexts = _mapping(event.get("contexts"))
    memory = sent.get("MemoryStats.TotalPhysical", "")
    _fill(
        contexts, "device", {"memory_size": int(memory) if memory.isdecimal() and len(memory) < 20 else None}
    )
    _fill(contexts, "os", {"raw_description": sent.get("Misc.OSVersionMajor")})
    gpu = {name: context.engine.get(sent_name) for sent_name, name in _OF_ENGINE.items()}
    gpu["name"] = gpu["name"] or sent.get("Misc.PrimaryGPUBrand")
    _fill(contexts, "gpu", gpu)
    _fill(contexts, "game", dict(context.game))
    if contexts:
        event["contexts"] = contexts
    if "level" not in event and sent.get("IsAssert") == "true":
        event["level"] = "error"
    elif "level" not in event and sent.get("IsEnsure") == "true":
        event["level"] = "warning"
    version = sent.get("CrashReportClientVersion", "0.0.0")
    event.setdefault("sdk", {"name": "unreal.crashreporter", "version": version})


def _fill(target: dict[str, Any], name: str, values: dict[str, Any]) -> None:
    """Add those of *values* that are something, and not there yet."""
    present = _mapping(target.get(name))
    added = {key: value for key, value in values.items() if value is not None and not present.get(key)}
    if added:
        target[name] = {**present, **added}


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
