"""Statements about the blocks of part A, and what single ones hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tests.lab.models import FALLBACK, LOADED
from tests.reference.ours import Block, Ours
from tests.reference.outcome import Kind, Outcome, evidenced, outcome
from tests.reference.table import Statement

__all__ = [
    "compared",
    "connected",
    "evidence",
    "families",
    "front_end",
    "keyspace",
    "loaded_files",
    "loads",
    "running",
    "status",
]

_MARKS = {"✅": "ok", "⚠️": "degraded", "❌": "down", "❓": "unknown"}
_WORDS = {
    "YES": "yes",
    "NO": "no",
    "PARTIAL": "partial",
    "YES (unstable)": "unstable",
    "N/A": "na",
    "UNKNOWN": "unknown",
}
_NOBODY = Block("", "", "", "", "", (), "", frozenset())


def status(statement: Statement, ours: Ours) -> Outcome:
    """Compare a block's status; where the reference's is coarser, what is told apart here."""
    block, findings = _found(statement, ours)
    found = _MARKS.get(block.status, "no such block")
    statuses = {one["status"] for one in findings} - {"unknown"}
    single = {"ok": {"ok"}, "down": {"down"}}
    fits = statuses == single.get(found, statuses) and (
        found != "degraded" or statuses not in single.values()
    )
    needs: dict[str, Any] = {
        f"it is {statement.says}": found == statement.says,
        f"its findings are ({', '.join(sorted(statuses))})": statuses and fits,
    }
    apart = statement.also.get("apart", ())
    for name in apart:
        unit = f"{name}.service"
        state = ours.findings.get(f"service_state:{unit}", {})
        needs[f"{unit} has a verdict of its own"] = state.get("component") not in {
            None,
            statement.subject,
        } and evidenced(state)
        needs[f"{unit} stands elsewhere in the text"] = not ours.text.listed(
            statement.subject, unit
        ) and ours.text.listed(state.get("component", ""), unit)
    return outcome("corrected" if apart else "same", found, needs)


def running(statement: Statement, ours: Ours) -> Outcome:
    """Compare whether a block's subject runs; where the reference did not know, what ours knows."""
    block, findings = _found(statement, ours)
    found = _WORDS.get(block.running, "no such block")
    states = {one["running"] for one in findings}
    known = states - {"na", "unknown"}
    fits = {
        "yes": known == {"yes"},
        "no": known == {"no"},
        "partial": "partial" in known or len(known) > 1,
        "unstable": "unstable" in known,
        "na": states and states <= {"na", "unknown"},
        "unknown": states == {"unknown"},
    }
    needs: dict[str, Any] = {f"its findings are ({', '.join(sorted(states))})": fits.get(found)}
    if statement.says is not None:
        return outcome("same", found, {f"it is {statement.says}": found == statement.says, **needs})
    needs |= {"its findings have evidence": findings and all(map(evidenced, findings))}
    if found != "unknown":
        return outcome("answered", found, {"it is answered": found in fits, **needs})
    return outcome("unknown", block.said, {**_searched(block, findings), **needs})


def connected(statement: Statement, ours: Ours) -> Outcome:
    """Compare what a block's subject is connected to; where nothing runs, that it is nothing."""
    block, findings = _found(statement, ours)
    names = ours.links(findings)
    if statement.says is not None:
        needs = {
            f"it is connected to {wanted}": wanted in block.connected
            and any(wanted in name for name in names)
            for wanted in statement.ours or statement.says
        }
        return outcome("same", block.connected, needs)
    if block.running == "UNKNOWN":
        needs = {**_searched(block, findings), "nothing was seen": not names}
        return outcome("unknown", block.said, needs)
    claims = block.connected.split(", ")
    return outcome(
        "answered",
        block.connected,
        {
            "nothing of it runs": {one["running"] for one in findings} == {"no"},
            "that has evidence": all(map(evidenced, findings)),
            "it is called connected to nothing but what data or code says": not names
            or all(one.endswith((" (claimed)", " (configured)")) for one in claims),
            "the JSON says the same": set(claims) == (names or {"none observed"}),
        },
    )


def evidence(statement: Statement, ours: Ours) -> Outcome:
    """Compare a block's evidence: the same sources, and the facts that stood there."""
    block, findings = _found(statement, ours)
    wanted = statement.ours or statement.says
    kind: Kind = "answered" if statement.says is None else "same"
    cited = [item for one in findings for item in one["evidence"]]
    told = [line for one in findings for line in (one["message"], *one["details"])]
    said = "\n".join((*told, *(item["excerpt"] or "" for item in cited)))
    needs: dict[str, Any] = {
        "every verdict has evidence": findings
        and all(evidenced(one) for one in findings if one["status"] != "unknown")
    }
    for pattern in wanted["commands"]:
        needs[f"a command like {pattern} is cited"] = any(
            re.search(pattern, item["command"] or "") and item["sha256"] for item in cited
        )
        needs[f"the text shows a command like {pattern}"] = any(
            re.search(pattern, command) for command in block.evidence
        )
    for fact in wanted["facts"]:
        needs[f"it shows {fact}"] = fact in said
    return outcome(kind, "; ".join(block.evidence), needs)


