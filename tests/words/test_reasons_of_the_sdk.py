"""Every reason and data category with which the installed SDK reports a loss has its words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import sentry_sdk

from pytest_sentryintegration.words.losses import BY, DROPPED, THINGS

WHAT = {"reason": "reason", "data_category": "category"}
TOLD_BY = ("record_lost", "record_reason", "unsampled_reason", "EventDataCategory", "sampling_decision")
ROOT = Path(sentry_sdk.__file__).parent
SENTENCES = {"sample_rate", "before_send", "callback_error"}
"""Reasons whose sentence depends on the category, and is not in the table."""


def texts(node: ast.AST | None) -> Iterator[str]:
    """Yield the texts that an expression may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def of_call(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield what a call that records a loss says: (``reason`` or ``category``, text)."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    records = "record_lost" in name or name == "record_loss"
    arguments = list(zip(("reason", "data_category"), call.args, strict=False)) if records else []
    arguments += [(keyword.arg or "", keyword.value) for keyword in call.keywords]
    for argument, value in arguments:
        if argument in ("unsampled_reason", "record_reason") or (records and argument in WHAT):
            yield from ((WHAT.get(argument, "reason"), text) for text in texts(value))


def of_function(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the reasons that come by a variable, a default or a returned tuple."""
    calls = {getattr(node.func, "attr", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
    samples = "sampling_decision" in function.name
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and (samples or "record_lost_event" in calls):
            names = {getattr(target, "id", "") for target in node.targets}
            if names & {"outcome"} or (names & {"reason"} and not samples):
                yield from (("reason", text) for text in texts(node.value))
        elif isinstance(node, ast.Return) and samples and isinstance(node.value, ast.Tuple):
            yield from (("reason", text) for text in texts(node.value.elts[-1]))
    defaults = zip(reversed(function.args.args), reversed(function.args.defaults), strict=False)
    yield from (
        ("reason", text) for argument, default in defaults if argument.arg == "record_reason"
        for text in texts(default)
    )  # fmt: skip


@lru_cache
def found() -> tuple[set[str], set[str]]:
    """Read the SDK's sources; return reasons and data categories."""
    pairs: set[tuple[str, str]] = set()
    sources = [path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")]
    for source in sources:
        for node in ast.walk(ast.parse(source)) if any(name in source for name in TOLD_BY) else ():
            if isinstance(node, ast.Call):
                pairs |= set(of_call(node))
            elif isinstance(node, ast.FunctionDef):
                pairs |= set(of_function(node))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EventDataCategory":
                pairs |= {("category", text) for each in ast.walk(node.value) for text in texts(each)}
    return (
        {text for what, text in pairs if what == "reason"},
        {text for what, text in pairs if what == "category"},
    )


def test_the_reasons_that_this_sdk_is_known_to_have_are_found() -> None:
    known = {"before_send", "event_processor", "network_error", "queue_overflow", "ratelimit_backoff"}
    if not sentry_sdk.VERSION.startswith("2.41."):
        known |= {"callback_error", "send_error", "ignored", "internal_sdk_error", "backpressure"}

    assert known | {"sample_rate"} <= found()[0]


def test_every_reason_of_this_sdk_has_its_words() -> None:
    reasons = found()[0]

    assert (reasons - BY.keys(), reasons - DROPPED.keys() - SENTENCES) == (set(), set())


def test_every_data_category_of_this_sdk_has_its_words() -> None:
    categories = found()[1]

    assert {"error", "log_item", "session", "span"} <= categories
    assert categories - THINGS.keys() == set()
