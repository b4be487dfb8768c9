"""The rules on checkouts, used modules, old processes and declared inventories."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.findings import Status, Verdict
from reporter.profile import load_profiles
from reporter.report import host_report
from reporter.source import streams
from tests.builders import record, without
from tests.rules.repository_cases import (
    CHECKOUTS,
    CONTAINERS,
    INVENTORIES,
    PROCESSES,
    REDIS,
    SOURCE,
    Row,
    bundle,
    findings,
    processes,
    redis,
    verdict,
    with_containers,
    with_inventory,
    with_records,
    with_rows,
    without_profile,
)
from tests.rules.systemd_cases import changed, with_profile
from tests.source.shop import ROOT

YAML = f"{ROOT}/SYSTEM_INVENTORY.yaml"
REGISTRY = f"{ROOT}/module_registry.json"


NO_ENGINE = "the host has no container engine"


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
    assert items == {
        "shop_idle": f"shop_idle: declared running, is inactive (dead); {NO_ENGINE}",
        "shop_mailer": f"shop_mailer: declared running, and no such unit exists; {NO_ENGINE}",
        "shop_orders": "shop_orders: declared on port 8100, where nothing listens",
        "shop_returns": "shop_returns: declared running, is active (running); declared as a "
        f"container: {NO_ENGINE}; it runs as shop-returns.service",
        "<masked:12>": "<masked:12>: it names no unit that is readable",
    }


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


def item(
    collected: Bundle, streams: str = "[]", name: str = "shop_returns", state: str = "running"
) -> Verdict:
    """Judge an inventory of this one item."""
    text = f"containers:\n  {name}: {{status: {state}, streams: {streams}}}\n"
    return verdict(with_inventory(collected, YAML, text), "declared_inventories", f"{YAML}/{name}")


@pytest.mark.parametrize(
    "streams",
    ["[shop:stream:orders]", '["shop:stream:orders (publish)"]', "[shop:stream:o*]", "[-]", "[]"],
)
def test_declared_streams_that_are_there(streams: str) -> None:
    assert item(bundle(), streams).status == "ok"


def test_a_declared_stream_that_no_server_has_is_a_contradiction() -> None:
    found = item(bundle(), '["reads shop:stream:orders", "shop:stream:gone (publish)"]')
    assert (found.status, found.severity) == ("degraded", "P3")
    assert str(found.message) == (
        "shop_returns: declared with streams that no Redis server here has: shop:stream:gone"
    )
    assert REDIS in [one.record for one in found.citations]
    whole = verdict(
        with_inventory(bundle(), REGISTRY, WITH_A_STREAM_THAT_IS_GONE),
        "declared_inventories",
        REGISTRY,
    )
    assert whole.status == "degraded"
    assert "conflicts with the ports and streams of the host" in str(whole.message)
    assert "drift 100 % (1 of 1 items that can be compared; 1 contradict" in str(whole.message)


WITH_A_STREAM_THAT_IS_GONE = json.dumps(
    {
        "generated_at": "2026-11-20",
        "modules": [
            {
                "name": "orders",
                "unit": "shop-orders.service",
                "systemd": {"active": "active"},
                "runtime": {"redis_streams": ["shop:stream:gone"]},
            }
        ],
    }
)


def test_streams_that_were_not_seen_are_unknown_and_count_for_no_drift() -> None:
    """The state of each still does: the drift is of the items of which anything was compared."""
    cut = with_records(bundle(), redis("shop:stream:other", complete=False))
    for host in (without(bundle(), REDIS), without(bundle(), "redis_listeners"), cut):
        found = item(host, "[shop:stream:gone]")
        assert (found.status, found.missing != ()) == ("unknown", True)
        assert "was not seen: shop:stream:gone" in str(found.message)
        whole = verdict(host, "declared_inventories", REGISTRY)
        assert "drift 0 % (0 of 2 items that can be compared" in str(whole.message)
    assert item(cut, "[shop:stream:other]").status == "ok"
    assert item(without(bundle(), REDIS), "[]").status == "ok"
    whole = verdict(without(bundle(), REDIS), "declared_inventories", REGISTRY)
    assert whole.status == "unknown"
    assert [str(one) for one in whole.details] == [
        "of 1 of the compared items not every claim could be compared (orders)"
    ]


def test_a_host_without_redis_knows_nothing_of_streams() -> None:
    """They may be on another host's."""
    none = (record("redis_listeners", ""), record("redis_servers", "", kind="redis"))
    bare = with_records(without(bundle(), REDIS), *none)
    found = item(bare, "[shop:stream:orders]")
    assert found.status == "unknown"
    assert [str(one.reason) for one in found.missing] == [
        "no Redis server of this host was surveyed"
    ]


