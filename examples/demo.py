"""Run the example's tests against the fake Sentry, show what one captured, and how one fails.

Exits with 0 when what should pass passes, and what should fail fails.
"""

# ruff: noqa: T201

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent / "checkout"
PYTEST = (sys.executable, "-Im", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header")

PASSED, FAILED = 0, 1


def run(title: str, *arguments: str, expected: int) -> bool:
    """Run pytest and return whether it ended as expected."""
    print(f"\n\033[1m{title}\033[0m\n", flush=True)
    return subprocess.run([*PYTEST, *arguments], cwd=CHECKOUT, check=False).returncode == expected


def main() -> int:
    """Show all, and return the exit status."""
    as_told = (
        run("The tests of examples/checkout", "-v", "tests", expected=PASSED),
        run("What one test captured", "-sq", "demo_passing.py", expected=PASSED),
        run("How tests fail (on purpose)", "-q", "--tb=short", "demo_failing.py", expected=FAILED),
    )
    if all(as_told):
        print("\nAs told: all passed but the two that must fail.")
        return 0
    print("\nNot as told: see above.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
