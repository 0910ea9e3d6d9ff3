"""Runs a pytest for each project in a fork of a process that has imported already what most of them import.

The suite has hundreds of such projects, and two thirds of the time of one were imports. As a program this is
that process: it reads a line a run, as JSON, and answers with the id and then the exit status of the fork.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Protocol

import pytest
from _pytest.config import default_plugins

PRELOADED = (
    *("sentry_sdk", "sentry_sdk.integrations.argv", "sentry_sdk.integrations.atexit"),
    *("sentry_sdk.integrations.dedupe", "sentry_sdk.integrations.excepthook"),
    *("sentry_sdk.integrations.logging", "sentry_sdk.integrations.modules"),
    *("sentry_sdk.integrations.stdlib", "sentry_sdk.integrations.threading", "sentry_sdk.spotlight"),
    *("pytest_sentryintegration.capturing.capture", "pytest_sentryintegration.capturing.sharing"),
    *("pytest_sentryintegration.sdk.isolation", "pytest_sentryintegration.words.explaining"),
    *(f"pytest_sentryintegration.hooks.{name}" for name in ("policies", "reports", "sessions")),
    *("encodings.idna", "execnet.gateway_io", "execnet.multi", "xdist.remote", "xdist.workermanage"),
    # The ones above import these too, but some of them only after the SDK.
    *("asyncio", "brotli", "certifi", "concurrent.futures.thread", "gzip", "multiprocessing.util"),
    *("urllib3.poolmanager", "pytest_sentryintegration.inbox.events"),
    *("pytest_sentryintegration.inbox.reader", "pytest_sentryintegration.sdk.posting"),
    *("pytest_sentryintegration.server.fake_sentry", "pytest_sentryintegration.words.summary"),
)
"""What the projects import, with all that these import."""


class OutOfReach(BaseException):
    """Not an `ImportError`: a module that can do without another one would be kept as it is without it."""


class Without(MetaPathFinder):
    """Lets no module be imported that imports one of some packages."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._packages = frozenset(packages)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname.partition(".")[0] in self._packages:
            raise OutOfReach(fullname)


class Kept(MetaPathFinder, Loader):
    """Imports modules beforehand, and hands out each once, when it is imported, with all that it imports.

    Until then they are not in `sys.modules`: for the plugin, and for a test that looks, all is as ever.
    """

    def __init__(self, names: Sequence[str], without: Sequence[str] = ()) -> None:
        needs: dict[str, set[str]] = {}
        before = set(sys.modules)
        original = builtins.__import__

        def import_and_note(
            name: str, names: Any = None, _: Any = None, wanted: Sequence[str] | None = (), level: int = 0
        ) -> ModuleType:
            module = original(name, names, _, wanted or (), level)
            importer = (names or {}).get("__name__", "")
            full = importlib.util.resolve_name("." * level + name, names["__package__"]) if level else name
            needs.setdefault(importer, set()).update([full, *(f"{full}.{each}" for each in wanted or ())])
            return module

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(builtins, "__import__", import_and_note)
            patch.setattr(sys, "meta_path", [Without(without), *sys.meta_path])
            for name in names:
                with contextlib.suppress(ImportError, OutOfReach):  # of another sentry_sdk, or of one
                    importlib.import_module(name)
        self._modules = {name: sys.modules.pop(name) for name in set(sys.modules) - before}
        self._specs = {name: module.__spec__ for name, module in self._modules.items()}
        self._needs = {name: self._kept(needs.get(name, ())) for name in self._modules}

    def _kept(self, names: Iterable[str]) -> set[str]:
        """Return those of *names*, and of the packages around them, that are kept."""
        found = set()
        for name in names:
            while name:
                if name in self._modules:
                    found.add(name)
                name = name.rpartition(".")[0]
        return found

    @property
    def origin(self) -> str | None:
        """The file of the sentry_sdk that is kept, if one is."""
        spec = self._specs.get("sentry_sdk")
        return spec.origin if spec is not None else None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        return ModuleSpec(fullname, self, is_package=hasattr(self._modules[fullname], "__path__"))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        module.__spec__ = self._specs[name]
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each in self._modules:
                sys.modules.setdefault(each, self._modules.pop(each))
                waiting += self._needs[each]


class RunPytest(Protocol):
    """Runs a pytest with these arguments, in a process and a folder of its own."""

    def __call__(self, *args: str) -> pytest.RunResult: ...


