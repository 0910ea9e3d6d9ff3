"""What real Sentry would do with what came, why nothing came, and the snapshot of it all."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from pytest_sentryintegration.inbox.queries import whole_number
from pytest_sentryintegration.ingest.request import Reply
from pytest_sentryintegration.model.snapshots import inbox_snapshot
from pytest_sentryintegration.verdict.relay import available
from pytest_sentryintegration.web.asking import PART, Asked, json_reply
from pytest_sentryintegration.web.reading import Kept
from pytest_sentryintegration.words.explaining import reasons
from pytest_sentryintegration.words.policies import objections_to

__all__ = ["Findings", "judged"]


class Findings:
    """Answers with what is known about what came."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def findings(self, asked: Asked) -> Reply:
        """Answer with what real Sentry would refuse, drop or trim, worst first."""
        given = asked.parameters(PART | {"until"})
        part = asked.part(self._kept, given)
        if "until" in given:
            part = replace(part, until=whole_number("until", given["until"], least=0))
        cursor = part.cursor
        contents = part.contents()
        contents.update()
        return json_reply(200, {**judged(contents), "cursor": cursor})

    def explain(self, asked: Asked) -> Reply:
        """Answer with why nothing (more) came, the likeliest reason first."""
        part = asked.part(self._kept, asked.parameters(PART))
        contents = part.contents()
        contents.update()
        said = reasons(part.evidence(), contents)
        return json_reply(200, {"text": f"{part}{chr(10).join(said)}", "reasons": said})

    def snapshot(self, asked: Asked) -> Reply:
        """Answer with what came as data that is equal on every run and machine."""
        part = asked.part(self._kept, asked.parameters(PART))
        contents = part.contents()
        contents.update()
        return json_reply(200, inbox_snapshot(contents))


def judged(contents: Any) -> dict[str, Any]:
    """Return what real Sentry would refuse, drop or trim of *contents*, worst first."""
    found = [asdict(objection) for objection in objections_to(contents)]
    # Without the extra "relay", payloads of events and transactions are not judged.
    return {"count": len(found), "items": found, "payloads_judged": available()}
