"""All commands, in the order in which the help lists them."""

from __future__ import annotations

from typing import Final

from pytest_sentryintegration.cli.options import Command
from pytest_sentryintegration.cli.run import RUN
from pytest_sentryintegration.cli.serve import SERVE
from pytest_sentryintegration.cli.show import SHOW
from pytest_sentryintegration.cli.wait import WAIT

COMMANDS: Final[tuple[Command, ...]] = (SERVE, RUN, WAIT, SHOW)
