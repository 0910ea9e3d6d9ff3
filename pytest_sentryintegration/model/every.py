"""What is to hold for every span of a trace or transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pytest_sentryintegration.matching import differences
from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.matching.span_nodes import span_label

__all__ = ["assert_every"]

LISTED: Final = 20
"""How many spans that differ a failure shows, and how many ops where none has the one asked for."""


def assert_every(where: str, spans: Iterable[Any], op: Any, criteria: Mapping[str, Any]) -> None:
    """Fail unless all of *spans* that have *op* meet *criteria*, and there is at least one.

    Args:
        where: What they are the spans of, as a failure calls it.
        spans: All spans of that.
        op: A criterion for the op; ``...`` for every span.
        criteria: Criteria for further attributes, by name.

    Raises:
        AssertionError: A span differs, or none has *op*.
        TypeError: There are no criteria, or one names an unknown field.
    """
    __tracebackhide__ = True
    if not criteria:
        raise TypeError("every() needs what is to hold, as in every(op='db.query', status='ok')")
    everything = list(spans)
    asked = [span for span in everything if op is ... or not differences(span, {"op": op})]
    of_op = "" if op is ... else f" with op={show(op)}"
    if not asked:
        raise AssertionError(f"Expected spans{of_op} in {where}; it has none{_ops(everything)}")
    wrong = [(span, found) for span in asked if (found := differences(span, criteria))]
    if wrong:
        expected = ", ".join(f"{name}={show(criterion)}" for name, criterion in criteria.items())
        differ = "1 differs" if len(wrong) == 1 else f"{len(wrong)} differ"
        lines = [f"Expected every span{of_op} in {where} to match {expected}; {differ} of {len(asked)}:"]
        for span, found in wrong[:LISTED]:
            lines += [f"  {span_label(span)}", *(f"    {difference.text}" for difference in found)]
        if len(wrong) > LISTED:
            lines.append(f"  ... and {len(wrong) - LISTED} more")
        raise AssertionError("\n".join(lines))


def _ops(spans: list[Any]) -> str:
    """Return the ops that there are, the most frequent first."""
    counts = Counter(span.op if isinstance(span.op, str) else "(no op)" for span in spans)
    named = ", ".join(f"{plain(op)} ({count})" for op, count in counts.most_common(LISTED))
    return f", but {named}." if named else "."
