"""Bundles for the rule on timers: real ones, and copies with edited properties."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import changed

__all__ = ["SUITES", "bundle", "edited", "findings", "states", "verdict"]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "timers"
SUITES = ("bullseye", "bookworm", "trixie")


@cache
def bundle(suite: str = "bookworm") -> Bundle:
    """Return what was collected from a lab host with planted timers."""
    return msgspec.json.decode((FIXTURES / f"{suite}-planted.json").read_bytes(), type=Bundle)


def edited(collected: Bundle, timer: str, **properties: str | None) -> Bundle:
    """Return the bundle with other values of a timer's properties; None takes the line out."""
    return changed(collected, timer, probe="timers_schedules", **properties)


def findings(collected: Bundle) -> dict[str, Finding]:
    """Return the findings of the rule by subject."""
    found = judged(collected, ("timer_state",)).values()
    return {finding.verdict.subject: finding for finding in found}


def verdict(collected: Bundle, timer: str) -> Verdict:
    """Return what the rule says of one timer."""
    return findings(collected)[timer].verdict


def states(found: dict[str, Finding]) -> dict[str, tuple[Any, ...]]:
    """Return status, running and severity by subject."""
    return {
        name: (item.verdict.status, item.verdict.running, item.verdict.severity)
        for name, item in found.items()
    }
