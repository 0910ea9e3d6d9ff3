"""The text of a failed `find`, `wait` or `none`: expected, arrived, the nearest misses, what to try."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.matching.criteria import CriterionError
from pytest_sentryintegration.matching.hints import Hint
from pytest_sentryintegration.matching.nearest import Miss, nearest_misses
from pytest_sentryintegration.matching.query import Noun, Query
from pytest_sentryintegration.matching.showing import show
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.words.differences import COLUMNS, difference_texts
from pytest_sentryintegration.words.explaining import doubts, reasons
from pytest_sentryintegration.words.labels import label
from pytest_sentryintegration.words.log_records import of_breadcrumbs
from pytest_sentryintegration.words.losses import dropped

HEADLINE: Final = 120
"""Columns that the first line may take before its criteria get a line each."""

LISTED: Final = 5
"""How many objects a message lists."""

_TOGETHER: Final = re.compile(r" (?=raised )|process \d+ \(`[^`]*`\) [^.]* before it connected")
"""What is not broken over two lines: readers, and tests, look for it as a whole."""

_ALSO: Final = (
    "messages",
    "errors",
    "transactions",
    "logs",
    "metrics",
    "check_ins",
    "feedback",
    "sessions",
    "attachments",
    "client_reports",
    "refused",
)
_COVERED: Final = {
    "events": {"messages", "errors"},
    "messages": {"messages"},
    "errors": {"errors"},
    "envelopes": set(_ALSO),
    "items": set(_ALSO) - {"refused"},
}
# Fields that tell received objects apart and are not in their labels.
_TELLING: Final = (
    "level", "tags", "status", "transaction", "attributes", "data", "user", "extra", "release", "environment",
    "project_id", "logger",
)  # fmt: skip

_OF_INIT: Final = {"release", "environment", "dist", "server_name", "request", "user", "transaction"}
"""Fields that an application's own client sets, by its options or by its integrations."""
_FALLBACK: Final = (
    "The application made no SDK client here (sentryintegration.init without a DSN makes none), so what this "
    "process sent has the options of sentry_options. With sentry_dsn = on an application finds a DSN."
)


def too_few(
    query: Query,
    received: Sequence[Any],
    matched: Sequence[Any],
    *,
    contents: Any,
    evidence: Evidence,
    waited: float = 0,
    wanted: int | None = None,
) -> str:
    """Return the failure of a `find` that found nothing, or of a `wait` that found less than *wanted*.

    Args:
        query: What was asked for.
        received: Everything of that noun.
        matched: What of it matched.
        contents: All nouns.
        evidence: What is known about the senders.
        waited: For how many seconds it was waited.
        wanted: How many a `wait` asked for; ``None`` for a `find`.
    """
    noun = query.noun
    expected = f"one {noun.singular}" if wanted is None else f"at least {noun.counted(wanted)}"
    lines = _headline(expected, query, waited, _arrived(query, len(received), len(matched)))
    remedies: list[str] = []
    misses = nearest_misses(received, query) if len(query) else []
    for miss in misses:
        lines += _miss_lines(query, miss, remedies)
    lines += _also_received(noun, contents, evidence)
    if evidence.fallback and any(
        _is_of_init(difference.path) for miss in misses for difference in miss.differences
    ):
        lines += bulleted([_FALLBACK])
    said = why_too_few(query, received, matched, contents=contents, evidence=evidence, waited=waited)
    return "\n".join([*lines, *bulleted(said), *dict.fromkeys(remedies)])


def why_too_few(
    query: Query,
    received: Sequence[Any],
    matched: Sequence[Any],
    *,
    contents: Any,
    evidence: Evidence,
    waited: float = 0,
) -> list[str]:
    """Return the reasons that `too_few` gives, a sentence each; may be empty."""
    other = _under_the_other_noun(query, contents)
    if other:
        return [other, *evidence.notes]
    logged = of_breadcrumbs(query, evidence)
    reason = reasons if len(matched) == len(received) and not logged else doubts
    return logged + reason(evidence, contents, query.noun.name, waited)


def too_many(query: Query, received: Sequence[Any], matched: Sequence[Any]) -> str:
    """Return the failure of a `find` that found several."""
    noun = query.noun
    outcome = (
        f"{_of(noun, matched, received)} matched:" if len(query) else f"{noun.counted(len(matched))} arrived:"
    )
    lines = _headline(f"one {noun.singular}", query, 0, outcome)
    lines += _listed(noun, matched)
    telling = _telling(matched)
    all_of_them = f"take all of them with where(), or with wait({len(matched)})."
    if telling:
        lines.append(f"They differ in {telling}.")
    elif len({label(noun.name, obj) for obj in matched[:LISTED]}) == 1:
        return "\n".join([*lines, f"They look alike: {all_of_them}"])
    lines.append(f"Add a criterion; or {all_of_them}")
    return "\n".join(lines)


def unwanted(query: Query, received: Sequence[Any], matched: Sequence[Any], *, waited: float = 0) -> str:
    """Return the failure of a `none` where there is one."""
    noun = query.noun
    outcome = (
        f"{_of(noun, matched, received)} matched:" if len(query) else f"{noun.counted(len(matched))} arrived:"
    )
    return "\n".join(_headline(f"no {noun.singular}", query, waited, outcome) + _listed(noun, matched))


