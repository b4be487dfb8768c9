"""expected_files and components' files: there, empty, absent, leading nowhere, or not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.findings import Finding
from reporter.profile import load_profiles
from reporter.report import host_report
from tests.ablation import violations
from tests.builders import record, without
from tests.rules.files_cases import PROBE, findings, host, planted, verdict
from tests.rules.systemd_cases import replaced

UNITS = (
    "Id=shop-api.service\nLoadState=loaded\nActiveState=active\nSubState=running\n"
    "UnitFileState=enabled\nType=simple\nFragmentPath=/etc/systemd/system/shop-api.service\n"
    "WantedBy=multi-user.target\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return planted(tmp_path)


def expecting(*paths: str | Path, **more: Any) -> Bundle:
    return host({"title": "Shop", "expected_files": [str(path) for path in paths], **more})


@pytest.mark.parametrize(
    ("name", "status", "severity", "said"),
    [
        ("orders.db", "ok", None, "is there: file, 4 B, mode 0640, of "),
        ("data", "ok", None, "is there: directory, mode "),
        ("current", "ok", None, "current is there: file, 4 B, mode 0640"),
        ("*.pem", "ok", None, "2 files fit {folder}/*.pem: {folder}/a.pem, {folder}/b.pem"),
        ("orders.*", "ok", None, "orders.db is there"),
        ("empty.db", "degraded", "P2", "empty.db is empty: file, 0 B, mode "),
        ("hollow", "degraded", "P2", "hollow is empty: file, 0 B"),
        ("*.db", "degraded", "P2", "of 2 files that fit {folder}/*.db these are empty or lead no"),
        ("gone", "down", "P2", "{folder}/gone does not exist, although Shop needs it"),
        ("*.key", "down", "P2", "no file fits {folder}/*.key, although Shop needs it"),
        ("gone/at/all", "down", "P2", "{folder}/gone/at/all does not exist"),
        ("orders.db/x", "down", "P2", "{folder}/orders.db/x does not exist"),
        ("lost", "down", "P2", "{folder}/lost leads to nowhere, which does not exist, although"),
        ("l?st", "down", "P2", "{folder}/lost leads to nowhere, which does not exist, although"),
        ("round", "unknown", None, "too many levels of symbolic links: {folder}/round leads to r"),
        ("round/x", "unknown", None, "{folder}/round: Too many levels of symbolic links"),
    ],
)
def test_a_file_is_what_was_seen(
    folder: Path, name: str, status: str, severity: str | None, said: str
) -> None:
    """By real files, each in the state it is named after."""
    seen = verdict(expecting(folder / name), folder / name)
    assert (seen.status, seen.severity) == (status, severity)
    assert said.format(folder=folder) in str(seen.message)
    assert seen.application == "shop"
    assert bool(seen.missing) == (status == "unknown")
    assert bool(seen.citations) == (name != "round/x")


def test_when_it_was_written_is_shown(folder: Path) -> None:
    seen = verdict(expecting(folder / "orders.db"), folder / "orders.db")
    assert "written 2026-02-15T16:00:00Z" in str(seen.message)


def test_a_kernel_file_has_no_size_and_is_not_empty() -> None:
    assert verdict(expecting("/proc/uptime"), "/proc/uptime").status == "ok"


@pytest.mark.parametrize(
    ("severities", "files", "expected"),
    [
        ([None], ["{path}"], "P2"),
        (["P1"], ["{path}"], "P1"),
        (["P3"], ["{path}"], "P3"),
        (["P1", "P0"], ["{path}"], "P0"),
        (["P0"], ["{folder}/*"], "P0"),
        (["P0"], ["/other"], "P2"),
    ],
)
def test_it_is_as_bad_as_its_component_says(
    folder: Path, severities: list[str | None], files: list[str], expected: str
) -> None:
    path = folder / "gone"
    parts = [file.format(path=path, folder=folder) for file in files]
    components = {
        f"c{number}": {"files": parts, "severity": severity}
        for number, severity in enumerate(severities)
    }
    seen = findings(expecting(path, components=components))[str(path)]
    assert (seen.verdict.severity, seen.gate) == (expected, expected)


def test_denied_is_unknown_with_the_path(folder: Path) -> None:
    """Of the file itself, of a folder on the way, and of what a symlink leads to."""
    path = folder / "gone"
    refused = {"outcome": "denied", "reason": f"may not be searched: {folder}", "stdout": ""}
    seen = verdict(replaced(expecting(path), f"{PROBE}[{path}]", **refused), path)
    assert seen.status == "unknown"
    assert f"permission denied: may not be searched: {folder}" in str(seen.message)
    link = folder / "lost"
    whole = expecting(link)
    record = next(one for one in whole.evidence if one.id == f"{PROBE}[{link}]")
    row = record.stdout.data.replace('"absent"', '"denied"').replace(
        "No such file or directory", "Permission denied"
    )
    seen = verdict(replaced(whole, record.id, stdout=row), link)
    assert seen.status == "unknown"
    assert f"permission denied: {link} leads to nowhere" in str(seen.message)


def test_a_folder_that_could_not_be_searched_may_hold_it(folder: Path) -> None:
    """What fits and leads nowhere may not be all there is; what fits and is there is enough."""
    for name, status in (("l?st", "unknown"), ("*.pem", "ok")):
        path = folder / name
        noted = replaced(
            expecting(path), f"{PROBE}[{path}]", stderr=f"{folder}/x: Permission denied\n"
        )
        assert verdict(noted, path).status == status


@pytest.mark.parametrize("outcome", ["timeout", "error"])
def test_a_look_that_failed_is_unknown(folder: Path, outcome: str) -> None:
    path = folder / "gone"
    failed = replaced(expecting(path), f"{PROBE}[{path}]", outcome=outcome, reason="it hung")
    seen = findings(failed)[str(path)]
    assert (seen.verdict.status, seen.gate) == ("unknown", "P2")
    assert "it hung" in str(seen.verdict.message)


def test_without_its_evidence_every_file_is_unknown(folder: Path) -> None:
    """A lost record, an archive from before, and a path nobody was asked to look at."""
    path, other = str(folder / "orders.db"), str(folder / "gone")
    whole = expecting(path, other)
    one = without(whole, f"{PROBE}[{path}]")
    assert verdict(one, path).status == "unknown"
    assert verdict(one, other).status == "down"
    both = without(one, f"{PROBE}[{other}]")
    assert {name: found.verdict.status for name, found in findings(both).items()} == {
        path: "unknown",
        other: "unknown",
        f"evidence/{PROBE}": "unknown",
    }
    later = host({"expected_files": [path]}, asked={})
    assert f"not asked to look at {path}" in str(verdict(later, path).message)


def test_no_profile_no_finding() -> None:
    """Nothing is expected: then missing evidence hides nothing."""
    assert findings(host({})) == {}
    assert findings(without(host({}), PROBE)) == {}


@pytest.mark.parametrize("paths", ["/a", ["a"], ["/a/**/b"], [1], [""]])
def test_what_is_no_list_of_paths_is_refused(paths: Any) -> None:
    for profile, place in (
        ({"expected_files": paths}, "expected_files"),
        ({"components": {"a": {"files": paths}}}, "components.a.files"),
    ):
        with pytest.raises(InputError, match=rf"x\.{place}: give a list of absolute paths"):
            load_profiles({"x": profile}, "test")


def component(
    folder: Path, *names: str, expected: tuple[str, ...] = (), **parts: Any
) -> dict[str, Finding]:
    """Judge a host with one running service and a component, `it`, of some files."""
    made = host(
        {
            "units": ["shop-*"],
            "expected_files": [f"{folder}/{name}" for name in expected],
            "components": {"it": {"files": [f"{folder}/{name}" for name in names], **parts}},
        },
        [
            record("systemd_units", UNITS),
            record("systemd_unit_files", "shop-api.service enabled\n"),
        ],
    )
    return {finding.id: finding for finding in host_report(made).findings}


@pytest.mark.parametrize(
    ("names", "parts", "status", "running"),
    [
        (["orders.db"], {"units": ["shop-api"]}, "ok", "yes"),
        (["orders.db", "*.pem"], {}, "ok", "unknown"),
        (["gone"], {"units": ["shop-api"]}, "degraded", "yes"),
        (["empty.db"], {"units": ["shop-api"]}, "degraded", "yes"),
        (["gone"], {}, "degraded", "unknown"),
        (["*.key"], {"units": ["shop-api"]}, "unknown", "yes"),
        (["*.key"], {}, "unknown", "unknown"),
        (["round"], {"units": ["shop-api"]}, "unknown", "yes"),
    ],
)
def test_a_file_is_a_part_of_its_component(
    folder: Path, names: list[str], parts: dict[str, Any], status: str, running: str
) -> None:
    """A missing file makes it worse, never down: what runs still runs."""
    seen = component(folder, *names, **parts)["components:shop/it"].verdict
    assert (seen.status, seen.running) == (status, running)
    if status == "ok":
        assert any(one.record.startswith(f"{PROBE}[") for one in seen.citations)
    if "gone" in names:
        assert f"{folder}/gone (none)" in str(seen.message)
        assert f"{folder}/gone does not exist" in [str(one) for one in seen.details]
    if names == ["*.key"]:
        assert f"files {folder}/*.key" in str(seen.message)


def test_a_component_adds_no_alarm_of_its_own(folder: Path) -> None:
    """What it needs and must have stands in expected_files too, as bad as the component says."""
    alone = component(folder, "gone", severity="P0")
    assert not [name for name in alone if name.startswith("expected_files")]
    both = component(folder, "gone", expected=("gone",), severity="P0")
    assert both[f"expected_files:{folder}/gone"].verdict.severity == "P0"
    assert both["components:shop/it"].verdict.severity is None


def test_ablation(folder: Path) -> None:
    names = ["orders.db", "empty.db", "gone", "lost", "*.pem", "*.db", "*.key", "round"]
    paths = [f"{folder}/{name}" for name in names]
    made = host(
        {
            "units": ["shop-*"],
            "expected_files": paths,
            "components": {
                "whole": {"files": paths, "units": ["shop-api"], "severity": "P1"},
                "alone": {"files": paths[:1]},
            },
        },
        [
            record("systemd_units", UNITS),
            record("systemd_unit_files", "shop-api.service enabled\n"),
        ],
    )
    whole = host_report(made)
    assert [line for one in made.evidence for line in violations(made, one.id, whole)] == []
