"""Statements of parts B to E, and of the closing five."""

from __future__ import annotations

import re
from typing import Any

from tests.reference import check_blocks
from tests.reference.ours import Ours
from tests.reference.outcome import Outcome, evidenced, outcome
from tests.reference.table import Statement

__all__ = ["judged", "systemic", "works"]


def works(statement: Statement, ours: Ours) -> Outcome:
    """Compare what works: the stream moves, and who writes or who reads it is alive.

    Ours may add what else of the chain is not proven.
    """
    needs: dict[str, Any] = {}
    told = []
    for name, says in statement.says.items():
        stream = f"quantum:stream:{name}"
        work = next((one for one in ours.host["works"] if stream in one["chain"]), None)
        said = work["message"] if work else f"nothing of {stream}"
        told.append(said)
        row = ours.stream(stream) or {"groups": (), "producers": ()}
        alive = {one["name"] for one in row["groups"] if one["state"] == "alive"}
        needs[f"{stream} moves"] = row.get("active") == "yes" and "fresh events" in said
        needs[f"the text says so of {stream}"] = any(
            said in item.said for item in ours.text.parts.get("B", ())
        )
        needs[f"{stream} has evidence"] = work and all(
            evidenced(ours.findings[finding]) for finding in work["findings"]
        )
        if "source" in says:
            unit = f"quantum-{says['source'].replace('_', '-')}.service"
            needs[f"{unit} writes it, and runs"] = [(unit, "runs")] == [
                (one["unit"], one["state"]) for one in row["producers"]
            ] and f"from {unit} (claimed)" in said
        if "groups" in says:
            groups = alive if says["groups"] == "any" else set(says["groups"])
            needs[f"a group reads {stream}"] = groups and groups <= alive
            needs[f"it names the groups of {stream}"] = all(one in said for one in groups)
            only = {"these groups do not keep up"} if says["groups"] == "any" else set()
            lacks = {one.partition(":")[0] for one in work["lacks"]} if work else set()
            needs[f"{stream} is proven as far as that"] = work and (work["proven"] or lacks <= only)
    return outcome("same", "; ".join(told), needs)


def judged(statement: Statement, ours: Ours) -> Outcome:
    """Compare what is wrong (C), how bad it is (E), and what would stop the system (Z)."""
    part, says = statement.subject, statement.says
    wanted = [ours.findings.get(name, {}) for name in says["findings"]]
    needs: dict[str, Any] = {
        f"{name} is found": one.get("status") in {"down", "degraded"} and evidenced(one)
        for name, one in zip(says["findings"], wanted, strict=True)
    }
    entries = [one for one in _entries(part, ours) if set(says["findings"]) & set(one["findings"])]
    carried = {name for one in entries for name in one["findings"]}
    needs["it is judged"] = set(says["findings"]) <= carried
    if part == "E":
        needs[f"it is {says['level']}"] = {one["severity"] for one in entries} == {says["level"]}
    if part != "C":
        needs["it is judged as one"] = len(entries) == 1
    items, named = _items(statement, entries, wanted, ours)
    said = " ".join(items)
    needs["the text says so"] = bool(items)
    needs |= {f"the text names {name}": name in said for name in named}
    told = " ".join((said, *(one.get("unknown") or "" for one in entries)))
    needs |= {f"it says {word}": word in told for word in says["words"]}
    if part == "Z":
        needs["it is among the first to fix"] = items and all(
            any(item in first for first in ours.text.first) for item in items
        )
    return outcome("same", " | ".join(items) or "nothing", needs)


def systemic(statement: Statement, ours: Ours) -> Outcome:
    """Compare the systemic causes: the pattern, its count, and the findings that carry it."""
    name = statement.says["pattern"]
    pattern = next((one for one in ours.host["causes"] if one["id"] == f"pattern:{name}"), None)
    if pattern is None:
        return Outcome("differs", f"no pattern {name}")
    counted = f"{pattern['count']} of {pattern['out_of']}"
    items = [one.said for one in ours.text.parts.get("D", ()) if pattern["message"] in one.said]
    carried = set(pattern["findings"])
    needs: dict[str, Any] = {
        "the text says so": len(items) == 1,
        "it is counted": counted in pattern["message"],
        "what carries it has evidence": all(evidenced(ours.findings[one]) for one in carried),
    }
    for like, least in statement.says["carried"].items():
        count = len(carried & {one["id"] for one in ours.like(like)})
        needs[f"{least} or more like {like}, found {count}"] = count >= least
    needs |= {f"it says {one}": one in " ".join(items) for one in statement.says.get("words", ())}
    if statement.expect == "answered":
        answer = check_blocks.loads(statement, ours)
        needs[f"which models are loaded: {answer.shown}"] = answer.kind == "answered"
        return outcome("answered", f"{pattern['message']}; {answer.shown}", needs)
    return outcome("same", pattern["message"], needs)


def _entries(part: str, ours: Ours) -> list[dict[str, Any]]:
    """Return the JSON's causes, risks, or reasons."""
    if part == "C":
        return [one for one in ours.host["causes"] if one["kind"] == "chain"]
    found: list[dict[str, Any]] = ours.host["risks" if part == "E" else "top"]
    return found


def _items(
    statement: Statement,
    entries: list[dict[str, Any]],
    wanted: list[dict[str, Any]],
    ours: Ours,
) -> tuple[list[str], list[str]]:
    """Return what the text says of it, and the names that have to stand there.

    A systemic cause among the closing words is told by its own sentence, which names nothing.
    """
    names = [re.sub(r"^port/", "port ", one["subject"]) for one in wanted if one]
    if statement.subject != "Z":
        told = [one.said for one in ours.text.parts.get(statement.subject, ())]
        level = f"{statement.says['level']}: " if statement.subject == "E" else ""
        items = [item for item in told if any(name in item for name in names)]
        return [item for item in items if item.startswith(level)], names
    messages = [one["message"] for one in entries]
    items = [item for item in ours.text.closing if any(one in item for one in messages)]
    return items, [] if statement.also.get("systemic") else names
