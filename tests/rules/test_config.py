"""The rules on environment files and command lines: what was planted is found, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reporter.errors import InputError
from reporter.profile import load_profiles
from reporter.report import host_report
from tests.builders import without
from tests.rules.config_cases import (
    FILES,
    FIXTURES,
    IDLE,
    SUITES,
    UNITS,
    bundle,
    edited,
    findings,
    replaced,
    verdict,
    with_profile,
    with_setting,
)
from tests.rules.systemd_cases import changed

PLANTED = {
    "command_line_secrets:command/plant-argv.service": ("degraded", "P2"),
    "env_backups:copies in /etc/plant": ("degraded", "P3"),
    "env_file_access:/etc/plant/world.env": ("degraded", "P2"),
    "env_file_access:/etc/plant/writable.env": ("degraded", "P1"),
    "env_file_missing:/etc/plant/gone.env": ("down", "P2"),
    "env_file_missing:/etc/plant/later.env": ("degraded", "P2"),
    "env_file_missing:/etc/plant/refused.env": ("down", "P2"),
    "env_file_unused:unused in /etc/plant": ("degraded", "P3"),
    "env_modes:modes/etc/plant": ("degraded", "P3"),
    "env_modes:modes/plant-mixed.service": ("degraded", "P3"),
    "env_overrides:env/plant-api.service": ("degraded", "P3"),
    "env_overrides:env/plant-glob.service": ("degraded", "P3"),
    "env_secrets_shared:API_KEY in /etc/plant/api.env, /etc/plant/testnet.env": ("degraded", "P2"),
    "env_syntax:/etc/plant/odd.env": ("degraded", "P3"),
    "env_values:etc/plant/LIMIT": ("degraded", "P3"),
}
"""All that is wrong on a planted host; the profile is none."""

SECRETS = ("plantedsecret", "plantedother", "plantedpassword", "plantedhidden", "plantedurl",
           "plantedoldsecret", "plantedtoken", "plantedargv", "plantedline")  # fmt: skip


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_raises_nothing(suite: str) -> None:
    seen = findings(bundle(f"{suite}-untouched"))
    assert {one.verdict.status for one in seen.values()} == {"ok"}


@pytest.mark.parametrize("suite", SUITES)
def test_all_that_was_planted_is_found_and_nothing_else(suite: str) -> None:
    seen = findings(bundle(f"{suite}-planted"))
    bad = {
        name: (one.verdict.status, one.verdict.severity)
        for name, one in seen.items()
        if one.verdict.status != "ok"
    }
    assert bad == PLANTED
    for name in bad:
        assert seen[name].verdict.citations


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_no_planted_secret_is_in_an_archive(path: Path) -> None:
    assert [secret for secret in SECRETS if secret in path.read_text()] == []


def test_with_a_profile_all_stands_in_one_block() -> None:
    """One component for the folder, with the services that load nothing named."""
    host = with_profile(bundle(), title="Plant", units=["plant-*"])
    blocks = [one for one in host_report(host).blocks if str(one.component).endswith("env files")]
    own = [one for one in blocks if one.application]
    assert [str(one.component) for one in own] == [
        "/etc/plant env files",
        "/etc/plant/conf.d env files",
    ][:1]
    assert (own[0].status, own[0].running) == ("degraded", "na")
    assert [str(one) for one in own[0].connected_to] == ["systemd EnvironmentFiles"]
    use = next(one.verdict for one in own[0].findings if one.rule == "env_file_use")
    used = str(use.details[0])
    assert "api (common.env, api.env)" in used
    assert "mixed.env" in used
    assert "none (no env file)" in used
    assert "optional.env (ignore_errors=yes)" in used
    assert "trial (testnet.env)" in used


def test_an_instance_is_not_called_by_its_number_alone() -> None:
    units = next(one for one in bundle().evidence if one.id == UNITS)
    renamed = units.stdout.data.replace("Id=plant-trial.service", "Id=plant-lane@1.service")
    host = replaced(bundle(), UNITS, stdout=renamed)
    host = with_profile(host, units=["plant-lane@*", "plant-*"])
    used = str(verdict(host, "env_file_use", "env/plant").details[0])
    assert "lane@1 (testnet.env)" in used


def test_values_are_compared_without_being_known() -> None:
    host = with_setting(
        bundle(), "/etc/plant/testnet.env", "API_KEY", fingerprint="f" * 20, length="16-31"
    )
    different = verdict(host, "env_values", "etc/plant/API_KEY")
    assert different.status == "degraded"
    assert "stays on the host (fingerprint ffffffff)" in " ".join(map(str, different.details))
    secrets = verdict(host, "env_secrets_shared", "secrets/etc/plant")
    assert secrets.status == "ok"


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("postgres://<masked:6>@localhost/x", None),
        ("--db=postgres://trader@localhost/x", None),
        ("http://<masked:4>:@localhost/x", None),
        ("postgres://<masked:6>:<masked:11>@localhost/x", "a URL with a password"),
        ("--broker=redis://:<masked:12>@localhost/0", "a URL with a password"),
        ("Redis://app:<masked:12>@localhost/0", "a URL with a password"),
        ("https://<masked:40>@github.com/a.git", "a URL with a token"),
        ("http://localhost/<masked:40>", None),
    ],
)
def test_a_url_with_a_user_alone_is_no_secret(argument: str, options: str | None) -> None:
    shown = f"{{ path=/bin/a ; argv[]=/bin/a {argument} ; ignore_errors=no ; start_time=[n/a] }}"
    host = changed(bundle(), "plant-argv.service", ExecStart=shown)
    seen = findings(host, "command_line_secrets")
    if options is None:
        assert [one.verdict.status for one in seen.values()] == ["ok"]
    else:
        found = seen["command_line_secrets:command/plant-argv.service"].verdict
        assert str(found.message).endswith(f"every user of the host can read: {options}")


def test_equal_values_are_no_finding() -> None:
    host = with_setting(bundle(), "/etc/plant/testnet.env", "LIMIT", value="7")
    assert verdict(host, "env_values", "values/etc/plant").status == "ok"


def test_a_later_file_that_repeats_a_value_overrides_nothing() -> None:
    host = with_setting(bundle(), "/etc/plant/common.env", "LIMIT", value="7")
    assert "env_overrides:env/plant-api.service" not in findings(host)


def test_testnet_and_production_in_one_unit_is_worse() -> None:
    host = with_setting(bundle(), "/etc/plant/mixed.env", "PAPER_TRADING", value="false")
    assert "env_modes:modes/plant-mixed.service" not in findings(host)
    host = with_setting(bundle(), "/etc/plant/mixed.env", "TRADING_MODE", value="testnet")
    assert "env_modes:modes/plant-mixed.service" not in findings(host)  # testnet and shadow

    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("key") == "PAPER_TRADING":
            return {**row, "key": "USE_TESTNET"}
        return row

    mixed = edited(bundle(), change)
    ours = with_profile(mixed, units=["plant-*"])
    assert verdict(ours, "env_modes", "modes/plant-mixed.service").severity == "P1"
    assert verdict(mixed, "env_modes", "modes/plant-mixed.service").severity == "P3"


def test_a_profiles_modes_stand_in_place_of_the_usual_ones() -> None:
    own = with_profile(bundle(), units=["plant-*"], modes={"production": ["true"], "trial": []})
    assert "env_modes:modes/plant-mixed.service" not in findings(own)
    with pytest.raises(InputError, match="modes"):
        load_profiles({"x": {"modes": ["live"]}}, "test")


def test_critical_units_make_it_worse() -> None:
    host = with_profile(
        bundle(), units=["plant-*"], critical_units={"P0": ["plant-needs", "plant-mixed"]}
    )
    assert verdict(host, "env_file_missing", "/etc/plant/gone.env").severity == "P0"
    assert verdict(host, "env_modes", "modes/plant-mixed.service").severity == "P0"


def test_a_closed_folder_closes_what_is_in_it() -> None:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("file") == "/etc/plant/world.env":
            return {**row, "closed_by": {"path": "/etc/plant", "mode": "0750"}}
        return row

    assert "env_file_access:/etc/plant/world.env" not in findings(edited(bundle(), change))


def test_without_rights_what_is_closed_is_unknown_with_its_path() -> None:
    seen = findings(bundle("non-root"))
    closed = seen["env_file_unread:/etc/plant/api.env"].verdict
    assert closed.status == "unknown"
    assert "Permission denied" in str(closed.message)
    for name in ("env_values:values/etc/plant", "env_secrets_shared:secrets/etc/plant",
                 "env_modes:modes/etc/plant"):  # fmt: skip
        assert seen[name].verdict.status == "unknown"
    assert seen["env_file_access:/etc/plant/world.env"].verdict.status == "degraded"


def test_without_the_idle_units_what_is_unused_is_unknown() -> None:
    unused = verdict(without(bundle(), IDLE), "env_file_unused", "unused in /etc/plant")
    assert unused.status == "unknown"
    assert "idle.env" in str(unused.message)


def test_an_archive_that_did_not_ask_says_so() -> None:
    record = next(one for one in bundle().evidence if one.id == UNITS)
    old = replaced(bundle(), UNITS, command=record.command.replace("EnvironmentFiles,", ""))
    seen = findings(old, "env_file_use")
    assert "did not ask" in str(seen[f"env_file_use:evidence/{UNITS}"].verdict.message)


def test_a_record_that_was_cut_is_unknown() -> None:
    """A file whose settings were cut off is not taken for one that sets nothing."""
    record = next(one for one in bundle().evidence if one.id == FILES)
    lines = record.stdout.data.splitlines(keepends=True)
    first = json.loads(lines[0])["of"]
    host = replaced(bundle(), FILES, stdout="".join(lines[1:]))
    assert verdict(host, "env_file_unread", first).status == "unknown"
