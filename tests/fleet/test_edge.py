"""Front ends of a live host: what was planted is found, and no secret of theirs leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.commands import truthmap
from tests.lab import Lab
from tests.lab.edge_hosts import EDGE_PROFILE, SECRETS, edge_recipe
from tests.lab.hosts import LabHost

NAME = "edge"


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[LabHost]:
    """nginx before a small shop, with what goes wrong there."""
    yield lab.start(NAME, edge_recipe())
    lab.stop(NAME)


def report(lab: Lab, folder: Path, user: str = "root") -> tuple[dict[str, dict[str, Any]], str]:
    """Collect from the host as a user; return its findings by id, and all that was written."""
    inventory = lab.write_inventory(folder / "inventory.yml", [NAME], user=user)
    variables = folder / "host_vars" / f"{NAME}.yml"
    variables.parent.mkdir()
    variables.write_text(json.dumps({"truthmap_app_shop": EDGE_PROFILE}))
    done = truthmap("run", "-i", inventory, "--archive", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((folder / "run" / "report" / "report.json").read_text())["hosts"]
    files = [path for path in (folder / "run").rglob("*") if path.is_file()]
    written = "\n".join([done.stdout, done.stderr, *(path.read_text() for path in files)])
    return {item["id"]: item for item in found["findings"]}, written


def test_what_was_planted_is_found_and_no_secret_leaves(
    lab: Lab, host: LabHost, tmp_path: Path
) -> None:
    """Archive, reports and all that is printed hold none of the values in the configuration."""
    host.run(f"grep -rq -e '{SECRETS[0]}' /etc/nginx/sites-available")  # they are there
    found, written = report(lab, tmp_path)
    leaked = [one for one in SECRETS if one in written or one.partition("-")[2] in written]
    assert leaked == []
    rules = {item["rule"] for item in found.values() if item["section"] == "frontend"}
    assert rules == {
        "documented_listeners",
        "frontend_sites",
        "loopback_ports",
        "proxied_services",
        "undocumented_listeners",
        "web_configuration",
        "web_servers",
    }
    site = found["frontend_sites:nginx/secure.shop.example@*:443"]
    assert (site["status"], site["connected_to"]) == ("ok", ["127.0.0.1:8101 (shop-api.service)"])
    assert found["proxied_services:127.0.0.1:8102"]["status"] == "down"
    assert found["web_servers:nginx"]["status"] == "degraded"
    assert found["container_engines:containers"]["running"] == "no"


def test_a_reload_sets_it_right(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    """Once the files are as nginx wants them and it is reloaded, it answers with what is there."""
    host.run(
        "mv /srv/shop.crt /etc/nginx/tls/shop.crt && mv /etc/nginx/conf.d/late.conf /srv && "
        "sleep 3 && nginx -t && systemctl reload nginx && sleep 1"
    )
    found, _ = report(lab, tmp_path)
    host.run("mv /etc/nginx/tls/shop.crt /srv && mv /srv/late.conf /etc/nginx/conf.d")
    assert found["web_servers:nginx"]["status"] == "ok"
    assert not [name for name in found if name.startswith("web_configuration:nginx/file/")]


def test_without_rights_it_is_read_as_far_as_it_goes(
    lab: Lab, host: LabHost, tmp_path: Path
) -> None:
    """A file that is closed to the reader is named; the rest is judged all the same."""
    path = "/etc/nginx/sites-enabled/secure.conf"
    host.run(f"chmod 600 {path}")
    found, written = report(lab, tmp_path, user="auditor")
    host.run(f"chmod 644 {path}")
    gap = found["web_servers:nginx/files"]
    assert gap["status"] == "unknown"
    assert f"{path}: Permission denied" in gap["message"]
    assert found["proxied_services:127.0.0.1:8102"]["status"] == "down"
    assert [one for one in SECRETS if one in written] == []
