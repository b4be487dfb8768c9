"""expected_timers of a profile: which exist, which are active, and what is not known."""

from __future__ import annotations

import msgspec
import pytest

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.findings import Finding
from reporter.profile import load_profiles
from reporter.report import host_report
from tests.ablation import violations
from tests.builders import without
from tests.rules.judging import judged
from tests.rules.systemd_cases import changed, replaced, with_profile
from tests.rules.timer_cases import SUITES, bundle, edited, verdict

RULES = ("timer_state", "missing_units")


def expecting(*timers: str, host: Bundle | None = None) -> Bundle:
    return with_profile(host or bundle(), expected_timers=list(timers))


def found(host: Bundle) -> dict[str, Finding]:
    return judged(host, RULES)


def on_disk(line: str, host: Bundle | None = None) -> Bundle:
    """Return the host with one more unit file."""
    host = host or bundle()
    record = next(one for one in host.evidence if one.id == "systemd_unit_files")
    return replaced(host, "systemd_unit_files", stdout=f"{record.stdout.data}{line}\n")


@pytest.mark.parametrize("suite", SUITES)
def test_one_that_is_active_is_as_it_is(suite: str) -> None:
    """The expectation adds no second finding, and takes none away."""
    seen = found(expecting("plant-daily", "plant-hang*", host=bundle(suite)))
    about = {name: one.verdict for name, one in seen.items() if "plant-daily" in name}
    assert set(about) == {"timer_state:plant-daily.timer"}
    assert about["timer_state:plant-daily.timer"].status == "ok"
    assert about["timer_state:plant-daily.timer"].application == "plant"
    assert seen["timer_state:plant-hanging.timer"].verdict.status == "degraded"
    assert not [name for name in seen if "hang*" in name]


def test_one_that_nobody_enabled_is_down_only_where_it_is_expected() -> None:
    off = edited(bundle(), "plant-stopped.timer", UnitFileState="disabled")
    assert verdict(off, "plant-stopped.timer").status == "ok"
    for name in ("plant-stopped", "plant-stop*", "plant-stopped.timer"):
        seen = verdict(expecting(name, host=off), "plant-stopped.timer")
        assert (seen.status, seen.running, seen.severity) == ("down", "no", "P2")
        assert "not active (disabled) although its application expects it" in str(seen.message)
    by_unit = with_profile(off, expected_units=["plant-stopped.timer"])
    assert verdict(by_unit, "plant-stopped.timer").status == "down"


@pytest.mark.parametrize(("state", "status"), [("inactive", "down"), ("active", "degraded")])
def test_a_masked_one(state: str, status: str) -> None:
    masked = edited(bundle(), "plant-daily.timer", LoadState="masked", ActiveState=state)
    assert verdict(masked, "plant-daily.timer").status == "ok"
    assert verdict(expecting("plant-daily", host=masked), "plant-daily.timer").status == status


def test_one_whose_condition_is_not_met_rests() -> None:
    """As an expected service does: it was skipped on purpose."""
    assert verdict(expecting("plant-unmet"), "plant-unmet.timer").status == "ok"


@pytest.mark.parametrize("name", ["plant-masked", "plant-mask*", "zz-disk", "zz-copy@a", "zz-*"])
def test_one_only_on_disk_is_down(name: str) -> None:
    """Masked, disabled, or an instance of a template: nothing has started it."""
    host = on_disk("zz-disk.timer disabled enabled\nzz-copy@.timer disabled enabled")
    subject = {"plant-mask*": "plant-masked", "zz-*": "zz-disk"}.get(name, name) + ".timer"
    seen = found(expecting(name, host=host))
    assert f"timer_state:{subject}" not in found(host)
    finding = seen[f"timer_state:{subject}"].verdict
    assert (finding.status, finding.severity) == ("down", "P2")
    assert "is on disk, and nothing has started it" in str(finding.message)
    assert not [key for key in seen if key.startswith("missing_units") and name in key]


