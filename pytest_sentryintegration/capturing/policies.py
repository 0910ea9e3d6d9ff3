"""Whether what was sent keeps to ``sentry_unexpected``, ``sentry_invalid`` and ``sentry_secrets``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pytest_sentryintegration.inbox.reader import Reader
from pytest_sentryintegration.inbox.secrets import (
    found_secrets,
    known_secrets,
    occurrences,
    secrets_of_settings,
)
from pytest_sentryintegration.inbox.source import Source
from pytest_sentryintegration.model import Contents
from pytest_sentryintegration.settings import LIST, Settings
from pytest_sentryintegration.store import Entry
from pytest_sentryintegration.words.allowing import as_line
from pytest_sentryintegration.words.policies import not_accepted, ready_paths, unexpected

MARKER: Final = "@pytest.mark.sentry"
"""What takes ``allow=[...]`` for one test."""


class Violation(NamedTuple):
    """One policy that does not hold."""

    policy: str
    """``warn`` or ``fail``."""
    text: str
    """What to say."""
    setting: str
    """The ini value that asks for it."""
    entries: tuple[str, ...] = ()
    """Lines for ``sentry_allow`` by which it would hold."""


class Entries(Source):
    """Some entries of a store, to be read as an inbox.

    Args:
        fetch: returns those after the entry of a number.
    """

    def __init__(self, fetch: Callable[[int], Sequence[Entry]]) -> None:
        self.contents = Contents(fetch)

    def clear(self) -> None:
        """Do nothing: the entries are the store's."""
        return


class Policies:
    """Holds what is sent against the settings.

    Args:
        settings: of the run, or of one test.
        lines: where the lines for ``--sentry-allow-all`` are put.
        allowing: what takes ``allow=[...]``, for the failure to say.
    """

    def __init__(self, settings: Settings, lines: set[str], allowing: str = MARKER) -> None:
        self.settings = settings
        self._lines = lines
        self._allowing = allowing
        self._told: set[tuple[str, str]] = set()

    def check(self, looked: Reader, judged: Reader | None = None, *, passed: bool = True) -> list[Violation]:
        """Return what does not hold. An event that is told of counts as looked at: it is told of once.

        Args:
            looked: knows which events the test looked at.
            judged: holds what is to be judged, where that is not the same.
            passed: whether the test has passed; for another only its secrets count.
        """
        found = []
        settings = self.settings if passed else self.settings.of_any_outcome
        if settings.unexpected != "ignore":
            events = looked.unlooked(allow=settings.allow)
            looked.look(events)
            secrets = known_secrets(settings.secrets) if events else ()
            entries = tuple(dict.fromkeys(as_line(event, secrets) for event in events))
            if settings.unexpected == LIST:
                self._lines.update(entries)
            elif events:
                text = unexpected(events, self._allowing, secrets)
                found.append(Violation(settings.unexpected, text, "sentry_unexpected", entries))
        if settings.invalid != "ignore":
            objections = (judged or looked).objections(settings.invalid_allow)
            if objections:
                text = (
                    f"{not_accepted(objections)}\n{ready_paths(objections, settings.invalid_allow)}".rstrip()
                )
                found.append(Violation(settings.invalid, text, "sentry_invalid"))
        if settings.secrets:
            try:
                secrets = secrets_of_settings(settings.secrets)
            except ValueError as error:
                # A variable of the environment has changed since the run began.
                return [*found, Violation("fail", str(error), "sentry_secrets")]
            looked.drain()
            looked.source.contents.update()
            sent = occurrences(looked.source.contents, secrets)
            new = [one for one in sent if (one.secret.name, one.place) not in self._told]
            self._told.update((one.secret.name, one.place) for one in new)
            if new:
                found.append(Violation("fail", found_secrets(new), "sentry_secrets"))
        return found
