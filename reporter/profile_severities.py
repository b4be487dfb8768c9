"""The profile's key `severities`: how bad findings are in its operator's eyes.

severities:
  "service_state:shop-cache.service": P0
  "env_file_access:*": P3
  "reboot_required:*": none

Before the first colon stands a rule's id, after it a finding's subject; both may be patterns.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Any

from reporter.findings import Severity

__all__ = ["Override", "severities_of"]


@dataclass(frozen=True, slots=True)
class Override:
    """One override: patterns of rules and of subjects; `severity` None: they are to have none."""

    rule: str
    subject: str
    severity: Severity | None

    @property
    def pattern(self) -> str:
        """What it is written as."""
        return f"{self.rule}:{self.subject}"

    def fits(self, rule: str, subject: str) -> bool:
        """Say whether it is meant for the finding `rule:subject`."""
        return self.fits_rule(rule) and self.fits_subject(subject)

    def fits_rule(self, rule: str) -> bool:
        """Say whether it is meant for findings of the rule."""
        return fnmatch.fnmatchcase(rule, self.rule)

    def fits_subject(self, subject: str) -> bool:
        """Say whether it is meant for the subject: by its very name, which may hold brackets."""
        return subject == self.subject or fnmatch.fnmatchcase(subject, self.subject)


def severities_of(value: Any) -> tuple[Override, ...]:
    """Read the checked key `severities`: the first that fits counts.

    Full names come before patterns, longer patterns before shorter ones.
    """
    found = []
    for pattern, severity in (value or {}).items():
        rule, _, subject = pattern.partition(":")
        found.append(Override(rule, subject, None if severity == "none" else severity))
    return tuple(sorted(found, key=_order))


def _order(override: Override) -> tuple[bool, int, str]:
    pattern = override.pattern
    return any(sign in pattern for sign in "*?["), -len(pattern), pattern
