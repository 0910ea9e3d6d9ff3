"""How costs grow: spans in a tree, envelopes in an inbox, tests in a run, concurrent senders.

Run ``python benchmarks/growth.py [--all] [--rounds N] [NAME]...``, with names of `CURVES` for these alone.
Sizes go from 10 to 100,000; the run of 100,000 tests, which takes minutes, is made with ``--all`` only.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import inboxes
import runs
import senders
import trees
from bars import Bar, Spent, now, table
from curves import SIZES, in_turn

from pytest_sentryintegration.ingest.app import Ingest
from pytest_sentryintegration.ingest.request import Request
from pytest_sentryintegration.store import Arrival, Store

ROUNDS = 3


def spans(rounds: int) -> list[Bar]:
    """Trees, which are built, compared with a pattern of every span, and drawn."""
    forms: dict[str, Callable[[int], list[Arrival]]] = {
        "streamed": trees.streamed,
        "in a transaction": trees.in_a_transaction,
    }
    patterns = {size: trees.pattern(size) for size in SIZES}
    bars = []
    for form, make in forms.items():
        sent = {size: make(size) for size in SIZES}

        def measure(size: int, form: str = form, sent: dict[int, list[Arrival]] = sent) -> Any:
            gc.collect()
            before = now()
            for _ in range(SIZES[-1] // size):
                trees.cost(sent[size], patterns[size])
            return {f"spans in a tree, {form}": (now() - before, SIZES[-1])}

        bars += [bar for curve in in_turn(rounds, SIZES, measure) for bar in curve.bars()]
    return bars


def envelopes(rounds: int) -> list[Bar]:
    """Inboxes, which are filled with messages and searched for one of them, then for two others."""
    requests = [_request(number) for number in range(SIZES[-1])]

    def measure(size: int) -> dict[str, tuple[Spent, int]]:
        gc.collect()
        numbers = (size * 4 // 5, size // 50, size - 1)
        filling = first = after = Spent(0, 0)
        for _ in range(SIZES[-1] // size):
            store = Store()
            ingest = Ingest(store)
            before = now()
            for request in requests[:size]:
                ingest.handle(request)
            filling += now() - before
            costs = inboxes.finds(store, inboxes.BY_TEXT, numbers)
            first += costs[0]
            after += costs[1] + costs[2]
        return {
            "envelopes in an inbox, filling it": (filling, SIZES[-1]),
            "envelopes in an inbox, the first find": (first, SIZES[-1]),
            "envelopes in an inbox, a find after": (after, 2 * SIZES[-1]),
        }

    return [bar for curve in in_turn(rounds, SIZES, measure) for bar in curve.bars()]


def _request(number: int) -> Request:
    payload = (
        b'{"event_id":"%032x","message":"message <%d> of /var/log","level":"info","extra":{"text":"%s"}}'
    )
    payload %= number, number, b"x" * 500
    body = b'{"event_id":"%032x"}\n{"type":"event","length":%d}\n%s\n' % (number, len(payload), payload)
    auth = f"Sentry sentry_key={'5e27be7a' * 4}, sentry_version=7, sentry_client=sentry.python/2.75.0"
    return Request("POST", "/api/1/envelope/", (("x-sentry-auth", auth),), body)


def alone(measure: Callable[[int], list[Bar]], rounds: int) -> list[Bar]:
    """Measure in a process of its own, where nothing else has been done before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, rounds).result()


CURVES: dict[str, Callable[[int, bool], list[Bar]]] = {
    "spans": lambda rounds, whole: alone(spans, rounds),
    "envelopes": lambda rounds, whole: alone(envelopes, rounds),
    "tests": runs.measure,
    "senders": lambda rounds, whole: senders.measure(rounds),
}


def measure(rounds: int = ROUNDS, whole: bool = False) -> list[Bar]:
    """Measure all curves; *whole*: with the run of 100,000 tests."""
    return [bar for curve in CURVES.values() for bar in curve(rounds, whole)]


def main() -> None:
    """Measure the curves that are named, all by default, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(CURVES)}")
    parser.add_argument("--all", action="store_true", help="run 100,000 tests too")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    names = arguments.names or list(CURVES)
    if unknown := set(names) - set(CURVES):
        parser.error(f"no such curve: {', '.join(sorted(unknown))}")
    print(table([bar for name in names for bar in CURVES[name](arguments.rounds, arguments.all)]))


if __name__ == "__main__":
    main()
