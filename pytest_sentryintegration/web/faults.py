"""Faults as JSON: ``{"status": {"code": 503, "times": 1}}``."""

from __future__ import annotations

import json
from typing import Any, Final

from pytest_sentryintegration.inbox.queries import QuestionError, no_such
from pytest_sentryintegration.ingest.fault import Fault
from pytest_sentryintegration.ingest.faults import Faults
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.web.asking import Asked, json_reply
from pytest_sentryintegration.web.reading import Kept

__all__ = ["KINDS", "NEEDED", "FaultsOverHttp"]

_ALL: Final = ("times", "item_type", "probability", "seed")

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "rate_limit": ("categories", "seconds", "scope", "namespaces", "reason", *_ALL),
    "status": ("code", *_ALL),
    "delay": ("seconds", *_ALL),
    "disconnect": _ALL,
    "truncate": _ALL,
}
"""The kinds of faults, and what each is set with."""

NEEDED: Final = {"status": "code", "delay": "seconds"}
"""What a kind cannot be set without."""


class FaultsOverHttp:
    """Sets faults, for one inbox or for all that have none of their own."""

    def __init__(self, sentry: FakeSentry, kept: Kept) -> None:
        self._sentry = sentry
        self._kept = kept

    def show(self, asked: Asked) -> Reply:
        """Answer with the faults that are set and not used up."""
        inbox = self._inbox(asked)
        faults = self._sentry.ingest.faults_for(inbox)
        faults._set.recount()
        return json_reply(200, _as_json(faults))

    def set(self, asked: Asked) -> Reply:
        """Set faults in place of those that are set."""
        inbox = self._inbox(asked)
        given = asked.json()
        faults = _read(given)
        if not self._sentry.store.share_faults(inbox, json.dumps(given)):
            self._sentry.end_delays(inbox)
            self._sentry.ingest.replace_faults(inbox, faults)
        return json_reply(200, _as_json(faults))

    def clear(self, asked: Asked) -> Reply:
        """Take all faults back, and send what delays hold back."""
        inbox = self._inbox(asked)
        if not self._sentry.store.share_faults(inbox, ""):
            self._sentry.end_delays(inbox)
            self._sentry.ingest.forget(inbox)
        return json_reply(200, {})

    def _inbox(self, asked: Asked) -> str | None:
        return asked.part(self._kept, asked.parameters({"inbox"})).inbox


def _read(given: dict[str, Any]) -> Faults:
    faults = Faults()
    for kind, several in given.items():
        if kind not in KINDS:
            no_such("fault", kind, sorted(KINDS))
        for options in several if isinstance(several, list) else [several]:
            _add(faults, kind, options)
    return faults


def _add(faults: Faults, kind: str, options: Any) -> None:
    if not isinstance(options, dict):
        example = {"status": '{"code": 503}', "delay": '{"seconds": 1}'}.get(kind, "{}")
        raise QuestionError(f"{kind} is set with a JSON object, such as {example}, got {str(options)[:80]!r}")
    for name in options:
        if name not in KINDS[kind]:
            no_such(f"option of {kind}", name, sorted(KINDS[kind]))
    needed = NEEDED.get(kind)
    if needed is not None and needed not in options:
        raise QuestionError(f"{kind} needs {needed}")
    rest = dict(options)
    for name in ("categories", "namespaces"):
        if not isinstance(rest.get(name, []), list):
            raise QuestionError(f"{name} are a list of names, got {str(rest[name])[:80]!r}")
    categories = rest.pop("categories", [])
    try:
        getattr(faults, kind)(*categories, **rest)
    except (TypeError, ValueError, OverflowError) as error:
        raise QuestionError(f"{kind}: {error}") from None


def _as_json(faults: Faults) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for fault in faults.active():
        options = _options(fault)
        before = shown.get(fault.kind)
        if before is None:
            shown[fault.kind] = options
        elif isinstance(before, list):
            before.append(options)
        else:
            shown[fault.kind] = [before, options]
    return shown


def _options(fault: Fault) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if fault.limit is not None:
        options |= {
            "categories": list(fault.limit.categories),
            "seconds": fault.limit.seconds,
            "scope": fault.limit.scope,
        }
        if fault.limit.namespaces:
            options["namespaces"] = list(fault.limit.namespaces)
        if fault.limit.reason:
            options["reason"] = fault.limit.reason
    elif fault.kind == "status":
        options["code"] = fault.code
    elif fault.kind == "delay":
        options["seconds"] = fault.seconds
    if fault.times is not None:
        options["times"] = fault.times
    if fault.item_type is not None:
        options["item_type"] = fault.item_type
    if fault.probability < 1:
        options["probability"] = fault.probability
    if fault.seed is not None:
        options["seed"] = fault.seed
    return options
