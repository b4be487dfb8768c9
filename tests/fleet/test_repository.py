"""The repository of a live host: real services run from a checkout, and what differs is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reporter.archive import load
from reporter.registry import parsers
from reporter.source.streams import configured_streams
from tests import ablation
from tests.fleet.commands import truthmap
from tests.lab import Lab
from tests.lab.checkouts import install_checkout
from tests.lab.hosts import LabHost, Recipe
from tests.source.shop import (
    FILES,
    INVENTORY,
    ORDERS_USES,
    REGISTRY,
    REMOTE,
    RETURNS_USES,
    ROOT,
    UNITS,
    shown,
)

UNIT = """\
[Unit]
Description=Shop {name}
[Service]
User=shop
WorkingDirectory={root}
ExecStart={command}
[Install]
WantedBy=multi-user.target
"""
PROFILE = {
    "title": "Shop",
    "units": ["shop-*"],
    "inventories": [
        {
            "path": f"{ROOT}/SYSTEM_INVENTORY.yaml",
            "date": "last_update",
            "items": "containers",
            "state": "status",
            "port": "port",
            "streams": "streams",
        },
        {
            "path": f"{ROOT}/module_registry.json",
            "date": "generated_at",
            "items": "modules",
            "name": "name",
            "unit": "unit",
            "state": "systemd.active",
            "port": "runtime.port",
            "streams": "runtime.redis_streams",
        },
    ],
}
VARIABLES = {
    "truthmap_app_shop": PROFILE,
    "probe_repository_inventories": [f"{ROOT}/*.yaml", f"{ROOT}/*.json"],
    "probe_repository_names": ["shop:*"],
}
SECRETS = (
    "sk-live-51HqLyjWDarjtT1zdp7dc",
    "hunter2-in-code",
    "tok3n-9f8e7d6c5b4a",
    "tok3n-on-a-command-line",
)


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[LabHost]:
    """A host with two running services and one that does not run, all from one checkout."""
    found = lab.start("shop", Recipe("bookworm"))
    found.run("useradd --create-home shop && mkdir -p /srv/shop")
    files = {**FILES, "SYSTEM_INVENTORY.yaml": INVENTORY, "module_registry.json": REGISTRY}
    install_checkout(found, ROOT, files, owner="shop", remote=REMOTE)
    found.put_files(
        {
            f"/etc/systemd/system/{name}.service": (
                UNIT.format(name=name, root=ROOT, command=command),
                0o644,
            )
            for name, command in UNITS.items()
        }
    )
    found.run("systemctl daemon-reload && systemctl enable shop-idle.service")
    found.run("systemctl enable --now shop-orders.service shop-returns.service")
    # Loaded, though not running: somebody asked for it once and stopped it.
    found.run("systemctl start shop-idle.service; sleep 4")
    found.run(f"echo '# changed on the host' >> {ROOT}/shop/orders.py")
    # A stream that was never written to.
    found.run("redis-cli XGROUP CREATE shop:stream:shipped billing 0 MKSTREAM")
    # The inventories' stream, one whose entries name no source, and one that no code names.
    found.run("redis-cli XADD shop:stream:orders '*' total 12")
    found.run("redis-cli XADD shop:stream:orders.taken '*' total 12")
    found.run("redis-cli XADD shop:stream:elsewhere '*' total 12")
    yield found
    lab.stop("shop")


@pytest.fixture(scope="module")
def run(lab: Lab, host: LabHost, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One collection of that host; returns the run's folder."""
    folder = tmp_path_factory.mktemp("shop")
    inventory = lab.write_inventory(folder / "inventory.yml", ["shop"])
    variables = folder / "host_vars" / "shop.yml"
    variables.parent.mkdir()
    variables.write_text(json.dumps(VARIABLES))
    done = truthmap("run", "-i", inventory, "--archive", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "run" / "shown").write_text(done.stdout)
    return folder / "run"


def report(run: Path) -> dict[str, dict[str, Any]]:
    """The findings of the section by id."""
    (host,) = json.loads((run / "report" / "report.json").read_text())["hosts"]
    return {one["id"]: one for one in host["findings"] if one["section"] == "repository"}


def test_what_differs_is_found_and_nothing_else(run: Path) -> None:
    """The port and two units of the inventory, the changed file, the process older than it, and
    the module that lies among those in use and is used by none.
    """
    found = report(run)
    bad = {name for name, one in found.items() if one["status"] == "degraded"}
    inventory = f"declared_inventories:{ROOT}/SYSTEM_INVENTORY.yaml"
    assert bad == {
        inventory,
        f"{inventory}/shop_orders",
        f"{inventory}/shop_idle",
        f"{inventory}/shop_mailer",
        f"checkout_state:{ROOT}",
        "code_newer_than_process:shop-orders.service",
        f"module_usage:modules{ROOT}",
    }
    assert "drift 75 % (3 of 4 items" in found[inventory]["message"]
    assert (found[inventory]["running"], found[inventory]["connected_to"]) == ("na", ["repo file"])
    usage = found[f"module_usage:modules{ROOT}"]
    assert (usage["severity"], usage["running"]) == (None, "partial")
    assert usage["connected_to"] == ["repo tree"]
    assert "3 services use 6 modules; 1 modules are used by none" in usage["message"]


