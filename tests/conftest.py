"""No test leaves anything behind that another one could find."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.forked_pytest import ForkedPytest, RunPytest
from tests.lean.sitecustomize import Hidden

LEAN = str(Path(__file__).parent / "lean")
FRAMEWORKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("django", "flask", "gevent", "httpcore", "loguru", "opentelemetry", "redis"), ()),
    "fastapi": ("starlette", "pydantic"),
    "httpx": ("httpcore",),
    "pydantic": ("pydantic_core",),
    "pydantic_core": (),
    "starlette": ("httpx",),
}
"""What `sentry_sdk.init` takes longest to import, each with those of the others that it needs."""

BEFORE = pytest.StashKey[dict[str, Any]]()


def pytest_configure() -> None:
    """Run as in a terminal, so that no test depends on who started it.

    Where `CI` or `BUILD_NUMBER` is set, pytest does not shorten its summary. nohup, and shells for what runs
    in the background, have some signals ignored. Where Python is told to write no bytecode, each process that
    a test starts would compile the plugin, and pytest's rewritten form of it, which takes up to two seconds.
    """
    # Hides nothing here, but saves `init` loading 40 integrations without their package: hundreds of times.
    sys.meta_path.insert(0, Hidden())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # Nor does what tests of failures make fail belong into the summary of a step of GitHub Actions.
    for name in ("CI", "BUILD_NUMBER", "GITHUB_STEP_SUMMARY"):
        os.environ.pop(name, None)
    for name in ("SIGINT", "SIGQUIT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse a mark that `make coverage`, which looks for its name in the files, would not find."""
    if item.get_closest_marker("uncounted") and not _names_uncounted(item.path):
        raise pytest.UsageError(
            f"{item.nodeid}: write pytest.mark.uncounted in this file, or no part would run it"
        )


@functools.cache
def _names_uncounted(path: Path) -> bool:
    return "mark.uncounted" in path.read_text(encoding="utf-8")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through thousands of collected tests, a tenth of a run's time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[BEFORE] = _process_wide()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test that leaves something behind, not the later one that finds it."""
    yield
    assert _process_wide() == item.stash[BEFORE]


def _process_wide() -> dict[str, Any]:
    """What every later test would have in its events and spans."""
    module: Any = sys.modules.get("sentry_sdk.scope")
    scope = module._global_scope if module is not None else None
    held = (module._current_scope.get(), module._isolation_scope.get()) if module is not None else ()
    facade: Any = sys.modules.get("sentryintegration._internals")
    parts = [each for each in vars(facade).values() if type(each) is facade.Part] if facade else []
    return {
        "environment": {name: os.environ[name] for name in os.environ if name.startswith("SENTRY")},
        "tags": dict(scope._tags) if scope is not None else {},
        "attributes": dict(getattr(scope, "_attributes", {})),
        "transactions": [each._transaction for each in held if each is not None and each._transaction],
        "client": scope.client if scope is not None and scope.client.is_active() else None,
        "off": [part.consequence for part in parts if vars(part).get("usable") is False],
    }


@pytest.fixture(scope="module", autouse=True)
def _lean_processes() -> Generator[None, None, None]:
    """Processes that tests start find no framework, unless the test asks for `frameworks`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIDDEN_PACKAGES", ",".join(FRAMEWORKS))
        patch.setenv("PYTHONPATH", LEAN, prepend=os.pathsep)
        yield


@pytest.fixture
def frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the processes that the test starts find the frameworks that are installed."""
    monkeypatch.delenv("HIDDEN_PACKAGES")


def find_frameworks_of(texts: Iterable[str], patch: pytest.MonkeyPatch) -> None:
    """Have the processes that the test starts find the frameworks that one of *texts* names."""
    found = [name for name in FRAMEWORKS if any(name in text for text in texts)]
    for name in found:
        found += FRAMEWORKS[name]
    hidden = os.environ.get("HIDDEN_PACKAGES", "").split(",")
    patch.setenv("HIDDEN_PACKAGES", ",".join(name for name in hidden if name not in found))
    patch.setenv("FOUND_PACKAGES", ",".join(found))


@pytest.fixture(scope="session")
def _forked_pytest() -> Generator[ForkedPytest, None, None]:
    forked = ForkedPytest()
    yield forked
    forked.close()


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, _forked_pytest: ForkedPytest) -> RunPytest:
    """Run a pytest with the given arguments in the folder of *pytester*, in a process of its own."""
    if not hasattr(os, "fork"):
        return pytester.runpytest_subprocess
    return functools.partial(_forked_pytest.run, pytester.path)
