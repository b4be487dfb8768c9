"""Bundles for the rules on models: real ones, and copies with edited rows.

The fixtures are what the collector brought from lab hosts (see tests/fixtures/models).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import replaced

__all__ = [
    "COUNTS",
    "DIRECTORIES",
    "ENGINE",
    "FIXTURES",
    "FOLDER",
    "FOUND",
    "PROFILE",
    "SUITES",
    "bundle",
    "edited",
    "findings",
    "linked",
    "verdict",
    "with_profile",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
SUITES = ("bullseye", "bookworm", "trixie")
RULES = ("model_directories", "model_file_faults", "model_families", "model_loads", "unit_errors")
DIRECTORIES, FOUND, COUNTS = "models_directories", "models_found", "journal_patterns"
ENGINE = "quantum-ai-engine.service"
FOLDER = "/home/qt/quantum_trader/models"

_EXAMPLE = Path(__file__).parents[2] / "inventory" / "example" / "group_vars" / "quantum.yml"
PROFILE: dict[str, Any] = yaml.safe_load(_EXAMPLE.read_text())["truthmap_app_quantum"]
"""The profile that ships as the example inventory."""


@cache
def bundle(name: str = "planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def with_profile(collected: Bundle, **changes: Any) -> Bundle:
    """Return the bundle with the example's profile, and other keys in it."""
    profile = {key: value for key, value in (PROFILE | changes).items() if value is not None}
    return msgspec.structs.replace(collected, applications={"quantum": profile})


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on models, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def edited(
    collected: Bundle, record_id: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> Bundle:
    """Return the bundle with every row of a record changed, or left out where that is None."""
    record = next(one for one in collected.evidence if one.id == record_id)
    rows = [change(json.loads(line)) for line in record.stdout.data.splitlines()]
    lines = [json.dumps(row) for row in rows if row is not None]
    return replaced(collected, record_id, stdout="".join(f"{line}\n" for line in lines))


def linked(collected: Bundle, link: str, real: str | None = FOLDER) -> Bundle:
    """Return the bundle with the named folder found under a link, too; `real` None: not told."""
    record = next(one for one in collected.evidence if one.id == DIRECTORIES)
    rows = [json.loads(line) for line in record.stdout.data.splitlines()]
    for row in rows:
        row["path"] = row["path"].replace(FOLDER, link)
        if "root" in row:
            row["root"] = link
            if real is not None:
                row["real"] = real
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return replaced(collected, FOUND, stdout=text, outcome="collected", reason=None)