def unsure(query: Query, notes: Sequence[str]) -> str:
    """Return the failure of a `none` where not everything that was sent has arrived."""
    outcome = "none matched, but not everything that was sent has arrived:"
    return "\n".join(_headline(f"no {query.noun.singular}", query, 0, outcome) + bulleted(notes))


def _headline(expected: str, query: Query, waited: float, outcome: str) -> list[str]:
    seconds = f"{waited:.1f}" if round(waited, 1) == waited else f"{waited:g}"
    within = f" within {seconds} s" if waited else ""
    criteria = str(query)
    line = f"Expected {expected}{f' matching {criteria}' if criteria else ''}{within}; {outcome}"
    if len(line) <= HEADLINE:
        return [line]
    parts = query.parts()
    lines = [f"Expected {expected} matching"]
    lines += [f"    {part}{',' if part is not parts[-1] else ''}" for part in parts]
    return [*lines, f"{within[1:]}{'; ' if within else ''}{outcome}"]


def _arrived(query: Query, received: int, matched: int) -> str:
    if not received:
        return f"no {query.noun.singular} arrived."
    arrived = f"{query.noun.counted(received)} arrived"
    if not len(query):
        return f"{arrived}."
    if matched:
        return f"{arrived}, {matched} matched."
    return f"{arrived}, {'none matched' if received > 1 else 'which does not match'}."


def _of(noun: Noun, matched: Sequence[Any], received: Sequence[Any]) -> str:
    return f"{len(matched)} of {noun.counted(len(received))}"


def _miss_lines(query: Query, miss: Miss, remedies: list[str]) -> list[str]:
    """Return the lines of a near miss, and add what to write instead to *remedies*."""
    lines = [f"  nearest: {label(query.noun.name, miss.obj)}"]
    if len(query) > 1:
        differ = "differs" if miss.differing == 1 else "differ"
        count = f"   ({miss.differing} of {len(query)} criteria {differ})"
        if len(lines[0] + count) <= COLUMNS:
            lines[0] += count
        else:
            lines.append(f" {count}")
    hints = (*miss.hints, *(None,) * (len(miss.differences) - len(miss.hints)))
    explained = []
    for difference, found in zip(miss.differences, hints, strict=True):
        explained.append(replace(difference, note=found.fact) if found else difference)
        if found and found.code:
            remedies += _remedy(found)
    return lines + difference_texts(explained, "    ")


def _is_of_init(path: str) -> bool:
    return path.partition(".")[0] in _OF_INIT


def _remedy(found: Hint) -> list[str]:
    """Return a remedy as one line, or as two where the code would not fit on the first."""
    line = f"- {found.remedy} {found.code}"
    return [line] if len(line) <= COLUMNS else [f"- {found.remedy}", f"    {found.code}"]


def _also_received(noun: Noun, contents: Any, evidence: Evidence) -> list[str]:
    parts = []
    for name in _ALSO:
        count = len(getattr(contents, name))
        if not count or name == noun.name or name in _COVERED.get(noun.name, ()):
            continue
        part = NOUNS[name].counted(count)
        lost = dropped(contents, evidence.processors) if name == "client_reports" else ""
        parts.append(f"{part} ({lost})" if lost else part)
    return _wrapped(f"Also received: {', '.join(parts)}.", "  ") if parts else []


def _under_the_other_noun(query: Query, contents: Any) -> str:
    """Return that the other of messages and errors holds what was asked for; ``""`` where it does not."""
    other = {"messages": "errors", "errors": "messages"}.get(query.noun.name)
    if other is None or not len(query):
        return ""
    same = Query(NOUNS[other], query.main, query.criteria)
    try:
        count = sum(same.matches(event) for event in getattr(contents, other))
    except CriterionError:  # a callable that was written for the other kind
        return ""
    if not count:
        return ""
    why = "has an exception" if other == "errors" else "has no exception"
    return f"{NOUNS[other].counted(count)} would match: what {why} is in sentry_events.{other}."


def _listed(noun: Noun, objects: Sequence[Any]) -> list[str]:
    lines = [f"  {place}. {label(noun.name, obj)}" for place, obj in enumerate(objects[:LISTED], 1)]
    if len(objects) > LISTED:
        lines.append(f"  ... and {len(objects) - LISTED} more")
    return lines


def _telling(objects: Sequence[Any]) -> str:
    """Name up to three fields in which *objects* differ, with their values where these are short."""
    parts = []
    for field in _TELLING:
        values = [getattr(obj, field, None) for obj in objects[:LISTED]]
        if all(value == values[0] for value in values[1:]):
            continue
        shown = list(dict.fromkeys(show(value, 24) for value in values))
        parts.append(f"{field} ({', '.join(shown)})" if len(", ".join(shown)) <= 60 else field)
        if len(parts) == 3:
            break
    return ", ".join(parts)


def bulleted(sentences: Sequence[str]) -> list[str]:
    """Return each sentence as a point of a list, within 80 columns."""
    lines: list[str] = []
    for sentence in sentences:
        # What follows on further lines, such as the output of a process, stays as it is.
        said, *quoted = sentence.split("\n")
        lines += [*_wrapped(f"- {said}", "  "), *quoted]
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    lines = textwrap.wrap(
        _TOGETHER.sub(lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text),
        COLUMNS,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
