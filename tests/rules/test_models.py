"""The rules on models: files on disk, families, what units say they loaded, and their errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.profile import load_profiles
from reporter.render import json_v1, text
from reporter.report import Report, host_report
from tests.builders import without
from tests.rules.models_cases import (
    COUNTS,
    DIRECTORIES,
    ENGINE,
    FOLDER,
    FOUND,
    SUITES,
    bundle,
    edited,
    findings,
    linked,
    verdict,
    with_profile,
)
from tests.rules.systemd_cases import replaced

PLANTED = with_profile(bundle())


def rendered(collected: Bundle) -> Report:
    host = host_report(collected)
    return Report("0" * 64, "run", complete=True, hosts=(host,), unreachable=())


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_is_silent(suite: str) -> None:
    """Nothing is declared, nothing found: not one finding."""
    assert findings(bundle(f"{suite}-untouched")) == {}
    assert "LOAD MATRIX" not in text.render(rendered(bundle(f"{suite}-untouched")))


def test_the_folder_says_which_families_it_holds() -> None:
    seen = verdict(PLANTED, "model_directories", FOLDER)
    assert (seen.status, seen.running, seen.connected_to) == ("ok", "na", (FOLDER,))
    assert str(seen.message).startswith("Files observed: lgbm, nhits, patchtst, tft, xgboost (9 ")
    assert seen.application == "quantum"


def test_what_is_closed_within_a_folder_is_unknown_with_its_path() -> None:
    """What can be read of the folder is ok all the same."""
    closed = {"path": f"{FOLDER}/private", "type": "directory", "error": "Permission denied"}
    rows = next(one for one in PLANTED.evidence if one.id == DIRECTORIES).stdout.data
    part = replaced(PLANTED, DIRECTORIES, stdout=json.dumps(closed) + "\n" + rows)
    assert verdict(part, "model_directories", FOLDER).status == "ok"
    unseen = verdict(part, "model_directories", f"unseen in {FOLDER}")
    assert unseen.status == "unknown"
    assert [str(one.reason) for one in unseen.missing] == [f"{FOLDER}/private: Permission denied"]
    assert len(findings(PLANTED, "model_directories")) == 1


def test_a_folder_counts_once_whatever_links_lead_to_it() -> None:
    """As releases do it: the folder is named, and the link to it lies where a service works."""
    again = linked(PLANTED, "/srv/current/models")
    assert {name: one.verdict.message for name, one in findings(again).items()} == {
        name: one.verdict.message for name, one in findings(PLANTED).items()
    }
    twice = findings(linked(PLANTED, "/srv/current/models", real=None), "model_file_faults")
    assert "model_file_faults:/srv/current/models/lgbm/lgbm_ETHUSDT.txt" in twice


def test_a_folder_that_only_a_link_showed_is_judged_by_it() -> None:
    elsewhere = linked(PLANTED, "/srv/current/models", real="/srv/releases/7/models")
    found = findings(elsewhere, "model_directories")
    assert found["model_directories:/srv/current/models"].verdict.status == "ok"


def test_without_a_profile_well_known_names_tell_the_families() -> None:
    seen = verdict(bundle(), "model_directories", FOLDER)
    assert "lgbm, nhits, patchtst, tft, xgboost" in str(seen.message)
    assert findings(bundle(), "model_families") == {}


def test_every_planted_fault_is_found_and_nothing_else() -> None:
    seen = findings(PLANTED, "model_file_faults")
    assert {name: one.verdict.severity for name, one in seen.items()} == {
        f"model_file_faults:{FOLDER}/lgbm/lgbm_ETHUSDT.txt": "P2",
        f"model_file_faults:{FOLDER}/patchtst/patchtst_v1.pt": "P2",
        f"model_file_faults:copies/{FOLDER}/nhits/nhits_v3.pt": "P3",
    }
    families = findings(PLANTED, "model_families")
    assert {name: one.verdict.status for name, one in families.items()} == {
        "model_families:quantum/lgbm": "ok",
        "model_families:quantum/nhits": "ok",
        "model_families:quantum/patchtst": "ok",
        "model_families:quantum/tft": "degraded",
        "model_families:quantum/xgboost": "ok",
    }
    assert "45 d old" in str(families["model_families:quantum/tft"].verdict.message)


def test_no_age_is_too_old_unless_said() -> None:
    families = {"tft": ["*tft*"]}
    seen = verdict(
        with_profile(bundle(), models={"families": families}), "model_families", "quantum/tft"
    )
    assert seen.status == "ok"


def test_links_leading_nowhere_and_files_all_may_write() -> None:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        if row.get("type") == "symlink":
            row["leads"] = False
        if row["path"].endswith("tft_model.pt"):
            row["mode"] = "0666"
        return row

    seen = findings(edited(PLANTED, DIRECTORIES, change), "model_file_faults")
    link = seen[f"model_file_faults:{FOLDER}/nhits/nhits_latest.pt"].verdict
    assert "leads to nhits_v3.pt, which does not exist" in str(link.message)
    written = seen[f"model_file_faults:{FOLDER}/tft/tft_model.pt"].verdict
    assert "every user of the host may write" in str(written.message)


def test_a_copy_named_latest_is_meant_to_be() -> None:
    def change(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "path": row["path"].replace("nhits_v2.pt", "nhits_latest_copy.pt")}

    seen = findings(edited(PLANTED, DIRECTORIES, change), "model_file_faults")
    assert not [name for name in seen if "copies" in name]


def test_a_family_without_a_file_is_degraded_or_unknown() -> None:
    """Degraded where all was looked at, unknown where some of it was not."""

    def gone(row: dict[str, Any]) -> dict[str, Any] | None:
        return None if "tft" in row["path"] else row

    def closed(row: dict[str, Any]) -> dict[str, Any] | None:
        if "tft" in row["path"] and row["type"] == "file":
            return {**row, "path": f"{FOLDER}/tft", "type": "directory", "error": "no"}
        return row

    absent = verdict(edited(PLANTED, DIRECTORIES, gone), "model_families", "quantum/tft")
    assert (absent.status, absent.severity) == ("degraded", "P2")
    hidden = verdict(edited(PLANTED, DIRECTORIES, closed), "model_families", "quantum/tft")
    assert hidden.status == "unknown"
    assert f"{FOLDER}/tft: no" in str(hidden.missing[0].reason)


@pytest.mark.parametrize(
    ("outcome", "said", "status"),
    [("absent", "No such file or directory", "down"), ("denied", "Permission denied", "unknown")],
)
def test_a_folder_that_is_absent_or_closed(outcome: str, said: str, status: str) -> None:
    row = {"root": FOLDER, "path": FOLDER, "outcome": outcome, "reason": f"{FOLDER}: {said}"}
    host = replaced(
        PLANTED, DIRECTORIES, stdout=json.dumps({**row, "cut": None}) + "\n", outcome=outcome
    )
    seen = verdict(host, "model_directories", FOLDER)
    assert seen.status == status
    assert FOLDER in str(seen.message)
    family = verdict(host, "model_families", "quantum/nhits")
    assert family.status == ("degraded" if outcome == "absent" else "unknown")


def test_the_matrix_of_what_was_loaded() -> None:
    seen = {
        name.partition("/")[2]: one.verdict
        for name, one in findings(PLANTED, "model_loads").items()
    }
    assert {name: one.status for name, one in seen.items()} == {
        "NHiTS": "degraded",
        "PatchTST": "degraded",
        "XGBoost": "ok",
        "LightGBM": "ok",
        "tft": "unknown",
    }
    assert "BTCUSDT, ETHUSDT, SOLUSDT" in str(seen["NHiTS"].message)
    assert "dummy fallback, no model" in str(seen["NHiTS"].details[0])
    assert seen["NHiTS"].running == "yes"
    assert seen["NHiTS"].connected_to == ("journalctl -u quantum-ai-engine",)
    assert str(seen["NHiTS"].component) == "Model load evidence (quantum-ai-engine logs)"
    assert "in its journal read back to 2026-" in str(seen["tft"].message)
    matrix = text.render(rendered(PLANTED))
    assert "- PatchTST | 1 | none | BTCUSDT, ETHUSDT | none\n" in matrix
    assert "- tft | 1 | none | none | all\n" in matrix


def test_the_last_word_counts_and_only_of_the_present_run() -> None:
    def later(row: dict[str, Any]) -> dict[str, Any]:
        if row["row"] == "match" and row["groups"]["model"] == "NHiTS":
            row = {**row, "pattern": "model_loaded", "last": row["last"] + 1_000_000}
        return row

    def before(row: dict[str, Any]) -> dict[str, Any]:
        if row["row"] == "match":
            row = {**row, "last": row["last"] - 3600_000_000}
        return row

    subject = f"{ENGINE}/NHiTS"
    assert verdict(edited(PLANTED, COUNTS, later), "model_loads", subject).status == "ok"
    stale = verdict(edited(PLANTED, COUNTS, before), "model_loads", subject)
    assert stale.status == "unknown"
    assert "no line of quantum-ai-engine.service since its start" in str(stale.message)


def test_a_journal_that_was_cut_says_how_far_back_it_holds() -> None:
    def cut(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "cut": "lines", "oldest": 1795619000000000} if row["row"] == "read" else row

    seen = verdict(edited(PLANTED, COUNTS, cut), "model_loads", f"{ENGINE}/tft")
    assert "read back to 2026-11-25T15:03:20Z" in str(seen.message)


def test_a_pattern_nobody_looked_for_is_said() -> None:
    evidence = [{"unit": ENGINE, "patterns": {"model_loded": "loaded"}}]
    host = with_profile(bundle(), load_evidence=evidence)
    seen = verdict(host, "model_loads", ENGINE)
    assert seen.status == "unknown"
    assert "model_loded was not looked for" in str(seen.missing[0].reason)


def test_without_rights_models_are_seen_and_the_journal_is_unknown() -> None:
    host = with_profile(bundle("non-root"))
    assert verdict(host, "model_directories", FOLDER).status == "ok"
    loads = findings(host, "model_loads")
    assert {one.verdict.status for one in loads.values()} == {"unknown"}
    said = [str(gap.reason) for one in loads.values() for gap in one.verdict.missing]
    assert any("/var/log/journal/" in one and "Permission denied" in one for one in said)
    errors = findings(host, "unit_errors")["unit_errors:logrotate.service"].verdict
    assert errors.status == "unknown"


def test_failing_units_say_why() -> None:
    trainer = verdict(PLANTED, "unit_errors", "quantum-rl-trainer.service")
    assert (trainer.status, trainer.severity) == ("degraded", "P3")
    assert "Failed at step EXEC spawning /opt/quantum/venv/bin/python" in str(trainer.message)
    rotation = verdict(PLANTED, "unit_errors", "logrotate.service")
    assert any("unknown user 'quantum'" in str(line) for line in rotation.details)


def test_the_json_report_has_the_table() -> None:
    (host,) = json.loads(json_v1.render(rendered(PLANTED)))["hosts"]
    models = host["models"]
    assert [folder["path"] for folder in models["folders"]] == [FOLDER]
    assert {family["name"] for family in models["families"]} >= {"nhits", "lgbm"}
    broken = [file["path"] for file in models["files"] if file["whole"] is False]
    assert broken == [f"{FOLDER}/lgbm/lgbm_ETHUSDT.txt", f"{FOLDER}/patchtst/patchtst_v1.pt"]
    states = {(row["model"], row["symbol"]): row["state"] for row in models["load"]}
    assert states["NHiTS", "BTCUSDT"] == "fallback"
    assert states["XGBoost", "ETHUSDT"] == "loaded"
    assert states["tft", None] == "unknown"


@pytest.mark.parametrize("probe", [DIRECTORIES, FOUND, COUNTS, "systemd_units"])
def test_a_missing_record_makes_nothing_better(probe: str) -> None:
    seen = findings(without(PLANTED, probe))
    assert any(probe in gap.probe for one in seen.values() for gap in one.verdict.missing)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("models", {"familys": {}}, "did you mean 'families'"),
        ("models", {"families": {"a": "*a*"}}, "families.a: give a list"),
        (
            "models",
            {"families": {"a": ["*a*"]}, "stale_after": "soon"},
            "give an age such as 30d, .*, not 'soon'",
        ),
        ("models", {"families": {"tft": ["*"]}, "stale_after": {"tff": "1d"}}, "'tft'"),
        ("load_evidence", {"unit": "a"}, "give a list"),
        ("load_evidence", [{"unit": "a*", "patterns": {"b": "loaded"}}], "full name"),
        (
            "load_evidence",
            [{"unit": "a", "patterns": {"b": "lost"}}],
            "give one of loaded, fallback, not 'lost'",
        ),
    ],
)
def test_a_mistake_in_the_profile_names_its_place(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_profiles({"x": {key: value}}, "test")
