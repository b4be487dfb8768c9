"""Bundles for the rules on configuration: real ones, and copies with edited rows."""

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
from tests.rules.systemd_cases import replaced, with_profile

__all__ = [
    "DECLARED",
    "FILES",
    "FIXTURES",
    "IDLE",
    "RULES",
    "SUITES",
    "UNITS",
    "bundle",
    "edited",
    "findings",
    "replaced",
    "verdict",
    "with_profile",
    "with_setting",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "config"
SUITES = ("bullseye", "bookworm", "trixie")
RULES = (
    "command_line_secrets",
    "env_backups",
    "env_file_access",
    "env_file_missing",
    "env_file_unread",
    "env_file_unused",
    "env_file_use",
    "env_modes",
    "env_overrides",
    "env_secrets_shared",
    "env_syntax",
    "env_values",
)
UNITS = "systemd_units"
FILES = "config_env_files"
DECLARED = "config_directories"
IDLE = "config_idle_units"


@cache
def bundle(name: str = "bookworm-planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on configuration, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def edited(collected: Bundle, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Bundle:
    """Return the bundle with every row of the environment files changed, or left out for None."""
    for probe in (FILES, DECLARED):
        record = next(one for one in collected.evidence if one.id == probe)
        rows = [change(json.loads(line)) for line in record.stdout.data.splitlines()]
        text = "".join(json.dumps(row) + "\n" for row in rows if row is not None)
        collected = replaced(collected, probe, stdout=text)
    return collected


def with_setting(collected: Bundle, file: str, key: str, **values: Any) -> Bundle:
    """Return the bundle with a setting of a file changed to these members."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("of") == file and row.get("key") == key:
            return {"line": row["line"], "key": key, "of": file, **values}
        return row

    return edited(collected, change)
