"""Rule on the severities a profile declares: those that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter import registry
from reporter.engine import HostContext, rule
from reporter.findings import Finding, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.profile import Profile
from reporter.profile_check import nearest
from reporter.profile_schema import PREFIX
from reporter.profile_severities import Override
from reporter.severities import RULE_FAILED, weighers

__all__ = ["severity_overrides"]

PROFILES = text("Profiles")

_OF_EVIDENCE = ("evidence/", "cut/", RULE_FAILED)
"""What the subjects of findings begin with that say what a rule did not see."""


@rule(
    section="components",
    component=PROFILES,
    needs=(),
    worst="P3",
    if_ignored=text("the finding keeps the severity it has"),
    stage=3,
)
def severity_overrides(host: HostContext, findings: Mapping[str, Finding]) -> Iterator[Verdict]:
    """The severities a profile declares (`severities`) that are meant for nothing there is.

    Means: degraded (P3) is a pattern for a rule that does not exist. Unknown is a pattern that no
    finding fits, although its rule had all its evidence, speaks of what is well too, and nothing
    on the host has such a name: it is misspelt, or meant for another host. Unknown, too, is one
    that only findings of other applications fit: each application is weighed by its own profile.
    Every other severity is said where it counts, at the finding itself.

    Why: what an operator wanted to hear of as P0 is not heard of if its pattern is misspelt.

    Evidence: the findings of the other rules.

    Limits: of a rule that speaks only of what is wrong, nothing tells a misspelt pattern from one
    that waits for its day. Where evidence is missing nothing is said.

    Source: the profile; `truthmap rules` lists the rules.
    """
    for profile in host.profiles:
        for override in profile.severities:
            verdict = _verdict(profile, override, host, findings)
            if verdict is not None:
                yield verdict


def _verdict(
    profile: Profile, override: Override, host: HostContext, findings: Mapping[str, Finding]
) -> Verdict | None:
    known = [one.id for one in registry.rules()]
    if not any(override.fits_rule(name) for name in known):
        hint = nearest(override.rule, known, "the rules are")
        message = text(
            "{variable}.severities: there is no rule '{rule}' for '{pattern}'; {hint}",
            variable=PREFIX + profile.name,
            rule=override.rule,
            pattern=override.pattern,
            hint=hint,
        )
        return _about(profile, override, "degraded", message, "P3")
    of_rule = [one for one in findings.values() if override.fits_rule(one.rule)]
    fitting = [one for one in of_rule if override.fits_subject(one.verdict.subject)]
    if any(profile in weighers(one, host.profiles) for one in fitting):
        return None
    if fitting:
        message = text(
            "{variable}.severities: '{pattern}' fits only findings of other applications, which "
            "their own profiles weigh: {findings}",
            variable=PREFIX + profile.name,
            pattern=override.pattern,
            findings=", ".join(sorted(one.id for one in fitting)),
        )
        return _about(profile, override, "unknown", message, stands_on=fitting)
    if _is_named(override, findings) or not _is_whole(override, of_rule, findings):
        return None
    message = text(
        "{variable}.severities: no finding fits '{pattern}': it is misspelt, or meant for another "
        "host",
        variable=PREFIX + profile.name,
        pattern=override.pattern,
    )
    return _about(profile, override, "unknown", message, stands_on=of_rule)


def _is_named(override: Override, findings: Mapping[str, Finding]) -> bool:
    """Say whether something on the host has such a name, whichever rule speaks of it."""
    return any(override.fits_subject(one.verdict.subject) for one in findings.values())


def _is_whole(override: Override, of_rule: list[Finding], findings: Mapping[str, Finding]) -> bool:
    """Say whether its rules speak of what is well, and missed no evidence, nor did any other."""
    if not any(one.verdict.status == "ok" for one in of_rule):
        return False
    if any(one.verdict.missing for one in of_rule):
        return False
    return not any(
        one.verdict.status == "unknown" and one.verdict.subject.startswith(_OF_EVIDENCE)
        for one in findings.values()
    )


def _about(
    profile: Profile,
    override: Override,
    status: Status,
    message: Text,
    severity: Severity | None = None,
    stands_on: list[Finding] | None = None,
) -> Verdict:
    return Verdict(
        subject=f"{profile.name}/{override.pattern}",
        status=status,
        severity=severity,
        component=PROFILES,
        application=profile.name,
        message=message,
        stands_on=tuple(one.id for one in stands_on or ()),
    )
