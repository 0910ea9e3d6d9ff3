"""What is known of the senders, by which a failure can say why nothing arrived. Data, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """What a thread captured into the inbox of another test."""

    thread: str
    """The thread's name."""
    test: str
    """The node id of the test that started it, ``""`` where it was started outside of tests."""
    count: int = 0
    """How much of it came, 0 where that is not known."""


@dataclass(frozen=True)
class Evidence:
    """What is known about the senders. Every field may be left out: then nothing is said of it."""

    imported: bool | None = None
    """Whether this process has imported ``sentry_sdk``."""
    client: bool | None = None
    """Whether there is an SDK client, of the application or the plugin's own."""
    fallback: bool | None = None
    """Whether that client is the plugin's own, because the application initialised none."""
    dsn: bool | None = None
    """Whether that client has a DSN."""
    traces_sample_rate: float | None = None
    """Its ``traces_sample_rate``."""
    traces_sampler: bool | None = None
    """Whether it has a ``traces_sampler``; with a rate of ``None`` and no sampler, tracing is off."""
    sample_rate: float | None = None
    """Its ``sample_rate``: the part of error events that is sent."""
    queued: int = 0
    """How many envelopes its transport has not sent yet."""
    rate_limited: tuple[str, ...] = ()
    """The categories that it does not send because the fake Sentry told it so; ``all`` for all."""
    own_transport: str | None = None
    """The class of a transport that the application gave to its client."""
    failure: str | None = None
    """Why its transport could not deliver: the text of the last error."""
    blocked_by: str | None = None
    """What blocks sockets in this process, such as ``pytest-socket``."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """Threads that served this test and belong to another."""
    handed_out: bool = False
    """Whether the test read `dsn`, `env` or `url`, so that another process was to report."""
    connected: bool | None = None
    """Whether another process has ever connected to this inbox."""
    notes: tuple[str, ...] = ()
    """Further sentences, such as those of a drain that did not end."""
