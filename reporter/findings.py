"""What the report says: findings, and the evidence each of them stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reporter.messages import Text, Value, text

__all__ = [
    "SEVERITIES",
    "Citation",
    "Confidence",
    "Finding",
    "Missing",
    "Running",
    "Severity",
    "Status",
    "Verdict",
    "Waiver",
    "counts_for",
]

Status = Literal["ok", "degraded", "down", "unknown"]
Running = Literal["yes", "no", "partial", "unstable", "na", "unknown"]
Severity = Literal["P0", "P1", "P2", "P3"]
Confidence = Literal["observed", "claimed", "configured", "inferred"]

SEVERITIES: tuple[Severity, ...] = ("P0", "P1", "P2", "P3")
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The lines of one evidence record that a finding stands on.

    `by_hand` are the commands that show just these, where the record's own shows something else.
    `host` is whose record it is, "" for the host the finding is about.
    """

    record: str
    excerpt: str = ""
    by_hand: tuple[str, ...] = ()
    host: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Evidence that a fact would need and the archive does not have.

    `probe` is the id of the record (or of the probe, when it left none at all); `reason` says
    what was tried and what came of it. `host` is whose evidence it is, "" for the host the finding
    is about.
    """

    probe: str
    reason: Text
    host: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding is accepted, by whom, and until when: the last day, ISO 8601, in UTC."""

    reason: str
    owner: str
    expires: str

    @property
    def said(self) -> Text:
        """Say that something is accepted: until when, by whom and why."""
        return text(
            "Waived until {expires} by {owner}: {reason}",
            expires=self.expires,
            owner=self.owner,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a rule says about one subject; the engine makes a `Finding` of it.

    `component` is the block of the report the subject stands in, `section` its place there if not
    the rule's own. `stands_on` are the ids of other findings it was made of.
    """

    subject: str
    status: Status
    message: Text
    component: Text
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()
    running: Running = "na"
    severity: Severity | None = None
    confidence: Confidence = "observed"
    connected_to: tuple[Value, ...] = ()
    application: str | None = None
    layer: str | None = None
    details: tuple[Text, ...] = ()
    section: str | None = None
    stands_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict about one subject of one host, or of the fleet, with the rule it comes from.

    `at_worst` is, for an unknown finding, the worst severity the rule could have found had the
    evidence been there: a threshold is not passed on what nobody saw. `rule_severity` is what the
    rule itself says of the severity, or of `at_worst` if unknown; `severity_by` the application
    whose profile says otherwise, None if none does.
    """

    rule: str
    section: str
    verdict: Verdict
    verified_at: str
    at_worst: Severity | None = None
    rule_severity: Severity | None = None
    severity_by: str | None = None
    waiver: Waiver | None = None
    depends: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def id(self) -> str:
        """The identity of the finding within its host: stable from run to run."""
        return f"{self.rule}:{self.verdict.subject}"

    @property
    def waived(self) -> bool:
        """Whether an operator has accepted it: then it is no risk and counts for no threshold."""
        return self.waiver is not None

    @property
    def gate(self) -> Severity | None:
        """The severity a threshold such as `--fail-on` goes by."""
        return self.at_worst if self.verdict.status == "unknown" else self.verdict.severity


def counts_for(
    threshold: str, status: Status, severity: Severity | None, gate: Severity | None
) -> bool:
    """Say whether what is found counts for a threshold: P0, P1, P2, P3 or `unknown`.

    An unknown finding counts as the worst its rule could have found (its `gate`): what nobody saw
    passes no gate. `unknown` counts whatever is unknown or has a severity.
    """
    if threshold == "unknown":
        return status == "unknown" or severity is not None
    return gate is not None and gate <= threshold
