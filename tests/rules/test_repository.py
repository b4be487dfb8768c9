"""The rules on checkouts, used modules, old processes and declared inventories."""

from __future__ import annotations

import json

import pytest

from reporter.errors import InputError
from reporter.findings import Status, Verdict
from reporter.profile import load_profiles
from tests.builders import without
from tests.rules.repository_cases import (
    CHECKOUTS,
    INVENTORIES,
    SOURCE,
    Row,
    bundle,
    findings,
    verdict,
    with_rows,
    without_profile,
)
from tests.rules.systemd_cases import changed, with_profile
from tests.source.shop import ROOT

YAML = f"{ROOT}/SYSTEM_INVENTORY.yaml"
REGISTRY = f"{ROOT}/module_registry.json"


def statuses(rule: str) -> dict[str, Status]:
    return {name: one.verdict.status for name, one in findings(bundle(), rule).items()}


def test_an_inventory_against_the_host() -> None:
    """Its date and age, the drift with its denominator, each item, what it does not know."""
    found = verdict(bundle(), "declared_inventories", YAML)
    assert (found.status, found.running) == ("degraded", "na")
    assert [str(one) for one in found.connected_to] == ["repo file"]
    assert str(found.component) == "SYSTEM_INVENTORY.yaml"
    message = str(found.message)
    assert message.startswith("SYSTEM_INVENTORY.yaml last_update=2025-12-21 (")
    assert "drift 75 % (3 of 4 items that can be compared; 2 contradict, 1 are missing" in message
    items = {
        name.rpartition("/")[2]: str(one.verdict.message)
        for name, one in findings(bundle(), "declared_inventories").items()
        if name.startswith(f"declared_inventories:{YAML}/")
    }
    assert items["shop_idle"] == "shop_idle: declared running, is inactive (dead)"
    assert items["shop_mailer"] == "shop_mailer: declared running, and no such unit exists"
    assert items["shop_orders"] == "shop_orders: declared on port 8100, where nothing listens"
    assert items["shop_returns"] == "shop_returns: declared running, is active (running)"


def test_an_inventory_that_agrees_is_fine() -> None:
    found = verdict(bundle(), "declared_inventories", REGISTRY)
    assert (found.status, found.severity) == ("ok", None)
    assert "agrees with the current systemd state: drift 0 % (0 of 2 items" in str(found.message)


def test_what_runs_and_is_not_declared() -> None:
    found = verdict(
        with_rows(bundle(), INVENTORIES, _without_returns), "declared_inventories", REGISTRY
    )
    assert [str(one) for one in found.details] == [
        "running and not declared: 1 (shop-returns.service)"
    ]


def _without_returns(row: Row) -> Row:
    if row["path"] != REGISTRY:
        return row
    data = json.loads(row["data"])
    data["modules"] = data["modules"][:1]
    return {**row, "data": json.dumps(data)}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("{", "it is no readable json: JSONDecodeError"),
        ("[1]", "modules is neither a mapping nor a list"),
        ("[" * 100_000, "it is no readable json: RecursionError"),
    ],
)
def test_an_inventory_that_cannot_be_read_is_unknown(data: str, why: str) -> None:
    broken = with_rows(
        bundle(),
        INVENTORIES,
        lambda row: {**row, "data": data} if row["path"] == REGISTRY else row,
    )
    found = verdict(broken, "declared_inventories", REGISTRY)
    assert (found.status, str(found.message)) == ("unknown", f"{REGISTRY}: {why}")


def test_yaml_that_grows_is_refused() -> None:
    bomb = "a: &a [x,x]\nb: &b [*a,*a]\ncontainers: *b\n"
    broken = with_rows(
        bundle(), INVENTORIES, lambda row: {**row, "data": bomb} if row["path"] == YAML else row
    )
    assert verdict(broken, "declared_inventories", YAML).status == "unknown"


def test_missing_evidence_answers_each_inventory_by_unknown() -> None:
    for record in (INVENTORIES, "systemd_units"):
        found = findings(without(bundle(), record), "declared_inventories")
        for path in (YAML, REGISTRY):
            one = found[f"declared_inventories:{path}"]
            assert (one.verdict.status, one.gate) == ("unknown", "P3")


