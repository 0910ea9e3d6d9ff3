"""``wait``: until a running fake Sentry has been sent something."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, urlencode

from pytest_sentryintegration.cli import DONE, NOT_THERE
from pytest_sentryintegration.cli.asking import (
    PAUSE,
    PORT,
    QUESTIONS,
    SERVER,
    TOKEN,
    Answer,
    Api,
    UnreachableError,
)
from pytest_sentryintegration.cli.options import Command, Option, WrongUse, seconds, whole_number
from pytest_sentryintegration.inbox.queries import QuestionError, parse_question
from pytest_sentryintegration.inbox.queries import whole_number as number_of

_EXAMPLE: Final = "errors?exception=ValueError"
_PARAMETERS: Final = ("count", "inbox", "project", "after")
LONGEST: Final = 600.0
"""Seconds that one request waits: the server allows no more."""


def _wait(options: Namespace) -> int:
    api = Api(options.server, options.token)
    path = None if options.ready and not options.question else _path(options.question, options.count)
    try:
        if path is None:
            api.until_ready(options.timeout)
            return DONE
        answer = _answer(api, path, options.timeout)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\nWaited for {options.timeout:g} s.\n")
        return NOT_THERE
    if answer.status == 408:
        sys.stderr.write(f"{answer.value['text']}\n")
        return NOT_THERE
    for item in answer.value["items"]:
        sys.stdout.write(f"{json.dumps(item, ensure_ascii=False)}\n")
    return DONE


def _path(words: Sequence[str], count: int | None) -> str:
    if len(words) != 1:
        raise WrongUse(
            "what is to be waited for: one NOUN?QUERY, such as 'errors?exception=ValueError', or --ready"
        )
    try:
        # Here, too: what is wrong is told at once, whether the server is there or not.
        asked = parse_question(words[0], _PARAMETERS)
        number_of("after", asked.parameters.get("after", "0"), least=0)
    except QuestionError as error:
        raise WrongUse(str(error)) from None
    pairs = parse_qsl(words[0].partition("?")[2], keep_blank_values=True)
    if "count" not in asked.parameters:
        pairs.append(("count", str(count or 1)))
    elif count is not None:
        raise WrongUse(f"how many are to come is said twice: --count {count}, and {words[0]!r}")
    return f"/api/captured/{asked.noun}?{urlencode(pairs)}"


def _answer(api: Api, path: str, timeout: float) -> Answer:
    """Ask until there is enough or the time is over, in as many requests as that takes."""
    deadline = time.monotonic() + timeout
    left = timeout
    while True:
        part = min(left, LONGEST)
        try:
            answer = api.ask(f"{path}&wait={part:g}", wait=part)
            if answer.status != 408 or timeout <= LONGEST:
                return answer
        except UnreachableError:
            api.until_ready(max(deadline - time.monotonic(), 0))
            time.sleep(PAUSE)  # what is ready may all the same not be able to answer this
        left = round(deadline - time.monotonic(), 3)
        if left <= 0:
            # It says how long a request waited, and that was not all.
            return api.ask(f"{path}&wait=0")


WAIT: Final = Command(
    "wait",
    "[options] NOUN?QUERY | --ready",
    "Returns when what NOUN?QUERY asks for has come, and prints it as JSON, a line\n"
    f"each. Exit code 1, with the nearest misses, where it has not come in time.\n\n{QUESTIONS}",
    (
        Option(
            "count",
            "how many are to come; 1 where nothing says so",
            metavar="N",
            read=partial(whole_number, least=1),
        ),
        Option("timeout", "how long to wait", metavar="SECONDS", read=seconds, default=10.0),
        Option("ready", "return when the server answers"),
        replace(SERVER, default=f"http://127.0.0.1:{PORT}"),
        TOKEN,
    ),
    _wait,
    arguments="question",
)
