"""Bundles for the rules on the repository: a real one, and copies with edited rows.

The fixture is what the collector brought from a lab host (see tests/fixtures/repository).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import replaced

__all__ = [
    "CHECKOUTS",
    "FIXTURES",
    "INVENTORIES",
    "SOURCE",
    "Row",
    "bundle",
    "findings",
    "stdout",
    "verdict",
    "with_rows",
    "without_profile",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "repository"
RULES = ("checkout_state", "code_newer_than_process", "declared_inventories", "module_usage")
SOURCE = "repository_source"
CHECKOUTS = "repository_checkouts"
INVENTORIES = "repository_inventories"

Row = dict[str, Any]


@cache
def bundle(name: str = "shop") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def without_profile(collected: Bundle) -> Bundle:
    """Return the bundle without any profile."""
    return msgspec.structs.replace(collected, applications={})


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on the repository, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def stdout(collected: Bundle, record: str) -> str:
    """Return a record's output."""
    return next(one for one in collected.evidence if one.id == record).stdout.data


def with_rows(collected: Bundle, record: str, edit: Callable[[Row], Row | None]) -> Bundle:
    """Return the bundle with every row of a record edited; None takes the row out."""
    rows = (edit(json.loads(line)) for line in stdout(collected, record).splitlines())
    lines = "".join(json.dumps(row) + "\n" for row in rows if row is not None)
    return replaced(collected, record, stdout=lines)
