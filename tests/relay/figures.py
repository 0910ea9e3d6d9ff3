"""Count what became of Relay's tests, and compare with the differences that are known.

    python figures.py RESULTS

Exits with 1 where a test was lost, where fewer than `FLOOR` show no difference, for a difference that
``known_differences.txt`` does not list, and for one on it that has gone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path

KNOWN = Path(__file__).with_name("known_differences.txt")
FLOOR = 640
"""So many of Relay's tests show no difference at least; else the shim ends too many of them too early."""


def known_differences(text: str) -> dict[str, str]:
    """Return why each test on the list differs: a line that begins with ``#`` holds for those below it.

    >>> known_differences("# no uploads\\ntest_upload.py::test_it\\n")
    {'test_upload.py::test_it': 'no uploads'}
    """
    reason = ""
    known: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            reason = line.lstrip("# ")
        else:
            known[line] = reason
    return known


def figures(
    results: dict[str, str], known: dict[str, str], collected: Collection[str], floor: int = FLOOR
) -> tuple[list[str], bool]:
    """Return what to print, and whether no test is lost, enough are fine, and the differences are known."""
    kinds = Counter(result.partition(":")[0] for result in results.values())
    fine = sum(kinds[kind] for kind in ("same", "kept", "other", "sent"))
    lines = [
        f"{len(collected)} tests of Relay: {fine + kinds['differs']} can be run,"
        f" {kinds['out']} are left out.",
        f"{fine} show no difference, {kinds['differs']} differ.",
        f"  {kinds['same']:4} no difference: the test looks at an answer, then for what only Relay knows",
        f"  {kinds['kept']:4} no difference: the test looks at what Relay hands on, and it is what is kept",
        f"  {kinds['other']:4} no difference in the answers: Relay hands on something else than is kept",
        f"  {kinds['sent']:4} no difference: the test sends, and asks for that before it looks at anything",
    ]
    differing = {test for test, result in results.items() if result.startswith("differs")}
    for what, counted in (
        ("left out", Counter(result[5:] for result in results.values() if result.startswith("out"))),
        ("differ", Counter(known[test] for test in differing if test in known)),
    ):
        lines += [f"  {count:4} {what}: {reason}" for reason, count in counted.most_common()]
    wrong = [f"LOST: {test}: its worker ended early" for test in sorted(set(collected) - results.keys())]
    wrong += [f"NEW: {test}: {results[test]}" for test in sorted(differing - known.keys())]
    wrong += [f"GONE: {test}: {known[test]}" for test in sorted(known.keys() - differing)]
    if fine < floor:
        wrong.append(f"TOO FEW: {fine} show no difference, expected at least {floor}")
    return [*lines, *wrong], not wrong


def main(folder: Path) -> int:
    """Print the figures of the results in *folder*."""
    results: dict[str, str] = {}
    for path in folder.glob("results-*.json"):
        results.update(json.loads(path.read_text(encoding="utf-8")))
    collected: set[str] = set()
    for path in folder.glob("collected-*.json"):
        collected.update(json.loads(path.read_text(encoding="utf-8")))
    lines, fine = figures(results, known_differences(KNOWN.read_text(encoding="utf-8")), collected)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