def test_the_streams_of_each_unit_are_those_in_its_code(run: Path) -> None:
    """As a reader of tests/source/shop.py would say."""
    bundle = next(run.glob("*.json.zst"), None) or next(
        path for path in run.glob("*.json") if path.name != "manifest.json"
    )
    (found,) = load([bundle]).bundles.values()
    record = next(one for one in found.evidence if one.id == "repository_source")
    uses = configured_streams(parsers()["source_scan"].function(record))
    assert shown(uses.of("shop-orders.service")) == ORDERS_USES
    assert shown(uses.of("shop-returns.service")) == RETURNS_USES


def test_the_code_names_the_producers_of_streams_that_do_not(run: Path) -> None:
    """Configured, with the place in the code; a stream that no code names stays unknown."""
    (host,) = json.loads((run / "report" / "report.json").read_text())["hosts"]
    rows = {row["stream"]: row["producers"] for row in host["streams"]}
    for stream in ("shop:stream:shipped", "shop:stream:orders.taken"):
        (producer,) = rows[stream]
        assert (producer["name"], producer["confidence"]) == ("shop-orders.service", "configured")
    assert rows["shop:stream:elsewhere"] == []
    found = {one["id"]: one for one in host["findings"]}
    cited = found["stream_producers:shop:stream:shipped"]["evidence"]
    assert any(f"{ROOT}/shop/bus.py" in (one["excerpt"] or "") for one in cited), cited
    assert "units was read" in " ".join(found["stream_producers:shop:stream:elsewhere"]["details"])


def test_without_any_record_nothing_is_better_known(run: Path) -> None:
    """Ablation, over what the producers stand on."""
    (bundle,) = load([run]).bundles.values()
    for record in bundle.evidence:
        if record.probe.startswith(("repository", "redis", "config", "systemd_units", "sockets")):
            assert ablation.violations(bundle, record.id) == [], record.id


SHUT = {
    f"{ROOT}/shop": "700",
    f"{ROOT}/.git/index": "600",
    f"{ROOT}/SYSTEM_INVENTORY.yaml": "600",
    "/srv/shop/models/private": "700",
    "/etc/shop.env": "600",
}


def test_without_root_what_can_be_read_is_read(
    lab: Lab, host: LabHost, run: Path, tmp_path: Path
) -> None:
    """All else is unknown, with "Permission denied" and the path; nothing else is called wrong."""
    assert run.is_dir()  # the run as root came first
    host.run("mkdir -p /srv/shop/models/private /srv/shop/models/open")
    host.run("echo x > /srv/shop/models/open/nhits.pt; echo KEY=x > /etc/shop.env")
    drop_in = "/etc/systemd/system/shop-orders.service.d/env.conf"
    host.put_files({drop_in: ("[Service]\nEnvironmentFile=/etc/shop.env\n", 0o644)})
    host.run("systemctl daemon-reload && systemctl restart shop-orders.service")
    for path, mode in SHUT.items():
        host.run(f"chmod {mode} {path}")
    inventory = lab.write_inventory(tmp_path / "inventory.yml", ["shop"], user="auditor")
    variables = tmp_path / "host_vars" / "shop.yml"
    variables.parent.mkdir()
    variables.write_text(
        json.dumps({**VARIABLES, "probe_models_directories": ["/srv/shop/models"]})
    )
    done = truthmap("run", "-i", inventory, "--archive", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (shown,) = json.loads((tmp_path / "run" / "report" / "report.json").read_text())["hosts"]
    found = {one["id"]: one for one in shown["findings"]}
    unknown = [
        " ".join((one["message"], *(item["missing"] or "" for item in one["evidence"])))
        for one in found.values()
        if one["status"] == "unknown"
    ]
    for path in SHUT:
        assert any(path in said and "Permission denied" in said for said in unknown), path
    registry = found[f"declared_inventories:{ROOT}/module_registry.json"]
    assert "drift 0 % (0 of 2 items that can be compared" in registry["message"]
    checkout = found[f"checkout_state:{ROOT}"]
    assert (checkout["status"], "main at " in checkout["message"]) == ("unknown", True)
    bad = {
        one["rule"]
        for one in found.values()
        if one["section"] in {"repository", "config", "models"}
        and one["status"] in {"degraded", "down"}
    }
    assert bad == {"command_line_secrets"}  # a token that is planted in a unit


def test_no_secret_leaves_the_host(run: Path) -> None:
    """Of code, remotes and command lines: not in archive, reports or output."""
    texts = [path.read_text(errors="replace") for path in run.rglob("*") if path.is_file()]
    assert len(texts) > 3
    for secret in SECRETS:
        assert not any(secret in text for text in texts)
