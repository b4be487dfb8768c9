"""Applies the profiles' severities to findings, after every rule has judged.

An override says how bad something is, never what it is: the status stays, and the finding keeps
what its rule says beside it. Which override counts:

- Of several of a profile that fit a finding, its full id, else the longest pattern.
- A finding that belongs to an application is weighed by that application's profile alone. On one
  that belongs to none every profile of the host has a say, a profile without a fitting override
  says what the rule says, and the worst counts: no application makes another's trouble small.
- What is ok has no severity. What is unknown has one for gates (`at_worst`): without the evidence
  nobody knows which findings there would be, so an override of any that the missing evidence may
  hide makes that worse, and none makes it better.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping

from reporter.findings import SEVERITIES, Finding, Severity
from reporter.messages import Text, text
from reporter.profile import Profile, Profiles
from reporter.profile_severities import Override

__all__ = ["RULE_FAILED", "Reads", "overridden", "weighers", "who_weighed"]

RULE_FAILED = "rule-error"
"""The subject of the finding that stands for all those of a rule that raised."""

Reads = Mapping[str, frozenset[str] | None]
"""The probes each rule reads, by the rule's id; None: also whatever the rules before it read."""


def overridden(
    findings: Iterable[Finding], profiles: Profiles, reads: Reads, seen: Collection[str]
) -> list[Finding]:
    """Return the findings as the profiles weigh them; `seen` are the ids of usable records."""
    whole = list(findings)
    if not any(profile.severities for profile in profiles):
        return whole
    raised = _hidden(whole, profiles, reads, seen)
    return [_weighed(finding, profiles, raised.get(finding.id, ())) for finding in whole]


def weighers(finding: Finding, profiles: Profiles) -> tuple[Profile, ...]:
    """Return the profiles that have a say on a finding: its application's, or all."""
    own = tuple(one for one in profiles if one.name == finding.verdict.application)
    return own or profiles.all


def who_weighed(finding: Finding, profiles: Profiles) -> Text | None:
    """Return who says how bad a finding is, and what its rule says; None if its rule alone does."""
    if finding.severity_by is None:
        return None
    by = next((one.title for one in profiles if one.name == finding.severity_by), "?")
    return text(
        "{severity} by the profile of {application}; the rule says {own}",
        severity=_shown(finding.gate),
        application=by,
        own=_shown(finding.rule_severity),
    )


def _shown(severity: Severity | None) -> Text:
    return text("{severity}", severity=severity) if severity else text("no severity")


def _rank(severity: Severity | None) -> int:
    return SEVERITIES.index(severity) if severity else len(SEVERITIES)


def _weighed(
    finding: Finding, profiles: Profiles, raised: Iterable[tuple[Severity, str]]
) -> Finding:
    verdict = finding.verdict
    if verdict.status == "ok":
        return finding
    own = finding.gate
    if verdict.status == "unknown" and (raised or _stands_for_others(finding)):
        said: list[tuple[Severity | None, str | None]] = [(own, None), *raised]
    else:
        said = [_opinion(finding, profile, own) for profile in weighers(finding, profiles)]
    severity, by = min(said, key=lambda one: (_rank(one[0]), one[1] or ""))
    if severity == own:
        return finding
    if verdict.status == "unknown":
        return dataclasses.replace(finding, at_worst=severity, severity_by=by)
    weighed = dataclasses.replace(verdict, severity=severity)
    return dataclasses.replace(finding, verdict=weighed, severity_by=by)


def _opinion(
    finding: Finding, profile: Profile, own: Severity | None
) -> tuple[Severity | None, str | None]:
    for override in profile.severities:
        if override.fits(finding.rule, finding.verdict.subject):
            return override.severity, profile.name
    return own, None


def _hidden(
    findings: Iterable[Finding], profiles: Profiles, reads: Reads, seen: Collection[str]
) -> dict[str, list[tuple[Severity, str]]]:
    """Return by id of unknown findings the overrides of findings they may stand for."""
    unknown = [one for one in findings if one.verdict.status == "unknown"]
    found: dict[str, list[tuple[Severity, str]]] = {}
    for profile in profiles:
        for override in profile.severities:
            if override.severity is not None:
                for finding in _standing(override, unknown, reads, seen):
                    found.setdefault(finding.id, []).append((override.severity, profile.name))
    return found


def _standing(
    override: Override, unknown: list[Finding], reads: Reads, seen: Collection[str]
) -> Iterator[Finding]:
    """Yield the unknown findings that stand for what the override is meant for.

    Those of its own rules; of records its rules read that are not there and that none of these
    names, all that name it.
    """
    own = [one for one in unknown if override.fits_rule(one.rule)]
    yield from (one for one in own if _stands_for_others(one))
    named = {probe for one in own for probe in _probes(one, seen)}
    rules = [probes for rule, probes in reads.items() if override.fits_rule(rule)]
    for finding in unknown:
        probes = _probes(finding, seen) - named
        if finding not in own and any(one is None or one & probes for one in rules if probes):
            yield finding


def _stands_for_others(unknown: Finding) -> bool:
    return bool(unknown.verdict.missing) or unknown.verdict.subject == RULE_FAILED


def _probes(finding: Finding, seen: Collection[str]) -> frozenset[str]:
    missing = (one.probe for one in finding.verdict.missing if one.probe not in seen)
    return frozenset(record.partition("[")[0] for record in missing)
