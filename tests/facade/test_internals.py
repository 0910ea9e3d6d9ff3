"""The facade with a ``sentry_sdk`` in which one internal has another name, and the list of what it needs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk

import sentryintegration
from pytest_sentryintegration import SentryEvents
from sentryintegration import _internals as internals
from sentryintegration import _streaming, start_transaction
from tests.facade.conftest import MAJOR, STREAM
from tests.renamed_sdk import renamed

SDK = Path(sentry_sdk.__file__).parent
FACADE = Path(sentryintegration.__file__).parent
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
PARTS = [part for part in vars(internals).values() if isinstance(part, internals.Part)]

# Forked for each name: importing what the SDK imports (Django, if it is there) takes most of the time.
DRIVER = """
import json, os, sys
import sentry_sdk.spotlight, sentryintegration
for module in list(sys.modules):
    if module.partition(".")[0] in ("sentry_sdk", "sentryintegration"):
        del sys.modules[module]
for place in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        sys.path.insert(0, place)
        os.dup2(os.open(f"{place}/stderr", os.O_WRONLY | os.O_CREAT), 2)
        os.dup2(os.open(f"{place}/stdout", os.O_WRONLY | os.O_CREAT), 1)
        break
    os.waitpid(child, 0)
else:
    sys.exit()
"""

PROGRAM = """
import logging, threading
import sentry_sdk
import sentryintegration as si

records, sent, flushed = [], {}, []

class Keep(logging.Handler):
    def emit(self, record):
        records.append(record.getMessage() + " TRACEBACK" * bool(record.exc_info))

