"""What is known of the senders when a failure says why nothing arrived. Data only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


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
class Late:
    """What came into the inbox of a test that was over, while this one ran."""

    test: str
    """The node id of the test whose inbox it is, ``""`` for none."""
    count: int
    """How many envelopes."""
    sender: str
    """Who sent it: a thread of this process, or another process by its SDK."""


@dataclass(frozen=True)
class Raised:
    """An error that the SDK swallowed, raised by a callback of the application or by the SDK itself."""

    callback: str
    """The option, such as ``before_send``; ``event processor``; ``""`` where no callback is known."""
    error: str
    """Class and text of the exception."""
    count: int = 1


class SampledOut(NamedTuple):
    """Of which data category something was sampled out, and what decided so."""

    category: str
    by: str
    """An option, ``caller``, ``sampled=False``, ``traces_sampler or sampled=False``; ``""`` if not known."""
    rate: float | None = None
    """The option's value, where it is a rate."""


class Logged(NamedTuple):
    """A log record that became a breadcrumb."""

    message: str
    level: str
    """Its name in `logging`, such as ``WARNING``."""


@dataclass(frozen=True)
class LogRecords:
    """What becomes of the records of `logging` in this process."""

    integrated: bool = True
    """Whether the client has the SDK's logging integration."""
    event_level: str | None = "ERROR"
    """The level from which records become events; ``None`` for none."""
    root_level: str = "INFO"
    """The level of the root logger."""
    root_passes_info: bool = True
    """Whether that lets records of INFO pass, which become logs."""
    disabled: tuple[str, ...] = ()
    """Loggers that are disabled."""
    silenced: tuple[str, ...] = ()
    """Loggers with a level above `event_level`."""
    breadcrumbs: tuple[Logged, ...] = ()
    """Records of the running test below `event_level`, the newest first."""


class LateSpan(NamedTuple):
    """A span that ended after its transaction, which the SDK had sent by then."""

    label: str
    transaction: str
    """The transaction's name."""
    span_id: str
    """The transaction's span id."""
    begun: bool
    """Whether it began before the transaction ended."""


@dataclass(frozen=True)
class Child:
    """A process that was started while the test ran."""

    name: str
    """Its command, or its name in `multiprocessing`."""
    forked: bool = False
    """Whether it is a fork of this process."""
    spawned: bool = False
    """Whether it runs a function of this program in a fresh interpreter, as `multiprocessing` starts it."""
    ended: int | None = None
    """Its exit code, where it is known."""
    running: bool = False
    """Whether it may run: its end was not waited for."""
    has_dsn: bool = True
    """Whether its environment has a DSN of this inbox."""
    earlier: bool = False
    """Whether it was started before the test, and runs."""
    pid: int | None = None
    """Its process id, where `sentry_events.run` or `sentry_events.popen` has started it."""
    ending: str = ""
    """How it ended, such as ``exited with 1``; of the same."""
    output: str = ""
    """The end of what it wrote; of the same."""


@dataclass(frozen=True)
class Evidence:
    """What is known about the senders. A failure says nothing about a field that is left out."""

    imported: bool | None = None
    """Whether this process has imported ``sentry_sdk``."""
    client: bool | None = None
    """Whether there is an SDK client, of the application or the plugin's own."""
    fallback: bool | None = None
    """Whether that client is the plugin's own, because the application initialised none."""
    closed: bool = False
    """Whether that client was closed."""
    dsn: bool | None = None
    """Whether that client has a DSN."""
    turned_off: bool = False
    """Whether that client was given an empty DSN, although ``SENTRY_DSN`` is set."""
    traces_sample_rate: float | None = None
    """Its ``traces_sample_rate``."""
    traces_sampler: bool | None = None
    """Whether it has a ``traces_sampler``; with a rate of ``None`` and no sampler, tracing is off."""
    sampled_out: Mapping[SampledOut, int] | None = None
    """How much this process sampled out; ``None`` where that is not known."""
    queued: int = 0
    """How many envelopes its transport has not sent yet."""
    rate_limited: tuple[str, ...] = ()
    """The categories that it does not send because the fake Sentry told it so; ``all`` for all."""
    own_transport: str | None = None
    """The class of a transport that the application gave to its client; none of the SDK's HTTP transports."""
    unflushed_transport: str | None = None
    """The class of such an instance that is one of these: what it posts comes, and it is not flushed."""
    transport_class: str | None = None
    """The application's own class of transport, whose overrides run here and may leave something out."""
    failure: str | None = None
    """Why its transport could not deliver: the text of the last error."""
    blocked_by: str | None = None
    """What blocks sockets in this process, such as ``pytest-socket``."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """Threads that served this test and belong to another."""
    handed_out: bool = False
    """Whether the test read `dsn`, `env` or `url`, and so expects another process to report."""
    alone: bool = False
    """Whether this process alone is captured (``sentry_transport = memory``)."""
    connected: bool | None = None
    """Whether another process has ever connected to this inbox."""
    raised: tuple[Raised, ...] = ()
    """The errors that the SDK swallowed."""
    processors: tuple[str, ...] = ()
    """Event processors that returned None, by their qualified names."""
    unreported: tuple[str, ...] = ()
    """Options whose callback may drop something without a client report of this SDK."""
    switched_off: tuple[tuple[str, str, str], ...] = ()
    """What the client does not send: noun, name, and the option that switches it on."""
    unfinished: Callable[[], tuple[str, ...]] = tuple
    """Return the names of open transactions and spans. A function, since it looks through all objects."""
    outside: tuple[str, ...] = ()
    """Spans that were finished outside of any transaction, one line each; the SDK does not send these."""
    late_spans: tuple[LateSpan, ...] = ()
    """Spans that ended after their transaction."""
    other_mode: tuple[str, ...] = ()
    """Functions of the SDK that were called and do nothing in the client's span mode."""
    ignored_errors: tuple[tuple[str, int], ...] = ()
    """Exceptions that ``ignore_errors`` covers: class and how many of it."""
    log_records: LogRecords | None = None
    """What becomes of log records."""
    facade: bool = False
    """Whether this process has imported ``sentryintegration``, which can suppress transactions."""
    max_spans: int | None = None
    """How many spans a transaction may have."""
    django: tuple[tuple[str, int], ...] = ()
    """What of Django made requests without a handler, and how many: ``test client``, ``RequestFactory``."""
    blocks_loop: bool = False
    """Whether the search runs in the thread of an asyncio loop, and blocks that."""
    threads: tuple[str, ...] = ()
    """Names of threads that the test started and that still run."""
    forks: int = 0
    """How often this process was forked while the test ran."""
    children: tuple[Child, ...] = ()
    """Processes that were started while the test ran, as far as that is known."""
    late: tuple[Late, ...] = ()
    """What came into inboxes of other tests while this one ran."""
    notes: tuple[str, ...] = ()
    """Further sentences, such as those of a drain that did not end."""
