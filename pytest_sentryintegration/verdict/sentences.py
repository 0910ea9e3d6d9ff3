"""Sentences for findings: what Sentry does with a value and why, for someone who never heard of Relay."""

from __future__ import annotations

import re
from typing import Any

_BYTES = (
    (r"extra", "262,144 bytes of extra data in all"),
    (r"extra\..*", "16,384 bytes for one value of the extra data"),
    (r"contexts\.flags(\.values)?", "131,072 bytes of feature flags"),
    (r"contexts\.(?!flags\.).*", "8,192 bytes for one context"),
    (r".*\.frames\.\d+\.vars(\..*)?", "2,048 bytes of variables for one stack frame"),
    (r".*\.frames", "250 stack frames: the first 50 and the last 200"),
    (r"breadcrumbs\.values\.\d+\.data(\..*)?", "2,048 bytes of data for one breadcrumb"),
    (r".*\.mechanism\.data(\..*)?", "2,048 bytes of data for one mechanism"),
    (r"logentry\.params(\..*)?", "2,048 bytes of message parameters"),
    (r"modules(\..*)?", "8,192 bytes of module names and versions"),
    (r"spans(\..*)?", "819,200 bytes of spans in one transaction"),
    (r"request\.(data|headers|env)(\..*)?", "8,192 bytes here"),
    (r"request\.cookies(\..*)?", "2,048 bytes of cookies"),
    (r"request\.query_string(\..*)?", "1,024 bytes of query string"),
)
_DEPTH = (
    (r"(extra|contexts|request\.(data|headers|env)|modules).*", 7),
    (r"request\.query_string.*", 3),
    (r".*", 5),
)
_INVALID = (
    (
        r"level",
        "Sentry knows the levels debug, info, warning, error and fatal, not {sent}; it stores {stored}.",
    ),
    (
        r".*\.level",
        "Sentry knows the levels debug, info, warning, error and fatal, not {sent}; it stores {stored}.",
    ),
    (
        r"release",
        "a release may have at most 200 bytes, no slash, backslash or control character, and may not be '.', "
        "'..' or 'latest'; Sentry drops {sent}.",
    ),
    (
        r"environment",
        "an environment may have at most 64 bytes, no slash, backslash or control character, and may not be "
        "'.', '..' or 'none'; Sentry drops {sent}.",
    ),
    (r"dist", "a dist may have the characters a-z, A-Z, 0-9, '_', '.' and '-' only; Sentry drops {sent}."),
    (r"logger", "the name of a logger may contain no line break; Sentry drops {sent}."),
    (r"event_id", "an event id is a UUID; Sentry gives the event a new one in place of {sent}."),
    (r"request\.method", "an HTTP method has 3 to 32 letters, '-' or '_'; Sentry drops {sent}."),
    (r".*(timestamp|start_timestamp)", "this is no time that Sentry can read: {sent}; it stores {stored}."),
)
_FIELD_TAGS = ("tags.release", "tags.environment", "tags.dist", "tags.user")
_KEY = "the key of a tag may have letters, digits, '_', '.', ':' and '-' only, at most 200 of them"
_RULES = {
    "past_timestamp": "this lies more than 90 days in the past; Sentry stores when it was received.",
    "future_timestamp": "this lies more than 60 seconds in the future; Sentry stores when it was received.",
    "clock_drift": "the sender's clock is wrong by 55 minutes or more; Sentry moves all times by as much.",
    "invalid_attribute": "Sentry has no field of this name here, and drops it.",
    "missing_attribute": "Sentry requires {reason} here, and nothing was sent.",
    "value_too_long": "a dist may have at most 64 characters; Sentry drops a longer one as a whole.",
    "duplicate": "the same key is sent twice; Sentry keeps the first, {stored}.",
    "duplicate_key": "two keys are no valid tag keys; Sentry drops both keys and keeps one of the values.",
    "empty": "Sentry drops empty text and reports no error.",
    "reserved_tag": "Sentry sets this tag itself and removes it where it is sent{field}.",
    "tag_key": "spaces in the key of a tag become '-': Sentry stores it as {stored}.",
    "coerced": "Sentry keeps this as another type and loses something: {sent} is stored as {stored}.",
    "changed": "Sentry stores {stored} in place of {sent}.",
    "moved": "Sentry moves this time to {stored}.",
    "removed": "Sentry has no use for this here; it drops it and reports no error.",
    "legacy_mechanism": "a mechanism without a type is read as one of an old protocol, and this is lost; "
    "send a type, such as 'generic'.",
    "split": "an exception without a type whose value reads 'Type: text' is split; Sentry keeps {stored} as "
    "its value.",
    "type": "the type of the item decides what this is, not its payload's; Sentry stores it as {stored}.",
    "stack_frames": "of a stack of more than 50 frames, those in the middle lose their variables and the "
    "source lines around theirs.",
    "int": "numbers and ids in a name that comes from a URL are replaced: Sentry stores {stored}.",
    "nil_trace_id": "an id of zeros is no trace id; Sentry makes one up.",
    "unknown_platform": "Sentry does not know this platform and stores {stored}.",
}


