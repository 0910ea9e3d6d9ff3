"""The file of a report: the viewer's page with the data in it, which opens from a disk without a network."""

from __future__ import annotations

import base64
import gzip
import html
import re
from collections.abc import Sequence
from typing import Final

from pytest_sentryintegration.web.page import PAGE, policy_of

__all__ = ["packed", "report_page"]

_NOTHING_ELSE: Final = "img-src data:; form-action 'none'"
"""No request leaves a report: there is no source that it may connect to."""


def packed(data: bytes) -> bytes:
    """Return *data* as text that the page unpacks: the same for the same data, at whatever time."""
    return base64.b64encode(gzip.compress(data, 6, mtime=0))


def report_page(title: str, head: bytes, blocks: Sequence[bytes]) -> bytes:
    """Return the page.

    Args:
        title: What the browser calls it.
        head: The list of tests, `packed`.
        blocks: What is read when it is looked at, each `packed`.
    """
    page = PAGE.read_bytes()
    policy = policy_of(page, _NOTHING_ELSE)
    # Before everything that it is to hold for. Elements of this type are data: no browser runs them.
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'.encode()
    data = [(b"head", head), *((b"block-%d" % number, block) for number, block in enumerate(blocks))]
    elements = b"".join(
        b'<script type="text/plain" id="report-%b">%b</script>\n' % (name, text) for name, text in data
    )
    begin, charset, rest = page.partition(b'<meta charset="utf-8">')
    heading = b"<title>%b</title>" % html.escape(title).encode("utf-8", "replace")
    rest = re.sub(rb"<title>.*?</title>", lambda _: heading, rest, count=1)
    noscript = b"<noscript>This page needs JavaScript.</noscript>\n"
    rest = re.sub(rb"<noscript>.*?</noscript>\n", lambda _: noscript + elements, rest, count=1)
    return begin + charset + b"\n" + meta + rest
