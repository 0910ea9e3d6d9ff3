"""Why a request is not accepted, in the words and the shape in which Relay answers.

Any wire module may raise a `Refusal`; the ingest room answers with it.
"""

from __future__ import annotations

import json
from itertools import groupby

__all__ = ["Refusal"]


class Refusal(Exception):
    """A request that Sentry would not accept, with the answer that Sentry would give.

    Relay: ``relay-server/src/utils/api.rs`` (``ApiErrorResponse``) for the JSON shape; what its web framework
    refuses on its own (bodies too long, broken encodings) is plain text instead.

    >>> refusal = Refusal(400, "invalid event envelope", ("unexpected end of file",))
    >>> refusal.body()
    b'{"detail":"invalid event envelope","causes":["unexpected end of file"]}'
    >>> refusal.reason
    'invalid event envelope: unexpected end of file'
    """

    status: int
    """HTTP status of the answer."""

    detail: str
    """The first line of the answer; empty for answers without a body."""

    causes: tuple[str, ...]
    """What led to it, outermost first."""

    text: bool
    """Whether the answer is ``text/plain`` instead of JSON."""

    headers: dict[str, str]
    """Headers of the answer beside the usual ones, names in lower case."""

    note: str
    """The reason for people where `detail` is empty or says too little."""

    def __init__(
        self,
        status: int,
        detail: str,
        causes: tuple[str, ...] = (),
        *,
        text: bool = False,
        headers: dict[str, str] | None = None,
        note: str = "",
    ) -> None:
        super().__init__(status, detail, causes)
        self.status = status
        self.detail = detail
        self.causes = causes
        self.text = text
        self.headers = headers if headers is not None else {}
        self.note = note

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"

    @property
    def reason(self) -> str:
        """The refusal as one line for people: the detail, then its causes, then the note, each thing once."""
        said = self.detail
        for part in (*self.causes, self.note):
            if part and not said.endswith(part):
                said = f"{said}: {part}" if said else part
        return ": ".join(text for text, _ in groupby(said.split(": ")))

    @property
    def content_type(self) -> str | None:
        """The content type of `body`, or ``None`` when there is no body."""
        if not self.detail:
            return None
        return "text/plain; charset=utf-8" if self.text else "application/json"

    def body(self) -> bytes:
        """Return the bytes of the answer: JSON with ``detail`` and ``causes``, or the text, or nothing."""
        if self.text or not self.detail:
            return self.detail.encode()
        answer: dict[str, str | list[str]] = {"detail": self.detail}
        if self.causes:
            answer["causes"] = list(self.causes)
        return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
