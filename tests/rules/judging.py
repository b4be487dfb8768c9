"""Runs some rules over a bundle, as a report does with all of them."""

from __future__ import annotations

from collections.abc import Collection

from reporter import registry
from reporter.engine import HostContext, judge
from reporter.evidence import Bundle
from reporter.findings import Finding
from reporter.profile import load_profiles
from reporter.report import epoch

__all__ = ["judged"]


def judged(collected: Bundle, wanted: Collection[str]) -> dict[str, Finding]:
    """Return the findings of the rules with these ids, by id; each of them has to exist."""
    profiles = load_profiles(collected.applications, "test")
    context = HostContext(collected.host, epoch(collected.finished_at), profiles, collected)
    rules = [declared for declared in registry.rules() if declared.id in wanted]
    assert len(wanted) == len(rules)
    return {finding.id: finding for finding in judge(context, rules, registry.parsers())}
