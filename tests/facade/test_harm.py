"""No call harms the application, whatever Sentry does; in processes with a real transport."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.uncounted
PREAMBLE = """
import gc, json, resource, socket, sys, threading, time
import sentry_sdk
import sentryintegration as si
options = json.loads(sys.argv[1])


def serve(answer):
    server = socket.create_server(("127.0.0.1", 0))
    def run():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()
    def talk(connection):
        if answer is None:
            time.sleep(60)
        connection.recv(1 << 20)
        connection.sendall(answer)
        connection.close()
    threading.Thread(target=run, daemon=True).start()
    return f"http://key@127.0.0.1:{server.getsockname()[1]}/1"


def response(line, *headers):
    lines = [f"HTTP/1.1 {line}", "Content-Length: 0", "Connection: close", *headers, "", ""]
    return "\\r\\n".join(lines).encode()


def closed():
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    server.close()
    return f"http://key@127.0.0.1:{port}/1"


def every_call():
    si.capture_message("text", "warn", tags={"a": "b"}, attachments=["x", {"y": 1}])
    try:
        raise KeyError("x")
    except KeyError:
        si.capture_exception(tags={"a": "b"})
    with si.start_transaction(name="root", op="root", tags={"a": 1}) as t:
        with si.start_transaction(op="child"):
            si.trace_headers()
        t.set_data("a", 1)
    si.set_tag("c", "d")


SERVERS = {
    "closed": closed,
    "silent": lambda: serve(None),
    "429": lambda: serve(response("429 Too Many", "Retry-After: 60")),
    "limits": lambda: serve(response("200 OK", "X-Sentry-Rate-Limits: 60::organization")),
    "500": lambda: serve(response("500 Internal")),
    "garbage": lambda: serve(b"nonsense"),
    "name": lambda: "http://key@no-such-host.invalid/1",
}
"""


def run(program: str, mode_options: dict[str, Any], *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SENTRY_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREAMBLE + program, json.dumps(mode_options), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_calls_take_the_time_of_a_local_one(mode_options: dict[str, Any]) -> None:
    program = """