def test_a_masked_stream_is_unknown() -> None:
    found = item(bundle(), '["<masked:12>"]')
    assert (found.status, str(found.message)) == (
        "unknown",
        "shop_returns: masking hid names of its streams",
    )


def test_the_streams_of_an_item_that_is_to_be_stopped_are_not_held_against_it() -> None:
    found = item(bundle(), "[shop:stream:gone]", name="shop_idle", state="stopped")
    assert (found.status, str(found.message)) == (
        "ok",
        "shop_idle: declared stopped, is inactive (dead)",
    )


RUNS = (
    {"program": "docker", "path": "/usr/bin/docker"},
    {"container": "docker", "id": "4f1c", "pid": 1290, "processes": 3},
)


def listed(name: str) -> dict[str, str]:
    return {"listed": "/run/docker.sock", "id": "4f1c", "name": name, "state": "running"}


def contained(name: str) -> Bundle:
    return with_containers(bundle(), *RUNS, listed(name))


@pytest.mark.parametrize("name", ["shop_mailer", "shop-mailer", "shop-shop_mailer-1"])
def test_a_container_that_runs_agrees(name: str) -> None:
    """No unit of that name exists, and none has to."""
    found = verdict(contained(name), "declared_inventories", f"{YAML}/shop_mailer")
    assert (found.status, str(found.message)) == (
        "ok",
        f"shop_mailer: declared running, runs as container {name} (docker)",
    )
    assert CONTAINERS in [one.record for one in found.citations]
    whole = verdict(contained(name), "declared_inventories", YAML)
    assert "drift 50 % (2 of 4 items" in str(whole.message)


def test_a_container_that_is_to_be_stopped_and_runs_contradicts() -> None:
    found = item(contained("shop_idle"), name="shop_idle", state="stopped")
    assert (found.status, str(found.message)) == (
        "degraded",
        "shop_idle: declared stopped, runs as container shop_idle (docker)",
    )


def test_another_container_is_not_that_one() -> None:
    found = verdict(contained("old-shop_mailer"), "declared_inventories", f"{YAML}/shop_mailer")
    assert str(found.message) == (
        "shop_mailer: declared running, and no such unit exists; no container of that name runs"
    )


@pytest.mark.parametrize(
    "host",
    [
        without(bundle(), CONTAINERS),
        with_containers(bundle(), {"hidden": True}),
        with_containers(bundle(), *RUNS),
    ],
    ids=["no evidence", "processes hidden", "a container without a name"],
)
def test_what_may_run_as_a_container_is_unknown(host: Bundle) -> None:
    """What runs as a unit does so all the same."""
    items = findings(host, "declared_inventories")
    for name, status in (
        ("shop_mailer", "unknown"),
        ("shop_idle", "unknown"),
        ("shop_returns", "ok"),
    ):
        found = items[f"declared_inventories:{YAML}/{name}"].verdict
        assert found.status == status
        assert "whether it runs as one was not seen" in str(found.message)


