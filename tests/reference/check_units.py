"""Statements about units, loops and timers."""

from __future__ import annotations

import re
from typing import Any

from tests.reference.ours import Ours
from tests.reference.outcome import Kind, Outcome, evidenced, outcome
from tests.reference.table import Statement

__all__ = ["loop", "missing", "timers", "unit"]

# A unit's state as found -> running, the statuses it may have, and the blocks that may list it.
_SHOWN = {
    "running": ("yes", {"ok"}, ("Active services (running)",)),
    "auto-restart": ("unstable", {"down"}, ("Watchdogs / restart loops", "Failed services")),
    "inactive": ("no", {"down", "ok"}, ("Inactive/dead services", "Disabled services")),
    "idle": ("no", {"ok"}, ("Idle services (oneshots between runs, started on demand)",)),
    "missing": ("no", {"down"}, ("Not found (unit missing)",)),
}


def unit(statement: Statement, ours: Ours) -> Outcome:
    """Compare the state of a unit: as systemd shows it, and the verdict that follows."""
    name = statement.subject
    finding = ours.findings.get(f"service_state:{name}", {})
    state = _state(finding, name)
    wanted = statement.ours or statement.says
    kind: Kind = "corrected" if statement.ours else "same"
    needs = {f"it is {wanted}": state == wanted, **_as_shown(state, finding, name, ours)}
    return outcome(kind, state, needs)


def missing(statement: Statement, ours: Ours) -> Outcome:
    """Compare the units that other units refer to, and that do not exist."""
    names = [f"{name}.service" for name in statement.says["missing"]]
    needs: dict[str, Any] = {}
    for name in names:
        finding = ours.findings.get(f"missing_units:{name}", {})
        state = _state(finding, name)
        needs[f"{name} is missing"] = state == "missing"
        needs |= _as_shown(state, finding, name, ours)
    block = {one["subject"] for one in ours.about(statement.subject)}
    return outcome("same", ", ".join(names), {**needs, "no other is": block == set(names)})


def loop(statement: Statement, ours: Ours) -> Outcome:
    """Compare a restart loop: its states, its exit status, and that its restarts are counted."""
    says = statement.says
    name = f"{says['unit']}.service"
    finding = ours.findings.get(f"restart_loops:{name}", {})
    shows = _properties(finding)
    block = ours.text.block(statement.subject)
    counted = re.search(r"(\d+) times", finding.get("message", ""))
    return outcome(
        "same",
        finding.get("message", "nothing"),
        {
            "it is in a loop": finding.get("running") == "unstable",
            "systemd shows its state": (shows.get("ActiveState"), shows.get("SubState"))
            == (says["active"], says["sub"]),
            "systemd shows its exit status": "status" not in says
            or shows.get("ExecMainStatus") == str(says["status"]),
            "its exit status is told": "status" not in says
            or f"status {says['status']}" in finding.get("message", ""),
            "its restarts are counted": counted and int(counted[1]) > 1 and "NRestarts" in shows,
            "the text says so": block is not None and finding.get("message", "-") in block.said,
        },
    )


def timers(statement: Statement, ours: Ours) -> Outcome:
    """Compare which timers have a run on record, and which none."""
    needs: dict[str, Any] = {}
    told = []
    for timer in statement.says["timers"]:
        name = f"{timer}.timer"
        finding = ours.findings.get(f"timer_state:{name}", {})
        last = _properties(finding).get("LastTriggerUSec", "not looked at")
        ran = last not in {"", "n/a", "not looked at"}
        told.append(f"{name}: {last or '-'}")
        needs[f"{name} was looked at"] = last != "not looked at"
        needs[f"{name} has {'a' if statement.says['ran'] else 'no'} last run"] = (
            ran == statement.says["ran"]
        )
        needs[f"{name} runs"] = not statement.says["ran"] or finding.get("status") == "ok"
        needs[f"the text names {name}"] = ours.text.listed(statement.subject, name)
    return outcome("same", ", ".join(told), needs)


def _state(finding: dict[str, Any], name: str) -> str:
    """Return the state that the evidence shows, not the one the finding says."""
    shows = _properties(finding)
    states = (shows.get("ActiveState"), shows.get("SubState"))
    if shows.get("LoadState") == "not-found":
        return "missing"
    if states == ("active", "running"):
        return "running"
    if states == ("activating", "auto-restart"):
        return "auto-restart"
    if states == ("inactive", "dead"):
        idle = shows.get("Type") == "oneshot" and shows.get("TriggeredBy", "").endswith(".timer")
        return "idle" if idle else "inactive"
    lines = "\n".join(item["excerpt"] or "" for item in finding.get("evidence", ()))
    # Not in systemd's memory at all: inactive, and nothing asks for it.
    return "inactive" if f"{name} disabled" in lines else "not looked at"


def _as_shown(state: str, finding: dict[str, Any], name: str, ours: Ours) -> dict[str, Any]:
    running, statuses, components = _SHOWN.get(state, ("", set(), ()))
    return {
        f"{name} is called running={running}": finding.get("running") == running,
        f"{name} is called {' or '.join(sorted(statuses))}": finding.get("status") in statuses,
        f"{name} has evidence": finding and evidenced(finding),
        f"the text lists {name}": any(ours.text.listed(one, name) for one in components),
    }


def _properties(finding: dict[str, Any]) -> dict[str, str]:
    """Return what systemctl showed; of two looks at a unit the first, which the verdict is of."""
    found: dict[str, str] = {}
    for item in finding.get("evidence", ()):
        for line in (item["excerpt"] or "").splitlines():
            key, equals, value = line.partition("=")
            if equals:
                found.setdefault(key, value)
    return found
