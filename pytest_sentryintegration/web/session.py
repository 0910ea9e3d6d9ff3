"""The form in which a person enters the token; a cookie keeps it for the browser."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from werkzeug.http import dump_cookie

from pytest_sentryintegration.inbox.queries import QuestionError
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.web.access import COOKIE, Access
from pytest_sentryintegration.web.asking import Asked, RefusedError, reply

__all__ = ["Session"]

_FORM: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>sentryintegration</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<form method="post" action="/api/session">
<label>Token, as the server printed it when it started: <input name="token" type="password" autofocus></label>
<button>Read</button>
</form>
"""
_WRONG: Final = b'<p role="alert">This is not the token.</p>\n'


class Session:
    """Gives a browser the token, as a cookie."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def form(self, asked: Asked) -> Reply:
        """Answer with the form."""
        self._access.check_place(asked.request)
        return _form(200, _FORM)

    def begin(self, asked: Asked) -> Reply:
        """Take the form, and answer with the cookie."""
        self._access.check_place(asked.request)
        token = self._access.token
        if not token:
            return reply(303, "text/plain; charset=utf-8", b"", location="/")
        try:
            given = parse_qs(asked.body.decode("utf-8", "replace"), max_num_fields=10).get("token", [""])[0]
        except ValueError:
            raise QuestionError("the body is to be the form with one field, token") from None
        try:
            self._access.check_token(given)
        except RefusedError as error:
            # A person who mistyped it gets the form again, and not an error for programs.
            if error.status != 401 or "text/html" not in asked.request.headers.get("accept", ""):
                raise
            return _form(401, _FORM + _WRONG)
        cookie = dump_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
        return reply(303, "text/plain; charset=utf-8", b"", location="/", set_cookie=cookie)


def _form(status: int, page: bytes) -> Reply:
    policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
    return reply(status, "text/html; charset=utf-8", page, content_security_policy=policy)
