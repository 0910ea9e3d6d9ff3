"""Count what became of Relay's tests, and compare with the differences that are known.

    python figures.py RESULTS

Exits with 1 for a difference that ``known_differences.txt`` does not list, and for one on it that has gone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

KNOWN = Path(__file__).with_name("known_differences.txt")


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


def figures(results: dict[str, str], known: dict[str, str]) -> tuple[list[str], bool]:
    """Return what to print, and whether the differences are those that are known."""
    kinds = Counter(result.partition(":")[0] for result in results.values())
    lines = [
        f"{len(results)} tests of Relay: {kinds['same']} show no difference, {kinds['differs']} differ,"
        f" {kinds['out']} are left out."
    ]
    differing = {test for test, result in results.items() if result.startswith("differs")}
    for what, counted in (
        ("left out", Counter(result[5:] for result in results.values() if result.startswith("out"))),
        ("differ", Counter(known[test] for test in differing if test in known)),
    ):
        lines += [f"  {count:4} {what}: {reason}" for reason, count in counted.most_common()]
    new = [f"NEW: {test}: {results[test]}" for test in sorted(differing - known.keys())]
    gone = [f"GONE: {test}: {known[test]}" for test in sorted(known.keys() - differing)]
    return [*lines, *new, *gone], not new and not gone


def main(folder: Path) -> int:
    """Print the figures of the results in *folder*."""
    results: dict[str, str] = {}
    for path in folder.glob("*.json"):
        results.update(json.loads(path.read_text(encoding="utf-8")))
    lines, fine = figures(results, known_differences(KNOWN.read_text(encoding="utf-8")))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