class Kept(sentry_sdk.transport.HttpTransport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            content = json.loads(item.payload.get_bytes()) if item.type != "attachment" else {}
            for one in content.get("items", [content]) if item.type != "client_report" else []:
                sent[item.type] = sent.get(item.type, 0) + 1 + len(one.get("spans", []))

def work():
    si.set_tag("release", "shop@1.2")
    si.set_tag("region", "eu")
    si.capture_message("said", "warn", tags={"a": 1}, attachments=["x"])
    try:
        raise KeyError("lost")
    except KeyError as error:
        si.capture_exception(error, level="fatal", tags={"a": 1})
        si.capture_exception([ValueError(), error])
    with si.start_transaction(name="root", op="task", tags={"a": 1}, data={"b": 1}) as t:
        with si.start_transaction(op="child"):
            si.trace_headers()
        late = si.start_transaction(op="late")
        thread = threading.Thread(target=si.finish_transaction, args=(late,))
    thread.start()
    thread.join()
    with si.set_task_transaction(t), si.start_transaction(op="after"):
        pass
    with si.start_transaction(name="not sampled", headers={"sentry-trace": f"{'a' * 32}-{'b' * 16}-0"}):
        with si.start_transaction(op="child"):
            pass
    with si.start_transaction(name="suppressed", trace_id=None):
        si.trace_headers()
    with si.start_transaction(name="continued", headers=t.headers()):
        pass

logging.getLogger("sentryintegration").addHandler(Keep())
options = {"default_integrations": False, "transport": Kept, "attach_stacktrace": True, "release": "1"}
for _ in range(2):
    si.init("http://key@127.0.0.1:9/1", traces_sample_rate=1.0, **options, **json.loads(sys.argv[1]))
    work()
    flushed.append(si.flush())
si.close()
records = [record for record in records if not record.startswith("init was called again")]
print(json.dumps([sent, flushed, records]))
"""


def outcomes(paths: Iterable[str], folder: Path, mode_options: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent, answered and logged without each of *paths*."""
    places = {path: renamed(path.rpartition(".")[2], folder / path) for path in paths}
    subprocess.run(
        [sys.executable, "-c", DRIVER + PROGRAM, json.dumps(mode_options), *map(str, places.values())],
        env={key: value for key, value in os.environ.items() if not key.startswith("SENTRY")},
        check=True,
        timeout=100,
    )
    assert {path: (place / "stderr").read_text() for path, place in places.items()} == dict.fromkeys(
        places, ""
    )
    return {path: json.loads((place / "stdout").read_text()) for path, place in places.items()}


@pytest.fixture
def tracing(mode_options: dict[str, Any]) -> internals.Part:
    """What tracing needs of the installed SDK."""
    if MAJOR == 3:
        return internals.V3
    return internals.STREAM if mode_options else internals.STATIC


@pytest.fixture
def everything(mode_options: dict[str, Any]) -> dict[str, int]:
    """What is sent where nothing is missing."""
    spans = {"span": 10} if MAJOR == 3 or mode_options else {"transaction": 10}
    return {"event": 6, "attachment": 2, **spans}


def lacks(part: internals.Part, *paths: str) -> list[str]:
    return [f"{part.consequence}: sentry-sdk {sentry_sdk.VERSION} lacks {', '.join(paths)}"]


@needs_fork
@pytest.mark.parametrize("third", range(3))  # for pytest-xdist
def test_without_what_tracing_needs_it_is_off_with_one_record_and_events_go_on(
    tracing: internals.Part, tmp_path: Path, mode_options: dict[str, Any], third: int
) -> None:
    parts = [(path, part) for part in (internals.MARKS, tracing) for path in part.names]
    needed = dict(parts[third::3])

    assert outcomes(needed, tmp_path, mode_options) == {
        path: [{"event": 6, "attachment": 2}, [True, True], lacks(part, path)]
        for path, part in needed.items()
    }


@needs_fork
def test_without_what_one_thing_needs_everything_else_goes_on(
    everything: dict[str, int], tmp_path: Path, mode_options: dict[str, Any]
) -> None:
    without_attachments = {kind: count for kind, count in everything.items() if kind != "attachment"}
    expected: dict[str, Any] = {}
    for part, sent in [
        (internals.EXCEPTIONS, everything),
        (internals.STACKS, everything),
        (internals.ATTACHMENTS, without_attachments),
    ]:
        expected |= {path: [sent, [True, True], lacks(part, path)] for path in part.names}
    for path in internals.QUEUE.names:
        expected[path] = [everything, [False, False], lacks(internals.QUEUE, *internals.QUEUE.names)]

    assert outcomes(expected, tmp_path, mode_options) == expected


@pytest.mark.uncounted
@needs_fork
def test_without_what_is_optional_nothing_is_lost_and_nothing_is_said(
    everything: dict[str, int], tmp_path: Path, mode_options: dict[str, Any]
) -> None:
    assert outcomes(internals.OPTIONAL, tmp_path, mode_options) == {
        path: [everything, [True, True], []] for path in internals.OPTIONAL
    }


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def privates(tree: ast.AST) -> set[str]:
    """Return the private names that a module takes from objects that are not its own."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not is_self(node.value):
            found.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            argument = node.args[1]
            if node.func.id in ("getattr", "hasattr", "setattr") and isinstance(argument, ast.Constant):
                found.add(str(argument.value))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sentry_sdk"):
            found |= {part for name in node.names for part in f"{node.module}.{name.name}".split(".")}
    return {name for name in found if name.startswith("_") and not name.endswith("__")}


def own(tree: ast.AST) -> set[str]:
    """Return the private names that a module gives to attributes and methods of its own classes."""
    found: set[str] = set()
    for cls in ast.walk(tree):
        if isinstance(cls, ast.ClassDef):
            for node in ast.walk(cls):
                if isinstance(node, ast.FunctionDef):
                    found.add(node.name)
                elif (
                    isinstance(node, ast.Attribute)
                    and is_self(node.value)
                    and isinstance(node.ctx, ast.Store)
                ):
                    found.add(node.attr)
    return found


def test_the_list_holds_every_private_name_of_the_sdk_that_is_touched_and_no_other() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FACADE.glob("*.py")]
    listed = {path.rpartition(".")[2] for part in PARTS for path in part.names} | {
        path.rpartition(".")[2] for path in internals.OPTIONAL
    }
    ours = {"_replace", "_get_running_loop"} | set().union(
        *map(own, trees)
    ) - listed  # of NamedTuple and asyncio

    assert set().union(*map(privates, trees)) - ours == {name for name in listed if name.startswith("_")}


@pytest.mark.parametrize(
    "planted", ["scope._user = 1", "getattr(span, '_user', None)", "from sentry_sdk.utils import _user"]
)
def test_a_planted_private_is_seen(planted: str) -> None:
    assert privates(ast.parse(planted)) == {"_user"}


def content(span: Any) -> dict[str, Any]:
    """Return what a streamed span holds, but for its id, its times and its scope."""
    names = {name for cls in type(span).__mro__ for name in getattr(cls, "__slots__", ())}
    own_values = {"_span_id", "_scope", "_previous_span_on_scope"}
    return {name: getattr(span, name, None) for name in names - own_values if "_timestamp" not in name} | {
        "type": type(span)
    }


@pytest.mark.skipif(MAJOR != 2 or not STREAM, reason="the SDK starts all spans that are sent")
def test_a_streamed_child_holds_what_the_sdk_gives_one(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sentry_sdk.get_client().options, "ignore_spans", ["left out"])

    def children() -> list[Any]:
        with start_transaction(op="db.query", description="SELECT 1") as kept:
            pass
        with start_transaction(description="left out") as ignored, start_transaction(op="inner") as inner:
            pass
        return [handle._node.span for handle in (kept, ignored, inner) if handle._node is not None]

    with start_transaction(name="root"):
        quick = children()
        monkeypatch.setattr(_streaming.STREAM, "_child", None)
        slow = children()

    assert [content(span) for span in quick] == [content(span) for span in slow]
    assert [type(span).__name__ for span in quick] == ["StreamedSpan", "NoOpStreamedSpan", "StreamedSpan"]
    assert len(sentry_events.spans) == 5


def test_a_class_that_takes_other_keywords_is_not_called() -> None:
    assert internals.taking("scope.Scope", "ty") is sentry_sdk.Scope
    assert internals.taking("scope.Scope", "no_such_keyword") is internals.taking("scope.NoSuch", "") is None