def keyspace(statement: Statement, ours: Ours) -> Outcome:
    """Compare the counts of keys: of the lab's own Redis, which was given as many."""
    block, findings = _found(statement, ours)
    says = statement.says
    figures = f"db{says['db']} keys={says['keys']}, expires={says['expires']}"
    told = " ".join(line for one in findings for line in (one["message"], *one["details"]))
    needs = {"the JSON counts so": figures in told, "the text counts so": figures in block.said}
    return outcome("same", told, needs)


def families(statement: Statement, ours: Ours) -> Outcome:
    """Compare the model families of which files are there."""
    block, _ = _found(statement, ours)
    found = {one["name"] for one in ours.host.get("models", {}).get("families", ()) if one["files"]}
    listed = re.search(r"Files observed: ([\w, ]+?) \(", block.said)
    return outcome(
        "same",
        ", ".join(sorted(found)),
        {
            "the JSON has these families": found == set(statement.says),
            "the text has them": listed and set(listed[1].split(", ")) == set(statement.says),
        },
    )


def loads(statement: Statement, ours: Ours) -> Outcome:
    """Compare which model is loaded for which symbol: not confirmed there, told by its log here."""
    service = f"{statement.ours}.service"
    rows = ours.host.get("models", {}).get("load", ())
    states = {(one["model"], one["symbol"]): one["state"] for one in rows}
    block = ours.text.block(f"Model load evidence ({statement.ours} logs)") or _NOBODY
    needs: dict[str, Any] = {}
    for said, state in ((LOADED, "loaded"), (FALLBACK, "fallback")):
        for model, symbols in said.items():
            shown = ours.findings.get(f"model_loads:{service}/{model}")
            needs[f"{model} has evidence"] = shown and evidenced(shown)
            needs[f"{model} is told"] = shown and shown["message"] in block.said
            for symbol in symbols:
                needs[f"{model} is {state} for {symbol}"] = states.get((model, symbol)) == state
    for (model, _), state in states.items():
        if state == "unknown":
            shown = ours.findings.get(f"model_loads:{service}/{model}", {"message": ""})
            needs[f"how far the journal was read for {model}"] = (
                "in its journal read back to" in shown["message"] and shown["message"] in block.said
            )
    told = [f"{model} {symbol}: {state}" for (model, symbol), state in states.items()]
    return outcome("answered", ", ".join(told), needs)


def front_end(statement: Statement, ours: Ours) -> Outcome:
    """Compare that no such unit is there, and which ports are open to the world."""
    says = statement.says
    block, findings = _found(statement, ours)
    commands = [item["command"] for one in findings for item in one["evidence"]]
    messages = [one["message"] for one in ours.like("listening_ports:*")]
    world = {text.split()[2] for text in messages if "(open to the world)" in text}
    needs: dict[str, Any] = {
        f"no unit {says['units']}": f"not found: units {says['units']}" in block.said,
        "the units were looked at": any(one.startswith("systemctl") for one in commands),
        "the sockets were looked at": any(one.startswith("ss ") for one in commands),
        # The lab's own way in stands in the place of that machine's.
        "no other port is open": world == {*map(str, says["open"]), "22"},
    }
    for port in says["open"]:
        state = ours.findings.get(f"expected_ports:port/{port}", {})
        needs[f"{port} is open"] = state.get("status") == "ok"
    for port in says["closed"]:
        state = ours.findings.get(f"expected_ports:port/{port}", {})
        needs[f"{port} is closed"] = state.get("status") == "down"
        needs[f"the text says {port} is closed"] = f"nothing listens on port {port}" in block.said
    return outcome("same", f"open: {', '.join(sorted(world))}", needs)


def loaded_files(statement: Statement, ours: Ours) -> Outcome:
    """Compare which environment file each active service loads, or that it has none."""
    block, findings = _found(statement, ours)
    begins, ends = "Used by active services: ", "Loaded by services that do not run"
    told = next(
        (line for one in findings for line in one["details"] if line.startswith(begins)), ""
    )
    _, _, shown = block.said.partition(begins)
    needs = {
        f"{used}": used in _parts(told.removeprefix(begins))
        and used in _parts(shown.partition(ends)[0])
        for used in statement.says
    }
    return outcome("same", told, needs)


def compared(statement: Statement, ours: Ours) -> Outcome:
    """Compare what was found by comparing values: not checked there."""
    block, _ = _found(statement, ours)
    needs: dict[str, Any] = {}
    told = []
    for name in statement.ours:
        finding = ours.findings.get(name, {"message": "nothing", "evidence": (), "status": ""})
        told.append(finding["message"])
        needs[f"{name} is found"] = finding["status"] == "degraded"
        needs[f"{name} has evidence"] = evidenced(finding)
        needs[f"the text says {name}"] = finding["message"] in block.said
    return outcome("answered", "; ".join(told), needs)


def _found(statement: Statement, ours: Ours) -> tuple[Block, list[dict[str, Any]]]:
    return ours.text.block(statement.subject) or _NOBODY, ours.about(statement.subject)


def _searched(block: Block, findings: Iterable[dict[str, Any]]) -> dict[str, Any]:
    told = " ".join(line for one in findings for line in (one["message"], *one["details"]))
    tried = ("searched: units", "processes")
    return {f"it names {word}": word in told and word in block.said for word in tried}


def _parts(listed: str) -> set[str]:
    """Return the files and the services of a list: `a.env, b (a.env), c (no env file)`."""
    return {part.strip() for part in re.split(r", (?![^(]*\))", listed)} | set(
        re.findall(r"[\w.-]+\.env(?: \([\w=]+\))?", listed)
    )