def measure(times):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        every_call()
        taken.append(time.perf_counter() - start)
    taken.sort()
    return taken[len(taken) // 2], taken[-5]

class Nowhere(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        pass

si.init("http://key@localhost/1", traces_sample_rate=1.0, transport=Nowhere(), **options)
for name, server in SERVERS.items():
    sentry_sdk.init("http://key@localhost/1", traces_sample_rate=1.0, transport=Nowhere(), **options)
    measure(5)
    local, _ = measure(30)
    sentry_sdk.init(server(), traces_sample_rate=1.0, **options)
    measure(5)
    far, longest = measure(80)
    assert far < 4 * local + 0.01, (name, far, local)
    assert longest < 0.5, (name, longest)
    start = time.perf_counter()
    si.flush(0.2)
    si.close(0.2)
    assert time.perf_counter() - start < 3, name
    print(name)
"""
    servers = ["closed", "silent", "429", "limits", "500", "garbage", "name"]
    assert run(program, mode_options).split() == servers


def test_many_captures_do_not_grow_memory(mode_options: dict[str, Any]) -> None:
    program = """
si.init(SERVERS["silent"](), traces_sample_rate=1.0, default_integrations=False, **options)

def used():
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

def work(times):
    for number in range(times):
        si.capture_message("x" * 1000, tags={"n": number}, attachments=[b"y" * 1000])
        with si.start_transaction(name="root", data={"z": "z" * 1000}), si.start_transaction(op="child"):
            pass
        first = si.start_transaction(name="first")
        second = si.start_transaction(name=f"second {number}")
        si.finish_transaction(first)
        si.finish_transaction(second)

work(300)
before = used()
work(600)
grown = used() - before
assert grown < 4_000_000, grown
"""
    run(program, mode_options)


def test_the_garbage_collector_may_finish_spans_amid_anything(mode_options: dict[str, Any]) -> None:
    program = """
import contextvars
from sentry_sdk.transport import Transport

class Counting(Transport):
    names = []
    complete = threading.Event()
    def capture_envelope(self, envelope):
        for item in envelope.items:
            sent = json.loads(item.payload.get_bytes())
            for span in sent.get("items", [sent]):
                self.names += [one.get("name") or one.get("transaction") or one["description"]
                    for one in [span, *span.get("spans", ())]]
        if len(self.names) >= 800:
            self.complete.set()

def forget(**given):
    cycle = [si.start_transaction(**given)]
    cycle.append(cycle)

options.update(default_integrations=False, transport=Counting())
si.init("http://key@localhost/1", traces_sample_rate=1.0, **options)
started = []
gc.freeze()
gc.set_threshold(3)
for number in range(200):
    contextvars.copy_context().run(forget, name=f"root {number}")
    with si.start_transaction(name=f"kept {number}"):
        forget(description=f"child {number}")
        with si.start_transaction(description=f"next {number}"):
            pass
    started += [f"{which} {number}" for which in ("root", "kept", "child", "next")]
gc.set_threshold(700)
gc.collect()
for _ in range(100):
    sentry_sdk.flush()
    # Some are finished in threads of their own, after which only a flush sends them.
    if Counting.complete.wait(0.02):
        break
assert sorted(Counting.names) == sorted(started), set(started).symmetric_difference(Counting.names)
assert sentry_sdk.get_current_scope()._span is None
"""
    run(program, mode_options)


def test_a_chain_of_overlapping_spans_does_not_grow_memory(mode_options: dict[str, Any]) -> None:
    program = """
si.init(SERVERS["closed"](), traces_sample_rate=1.0, default_integrations=False, **options)
import sentryintegration._nesting as nesting
previous = si.start_transaction(name="start")
for number in range(300):
    following = si.start_transaction(name=f"n {number}")
    si.finish_transaction(previous)
    previous = following
si.flush()
gc.collect()
nodes = [one for one in gc.get_objects() if type(one) is nesting.Node]
assert len(nodes) < 10, len(nodes)
for number in range(300):
    si.start_transaction(name=f"dropped {number}")
si.flush()
gc.collect()
nodes = [one for one in gc.get_objects() if type(one) is nesting.Node]
assert len(nodes) < 10, len(nodes)
"""
    run(program, mode_options)


def test_flush_says_that_something_is_unsent(mode_options: dict[str, Any]) -> None:
    program = """
si.init(SERVERS["silent"](), **options)
si.capture_message("text")
start = time.perf_counter()
print(si.flush(0.2), si.close(0.2))
assert time.perf_counter() - start < 2
"""
    assert run(program, mode_options) == "False False\n"


def test_a_replaced_client_leaves_no_thread(mode_options: dict[str, Any]) -> None:
    program = """
before = threading.active_count()
for _ in range(5):
    si.init(SERVERS["500"](), traces_sample_rate=1.0, enable_backpressure_handling=False, **options)
    every_call()
si.close()
for _ in range(500):
    ours = [one for one in threading.enumerate() if "entry" in one.name or "flush" in repr(one)]
    if not ours:
        break
    time.sleep(0.02)
assert not ours, ours
"""
    run(program, mode_options)


COLLECTOR = """
import gzip, zlib
received = []

def collect():
    server = socket.create_server(("127.0.0.1", 0))
    def talk(connection):
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        lines = [line.partition(b":") for line in head.split(b"\\r\\n")[1:]]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        while len(body) < int(headers[b"content-length"]):
            body += connection.recv(65536)
        encoding = headers.get(b"content-encoding")
        if encoding == b"gzip":
            body = gzip.decompress(body)
        elif encoding == b"br":
            import brotli
            body = brotli.decompress(body)
        with open(sys.argv[2], "ab") as file:
            file.write(body + b"\\n")
        connection.sendall(response("200 OK"))
        connection.close()
    def run():
        while True:
            talk(server.accept()[0])
    threading.Thread(target=run, daemon=True).start()
    return f"http://key@127.0.0.1:{server.getsockname()[1]}/1"
"""


def spans_in(path: Any) -> list[str]:
    """Return the ops that were sent, roots as well."""
    found = []
    for line in filter(None, path.read_text(encoding="utf-8").splitlines()):
        content = json.loads(line)
        if content.get("type") == "transaction" and "contexts" in content:
            found.append(content["contexts"]["trace"]["op"])
            found += [one["op"] for one in content["spans"]]
        found += [one["attributes"]["sentry.op"]["value"] for one in content.get("items", [])]
    return sorted(found)


def test_the_exit_of_the_interpreter_sends_what_is_open(mode_options: dict[str, Any], tmp_path: Any) -> None:
    program = """
si.init(collect(), traces_sample_rate=1.0, **options)
t = si.start_transaction(name="open", op="root")
child = si.start_transaction(op="child")
"""
    run(COLLECTOR + program, mode_options, str(tmp_path / "sent"))

    assert spans_in(tmp_path / "sent") == ["child", "root"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_only_the_process_that_started_a_transaction_sends_it(
    mode_options: dict[str, Any], tmp_path: Any
) -> None:
    program = """
import os
si.init(collect(), traces_sample_rate=1.0, **options)
t = si.start_transaction(name="parent", op="parent")
child = si.start_transaction(op="child")
pid = os.fork()
if pid == 0:
    with si.start_transaction(op="forked"):
        pass
    si.finish_transaction(child)
    si.finish_transaction(t)
    assert si.close(5)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
si.finish_transaction(child)
si.finish_transaction(t)
assert si.close(5)
"""
    run(COLLECTOR + program, mode_options, str(tmp_path / "sent"))

    assert spans_in(tmp_path / "sent") == ["child", "forked", "parent"]
