"""What is said where a policy fails or warns: unexpected events, and what Sentry would not keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_sentryintegration.matching.secrets import Secret, masked
from pytest_sentryintegration.matching.showing import cut, plain, show
from pytest_sentryintegration.verdict import DEFAULT_ALLOW, Finding, objections, sort_key
from pytest_sentryintegration.words.allowing import as_source
from pytest_sentryintegration.words.labels import label

LISTED: Final = 10
_WORST_FIRST: Final = ("refused", "dropped", "trimmed")


@dataclass(frozen=True)
class Objection:
    """One thing that was sent and that Sentry would not have kept as it was."""

    outcome: str
    """``refused``, ``dropped`` or ``trimmed``."""
    reason: str | None
    """Why, in Relay's words."""
    what: str
    """Which thing it is, on one line."""
    findings: tuple[Finding, ...]
    """The places that count, worst first."""


def unexpected(
    events: Sequence[Any], allowing: str = "@pytest.mark.sentry", secrets: Sequence[Secret] = ()
) -> str:
    """Return what to say of events of level error or above that the test never looked at.

    Args:
        events: these.
        allowing: what takes ``allow=[...]``.
        secrets: what it does not show.
    """
    count = f"{len(events)} events were" if len(events) > 1 else "1 event was"
    lines = [f"{count} reported that the test never looked at:"]
    lines += reported(events)
    lines += [
        "find, where, wait, an index and a loop of a view of events look at one; len, bool and repr do not,",
        "nor does what a trace or an attachment leads to.",
    ]
    entries = list(dict.fromkeys(as_source(event, secrets) for event in events))
    line = f"  {allowing}(allow=[{', '.join(entries)}])"
    lines.append("Look at what is expected, or allow it:")
    if len(line) <= 100:
        lines.append(line)
    else:
        lines += [f"  {allowing}(", "      allow=["]
        lines += [f"          {entry}," for entry in entries]
        lines += ["      ]", "  )"]
    return masked("\n".join(lines), secrets)


def reported(events: Sequence[Any]) -> list[str]:
    """Return a line for each event, with its level and where it happened; for the first `LISTED`."""
    lines = [
        f"  {place}. {label('events', event)}   ({_circumstances(event)})"
        for place, event in enumerate(events[:LISTED], 1)
    ]
    return [*lines, f"  ... and {len(events) - LISTED} more"] if len(events) > LISTED else lines


def objections_to(contents: Any, allow: Sequence[str] | None = None) -> list[Objection]:
    """Return what Sentry would have refused, dropped or trimmed of everything in *contents*, worst first.

    Args:
        contents: All nouns.
        allow: Paths of findings that do not count; ``None`` for the default ones.
    """
    patterns = DEFAULT_ALLOW if allow is None else tuple(allow)
    found = [
        Objection("refused", request.reason, f"request, answered with status {request.status}", ())
        for request in contents.refused
        if not request.raw.fault  # real Sentry would have accepted it
    ]
    named = {
        id(obj.item): (noun, obj)
        for noun in ("events", "transactions", "attachments")
        for obj in getattr(contents, noun)
    }
    for item in contents.items:
        verdict = item.verdict
        if verdict.outcome == "accepted":
            continue
        findings = tuple(objections(verdict.findings, patterns))
        if findings or verdict.outcome != "trimmed":
            found.append(
                Objection(
                    verdict.outcome, verdict.reason, _item_label(item, *named.get(id(item), ())), findings
                )
            )
    return sorted(found, key=lambda objection: _rank(objection.outcome))


def not_accepted(found: Sequence[Objection]) -> str:
    """Return what Sentry would not keep: findings by outcome, equal ones once, the worst first."""
    lines = [f"Sentry would not keep all of what was sent: {_counted(found)}."]
    for outcome in _WORST_FIRST:
        groups: dict[tuple[str, str], list[Objection]] = {}
        shown: dict[tuple[str, str], Finding | None] = {}
        for objection in found:
            if objection.outcome != outcome:
                continue
            for finding in objection.findings or (None,):
                key = _key(objection, finding)
                groups.setdefault(key, []).append(objection)
                shown.setdefault(key, finding)
        if not groups:
            continue
        lines.append(f"{outcome}:")
        ordered = sorted(groups, key=lambda key: _order(shown[key]))
        for key in ordered[:LISTED]:
            lines += _group_lines(key, shown[key], groups[key])
        if len(ordered) > LISTED:
            lines.append(f"  ... and {len(ordered) - LISTED} more")
    return "\n".join(lines)


def ready_paths(found: Sequence[Objection], allow: Sequence[str] | None = None) -> str:
    """Return what to write into the ini file, so that the findings in *found* do not count any more.

    Args:
        found: what a policy objects to.
        allow: the paths that do not count now; ``None`` for the default ones.

    Returns:
        ``""`` where there is no path to allow: what is refused or dropped as a whole.
    """
    paths = dict.fromkeys(
        _pattern(finding.path) for each in found for finding in each.findings if finding.path
    )
    if not paths:
        return ""
    listed = (DEFAULT_ALLOW if allow is None else tuple(allow)) + tuple(paths)
    lines = ["Correct it, or allow it, for all tests (the first lines are those that hold now):"]
    return "\n".join([*lines, "  sentry_invalid_allow =", *(f"      {path}" for path in listed)])


def _circumstances(event: Any) -> str:
    parts = [str(event.level)]
    if event.transaction:
        parts.append(f"in {event.transaction}")
    frames = event.exception.frames if event.exception is not None else ()
    if frames:
        own = next((frame for frame in reversed(frames) if frame.in_app), frames[-1])
        parts.append(f"at {own.filename}:{own.lineno}")
    return plain(", ".join(parts), 120)


def _rank(outcome: str) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)


def _order(finding: Finding | None) -> tuple[int, str]:
    return (-1, "") if finding is None else sort_key(finding)


def _counted(found: Sequence[Objection]) -> str:
    counts = [
        (sum(1 for objection in found if objection.outcome == outcome), outcome) for outcome in _WORST_FIRST
    ]
    return ", ".join(f"{count} {outcome}" for count, outcome in counts if count)


def _key(objection: Objection, finding: Finding | None) -> tuple[str, str]:
    if finding is None:
        return ("", objection.reason or "")
    # Elements of one list that break one rule are one line.
    return (_pattern(finding.path), finding.text)


def _pattern(path: str) -> str:
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", path)


def _group_lines(key: tuple[str, str], finding: Finding | None, objections: Sequence[Objection]) -> list[str]:
    path, text = key
    whose = objections[0].what
    times = f"   ({len(objections)} times)" if len(objections) > 1 else ""
    lines = [cut(f"  {whose}", 90) + times]
    lines.append(f"    {plain(path, 100)}: {plain(text, 400)}" if path else f"    {plain(text, 400)}")
    if finding is not None and finding.path:
        lines.append(f"      sent {show(finding.sent, 40)}, stored {show(finding.stored, 40)}")
    return lines


def _item_label(item: Any, noun: str = "", obj: Any = None) -> str:
    return f"{item.type} {label(noun, obj) if noun else 'item'}"
