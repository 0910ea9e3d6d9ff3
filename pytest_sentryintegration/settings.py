"""What a run or a test asks of the plugin: ini values and marker options, read and checked once."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

POLICIES = ("ignore", "warn", "fail")
TRANSPORTS = ("http", "memory")
SWITCH = ("on", "off")
SWITCH_WORDS = dict.fromkeys(("on", "true", "1", "yes"), True) | dict.fromkeys(
    ("off", "false", "0", "no"), False
)
"""What a switch may be set to."""
OWN_OPTIONS = ("transport", "unexpected", "invalid", "allow")
"""Options of the marker that are the plugin's own; the others are those of ``sentry_sdk.init``."""

PATTERN = "re:"
"""What an entry of `allow` begins with that is a pattern."""
FILE = "@"
"""What an entry of ``sentry_allow`` begins with that names a file of further ones."""
COMMENT = "#"
"""What a line of such a file begins with that is no entry."""
LIST = "list"
"""The value of `Settings.unexpected` under ``--sentry-allow-all``: nothing fails, all is written down."""


class SettingError(ValueError):
    """An ini value or marker option that does not exist, with the nearest one that does.

    >>> with capture(unexpectd="fail"):
    ...     pass
    Traceback (most recent call last):
    pytest_sentryintegration.settings.SettingError: ...
    """

    def __init__(self, what: str, value: object = None, valid: Collection[str] = ()) -> None:
        nearest = difflib.get_close_matches(str(value), valid, n=1, cutoff=0.4)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        choices = f" is not one of {', '.join(sorted(valid))}" if len(valid) <= 12 else " does not exist"
        super().__init__(f"{what} {value!r}{choices}{hint}" if valid else what)
        self.what = what
        self.value = value
        self.nearest = nearest[0] if nearest else None


# Not a dataclass: those are compiled when they are made, in each run of pytest that has the plugin.
class Settings(NamedTuple):
    """How the fake Sentry behaves and what makes a test fail.

    >>> Settings().changed({"unexpected": "fail"}).unexpected
    'fail'
    """

    timeout: float = 1.0
    """Seconds that a `find` waits for what other processes send."""
    quiet: float = 0.2
    """Seconds without anything new after which a trace counts as complete."""
    transport: str = "http"
    host: str = "127.0.0.1"
    """The address that the fake Sentry listens on."""
    port: int = 0
    """The port; 0 for a free one."""
    guard: bool = True
    dsn: bool = False
    """Whether ``SENTRY_DSN`` is set from the start of the run."""
    strict: bool = False
    unexpected: str = "ignore"
    invalid: str = "ignore"
    allow: tuple[Any, ...] = ()
    invalid_allow: tuple[str, ...] | None = None
    """Paths of findings that do not count; ``None`` for the default ones."""
    secrets: tuple[str, ...] = ()
    """What must never be sent: values, ``env:NAME`` or ``re:pattern``."""
    step_summary: bool = True
    """Whether a summary is written for GitHub Actions."""

    @property
    def has_policy(self) -> bool:
        """Whether anything that is sent can fail a test, or is to be written down."""
        return self.unexpected != "ignore" or self.invalid != "ignore" or bool(self.secrets)

    @property
    def of_any_outcome(self) -> Settings:
        """What holds for a test that did not pass, too: what is secret."""
        return self._replace(unexpected="ignore", invalid="ignore")

    def changed(self, options: Mapping[str, Any]) -> Settings:
        """Return the settings under a marker's own options; `allow` adds to what holds for all tests.

        Raises:
            SettingError: for a value that does not exist.
        """
        if not options:
            return self
        changes: dict[str, Any] = {}
        if "transport" in options:
            changes["transport"] = _one_of("marker option transport =", options["transport"], TRANSPORTS)
        for name in ("unexpected", "invalid"):
            if name in options:
                changes[name] = _one_of(f"marker option {name} =", options[name], POLICIES)
        if self.unexpected == LIST and changes.get("unexpected") != "ignore":
            changes["unexpected"] = LIST
        if "allow" in options:
            changes["allow"] = (*self.allow, *_marked_entries(options["allow"]))
        return self._replace(**changes)


def read_settings(getini: Callable[[str], Any], folder: Path, listing: Path | None = None) -> Settings:
    """Read the ini values, by pytest's ``config.getini``.

    Args:
        getini: returns the value of a name.
        folder: that of the ini file, which paths in it are relative to.
        listing: the file that ``--sentry-allow-all`` writes. It is not read: it is to hold all there is.

    Raises:
        SettingError: for a value that does not exist, naming the nearest.
    """
    invalid_allow = tuple(getini("sentry_invalid_allow"))
    unexpected = _one_of("sentry_unexpected =", getini("sentry_unexpected"), POLICIES)
    return Settings(
        timeout=_seconds("sentry_timeout =", getini("sentry_timeout"), "1"),
        quiet=_seconds("sentry_quiet =", getini("sentry_quiet"), "0.2"),
        transport=_one_of("sentry_transport =", getini("sentry_transport"), TRANSPORTS),
        host=host_name("sentry_host =", getini("sentry_host")),
        port=_port("sentry_port =", getini("sentry_port")),
        guard=_switch("sentry_guard =", getini("sentry_guard")),
        dsn=_switch("sentry_dsn =", getini("sentry_dsn")),
        strict=_switch("sentry_strict =", getini("sentry_strict")),
        unexpected=LIST if listing is not None else unexpected,
        invalid=_one_of("sentry_invalid =", getini("sentry_invalid"), POLICIES),
        allow=tuple(_ini_entries(getini("sentry_allow"), folder, listing)),
        invalid_allow=invalid_allow or None,
        secrets=tuple(getini("sentry_secrets")),
        step_summary=_switch("sentry_step_summary =", getini("sentry_step_summary")),
    )


