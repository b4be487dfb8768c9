"""The comparison itself: it holds every statement, and nothing for nothing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reporter.archive import load
from reporter.outputs import render
from reporter.report import build
from tests.reference.comparison import compare
from tests.reference.ours import Ours, Text, ours_of
from tests.reference.table import Statement, statements

STATEMENTS = statements()
GOLDEN = next((Path(__file__).parents[1] / "golden").glob("reference.exit-*.json.zst"))
NOTHING: dict[str, Any] = {
    "collected_at": "2026-02-15T22:17:00Z",
    "findings": [],
    "streams": [],
    "works": [],
    "causes": [],
    "risks": [],
    "top": [],
}


@pytest.fixture(scope="module")
def recorded() -> Ours:
    """The report of the recorded archive, as it is rendered now."""
    report = build(load([GOLDEN]))
    return ours_of(render(report, "json"), render(report, "text"), "reference")


def holds(statement: Statement, ours: Ours) -> bool:
    return compare(statement, ours).kind != "differs"


def test_the_table_is_complete() -> None:
    """As many statements as the reference has, of each class and expectation."""
    assert len({one.id for one in STATEMENTS}) == len(STATEMENTS) == 323
    assert Counter(one.expect for one in STATEMENTS) == {
        "same": 265,
        "either": 30,
        "corrected": 21,
        "answered": 7,
    }
    assert Counter(one.cls for one in STATEMENTS) == {
        "exact": 102,
        "raw-state": 84,
        "verdict": 70,
        "age-relative": 63,
        "lab-figure": 4,
    }


def test_a_correction_says_what_is_right_and_why() -> None:
    for one in STATEMENTS:
        if one.expect == "corrected":
            assert one.why, one.id
            assert one.ours or one.also["apart"], one.id


def test_the_population_is_the_references() -> None:
    """30 active, one of them in a loop; 48 inactive, 13 of them between runs."""
    units = Counter((one.says, one.ours) for one in STATEMENTS if one.check == "unit")
    assert units == {
        ("running", None): 29,
        ("running", "auto-restart"): 1,
        ("inactive", None): 35,
        ("inactive", "idle"): 13,
    }


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
def test_an_empty_report_holds_no_statement(statement: Statement) -> None:
    assert not holds(statement, Ours(NOTHING, Text()))


def test_neither_the_json_nor_the_text_is_enough(recorded: Ours) -> None:
    """What holds by both holds no longer where one of them says nothing."""
    held = [one for one in STATEMENTS if holds(one, recorded)]
    assert len(held) > 290
    silent = dataclasses.replace(recorded, text=Text())
    mute = Ours({**NOTHING, "collected_at": recorded.host["collected_at"]}, recorded.text)
    for statement in held:
        assert not holds(statement, silent), f"{statement.id} without the text"
        assert not holds(statement, mute), f"{statement.id} without the JSON"


def test_without_evidence_nothing_is_answered(recorded: Ours) -> None:
    """A finding without a record of the host is no answer."""
    bare = [{**one, "evidence": []} for one in recorded.host["findings"]]
    ours = dataclasses.replace(recorded, host={**recorded.host, "findings": bare})
    answered = [one for one in STATEMENTS if compare(one, recorded).kind == "answered"]
    assert len(answered) > 25
    table = {"active", "last"}  # of the row, which has the evidence of its stream's finding
    for statement in answered:
        if statement.check not in table:
            assert not holds(statement, ours), statement.id
