"""Imports prices, and logs with structlog over the standard library's logging, which the SDK listens to."""

from __future__ import annotations

import logging

import sentry_sdk
import structlog

log = structlog.stdlib.get_logger("import")


def start() -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("import").setLevel(logging.INFO)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    sentry_sdk.init(release="import@6")


def import_prices(lines: list[str]) -> dict[str, int]:
    prices = {}
    for line in lines:
        name, _, cents = line.partition("=")
        log.info("reading", product=name)
        try:
            prices[name] = int(cents)
        except ValueError:
            log.exception("no price", product=name)
    return prices
