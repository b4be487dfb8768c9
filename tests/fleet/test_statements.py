"""The reference host: our report against the hand-written one, statement by statement."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.fleet.commands import truthmap
from tests.fleet.conftest import PROFILE, FleetRun
from tests.reference.comparison import compare
from tests.reference.ours import Ours, read
from tests.reference.outcome import ALLOWED
from tests.reference.summary import summary
from tests.reference.table import Statement, labels, statements

STATEMENTS = statements()


@pytest.fixture(scope="module")
def ours(fleet_run: FleetRun) -> Ours:
    return read(fleet_run.folder / "report", "reference")


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
def test_a_statement(ours: Ours, statement: Statement) -> None:
    """Ours says the same, answers it, corrects it, or says what was tried: as is expected."""
    found = compare(statement, ours)
    assert found.kind in ALLOWED[statement.expect], f"{found.kind}: {found.shown}"


def test_no_answer_comes_from_the_profile(fleet_run: FleetRun, ours: Ours, tmp_path: Path) -> None:
    """Where a profile says only which units are whose, all that it does not name is answered."""
    (name, whole) = next(iter(yaml.safe_load(PROFILE.read_text()).items()))
    bare = tmp_path / "bare.yml"
    bare.write_text(yaml.safe_dump({name: {key: whole[key] for key in ("title", "units")}}))
    formats = ("--format", "text", "--format", "json", "--out", tmp_path)
    truthmap("report", fleet_run.folder, "--profile", bare, *formats, cwd=tmp_path)
    without = read(tmp_path, "reference")
    declared = {one["title"] for one in whole["components"].values()}
    asked = [
        one
        for one in STATEMENTS
        if one.says is None and one.subject not in declared and one.check != "loads"
    ]
    assert len(asked) > 25
    for statement in asked:
        assert compare(statement, without) == compare(statement, ours), statement.id


def test_the_table_has_the_streams_of_the_reference_and_no_other(ours: Ours) -> None:
    """29 rows, in the JSON and in the text."""
    stated = {one.subject for one in STATEMENTS if one.check == "producer"}
    assert sorted(stated) == sorted(item["stream"] for item in ours.host["streams"])
    assert stated == set(ours.text.rows)


def test_the_words_of_the_reference(fleet_run: FleetRun) -> None:
    """In bokmål its headings stand in its order, and the table has its columns."""
    done = truthmap("report", fleet_run.folder, "--lang", "nb", cwd=fleet_run.folder)
    _, own = done.stdout.split("\nreference - ", 1)
    words = labels()
    places = [own.find(f"\n{heading}") for heading in words["headings"]]
    assert -1 not in places
    part = places[: places.index(own.find("\nREDIS STREAMS - TRUTH TABLE"))]
    assert part == sorted(part)
    (head,) = re.findall(r"^STREAM +\|.*$", own, re.MULTILINE)
    columns = [column.strip() for column in head.split(" | ")]
    assert [one for one in columns if one in words["columns"]] == words["columns"]
    table = own[own.index(head) :]
    assert f"| {words['unknown']}" in table


def test_what_came_of_each(ours: Ours, capsys: pytest.CaptureFixture[str]) -> None:
    """The comparison as people read it, with its counts."""
    lines = list(summary({one: compare(one, ours) for one in STATEMENTS}))
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert lines[-1].startswith("323 statements")
