"""What comes of comparing one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.reference.table import Expectation

__all__ = ["ALLOWED", "Kind", "Outcome", "evidenced", "outcome"]

Kind = Literal["same", "answered", "corrected", "unknown", "differs"]

ALLOWED: Mapping[Expectation, frozenset[Kind]] = {
    "same": frozenset({"same"}),
    "answered": frozenset({"answered"}),
    "corrected": frozenset({"corrected"}),
    "either": frozenset({"answered", "unknown"}),
}


@dataclass(frozen=True)
class Outcome:
    """`shown` is what ours says; of a difference, what does not hold."""

    kind: Kind
    shown: str


def outcome(kind: Kind, shown: Any, needs: Mapping[str, Any]) -> Outcome:
    """Return `kind` where all that it `needs` holds, else a difference that names what does not."""
    lacks = [what for what, holds in needs.items() if not holds]
    if lacks:
        return Outcome("differs", f"{shown}: not so: {'; '.join(lacks)}")
    return Outcome(kind, str(shown))


def evidenced(finding: dict[str, Any]) -> bool:
    """Say whether a finding stands on records of the host, not on a profile alone."""
    return any(item["sha256"] and item["command"] for item in finding["evidence"])