def test_an_alias_on_disk_is_the_timer_it_leads_to() -> None:
    """By its other name it is known to systemd, and judged by its own."""
    host = on_disk("zz-other.timer alias -")
    named = changed(host, "plant-stopped.timer", Names="plant-stopped.timer zz-other.timer")
    off = edited(named, "plant-stopped.timer", UnitFileState="disabled")
    seen = found(expecting("zz-other", host=off))
    assert seen["timer_state:plant-stopped.timer"].verdict.status == "down"
    assert not [key for key in seen if "zz-other" in key]
    unseen = found(without(expecting("zz-other", host=off), "systemd_units"))
    assert unseen["timer_state:plant-stopped.timer"].verdict.status == "unknown"


@pytest.mark.parametrize("name", ["nosuch", "nosuch-*"])
def test_one_that_does_not_exist_is_down(name: str) -> None:
    seen = found(expecting(name))
    (finding,) = [one.verdict for one in seen.values() if "nosuch" in one.verdict.subject]
    assert finding.subject == f"{name}.timer"
    assert (finding.status, finding.severity, finding.application) == ("down", "P2", "plant")
    assert "although its application expects" in str(finding.message)
    (critical,) = [
        one.verdict
        for one in found(
            with_profile(bundle(), expected_timers=[name], critical_units={"P0": ["nosuch*"]})
        ).values()
        if "nosuch" in one.verdict.subject
    ]
    assert critical.severity == "P0"


def test_a_pattern_that_fits_a_template_alone_fits_no_timer() -> None:
    """Only instances of a template run."""
    host = on_disk("zz-copy@.timer disabled enabled")
    seen = found(expecting("zz-*", host=host))
    assert seen["missing_units:zz-*.timer"].verdict.status == "down"


@pytest.mark.parametrize("name", ["nosuch", "nosuch-*"])
@pytest.mark.parametrize("record", ["systemd_units", "systemd_unit_files", "timers_schedules"])
def test_what_was_not_seen_is_unknown(name: str, record: str) -> None:
    """Each expected timer is answered, whatever record is missing."""
    whole = found(expecting(name))[f"missing_units:{name}.timer"].verdict
    seen = found(without(expecting(name), record))
    about = {one.rule: one.verdict for one in seen.values() if "nosuch" in one.verdict.subject}
    if record == "timers_schedules":
        assert about["timer_state"].status == "unknown"
        assert about["missing_units"] == whole
    else:
        assert about["missing_units"].status == "unknown"
        assert record in {gap.probe for gap in about["missing_units"].missing}
        assert about.get("timer_state", about["missing_units"]).status == "unknown"


def test_a_cut_list_of_timers_does_not_say_that_one_is_not_loaded() -> None:
    host = expecting("zz-disk", host=on_disk("zz-disk.timer disabled enabled"))
    record = next(one for one in host.evidence if one.id == "timers_schedules")
    stdout = msgspec.structs.replace(record.stdout, truncated=True)
    evidence = [
        msgspec.structs.replace(one, stdout=stdout) if one is record else one
        for one in host.evidence
    ]
    seen = found(msgspec.structs.replace(host, evidence=evidence))
    assert seen["timer_state:zz-disk.timer"].verdict.status == "unknown"


@pytest.mark.parametrize("name", ["backup.service", "backup.target", ""])
def test_what_is_no_timer_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"x\.expected_timers: give a list of names of timers"):
        load_profiles({"x": {"expected_timers": [name]}}, "test")


@pytest.mark.parametrize("suite", SUITES)
def test_ablation(suite: str) -> None:
    names = ["plant-daily", "plant-stop*", "plant-masked", "nosuch", "nosuch-*"]
    host = expecting(*names, host=bundle(suite))
    whole = host_report(host)
    assert [line for one in host.evidence for line in violations(host, one.id, whole)] == []