class ForkedPytest:
    """Starts the process at the first run, and ends it by closing its pipe.

    It has not imported the packages *without*, nor what imports them: for a project that has its own.
    """

    def __init__(self, *without: str) -> None:
        self._without = without
        self._process: subprocess.Popen[str] | None = None

    def run(self, folder: Path, *args: str) -> pytest.RunResult:
        """Run ``python -m pytest`` with *args* in *folder*, with the environment of this moment."""
        if self._process is None:
            self._process = self._started()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        outputs = folder / "stdout", folder / "stderr"
        temporary = tempfile.mkdtemp(prefix="runpytest-", dir=folder)
        asked = {
            "args": [f"--basetemp={temporary}", *args],
            "folder": str(folder),
            "environment": dict(os.environ),
            "outputs": [str(path) for path in outputs],
        }
        began = time.perf_counter()
        process.stdin.write(f"{json.dumps(asked)}\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        try:
            status = int(process.stdout.readline())
        except BaseException:  # such as the time-out of the test
            os.kill(pid, signal.SIGKILL)
            self.close()
            raise
        took = time.perf_counter() - began
        out, err = (path.read_text("utf8") for path in outputs)
        sys.stdout.write(out)
        sys.stderr.write(err)
        return pytest.RunResult(status, out.splitlines(), err.splitlines(), took)

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__, *self._without],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": ""},
        )

    def close(self) -> None:
        """End the process; the next run starts another one."""
        process, self._process = self._process, None
        if process is not None:
            with process:
                assert process.stdin is not None
                process.stdin.close()


def _next_run() -> dict[str, Any]:
    """Return, in a forked process, what it is to run. The process itself serves until its pipe is closed."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return dict(json.loads(line))
        os.write(1, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(status))
    sys.exit()


def _become(asked: dict[str, Any], kept: Kept, paths: list[str]) -> None:
    """Have this process be as if it had been started for the run."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    inherited = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    os.environ["PYTHONPATH"] = os.pathsep.join([asked["folder"], *inherited])
    sys.path[:] = [asked["folder"], *inherited, *paths]
    sys.path_importer_cache.clear()
    for number, (path, flags) in enumerate(
        [
            (os.devnull, os.O_RDONLY),
            *((path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in asked["outputs"]),
        ]
    ):
        stream = os.open(path, flags, 0o600)
        os.dup2(stream, number)
        os.close(stream)
    sys.modules.pop("sitecustomize", None)
    spec = PathFinder.find_spec("sentry_sdk", sys.path)
    if kept.origin is None or (spec is not None and spec.origin == kept.origin):  # and not a project's own
        sys.meta_path.insert(0, kept)
    if any(Path(path, "sitecustomize.py").exists() for path in inherited):
        importlib.import_module("sitecustomize")


class Worker:
    """A worker of pytest-xdist, forked before pytest begins: otherwise execnet starts it as ``python -c``."""

    stdin: BinaryIO
    stdout: BinaryIO

    def __init__(self, others: Iterable[Worker]) -> None:
        (stdin, there), (here, stdout) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            for worker in others:  # which wait for the end of their input
                worker.stdin.close()
            for descriptor in (stdin, there, here, stdout):
                os.close(descriptor)
            sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
            program = sys.stdin.readline()
            if program:  # else pytest has ended without starting its workers
                exec(eval(program), {"__name__": "__main__"})
            _exit(0)
        os.close(stdin)
        os.close(stdout)
        self.stdin, self.stdout = os.fdopen(there, "wb"), os.fdopen(here, "rb")

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _fork_workers(number: int) -> None:
    """Fork so many workers for execnet; it starts one that replaces a crashed one as a program."""
    workers: list[Worker] = []
    for _ in range(number):
        workers.append(Worker(workers))
    io: Any = importlib.import_module("execnet.gateway_io")

    class Connection(io.Popen2IOMaster):  # type: ignore[misc]
        def __init__(self, args: Sequence[str], execmodel: Any) -> None:
            if not workers:
                super().__init__(args, execmodel)
                return
            self.popen = worker = workers.pop(0)
            io.Popen2IO.__init__(self, worker.stdin, worker.stdout, execmodel=execmodel)

    io.Popen2IOMaster = Connection


def _exit(status: Any) -> None:
    """End as the interpreter does, but do not take modules apart: that is a fifth of a short run."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for the threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    kept = Kept(PRELOADED, sys.argv[1:])
    gc.freeze()
    asked = _next_run()
    _become(asked, kept, sys.path[1:])
    sys.argv = ["pytest", *asked["args"]]
    workers = sum(int(arg[2:]) for arg in asked["args"] if re.fullmatch("-n[0-9]+", arg))
    if workers:
        _fork_workers(workers)
    try:
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _exit(end.code)
