"""A command: ``python kettle.py DEGREES``. It reports what it did, and ends with what it has sent."""

from __future__ import annotations

import sys

import sentryintegration
from sentryintegration import Warn, capture_message, start_transaction


def heat(degrees: int) -> None:
    with start_transaction(op="heat", description=f"{degrees} degrees"):
        if degrees > 100:
            reading = ("reading.json", {"degrees": degrees})
            capture_message("The kettle boils over", Warn, attachments=[reading])


def main(arguments: list[str]) -> None:
    sentryintegration.init(release="kettle@1", traces_sample_rate=1.0)
    with start_transaction(name="kettle", op="command"):
        heat(int(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