def test_items_of_another_place_are_no_containers() -> None:
    found = verdict(
        with_containers(bundle(), {"hidden": True}), "declared_inventories", f"{REGISTRY}/returns"
    )
    assert str(found.message) == "returns: declared active, is active (running)"


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
    for name in (INVENTORIES, "systemd_units"):
        found = findings(without(bundle(), name), "declared_inventories")
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
    assert (found.status, found.severity, found.running) == ("degraded", None, "partial")
    assert [str(one) for one in found.connected_to] == ["repo tree"]
    assert str(found.message) == (
        f"{ROOT}: 3 services use 6 modules; 1 modules are used by none; running services use 6; "
        "of the unused, beside modules in use: 1"
    )
    assert f"used by no service: {ROOT}/shop/forgotten.py" in map(str, found.details)


@pytest.mark.parametrize(
    "path",
    [
        "shop/test_orders.py",
        "shop/orders_test.py",
        "setup.py",
        "shop/__main__.py",
        "tests/orders.py",
        "other/orders.py",
    ],
)
def test_an_unused_module_that_is_no_part_of_what_runs_is_no_fault(path: str) -> None:
    """A test, a tool, or one of a folder that no service uses; it is named all the same."""
    found = with_file("shop/forgotten.py", path=f"{ROOT}/{path}")
    assert found.status == "ok"
    assert f"used by no service: {ROOT}/{path}" in map(str, found.details)


def test_beside_a_tool_that_a_service_runs_lie_other_tools() -> None:
    """Even where a service runs one of them."""
    moved = {"bus.py": "scripts/bus.py", "forgotten.py": "scripts/forgotten.py"}

    def move(row: Row) -> Row:
        path = str(row.get("path")).removeprefix(f"{ROOT}/shop/")
        return {**row, "path": f"{ROOT}/{moved[path]}"} if path in moved else row

    found = verdict(with_rows(bundle(), SOURCE, move), "module_usage", f"modules{ROOT}")
    assert (found.status, "scripts/forgotten.py" in str(found.details)) == ("ok", True)


def test_unused_modules_are_no_fault_where_others_are_imported_by_computed_names() -> None:
    """They may be those; nor is anything said of programs that no profile knows."""
    assert with_file("shop/bus.py", dynamic=1).status == "ok"
    found = verdict(without_profile(bundle()), "module_usage", f"modules{ROOT}")
    assert found.status == "ok"
    assert "1 modules are used by none" in str(found.message)


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
    assert "faults" not in str(found.message)
    assert found.severity is None
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
    assert "as far as it was read" in str(found.details[0])


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


RELOADED = (
    "{ path=/bin/kill ; argv[]=/bin/kill -HUP $MAINPID ; ignore_errors=no ; start_time=["
    "Wed 2026-11-25 15:28:00 UTC] ; stop_time=[n/a] ; pid=9 ; code=exited ; status=0 }"
)
MAIN = {"pid": 186}
YOUNG = {"pid": 300, "ppid": 186, "started_at": "2026-11-25T15:28:00Z"}
OLD = {"pid": 301, "ppid": 186}
HELPER = {**YOUNG, "exe": "/usr/bin/curl"}


@pytest.mark.parametrize(
    ("rows", "reload", "status"),
    [
        ([MAIN], None, "degraded"),
        ([MAIN], RELOADED, "degraded"),
        ([MAIN, YOUNG], RELOADED, "ok"),
        ([MAIN, YOUNG], None, "unknown"),
        ([MAIN, YOUNG], RELOADED.replace("15:28", "15:20"), "unknown"),
        ([MAIN, YOUNG], RELOADED.replace("Wed 2026-11-25 15:28:00 UTC", "n/a"), "unknown"),
        ([MAIN, YOUNG, OLD], RELOADED, "degraded"),
        ([MAIN, HELPER], RELOADED, "degraded"),
        ([MAIN, {**YOUNG, "exe": None, "exe_error": "Permission denied"}], None, "unknown"),
        ([{"pid": 5}], RELOADED, "unknown"),
    ],
)
def test_workers_that_a_reload_started_anew(
    rows: list[Row], reload: str | None, status: str
) -> None:
    """gunicorn's main process outlives a reload, its workers do not; a helper is no worker."""
    seen = with_records(bundle(), processes(*rows))
    if reload is not None:
        seen = changed(seen, "shop-orders.service", ExecReload=reload)
    found = verdict(seen, "code_newer_than_process", "shop-orders.service")
    assert found.status == status
    assert (found.severity, found.application) == ("P3" if status == "degraded" else None, "shop")
    if status == "ok":
        assert "was reloaded at 2026-11-25T15:28:00Z" in str(found.message)
        assert PROCESSES in [one.record for one in found.citations]


