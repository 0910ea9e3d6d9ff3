"""The options of a command: from its line, else from the environment, else their default."""

from __future__ import annotations

import argparse
import difflib
import math
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from pytest_sentryintegration.settings import SWITCH_WORDS

PREFIX: Final = "SENTRYINTEGRATION_"
"""What the variables of all options begin with."""


class WrongUse(Exception):
    """A command was called in a wrong way; the text says what is right."""


@dataclass(frozen=True)
class Option:
    """One option of a command.

    >>> Option("allow-host", "a name", metavar="NAME").variable
    'SENTRYINTEGRATION_ALLOW_HOST'
    """

    name: str
    """Without its dashes, as in ``allow-host``."""
    help: str
    metavar: str = ""
    """What its value is called; a switch has none."""
    read: Callable[[str], Any] = str
    """Makes a value of its text; raises `ValueError` with what would be right."""
    default: Any = None
    repeated: bool = False
    """Whether it may be given several times; its variable then holds a value a line."""
    short: str = ""
    """A letter for it, as in ``-o``."""

    @property
    def variable(self) -> str:
        """The environment variable that gives its value."""
        return PREFIX + self.destination.upper()

    @property
    def destination(self) -> str:
        """The attribute that holds its value."""
        return self.name.replace("-", "_")

    def value(self, given: Any) -> Any:
        """Return its value.

        Args:
            given: what the command line says: ``None``, ``True`` of a switch, a text or several.

        Raises:
            WrongUse: for a text that is no value of it.
        """
        source, texts = f"--{self.name}", given
        if given is None:
            source, text = self.variable, os.environ.get(self.variable, "")
            if not text.strip():
                return () if self.repeated else self.default if self.metavar else False
            texts = text.splitlines() if self.repeated else text
        if given is True:
            return True
        try:
            if self.repeated:
                # An empty line of a variable says nothing; an empty word is a mistake of a script.
                return tuple(self.read(text) for text in texts if given is not None or text.strip())
            return self.read(texts) if self.metavar else one_of(texts.lower(), SWITCH_WORDS, "on or off")
        except ValueError as error:
            raise WrongUse(f"{source}: {error}") from None


@dataclass(frozen=True)
class Command:
    """One command: what it is called with, and what it does."""

    name: str
    usage: str
    """What stands after its name."""
    description: str
    options: tuple[Option, ...]
    run: Callable[[argparse.Namespace], int]
    """Does it, and returns the exit code."""
    arguments: str = ""
    """The attribute that holds what stands on the line beside options."""
    runs_a_command: bool = False
    """Whether the arguments are all that comes after ``--``."""

    def parse(self, line: Sequence[str]) -> argparse.Namespace:
        """Return the values of all options and the arguments.

        Raises:
            WrongUse: for an unknown option, or a value that is none.
            SystemExit: after the help was printed.
        """
        parser = _Parser(
            prog=f"sentryintegration {self.name}",
            usage=f"sentryintegration {self.name} {self.usage}",
            description=self.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for option in self.options:
            _add(parser, option)
        after: list[str] = []
        own = list(line)
        if self.runs_a_command and "--" in own:
            after = own[own.index("--") + 1 :]
            own = own[: own.index("--")]
        elif self.arguments:
            parser.add_argument(self.arguments, nargs="*", help=argparse.SUPPRESS)
        values, rest = parser.parse_known_intermixed_args(own)
        if self.runs_a_command:
            rest += getattr(values, self.arguments, [])
            setattr(values, self.arguments, after)
        if rest:
            raise WrongUse(self._unknown(rest[0]))
        for option in self.options:
            setattr(values, option.destination, option.value(getattr(values, option.destination)))
        return values

    def _unknown(self, word: str) -> str:
        if word.startswith("-") and word != "-":
            names = [f"--{option.name}" for option in self.options]
            return f"there is no option {word.partition('=')[0]}{nearest(word.partition('=')[0], names)}"
        if self.runs_a_command:
            return f"write -- before the command to run: -- {word} ..."
        return f"nothing is to stand there, got {word!r}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongUse(message)


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    text = option.help.replace("%", "%%")
    if option.default is not None:
        text += (
            f" (default {option.default:g})"
            if isinstance(option.default, float)
            else f" (default {option.default})"
        )
    text += f" [{option.variable}{', one a line' if option.repeated else ''}]"
    names = [f"-{option.short}"] * bool(option.short) + [f"--{option.name}"]
    if not option.metavar:
        # None: it was not given, and the variable decides.
        parser.add_argument(*names, action="store_true", default=None, help=text)
    else:
        action = "append" if option.repeated else "store"
        parser.add_argument(*names, action=action, metavar=option.metavar, help=text)


def nearest(word: str, valid: Collection[str]) -> str:
    """Return ``; did you mean 'serve'?`` with the nearest of *valid*; ``""`` where none is near.

    >>> nearest("serv", ["serve", "show"])
    "; did you mean 'serve'?"
    """
    found = difflib.get_close_matches(word, valid, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""


def one_of(word: str, valid: Collection[str], what: str) -> Any:
    """Return *word*, or what it stands for in a mapping.

    Raises:
        ValueError: where it is none of *valid*, with the nearest.
    """
    if word not in valid:
        raise ValueError(f"expected {what}, got {word!r}{nearest(word, valid)}")
    return valid[word] if isinstance(valid, dict) else word


def seconds(text: str) -> float:
    """Return a number of seconds that one can wait.

    Raises:
        ValueError: for anything else.

    >>> seconds("0.5")
    0.5
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"expected a number of seconds, such as 10 or 0.5, got {text!r}")
    return value


def path(text: str) -> Path:
    """Return a path.

    Raises:
        ValueError: for an empty one, which would be the working folder.
    """
    if not text:
        raise ValueError("expected a path, got ''")
    return Path(text)


def whole_number(text: str, least: int, most: int = 10**9) -> int:
    """Return a whole number from *least* to *most*.

    Raises:
        ValueError: for anything else.

    >>> whole_number("8969", 0, 65535)
    8969
    """
    if not (text.isascii() and text.isdecimal() and least <= int(text[:12]) <= most):
        raise ValueError(f"expected a whole number from {least} to {most}, got {text!r}")
    return int(text)
