"""What came when no test could fail for it: for one that had finished, or while none was running."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pytest_sentryintegration.capturing.policies import Entries, Policies
from pytest_sentryintegration.evidence import Late
from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.secrets import masked
from pytest_sentryintegration.settings import Settings
from pytest_sentryintegration.store import STRAYS, Arrival, Entry
from pytest_sentryintegration.words.summary import LISTED, description


class LateArrivals:
    """What came late in a run. A few are described; all are counted and checked.

    Args:
        lines: where the lines for ``--sentry-allow-all`` are put.
    """

    def __init__(self, lines: set[str]) -> None:
        self._lines = lines
        self._counts: Counter[str] = Counter()
        self._shown: list[tuple[str, str]] = []
        self._settings: dict[str, Settings] = {}
        self._failing: set[str] = set()
        self._allow: set[str] = set()

    def expect(self, inbox: str, settings: Settings) -> None:
        """Hold what may come late for *inbox* against the settings of its test."""
        if settings.has_policy:
            self._settings[inbox] = settings

    def take(self, arrivals: Iterable[Entry]) -> None:
        """Count, check and describe what came."""
        for arrival in arrivals:
            reader = Reader(Entries(partial(_alone, arrival)))
            settings = self._settings.get(arrival.inbox, Settings())
            violations = Policies(settings, self._lines).check(reader)
            policies = {found.policy for found in violations}
            policy = "fail" if "fail" in policies else "warn" if policies else ""
            for found in violations:
                self._allow.update(found.entries)
                if found.policy == "fail":
                    self._failing.add(found.setting)
            self._counts[policy] += 1
            if sum(policy == kind for kind, _ in self._shown) < LISTED:
                reader.source.contents.update()
                what = masked(description(reader.source.contents), settings.secrets)
                whose = f" of {arrival.test or 'a capture'}" if isinstance(arrival, Arrival) else ""
                self._shown.append((policy, what if arrival.inbox == STRAYS else f"{what}{whose}"))

    def counts(self) -> dict[str, Any]:
        """Return plain data: how many there were, descriptions of a few, and what they break.

        ``failing`` are the settings by which they fail the run, ``allow`` lines for ``sentry_allow`` by which
        they would not.
        """
        return {
            "counts": dict(self._counts),
            "shown": sorted(self._shown),
            "failing": sorted(self._failing),
            "allow": sorted(self._allow),
        }


def of_other_processes(
    late: Iterable[tuple[str, str | None]], here: Mapping[tuple[str, str], int]
) -> Iterator[Late]:
    """Yield what came late by sender, but for what threads of this process captured: that is known better."""
    of_threads = Counter[str]()
    for (_, test), count in here.items():
        of_threads[test] += count
    for (test, client), count in Counter(late).items():
        sent = count - of_threads[test]
        if sent > 0:
            yield Late(test, sent, f"another process ({client})" if client else "another process")


def _alone(arrival: Entry, number: int) -> list[Entry]:
    return [arrival] if arrival.number > number else []