INI_NAMES = tuple(f"sentry_{name}" for name in Settings._fields)
"""The names of the ini values."""


def reject_mistyped(name: str) -> None:
    """Raise for the *name* of an ini value that is none, where it is near to one of the plugin's.

    Raises:
        SettingError: naming that one. Any other name may be that of a plugin which is not loaded.
    """
    prefix, words = "sentry_", [each.removeprefix("sentry_") for each in INI_NAMES]
    nearest = difflib.get_close_matches(name.removeprefix(prefix), words, n=1, cutoff=0.66)
    if name.startswith(prefix) and nearest:
        raise SettingError(f"the ini value {name!r} does not exist; did you mean {prefix + nearest[0]!r}?")


def _seconds(what: str, value: str, example: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SettingError(f"{what} {value!r} is not a number of seconds, such as {example} or 0.5")
    return seconds


_HOST = r"[A-Za-z0-9_.-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"


def host_name(what: str, value: str) -> str:
    """Return *value*, a host name or an address.

    Raises:
        ValueError: for anything else, such as a URL, naming the nearest; *what* says whose value it is.

    >>> host_name("host =", "host.docker.internal")
    'host.docker.internal'
    """
    if re.fullmatch(_HOST, value):
        return value
    found = re.match(rf"\[?({_HOST})(?=[]:/]|\Z)", value.rpartition("//")[2].rpartition("@")[2])
    nearest = found[1] if found else "127.0.0.1"
    raise ValueError(f"{what} {value!r} is not a host name or an address; did you mean {nearest!r}?")


def _port(what: str, value: str) -> int:
    digits = re.sub("[^0-9]", "", value)[:6]
    if value == digits and int(digits) < 2**16:
        return int(digits)
    nearest = min(int(digits or 0), 2**16 - 1)
    raise ValueError(
        f"{what} {value!r} is not a port (1 to 65535, or 0 for a free one); did you mean {nearest}?"
    )


def split_marker(options: Mapping[str, Any], known: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a marker's options into the plugin's own and those of ``sentry_sdk.init``.

    Args:
        options: the keyword arguments of the marker.
        known: the options that the installed SDK knows.

    Raises:
        SettingError: for an option that neither knows, naming the nearest.
    """
    own: dict[str, Any] = {}
    sdk: dict[str, Any] = {}
    for name, value in options.items():
        # A transport class or instance is the SDK's, a word is the plugin's.
        if name in OWN_OPTIONS and not (name == "transport" and not isinstance(value, str)):
            own[name] = value
        elif name in known:
            sdk[name] = value
        else:
            raise SettingError("marker option", name, {*known, *OWN_OPTIONS})
    return own, sdk


def _one_of(what: str, value: Any, valid: Collection[str]) -> str:
    if not isinstance(value, str) or value not in valid:
        raise SettingError(what, value, valid)
    return value


def _switch(what: str, value: str) -> bool:
    if value.lower() not in SWITCH_WORDS:
        raise SettingError(what, value, SWITCH)
    return SWITCH_WORDS[value.lower()]


def _marked_entries(allow: Any) -> Iterator[Any]:
    what = "marker option allow"
    single = isinstance(allow, (str, type)) or not isinstance(allow, Iterable)
    for entry in (allow,) if single else allow:
        if isinstance(entry, str):
            yield _text_entry(what, entry)
        elif isinstance(entry, BaseException):
            raise SettingError(f"{what}: {entry!r} is an exception, not a class: use {type(entry).__name__}")
        elif isinstance(entry, type) and not issubclass(entry, BaseException):
            raise SettingError(f"{what}: {entry.__name__} is no class of exceptions")
        elif isinstance(entry, (bytes, int, float, type(None), list, tuple, dict, set)):
            raise SettingError(f"{what}: {entry!r} is not an exception class, a text or a pattern")
        else:
            yield entry


def _ini_entries(lines: Iterable[str], folder: Path, listing: Path | None) -> Iterator[Any]:
    for line in lines:
        if not line.startswith(FILE):
            yield _text_entry("sentry_allow", line)
        elif (folder / line[len(FILE) :].strip()).resolve() != listing:
            yield from _file_entries(line, folder / line[len(FILE) :].strip())


def _file_entries(line: str, path: Path) -> Iterator[Any]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = f"pytest --sentry-allow-all={shlex.quote(_from_here(path))} writes it"
        raise SettingError(f"sentry_allow = {line}: there is no file {path}; {hint}") from None
    except (OSError, ValueError) as error:
        raise SettingError(f"sentry_allow = {line}: {path} cannot be read: {error}") from None
    for number, text in enumerate(content.splitlines(), 1):
        entry = text.strip()
        if entry and not entry.startswith(COMMENT):
            yield _text_entry(f"{path}, line {number}", entry)


def _from_here(path: Path) -> str:
    """Return *path* as the command line takes it: relative to the working folder, not to the ini file."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive
        return str(path)


def _text_entry(what: str, text: str) -> str | re.Pattern[str]:
    is_pattern = text.startswith(PATTERN)
    content = text[len(PATTERN) :].strip() if is_pattern else text
    if not content.strip():
        raise SettingError(f"{what}: {text!r} would allow every event")
    if not is_pattern:
        return text
    try:
        return re.compile(content)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingError(f"{what}: {text!r} is not a regular expression: {error}") from None