def test_no_profile_no_inventory() -> None:
    assert findings(without_profile(bundle()), "declared_inventories") == {}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x", r"x\.inventories: give a list"),
        ([1], r"inventories\[0\]: give a mapping"),
        ([{"path": "/a", "itmes": "b"}], "unknown key 'itmes'; did you mean 'items'?"),
        ([{"path": "a"}], r"inventories\[0\]\.path: give the absolute path"),
        ([{"path": "/a", "format": "toml"}], "give one of yaml, json, not 'toml'"),
        ([{"path": "/a", "items": 1}], r"\[0\]\.items: give a text"),
    ],
)
def test_a_mistake_in_the_profile_is_named(value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_profiles({"x": {"inventories": value}}, "test")


def test_modules_used_and_not() -> None:
    found = verdict(bundle(), "module_usage", f"modules{ROOT}")
    assert (found.status, found.running) == ("ok", "partial")
    assert [str(one) for one in found.connected_to] == ["repo tree"]
    assert str(found.message) == (
        f"{ROOT}: 3 services use 6 modules; 1 modules are used by none; running services use 6"
    )
    assert f"used by no service: {ROOT}/shop/forgotten.py" in map(str, found.details)


def with_file(name: str, **edit: object) -> Verdict:
    broken = with_rows(
        bundle(),
        SOURCE,
        lambda row: {**row, **edit} if row.get("path") == f"{ROOT}/{name}" else row,
    )
    return verdict(broken, "module_usage", f"modules{ROOT}")


def test_a_program_that_is_not_there_is_a_fault() -> None:
    found = with_file("main.py", error="No such file or directory")
    assert (found.status, found.severity) == ("degraded", "P3")
    assert any("and no such file was found" in str(one) for one in found.details)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("shop/bus.py", "syntax error in line 3"),
        ("shop/orders.py", "No such file or directory"),
        ("main.py", "Permission denied"),
    ],
)
def test_what_could_not_be_read_or_parsed_is_unknown(name: str, error: str) -> None:
    """It may be meant for a newer Python, or closed to the collector alone."""
    found = with_file(name, error=error)
    assert (found.status, found.severity) == ("unknown", None)
    assert f"{ROOT}/{name}: {error}" in [str(one) for one in found.details]
    assert [one.probe for one in found.missing] == [SOURCE]


def test_an_import_that_leads_nowhere_is_no_fault() -> None:
    """It may stand in `try:`, or in a text; it is named."""
    found = with_file("shop/bus.py", imports=["shop.gone"])
    assert found.status == "ok"
    said = f"imports that lead to no file: shop.gone ({ROOT}/shop/bus.py)"
    assert said in [str(one) for one in found.details]


def test_a_folder_that_was_refused_leaves_the_rest_unknown() -> None:
    refused = {"/opt/shut": "Permission denied"}
    closed = with_rows(
        bundle(), SOURCE, lambda row: {**row, "refused": refused} if row["row"] == "end" else row
    )
    found = verdict(closed, "module_usage", f"modules{ROOT}")
    assert found.status == "unknown"
    assert "/opt/shut: Permission denied" in str(found.message)


def test_a_scan_that_did_not_get_through_is_unknown() -> None:
    stopped = with_rows(
        bundle(), SOURCE, lambda row: {**row, "limits": ["time"]} if row["row"] == "end" else row
    )
    found = verdict(stopped, "module_usage", f"modules{ROOT}")
    assert (found.status, found.missing[0].probe) == ("unknown", SOURCE)


def test_code_newer_than_its_process() -> None:
    assert statuses("code_newer_than_process") == {
        "code_newer_than_process:shop-orders.service": "degraded",
        "code_newer_than_process:shop-returns.service": "ok",
    }
    later = changed(
        bundle(), "shop-orders.service", ExecMainStartTimestamp="Sat 2050-01-01 00:00:00 UTC"
    )
    assert verdict(later, "code_newer_than_process", "shop-orders.service").status == "ok"
    unknown = changed(bundle(), "shop-orders.service", ExecMainStartTimestamp=None)
    assert verdict(unknown, "code_newer_than_process", "shop-orders.service").status == "unknown"


def test_a_changed_checkout() -> None:
    found = verdict(bundle(), "checkout_state", ROOT)
    assert (found.status, found.severity) == ("degraded", "P3")
    assert "1 of 10 tracked files differ" in str(found.message)
    assert found.connected_to == ("https://git.example.org/shop/app.git",)
    clean = with_rows(bundle(), CHECKOUTS, lambda row: {**row, "dirty": 0, "modified": []})
    assert verdict(clean, "checkout_state", ROOT).status == "ok"
    closed = with_rows(bundle(), CHECKOUTS, lambda row: {**row, "dirty": None, "error": "denied"})
    assert verdict(closed, "checkout_state", ROOT).status == "unknown"


def test_two_checkouts_of_one_project() -> None:
    from tests.rules.repository_cases import stdout
    from tests.rules.systemd_cases import replaced

    row = json.loads(stdout(bundle(), CHECKOUTS))
    row |= {"dirty": 0, "modified": []}
    other = {**row, "path": "/opt/old", "commit": "0" * 40}
    other["remotes"] = {"origin": "git.example.org:shop/app"}
    both = replaced(bundle(), CHECKOUTS, stdout=f"{json.dumps(row)}\n{json.dumps(other)}\n")
    found = verdict(both, "checkout_state", "/opt/old")
    assert found.status == "degraded"
    assert f"the same project is also at {ROOT}" in str(found.details[0])


def test_a_host_without_programs_of_its_own_has_nothing_to_say() -> None:
    """No checkout, no program: no finding, with or without a profile."""
    empty = without_profile(bundle())
    for record in (SOURCE, CHECKOUTS):
        empty = with_rows(empty, record, lambda row: None)
    assert findings(empty) == {}
    assert findings(with_profile(empty, units=["shop-*"])) == {}
