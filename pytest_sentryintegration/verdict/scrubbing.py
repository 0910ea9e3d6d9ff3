"""What Sentry's server-side data scrubbing would remove from a payload that it stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_sentryintegration.verdict import meta, relay
from pytest_sentryintegration.verdict.comparing import Place, Walk
from pytest_sentryintegration.verdict.finding import Finding, sort_key


@dataclass(frozen=True)
class Scrubbed:
    """A payload after scrubbing, and what was removed from it."""

    findings: tuple[Finding, ...]
    """One for each place that was replaced or removed; `rule` is the rule that did it."""
    payload: Any
    """The payload as it is stored afterwards."""


def scrubbed(
    event: Mapping[str, Any],
    *,
    scrub_data: bool = True,
    scrub_defaults: bool = True,
    scrub_ip_addresses: bool = False,
    sensitive_fields: Sequence[str] = (),
    exclude_fields: Sequence[str] = (),
) -> Scrubbed:
    """Return *event* as a project with these settings would store it; the defaults are Sentry's.

    Args:
        event: A payload as Sentry stores it.
        scrub_data: The setting "Data Scrubber"; without it only IP addresses are removed.
        scrub_defaults: "Use Default Scrubbers": passwords, tokens, credit cards and the like.
        scrub_ip_addresses: "Prevent Storing of IP Addresses".
        sensitive_fields: "Additional Sensitive Fields".
        exclude_fields: "Safe Fields", which are left alone.

    Raises:
        relay.RelayMissing: ``sentry-relay`` is not here.
    """
    settings = {
        "scrubData": scrub_data,
        "scrubDefaults": scrub_defaults,
        "scrubIpAddresses": scrub_ip_addresses,
        "sensitiveFields": list(sensitive_fields),
        "excludeFields": list(exclude_fields),
    }
    payload = relay.scrub(event, settings)
    findings: list[Finding] = []
    _collect(
        findings,
        Place(Walk(), "", event, payload, meta.child(payload, "_meta"), meta.child(event, "_meta")),
    )
    return Scrubbed(tuple(sorted(findings, key=sort_key)), payload)


def _collect(findings: list[Finding], place: Place) -> None:
    remarks = meta.added(place.noted, place.own, "rem")
    if remarks and place.path != "user.sentry_user":  # which Sentry adds itself
        rule = meta.rule(remarks[0])[0]
        text = _sentence(rule, place.sent, place.stored)
        findings.append(Finding(place.path, rule, place.sent, place.stored, text))
    for inner in place.annotated_below():
        _collect(findings, inner)


def _sentence(rule: str, sent: Any, stored: Any) -> str:
    kind = rule.lstrip("@").partition(":")[0]
    because = {
        "password": "its name or value looks like a password or token",
        "strip-fields": "the project names it as a sensitive field",
        "creditcard": "it holds the number of a credit card",
        "ip": "it is an IP address",
        "anything": "everything in this place is removed",
        "bearer": "it holds a bearer token",
        "pemkey": "it holds a private key",
        "urlauth": "it holds a URL with a password",
        "usssn": "it holds a social security number",
        "iban": "it holds an account number",
    }.get(kind, f"Sentry's rule {rule} fits")
    if stored is None:
        return f"Sentry's data scrubbing removes this: {because}."
    return f"Sentry's data scrubbing stores {stored!r} here: {because}."
