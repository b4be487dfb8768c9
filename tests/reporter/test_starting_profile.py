"""`truthmap profile`: a proposal made of what was observed, that loads as it stands."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reporter.profile import Profiles, load_profiles
from reporter.report import Report, host_report
from reporter.starting_profile import starting_profile
from tests.builders import bundle, record
from tests.rules.judging import judged
from tests.rules.stream_cases import reference
from tests.rules.systemd_cases import bundle as systemd_bundle
from tests.rules.systemd_cases import with_profile
from tests.rules.timer_cases import SUITES
from tests.rules.timer_cases import bundle as timer_bundle

RULES = ("timer_state", "missing_units")


def proposed(*hosts: Any) -> tuple[str, Profiles]:
    """Return the proposal for some hosts, and what the reporter reads in it."""
    reports = tuple(host_report(host) for host in hosts)
    shown = starting_profile(Report("", "20260215T161200Z-abcdef", True, reports, ()))
    data = yaml.safe_load(shown)
    applications = {name.removeprefix("truthmap_app_"): value for name, value in data.items()}
    return shown, load_profiles(applications, "proposal")


def test_the_reference_host() -> None:
    """One application, with the units that ran, their ports and the streams that moved."""
    shown, profiles = proposed(reference())
    (quantum,) = profiles
    assert quantum.name == "quantum"
    assert quantum.units == ("quantum-*",)
    assert "quantum-ai-engine.service" in quantum.expected_units
    assert "quantum-rl-trainer.service" not in quantum.expected_units
    assert "  #   - quantum-rl-trainer.service  (activating, enabled)" in shown
    assert "  #   - quantum-bsc.service  (not in memory)" in shown
    assert quantum.expected_ports == (8001, 8002, 8003)
    assert quantum.streams == ("quantum:*",)
    assert "quantum:stream:trade.intent" in quantum.expected_streams
    assert "quantum:stream:market.tick" not in quantum.expected_streams
    assert "  #   - quantum:stream:market.tick  (no)" in shown


@pytest.mark.parametrize("suite", SUITES)
def test_timers_go_with_what_they_start(suite: str) -> None:
    """Those that were active are expected; the distribution's are nobody's."""
    host = timer_bundle(suite)
    shown, profiles = proposed(host)
    (plant,) = profiles
    assert set(plant.expected_timers) == {
        f"plant-{name}.timer"
        for name in ("daily", "elapsed", "failing", "hanging", "once", "past", "ran")
    }
    assert "  #   - plant-stopped.timer  (inactive, enabled)" in shown
    before = judged(host, RULES)
    after = judged(with_profile(host, **yaml.safe_load(shown)["truthmap_app_plant"]), RULES)
    states = {name: one.verdict.status for name, one in before.items()}
    assert states == {name: one.verdict.status for name, one in after.items()}


def test_judged_by_its_own_proposal_a_host_expects_nothing_it_does_not_do() -> None:
    """What was observed to run and move is what is expected: no new fault."""
    shown, _ = proposed(reference())
    applications = {
        name.removeprefix("truthmap_app_"): value for name, value in yaml.safe_load(shown).items()
    }
    expected = {"expected_ports", "expected_streams", "expected_units"}
    findings = host_report(reference(), applications).findings
    assert [one.id for one in findings if one.rule in expected and one.verdict.status != "ok"] == []


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_an_untouched_host_has_no_application(suite: str) -> None:
    """What the distribution brings is nobody's application; the example still loads."""
    shown, profiles = proposed(systemd_bundle(f"{suite}-untouched"))
    assert [profile.name for profile in profiles] == ["example"]
    assert "No service was seen" in shown


def test_hostile_names_stay_within_their_lines() -> None:
    """A unit's and a host's name is data: neither opens a key nor leaves its comment."""
    units = "".join(
        f"Id={name}\nLoadState=loaded\nActiveState={state}\nUnitFileState=enabled\n"
        f"FragmentPath=/etc/systemd/system/{name}\n\n"
        for name, state in (
            ("yes-1.service", "active"),
            ("yes-: {a.service", "active"),
            ("yes-#x\\x2d.service", "inactive"),
        )
    )
    host = bundle([record("systemd_units", units)], host="a\nb: c")
    shown, profiles = proposed(host)
    (only,) = profiles
    assert set(only.expected_units) == {"yes-1.service", "yes-: {a.service"}
    assert "\nb: c" not in shown


def test_no_host() -> None:
    """An archive without a host gives the example."""
    assert [profile.name for profile in proposed()[1]] == ["example"]