def test_without_the_processes_nobody_knows_of_workers() -> None:
    gone = without(bundle(), PROCESSES)
    found = verdict(gone, "code_newer_than_process", "shop-orders.service")
    assert (found.status, found.missing[0].probe) == ("unknown", PROCESSES)
    part = with_rows(
        bundle(), SOURCE, lambda row: {**row, "limits": ["time"]} if row["row"] == "end" else row
    )
    young = with_records(part, processes(MAIN, YOUNG))
    young = changed(young, "shop-orders.service", ExecReload=RELOADED)
    assert verdict(young, "code_newer_than_process", "shop-orders.service").status == "unknown"


def test_a_changed_checkout() -> None:
    found = verdict(bundle(), "checkout_state", ROOT)
    assert (found.status, found.severity) == ("degraded", "P3")
    assert "1 of 10 tracked files differ" in str(found.message)
    assert found.connected_to == ("https://git.example.org/shop/app.git",)
    clean = with_rows(bundle(), CHECKOUTS, lambda row: {**row, "dirty": 0, "modified": []})
    assert verdict(clean, "checkout_state", ROOT).status == "ok"
    closed = with_rows(bundle(), CHECKOUTS, lambda row: {**row, "dirty": None, "error": "denied"})
    assert verdict(closed, "checkout_state", ROOT).status == "unknown"


def test_a_checkout_that_may_not_be_looked_into_is_unknown_with_its_path() -> None:
    """The whole folder, or a file of it; what else differs is found all the same."""
    refused = {"shop/keys.py": "Permission denied"}
    part = {"dirty": 0, "modified": [], "complete": False, "refused": refused}
    found = verdict(
        with_rows(bundle(), CHECKOUTS, lambda row: {**row, **part}), "checkout_state", ROOT
    )
    assert found.status == "unknown"
    assert f"such as {ROOT}/shop/keys.py: Permission denied" in str(found.message)
    worse = with_rows(bundle(), CHECKOUTS, lambda row: {**row, **part, "dirty": 1})
    assert verdict(worse, "checkout_state", ROOT).status == "degraded"
    closed = with_rows(
        bundle(), CHECKOUTS, lambda row: {"folder": "/srv/x", "error": "Permission denied"}
    )
    found = verdict(closed, "checkout_state", "/srv/x")
    assert (found.status, [str(one.reason) for one in found.missing]) == (
        "unknown",
        ["/srv/x: Permission denied"],
    )


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
    for name in (SOURCE, CHECKOUTS):
        empty = with_rows(empty, name, lambda row: None)
    assert findings(empty) == {}
    assert findings(with_profile(empty, units=["shop-*"])) == {}


def test_the_streams_of_the_code_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rules and tables of a report ask for them."""
    programs = []
    work = streams._of_program

    def counted(scan: Any, program: Any, variables: Any) -> Any:
        programs.append(program.unit)
        return work(scan, program, variables)

    monkeypatch.setattr(streams, "_of_program", counted)
    host_report(bundle())
    assert sorted(programs) == [
        "shop-idle.service",
        "shop-orders.service",
        "shop-returns.service",
    ]
