"""What profiles name for probes: which paths, from where, and what is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reporter.byhand import declared_probes, script
from reporter.errors import InputError
from truthmap_control import targets, values

from .plays import NOTHING, Runner

PROBE = next(probe for probe in declared_probes() if probe["id"] == "files_expected")
LOCAL: dict[str, Any] = {
    **NOTHING,
    "ansible_connection": "local",
    "probe_files_probes": [{name: value for name, value in PROBE.items() if name != "items"}],
}


def test_every_profiles_files_are_targets_once() -> None:
    """Those it expects, and those of its components."""
    applications = {
        "shop": {
            "expected_files": ["/srv/shop/db", "/run/shop.sock"],
            "components": {"a": {"files": ["/srv/shop/db", "/etc/shop/*.pem"]}, "b": None},
        },
        "blog": {"expected_files": ["/srv/blog/db"], "components": {"c": {}}},
        "none": {"expected_files": None},
    }
    assert targets.named("files", applications) == [
        "/srv/blog/db",
        "/srv/shop/db",
        "/run/shop.sock",
        "/etc/shop/*.pem",
    ]
    assert targets.filled(PROBE, applications)["items"][0] == "/srv/blog/db"
    assert "items" not in targets.filled({"id": "x"}, applications)


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        ({"expected_files": "/a"}, "truthmap_app_shop.expected_files: give a list"),
        ({"expected_files": ["a"]}, "truthmap_app_shop.expected_files: give a list"),
        ({"expected_files": ["/**/a"]}, "truthmap_app_shop.expected_files: give a list"),
        ({"expected_files": [1]}, "truthmap_app_shop.expected_files: give a list"),
        ({"components": {"a": {"files": ["a"]}}}, "truthmap_app_shop.components.a.files: give"),
    ],
)
def test_what_is_no_path_is_named_with_its_place(profile: Any, place: str) -> None:
    with pytest.raises(values.SettingError, match=place):
        targets.named("files", {"shop": profile})
    with pytest.raises(InputError, match=place):
        script({"shop": profile})


@pytest.mark.parametrize("profile", [[], {"components": [1]}, {"components": {"a": [1]}}])
def test_what_else_is_wrong_is_for_the_report_to_say(profile: Any) -> None:
    """Collecting goes on: another profile may judge the archive."""
    assert targets.named("files", {"shop": profile}) == []


def test_a_play_looks_at_them(play: Runner, tmp_path: Path) -> None:
    """By the variables of each host; the bundle says what was asked."""
    (tmp_path / "db").write_text("secret content")
    profile = {"expected_files": [f"{tmp_path}/db", "{{ app_home }}/gone"]}
    hosts = {
        "web1": {**LOCAL, "app_home": "/nonexistent", "truthmap_app_shop": profile},
        "web2": LOCAL,
        "web3": {**LOCAL, "truthmap_app_shop": {"expected_files": ["db"]}},
    }
    done = play(hosts)
    records = done.records("web1")
    assert {key: record["outcome"] for key, record in records.items()} == {
        f"files_expected[{tmp_path}/db]": "collected",
        "files_expected[/nonexistent/gone]": "absent",
    }
    assert done.bundle("web1")["probes"][0]["items"] == [f"{tmp_path}/db", "/nonexistent/gone"]
    assert "secret content" not in json.dumps(records)
    assert list(done.records("web2")) == ["files_expected"]
    assert done.hosts["web3"]["status"] == "failed"
    assert "truthmap_app_shop.expected_files: give a list" in done.hosts["web3"]["reason"]


def test_the_script_for_hands_looks_at_them(tmp_path: Path) -> None:
    """Where profiles are given with it."""
    (tmp_path / "collect.sh").write_text(script({"shop": {"expected_files": ["/etc/passwd"]}}))
    answer = subprocess.run(
        ["/bin/sh", tmp_path / "collect.sh"], check=True, capture_output=True, text=True
    ).stdout
    from truthmap_control.answer import decode

    evidence = {record["id"]: record for record in decode(answer)["evidence"]}
    assert evidence["files_expected[/etc/passwd]"]["outcome"] == "collected"