def sentence(path: str, rule: str, sent: Any, stored: Any, reason: str = "", size: int | None = None) -> str:
    """Return what Sentry does with the value at *path*, as a sentence.

    Args:
        path: The place, dotted.
        rule: The name of the rule.
        sent: The value as it was sent.
        stored: The value as it is stored.
        reason: What Relay adds to the rule, such as ``invalid character '/'``.
        size: How many characters or elements there were before it was cut.

    >>> sentence("tags.graph", "!limit", "x" * 201, "x" * 197 + "...", size=201)
    "This has 201 characters; Sentry keeps 200, the last three of them '...'."
    """
    text = _sentence(path, rule, sent, stored, reason, size)
    return text[:1].upper() + text[1:]


def _sentence(path: str, rule: str, sent: Any, stored: Any, reason: str, size: int | None) -> str:
    if rule == "!limit":
        return _limit(path, sent, stored, size)
    if rule == "depth":
        depth = next(limit for pattern, limit in _DEPTH if re.fullmatch(pattern, path, re.DOTALL))
        return f"Sentry keeps {depth} levels of nesting here; what lies deeper is stored as text, in JSON."
    field = "; set the event's field of that name" if path in _FIELD_TAGS else ""
    shown = {"sent": _short(sent), "stored": _short(stored), "reason": reason or "a value", "field": field}
    if rule == "invalid_data":
        return _invalid(path, reason, shown)
    if rule in _RULES:
        return _RULES[rule].format(**shown)
    because = f" ({reason})" if reason else ""
    return "Sentry's rule {rule}{because} changes this: {sent} is stored as {stored}.".format(
        rule=rule, because=because, **shown
    )


def _invalid(path: str, reason: str, shown: dict[str, str]) -> str:
    for pattern, text in _INVALID:
        if re.fullmatch(pattern, path, re.DOTALL):
            return text.format(**shown)
    if path.startswith("tags.") and "character" in reason:
        if "\\n" in reason:
            return "the value of a tag may contain no line break; Sentry drops it."
        return f"{_KEY}; Sentry drops the key ({reason})."
    why = f": {reason}" if reason else ""
    if shown["stored"] == "nothing":
        return "Sentry cannot use this{why}; it drops {sent}.".format(why=why, **shown)
    return "Sentry cannot use this{why}; {sent} is stored as {stored}.".format(why=why, **shown)


def _limit(path: str, sent: Any, stored: Any, size: int | None) -> str:
    budget = next((text for pattern, text in _BYTES if re.fullmatch(pattern, path, re.DOTALL)), "")
    if isinstance(sent, str) and isinstance(stored, str):
        before = size if size is not None else len(sent)
        why = f" (Sentry keeps {budget})" if budget else ""
        kept = f"Sentry keeps {len(stored):,}, the last three of them '...'"
        return f"this has {before:,} characters; {kept}{why}."
    if isinstance(sent, dict | list) and isinstance(stored, dict | list):
        before = size if size is not None else len(sent)
        return f"Sentry keeps {budget or 'less than this'}: {len(stored):,} of {before:,} entries are left."
    return f"Sentry keeps {budget or 'less than this'}; this is cut."


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
