"""The viewer: one page that shows what came, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.web.access import Access
from pytest_sentryintegration.web.asking import Asked, RefusedError, reply
from pytest_sentryintegration.web.session import Session

__all__ = ["PAGE", "Page", "policy_of"]

PAGE: Final = Path(__file__).parent / "static" / "viewer.html"
"""Built from `viewer/` in the repository."""
_LIVE: Final = "connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"


class Page:
    """Answers with the viewer."""

    def __init__(self, access: Access, session: Session) -> None:
        self._access = access
        self._session = session

    def show(self, asked: Asked) -> Reply:
        """Answer with the page, or with the form for the token where one is needed."""
        try:
            self._access.check(asked.request)
        except RefusedError as error:
            if error.status != 401:
                raise
            return self._session.form(asked)
        page, policy = _read()
        return reply(200, "text/html; charset=utf-8", page, content_security_policy=policy)


@lru_cache(maxsize=1)
def _read() -> tuple[bytes, str]:
    page = PAGE.read_bytes()
    return page, policy_of(page)


def policy_of(page: bytes, sources: str = _LIVE) -> str:
    """Return the Content-Security-Policy by which a page runs its own scripts and styles, and nothing else.

    Text that was captured cannot run, also where the page forgot to escape it: its hash is none of these.

    Args:
        page: The HTML.
        sources: What else it may do; by default what the viewer needs to ask its own server.
    """
    scripts = _hashes(rb"<script>(.*?)</script>", page)
    styles = _hashes(rb"<style>(.*?)</style>", page)
    return f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; {sources}"


def _hashes(pattern: bytes, page: bytes) -> str:
    found = re.findall(pattern, page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" for text in found)
