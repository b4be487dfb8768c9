"""Units by the names people write, in a profile and in inventories."""

from __future__ import annotations

import json

import pytest

from reporter.inventories import read_inventory
from reporter.profile import load_profiles
from reporter.profile_inventories import Inventory
from reporter.unit_suffix import full_name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("shop-api", "shop-api.service"),
        ("shop.api", "shop.api.service"),
        ("shop.api.service", "shop.api.service"),
        ("shop-backup.timer", "shop-backup.timer"),
        ("shop@a.b", "shop@a.b.service"),
        ("shop@a.b.path", "shop@a.b.path"),
    ],
)
def test_a_name_without_a_type_is_a_services(written: str, meant: str) -> None:
    assert meant == full_name(written)
    profiles = load_profiles({"shop": {"expected_units": [written]}}, "here")
    assert profiles.expected_units() == (meant,)


@pytest.mark.parametrize(
    ("unit", "key", "meant"),
    [
        (None, "shop.api", "shop.api.service"),
        (None, "shop.timer", "shop.timer"),
        ("shop.{name}", "api", "shop.api.service"),
        ("{name}.service", "shop.api", "shop.api.service"),
        ("as", "Interface", "shop.api.service"),
    ],
)
def test_an_inventory_names_units_in_the_same_way(unit: str | None, key: str, meant: str) -> None:
    inventory = Inventory("/srv/units.json", "json", items="units", unit=unit, state="state")
    content = json.dumps({"units": {key: {"state": "up", "as": "shop.api"}}})
    (item,) = read_inventory(inventory, content).items
    assert (item.unit, item.means) == (meant, "running")


def test_load_evidence_names_a_unit_in_the_same_way() -> None:
    said = {"load_evidence": [{"unit": "shop.engine", "patterns": {"ready": "loaded"}}]}
    (profile,) = load_profiles({"shop": said}, "here")
    assert [one.unit for one in profile.load_evidence] == ["shop.engine.service"]
