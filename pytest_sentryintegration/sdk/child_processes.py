"""Processes that are started while a test runs: what wraps their starts, and notes them."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any, Final

from pytest_sentryintegration.sdk import ownership
from pytest_sentryintegration.sdk.notes import MOST, Started, notes_of, noticed_now
from pytest_sentryintegration.sdk.stacklevels import uncounted


def processes() -> list[Any]:
    """Return the processes of `multiprocessing` that were started, without importing it."""
    known = getattr(sys.modules.get("multiprocessing.process"), "_dangling", ())
    return [process for process in list(known) if process._popen is not None] if known else []


def _start(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``Popen.__init__``: it does not keep the environment with which it starts a process."""

    @uncounted
    @functools.wraps(original)
    def init(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        original(self, *args, **kwargs)
        # The process has been started: no error of the plugin may reach the application now.
        with contextlib.suppress(Exception):
            # Where something has wrapped this wrapper, it is wrapped again after `noticing.uninstall`.
            if _NOTE not in vars(self):
                environment = kwargs.get("env", args[10] if len(args) > 10 else None)
                vars(self)[_NOTE] = _note_start(self.args, environment, weakref.ref(self))

    return init


_NOTE: Final = "_sentryintegration"
"""The attribute in which a `Popen` has the note of its start."""


def _wait(original: Callable[..., int]) -> Callable[..., int]:
    """Wrap ``Popen.wait``: the exit code goes with the object, and `subprocess.run` keeps no object."""

    @uncounted
    @functools.wraps(original)
    def wait(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> int:
        __tracebackhide__ = True
        code = original(self, *args, **kwargs)
        note = vars(self).get(_NOTE)
        if note is not None:
            note.ended = code
        return code

    return wait


def _system(original: Callable[..., int]) -> Callable[..., int]:
    @uncounted
    @functools.wraps(original)
    def system(command: Any) -> int:
        status = original(command)
        with contextlib.suppress(Exception):
            if (note := _note_start(command, None)) is not None:
                note.ended = status if os.name == "nt" else os.waitstatus_to_exitcode(status)
        return status

    return system


def _posix_spawn(original: Callable[..., int]) -> Callable[..., int]:
    @uncounted
    @functools.wraps(original)
    def posix_spawn(path: Any, argv: Any, env: Any, *args: Any, **kwargs: Any) -> int:
        pid = original(path, argv, env, *args, **kwargs)
        with contextlib.suppress(Exception):
            # A `Popen` may use it, which is noted itself.
            if sys._getframe(1).f_globals.get("__name__") != "subprocess":
                _note_start([path, *list(argv)[1:]], env)
        return pid

    return posix_spawn


def of_multiprocessing() -> list[tuple[Any, str, Any]]:
    """Return what is wrapped of `multiprocessing`, where that is imported."""
    return [(getattr(sys.modules.get("multiprocessing.process"), "BaseProcess", None), "start", _spawn)]


def _spawn(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``Process.start``: a pool keeps no process once it is over."""

    @uncounted
    @functools.wraps(original)
    def start(self: Any) -> None:
        __tracebackhide__ = True
        original(self)
        with contextlib.suppress(Exception):
            noted = noticed_now()
            if noted is not None and start_method(self) != "fork" and len(noted.spawned) < MOST:
                noted.spawned.append((weakref.ref(self), self.name))

    return start


def start_method(process: Any) -> str:
    """Return how a process of `multiprocessing` is started; a plain ``Process`` as the program has it."""
    return str(process._start_method or sys.modules["multiprocessing"].get_start_method())


def _note_start(
    command: Any, environment: Any, popen: weakref.ref[subprocess.Popen[Any]] | None = None
) -> Started | None:
    owner = ownership.current()
    noted = notes_of(owner)
    if owner is None or noted is None or len(noted.started) >= MOST:
        return None
    variables = os.environ if environment is None else environment
    has_dsn = any(
        os.fsdecode(name) == "SENTRY_DSN" and f"/{owner.inbox}/" in os.fsdecode(value)
        for name, value in variables.items()
    )
    noted.started.append(Started(_command(command), has_dsn, popen))
    return noted.started[-1]


def _command(arguments: Any) -> str:
    if isinstance(arguments, str | bytes | os.PathLike):
        return os.fsdecode(arguments)
    first, *others = [os.fsdecode(each) for each in arguments] or [""]
    return " ".join([os.path.basename(first), *others])


STARTS: Final[tuple[tuple[Any, str, Any], ...]] = (
    (subprocess.Popen, "__init__", _start),
    (subprocess.Popen, "wait", _wait),
    (os, "system", _system),
    (os, "posix_spawn", _posix_spawn),
    (os, "posix_spawnp", _posix_spawn),
)
"""What is wrapped: owner, name, and what makes the wrapper. Some platforms lack some of them."""


def _forked() -> None:
    noted = noticed_now()
    if noted is not None:
        noted.forks += 1


if hasattr(os, "register_at_fork"):
    # Python cannot unregister it. Outside of tests it does nothing.
    os.register_at_fork(after_in_parent=_forked)
