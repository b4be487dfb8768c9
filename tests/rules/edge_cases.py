"""Bundles for the rules on front ends and containers: real ones, and copies with edited files.

The fixtures are what the collector brought from lab hosts (see tests/fixtures/edge). Other
configurations are made by the collector itself, from files in a folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import replaced
from truthmap_collector.runner import collect

__all__ = [
    "FIXTURES",
    "PROFILE_RULES",
    "RULES",
    "SUITES",
    "bad",
    "bundle",
    "configured",
    "findings",
    "verdict",
    "with_row",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "edge"
SUITES = ("bullseye", "bookworm", "trixie")
PROFILE_RULES = ("documented_listeners", "loopback_ports", "undocumented_listeners")
RULES = (
    "container_engines",
    "frontend_sites",
    "proxied_services",
    "web_configuration",
    "web_servers",
    *PROFILE_RULES,
)


@cache
def bundle(name: str = "bookworm-planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def findings(collected: Bundle, *rules: str) -> dict[str, Finding]:
    """Return the findings of some rules, or of all of these, by id."""
    return judged(collected, rules or RULES)


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def bad(collected: Bundle, *rules: str) -> dict[str, tuple[str, str | None]]:
    """Return status and severity of what is not ok, by id."""
    found = findings(collected, *rules)
    seen = {name: (one.verdict.status, one.verdict.severity) for name, one in found.items()}
    return {name: one for name, one in seen.items() if one[0] != "ok"}


def with_row(collected: Bundle, probe: str, path: str, **values: Any) -> Bundle:
    """Return the bundle with other values in a file's row."""
    record = next(one for one in collected.evidence if one.id == probe)
    rows = [json.loads(line) for line in record.stdout.data.splitlines()]
    lines = [json.dumps({**row, **values} if row["path"] == path else row) for row in rows]
    return replaced(collected, probe, stdout="".join(f"{line}\n" for line in lines))


def configured(
    folder: Path, files: Mapping[str, str], syntax: str = "nginx", most: int = 50
) -> Bundle:
    """Return the planted host with another configuration: `main` and what it includes.

    The files are older than everything that runs, as after a reload.
    """
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    args = {"syntax": syntax, "roots": [str(folder / "main")], "most": most}
    name = f"edge_{syntax}"
    probe = {"id": name, "description": "It.", "kind": "server_config", "args": args}
    answer = collect({"probes": [probe], "limits": {}, "fingerprint_key": None})
    (record,) = answer["evidence"]
    rows = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    old = {"mtime": "2020-01-01T00:00:00.000000Z"}
    lines = "".join(json.dumps({**row, **old}) + "\n" for row in rows)
    host = replaced(bundle(), "edge_nginx", outcome="absent", reason="none", stdout="")
    stderr = record["stderr"]["data"]
    return replaced(host, name, outcome="collected", reason=None, stdout=lines, stderr=stderr)
