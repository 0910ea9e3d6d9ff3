"""The options and ini values of the plugin."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options and ini values."""
    group = parser.getgroup("sentry", "fake Sentry (sentryintegration)")
    group.addoption(
        "--sentry-dump",
        metavar="DIR",
        help="write what each test sent as .envelope files into DIR, and a manifest of the tests",
    )
    group.addoption(
        "--sentry-report",
        metavar="FILE",
        help="write one HTML file with all tests, failed ones first, and what each sent",
    )
    group.addoption(
        "--sentry-allow-all",
        metavar="FILE",
        help="fail no test for what sentry_unexpected counts, and write all of it into FILE, as lines that"
        " sentry_allow = @FILE reads; lines that are in it stay",
    )
    parser.addini(
        "sentry_timeout",
        "seconds that find and wait wait for threads and other processes (default 1)",
        default="1",
    )
    parser.addini(
        "sentry_quiet",
        "seconds without anything new after which a trace is complete (default 0.2)",
        default="0.2",
    )
    parser.addini(
        "sentry_transport", "http (default), or memory: no socket, this process alone", default="http"
    )
    parser.addini(
        "sentry_host",
        "the address that the fake Sentry listens on (default 127.0.0.1; 0.0.0.0: reachable from containers)",
        default="127.0.0.1",
    )
    parser.addini(
        "sentry_port", "the port that the fake Sentry listens on (default 0: a free one)", default="0"
    )
    parser.addini(
        "sentry_guard", "on (default): no SDK client of this process reaches the real Sentry", default="on"
    )
    parser.addini(
        "sentry_dsn",
        "off (default), or on: SENTRY_DSN is set from the start of the run, before conftests and Django's"
        " settings are loaded",
        default="off",
    )
    parser.addini(
        "sentry_strict",
        "off (default), or on: refuse toy keys and missing authentication, as Sentry does",
        default="off",
    )
    parser.addini(
        "sentry_unexpected",
        "ignore (default), warn or fail: an event of level error or above that the test never looked at",
        default="ignore",
    )
    parser.addini(
        "sentry_allow",
        "what sentry_unexpected does not count, a line each: name of an exception class (and of its"
        " subclasses), text, re:pattern, or @FILE with such lines, relative to this file",
        type="linelist",
    )
    parser.addini(
        "sentry_invalid",
        "ignore (default), warn or fail: anything that real Sentry would refuse, drop or trim",
        default="ignore",
    )
    parser.addini(
        "sentry_invalid_allow",
        "paths that sentry_invalid does not count, a line each, in place of the default ones (variables and"
        " surrounding lines of stack frames); * is one part of a path, ** any number",
        type="linelist",
    )
    parser.addini(
        "sentry_step_summary",
        "on (default): in GitHub Actions the step's summary shows failed tests with what they sent",
        default="on",
    )
    parser.addini(
        "sentry_secrets",
        "what must never be sent, in no encoding, a line each: a value, env:NAME or re:pattern",
        type="linelist",
    )
