"""``report``: one page that shows what is in dumps."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from pytest_sentryintegration.cli import DONE
from pytest_sentryintegration.cli.options import Command, Option, WrongUse, path
from pytest_sentryintegration.report.building import TITLE, build


def _report(options: Namespace) -> int:
    if not options.folders:
        raise WrongUse(
            "which dumps are to be shown? DIR, as pytest --sentry-dump DIR or run --dump DIR wrote it"
        )
    if options.output is None:
        raise WrongUse("where is the report to be written? -o FILE, such as -o report.html")
    folders = [Path(name) for name in options.folders]
    for folder in folders:
        if not folder.is_dir():
            raise WrongUse(f"there is no folder {folder}")
    page, lacking = build(folders, options.title)
    for sentence in lacking:
        sys.stderr.write(f"{sentence}\n")
    try:
        options.output.write_bytes(page)
    except OSError as error:
        raise WrongUse(f"{options.output} cannot be written: {error.strerror}") from None
    sys.stderr.write(f"report written to {options.output}\n")
    return DONE


REPORT = Command(
    "report",
    "DIR... -o FILE [--title TEXT]",
    "Writes one HTML file with the tests of all dumps, failed ones first, and what\n"
    "each sent. It opens from a disk, without a network. DIR is what pytest\n"
    "--sentry-dump DIR or run --dump DIR wrote, of one run or of shards, or a folder\n"
    "of such folders. The same dumps give the same bytes, in whatever order they are\n"
    "named. What cannot be read is told on stderr and in the report.",
    (
        Option("output", "the file to write", metavar="FILE", read=path, short="o"),
        Option("title", "what it is called", metavar="TEXT", default=TITLE),
    ),
    _report,
    arguments="folders",
)
