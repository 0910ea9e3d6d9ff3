"""Security reports: of their kinds Sentry keeps those of content security policies (CSP) alone.

Relay: relay-server/src/processing/errors/errors/{security,raw_security}.rs and
relay-event-schema/src/protocol/security_report.rs.
"""

from __future__ import annotations

from typing import Any

from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.events import judge_event
from pytest_sentryintegration.verdict.ruling import Ruling, dropped, kept
from pytest_sentryintegration.wire import strict_json
from pytest_sentryintegration.wire.envelope import RawItem

__all__ = ["judge_raw_security", "judge_security"]

# The directives of content security policies that Sentry knows.
_DIRECTIVES = frozenset(
    (
        *("base-uri", "block-all-mixed-content", "child-src", "connect-src", "default-src"),
        *("fenced-frame-src", "font-src", "form-action", "frame-ancestors", "frame-src", "img-src"),
        *("manifest-src", "media-src", "navigate-to", "object-src", "plugin-types", "prefetch-src"),
        *("referrer", "report-to", "report-uri", "require-sri-for", "require-trusted-types-for", "sandbox"),
        *("script-src", "script-src-attr", "script-src-elem", "style-src", "style-src-attr"),
        *("style-src-elem", "trusted-types", "upgrade-insecure-requests", "worker-src"),
    )
)
_EFFECTIVE = ("effective_directive", "effective-directive", "effectiveDirective")
_VIOLATED = ("violated_directive", "violated-directive", "violatedDirective")


def judge_security(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``security`` item: an event that a report was made into."""
    ruling = judge_event(item.payload, item.type, delivery)
    if ruling.reason == "invalid_json":
        return ruling
    # Its type counts before it is normalized. Relay: errors/security.rs:41.
    sent = strict_json.loads(item.payload)
    fields = sent if isinstance(sent, dict) else {}
    exception = fields.get("exception")
    values = exception.get("values", exception) if isinstance(exception, dict) else exception
    if values or not isinstance(fields.get("csp"), dict):
        text = "Sentry keeps security events with 'csp' and without an exception only; this one is lost."
        return dropped("security_report_type", sent, text)
    return ruling


def judge_raw_security(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge a ``raw_security`` item: what a browser reports to the security endpoint."""
    try:
        sent = strict_json.loads(item.payload)
    except strict_json.StrictJSONError as error:
        text = f"this is no JSON that Sentry can read ({error}); the security report is lost."
        return dropped("invalid_json", item.payload, text)
    if not isinstance(sent, dict):
        text = "the payload must be a JSON object; the security report is lost."
        return dropped("invalid_json", sent, text)
    first = sent.get("csp-report") is not None
    if not first and sent.get("type") != "csp-violation":
        if isinstance(sent.get("type"), str):
            return dropped("invalid-csp", sent, "Sentry keeps reports of content security policies only.")
        text = "a security report has 'csp-report', or the type 'csp-violation'; it is lost."
        return dropped("security_report_type", sent, text)
    name = "csp-report" if first else "body"
    report = sent.get(name)
    if not isinstance(report, dict):
        return dropped("security_report", report, "the report must be an object; it is lost.", name)
    if not any(_directive(report, names) in _DIRECTIVES for names in (_EFFECTIVE, _VIOLATED)):
        text = "a report names the directive that was violated, such as 'script-src'; it is lost."
        return dropped("security_report", report, text, name)
    return kept((), sent)


def _directive(report: dict[str, Any], names: tuple[str, ...]) -> str:
    sent = next((report[name] for name in names if isinstance(report.get(name), str)), "")
    return str(sent).partition(" ")[0]
