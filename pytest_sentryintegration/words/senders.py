"""What the threads and processes that send are doing: still running, ended, in the inbox of another test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_sentryintegration.evidence import Child, Evidence
from pytest_sentryintegration.matching.showing import plain, show
from pytest_sentryintegration.words.captured import end_of

OUTPUT: Final = 12
"""Lines of the output of a process that are shown."""
LISTED: Final = 3
"""How many threads or processes are named."""


def of_senders(evidence: Evidence, waited: float, *, explained: bool) -> Iterable[str]:
    """Yield what may still send; not what ended where a client report *explained* the loss."""
    if evidence.blocks_loop:
        yield (
            "find and wait block the running event loop, so that no task can go on meanwhile: await "
            "find_async or wait_async instead."
        )
    yield from _of_inboxes(evidence)
    longer = f"raise timeout= (it was {waited:g} s)" if waited else "wait with timeout="
    for name in evidence.threads[:LISTED]:
        yield f"Thread {show(name)}, which this test started, still runs: join it first, or {longer}."
    yield from _of_children(evidence, longer, explained=explained)
    is_started = bool(evidence.forks) or not all(child.earlier for child in evidence.children)
    if evidence.handed_out and evidence.connected is False and not is_started:
        within = f" within {waited:g} s" if waited else ""
        flushes = "and does it flush before it ends?"
        if evidence.client is None:  # asked over HTTP
            yield (
                f"No process has connected{within}: does it get the DSN of this fake Sentry, does it need "
                f"longer to start, {flushes}"
            )
        else:
            yield (
                f"No other process has connected{within}: does it get sentry_events.env, does it need longer "
                f"to start (timeout=), {flushes}"
            )


def _of_inboxes(evidence: Evidence) -> Iterable[str]:
    for there in evidence.elsewhere:
        if there.thread.startswith("sentry-sdk."):
            continue  # a worker of the SDK: it sends what other threads captured
        what = f"{there.count} came" if there.count else "what it captures goes"
        whose = f"the inbox of {there.test}" if there.test else "no test's inbox"
        yield (
            f"Thread {show(there.thread)} was started by another test: {what} into {whose}. "
            "sentry_events.adopt(thread) moves it here."
        )
    for late in evidence.late:
        count = "1 envelope" if late.count == 1 else f"{late.count} envelopes"
        whose = f"the inbox of {late.test}, which is over" if late.test else "no test's inbox"
        yield (
            f"Meanwhile {count} of {plain(late.sender)} came into {whose}. A process keeps the DSN that it "
            "was started with: start it in this test, or in a fixture of the session and with "
            "sentry_server.env."
        )


def _of_children(evidence: Evidence, longer: str, *, explained: bool) -> Iterable[str]:
    """Yield what became of other processes; not of one that ended where a client report *explained* it."""
    explained = explained and bool(evidence.connected)
    if evidence.alone:
        if not all(child.earlier for child in evidence.children):
            yield "sentry_transport = memory captures this process alone, and the test started others."
    elif evidence.children:
        connected = evidence.connected
        telling = [c for c in evidence.children if not connected or _may_have_lost(c)]
        if explained:
            # One that a signal ended (a negative code) has not reported what it lost: another has.
            telling = [c for c in telling if c.running or not c.has_dsn or (c.ended or 0) < 0]
        telling.sort(key=lambda child: (child.has_dsn, not child.ended))
        for child in telling[:LISTED]:
            yield _of_child(child, bool(evidence.connected), longer)
    forks = evidence.forks - sum(child.forked and not child.earlier for child in evidence.children)
    if forks > 0 and not explained:
        times = "once" if forks == 1 else f"{forks} times"
        yield f"This process was forked {times} while the test ran: {_UNFLUSHED}."


def _may_have_lost(child: Child) -> bool:
    """Whether *child* is named where a process has reported, perhaps this one.

    One that ended with 0 may have nothing to do with Sentry. Of a spawned one whose object is gone, the exit
    code is not known.
    """
    is_gone = child.spawned and child.ended is None and not child.running
    return child.ended != 0 and not child.earlier and not is_gone


_UNFLUSHED: Final = (
    "what a fork captured and did not send before its end is lost; call sentry_sdk.flush() there"
)


_EARLIER: Final = {
    True: "it has the SDK client of then, and if a test started it, that test gets what it sends. Start it "
    "in this test, or in a fixture of the session and with sentry_dsn = on",
    False: "it has the SENTRY_DSN of then. Start it in this test, or in a fixture of the session and with "
    "sentry_dsn = on",
}
"""By whether it is a fork: where what a process sends goes that was started before the test."""


def _of_child(child: Child, connected: bool, longer: str) -> str:
    name = (
        f"Process {show(child.name)}" if child.pid is None else f"Process {child.pid} (`{plain(child.name)}`)"
    )
    if not child.has_dsn:
        return (
            f"{name} was started with an environment without this test's SENTRY_DSN: pass "
            "env=sentry_events.env."
        )
    if child.pid is not None:
        return _of_started(child, name, connected, longer)
    if child.earlier:
        return f"{name} was started before this test: {_EARLIER[child.forked]}."
    if child.running:
        return f"{name} was started and may still run: wait for its end first, or {longer}."
    if child.forked:
        return f"{name}, a fork of this one, ended with exit code {child.ended}: {_UNFLUSHED}."
    ended = f"{name} was started" if child.ended is None else f"{name} ended with exit code {child.ended}"
    if connected:
        return f"{ended}: what it did not send before its end is lost; call sentry_sdk.flush() there."
    if child.spawned:
        return (
            f"{ended} and sent nothing: a spawned process does not inherit the parent's init(). Call "
            "sentry_sdk.init() there, and sentry_sdk.flush() before it ends."
        )
    return f"{ended} and sent nothing: does it read SENTRY_DSN, and flush before it ends?"


def _of_started(child: Child, name: str, connected: bool, longer: str) -> str:
    """Say what became of a process whose output is known; it follows on lines of its own."""
    if child.running:
        said = f"{name} still runs{'' if connected else ', and has not connected'}: {longer}."
    elif connected:
        said = f"{name} {child.ending}: what it did not send before its end is lost."
    else:
        said = f"Nothing came from another process: p{name[1:]} {child.ending} before it connected."
    lines = end_of(child.output, OUTPUT)
    if not lines:
        return f"{said} It wrote nothing."
    return "\n".join([f"{said} The end of its output:", *(f"    {line}" for line in lines)])


def still_running(pid: int, name: str) -> str:
    """Return that a process that is expected to end still runs."""
    return (
        f"Process {pid} (`{plain(name)}`) still runs, and may send more; a service that does not end by "
        "itself is started with popen(..., ready=...)."
    )
