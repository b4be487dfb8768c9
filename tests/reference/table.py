"""The statements of the reference report, read from `statements.yml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

__all__ = ["Class", "Expectation", "Statement", "labels", "statements"]

_TABLE = Path(__file__).parent / "statements.yml"

Class = Literal["raw-state", "exact", "verdict", "age-relative", "lab-figure"]
Expectation = Literal["same", "answered", "corrected", "either"]

_CLASSES: dict[str, Class] = {
    "status": "verdict",
    "running": "verdict",
    "connected": "exact",
    "evidence": "exact",
    "producer": "exact",
    "consumers": "exact",
    "active": "age-relative",
    "last": "age-relative",
    "unit": "raw-state",
    "works": "age-relative",
    "judged": "verdict",
    "systemic": "verdict",
}


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement: what is said of a subject, and what is expected of ours.

    `check` names how it is compared. `says` is None where the reference knew nothing, `ours` what
    stands in its place; `also` are the keys that only its check knows.
    """

    id: str
    check: str
    subject: str
    cls: Class
    expect: Expectation
    says: Any
    ours: Any
    why: str | None
    also: dict[str, Any]

    def __str__(self) -> str:
        """Return its id."""
        return self.id


def statements() -> tuple[Statement, ...]:
    """Return all of them, in the order of the table."""
    return tuple(_statements(yaml.safe_load(_TABLE.read_text())))


def labels() -> dict[str, Any]:
    """Return the reference's own words: `headings`, `columns` of its table, `unknown`."""
    found: dict[str, Any] = yaml.safe_load(_TABLE.read_text())["labels"]
    return found


def _statements(table: dict[str, Any]) -> Iterator[Statement]:
    reasons: dict[str, str] = table["reasons"]
    for group in table["units"]:
        shared = {key: value for key, value in group.items() if key != "units"}
        for unit in group["units"]:
            yield _statement(f"A.unit.{unit}", "unit", f"{unit}.service", shared, reasons)
    for block in table["blocks"]:
        for key, stated in block.items():
            if key not in {"id", "component"}:
                name = f"{block['id']}.{key}"
                yield _statement(name, key, block["component"], stated, reasons)
    for row in table["streams"]:
        for key in ("producer", "consumers", "active", "last"):
            stream = f"quantum:stream:{row['stream']}"
            yield _statement(f"{row['id']}.{key}", key, stream, row[key], reasons)
    for part in ("works", "judged", "systemic"):
        for stated in table[part]:
            rest = {key: value for key, value in stated.items() if key != "id"}
            yield _statement(stated["id"], part, stated["id"].split(".")[0], rest, reasons)


def _statement(
    name: str, key: str, subject: str, stated: dict[str, Any], reasons: dict[str, str]
) -> Statement:
    rest = dict(stated)
    return Statement(
        id=name,
        check=rest.pop("of", key),
        subject=subject,
        cls=rest.pop("class", None) or _CLASSES[key],
        expect=rest.pop("expect", "same"),
        says=rest.pop("says"),
        ours=rest.pop("ours", None),
        why=reasons[rest.pop("why")] if "why" in rest else None,
        also=rest,
    )
