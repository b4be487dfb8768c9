"""The reference host: each component's block says what the hand-written one said, or more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.conftest import FleetRun

BLOCKS = yaml.safe_load((Path(__file__).parents[1] / "reference" / "components.yml").read_text())[
    "blocks"
]
MARKS = {"ok": "✅", "degraded": "⚠️", "down": "❌", "unknown": "❓"}
WORDS = {
    "yes": "YES",
    "no": "NO",
    "partial": "PARTIAL",
    "unstable": "YES (unstable)",
    "na": "N/A",
    "unknown": "UNKNOWN",
}

each_block = pytest.mark.parametrize("block", BLOCKS, ids=lambda item: str(item["id"]))


@dataclass(frozen=True)
class Shown:
    """A block of the text report by its heads, and its findings as JSON has them."""

    status: str
    running: str
    connected: str
    findings: list[dict[str, Any]]

    @property
    def said(self) -> str:
        """What its findings say, and the lines they cite."""
        cited = [item["excerpt"] or "" for one in self.findings for item in one["evidence"]]
        told = [line for one in self.findings for line in (one["message"], *one["details"])]
        return "\n".join((*told, *cited))


def shown(fleet_run: FleetRun, component: str) -> Shown:
    """Return the first block of that name: the application's, where the system has one too."""
    text = (fleet_run.folder / "report" / "report.txt").read_text()
    own = text[text.index("reference - Total System") :]
    block = own[own.index(f"\nComponent: {component}\n") + 1 :].partition("\n\n")[0]
    heads = dict(re.findall(r"^  - ([A-Z][a-z ]+): ((?:.|\n    (?! ))*)", block, re.MULTILINE))
    found = [
        item for item in fleet_run.findings("reference").values() if item["component"] == component
    ]
    ours = [item for item in found if item["application"] == "quantum"]
    return Shown(heads["Status"], heads["Running"], heads["Connected to"], ours or found)


@each_block
def test_its_status(fleet_run: FleetRun, block: dict[str, Any]) -> None:
    """As the reference has it, or what corrects it."""
    status = block["status"]
    expected = status["ours"] if status["expect"] == "corrected" else status["is"]
    assert MARKS[expected] == shown(fleet_run, block["component"]).status


@each_block
def test_whether_it_runs(fleet_run: FleetRun, block: dict[str, Any]) -> None:
    """As the reference has it; where it did not know, an answer, or what was searched."""
    running = block["running"]
    found = shown(fleet_run, block["component"])
    if running["expect"] == "same":
        assert WORDS[running["is"]] == found.running
    elif running["expect"] == "answered":
        assert found.running not in {"UNKNOWN", "N/A"}
    elif found.running == "UNKNOWN":
        assert "searched: units" in found.said
        assert "processes" in found.said


@each_block
def test_what_it_is_connected_to(fleet_run: FleetRun, block: dict[str, Any]) -> None:
    """All the reference names; where it knew nothing, what a dead unit's own data claims."""
    connected = block["connected"]
    found = " ".join(shown(fleet_run, block["component"]).connected.split())
    if connected["expect"] == "same":
        for name in connected["to"]:
            assert name in found
    else:
        assert found == "none observed" or all(
            one.endswith(" (claimed)") for one in found.split(", ")
        )


@each_block
def test_its_evidence(fleet_run: FleetRun, block: dict[str, Any]) -> None:
    """The same sources, by the command that shows them, and the facts that stood there."""
    evidence = block["evidence"]
    found = shown(fleet_run, block["component"])
    commands = [item["command"] for one in found.findings for item in one["evidence"]]
    for pattern in evidence["commands"]:
        assert any(re.search(pattern, command) for command in commands), (pattern, set(commands))
    for fact in evidence["shows"]:
        assert fact in found.said
    for other in evidence.get("hides", ()):
        assert other not in {one["subject"] for one in found.findings}
    assert all(one["evidence"] for one in found.findings if one["status"] != "unknown")


def test_every_block_of_the_reference_is_there() -> None:
    """The 23 blocks of its first part."""
    assert len({block["id"] for block in BLOCKS}) == len(BLOCKS) == 23
