"""Components and layers: judged by what was seen of their parts, never by their declaration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from reporter.profile import load_profiles
from reporter.report import host_report
from tests import ablation
from tests.builders import bundle, record, without
from tests.rules import models_cases
from tests.rules.repository_cases import with_records
from tests.rules.stream_cases import entry, host, reference, stream, survey, with_profile
from tests.rules.systemd_cases import replaced

EXAMPLE = yaml.safe_load(
    (Path(__file__).parents[2] / "inventory/example/group_vars/quantum.yml").read_text()
)["truthmap_app_quantum"]


def component(**parts: Any) -> dict[str, Finding]:
    """Judge the real reference host with one declared component, `it`, in the layer `risk`."""
    host = with_profile(reference(), components={"it": {"layer": "risk", **parts}})
    return {finding.id: finding for finding in host_report(host).findings}


def it(**parts: Any) -> Finding:
    found = component(**parts)
    return next(one for name, one in found.items() if name.startswith("components:"))


@pytest.mark.parametrize(
    ("parts", "status", "running"),
    [
        ({"units": ["quantum-ai-engine"], "ports": [8001]}, "ok", "yes"),
        ({"units": ["quantum-risk-safety"]}, "down", "no"),
        ({"units": ["quantum-harvest-brain", "quantum-risk-safety"]}, "degraded", "partial"),
        ({"units": ["quantum-exit-monitor", "quantum-rl-trainer"]}, "degraded", "unstable"),
        ({"units": ["quantum-ai-engine"], "ports": [8025]}, "degraded", "yes"),
        ({"units": ["quantumfond*"], "ports": [8000, 8025]}, "down", "no"),
        ({"ports": [8001]}, "ok", "yes"),
        (
            {"units": ["quantum-ai-engine"], "streams": ["quantum:stream:market.tick"]},
            "degraded",
            "yes",
        ),
    ],
)
def test_a_component_is_as_its_parts_are(parts: dict[str, Any], status: str, running: str) -> None:
    """Units, ports and streams of the real reference host."""
    found = it(**parts).verdict
    assert (found.status, found.running) == (status, running)
    assert found.layer == "risk"


def test_what_is_found_nowhere_is_unknown_and_says_what_was_searched() -> None:
    """No unit of that name says nothing about what it would do: it may run under another."""
    found = it(units=["*emergency*exit*"], streams=["nosuch:*"]).verdict
    assert (found.status, found.running) == ("unknown", "unknown")
    assert "units *emergency*exit* (0 found); streams nosuch:* (0 found)" in str(found.message)


def test_what_was_searched_in_vain_is_its_evidence() -> None:
    """The lists that do not have it, by the commands that show them."""
    found = it(units=["*emergency*exit*"], streams=["nosuch:*"]).verdict
    cited = {one.record for one in found.citations}
    assert cited == {"systemd_units", "systemd_unit_files", "redis_servers[127.0.0.1:6379]"}


HOMELESS = {"units": ["*emergency*exit*"], "dedicated_unit": False}


def test_one_without_a_unit_of_its_own_is_degraded_where_none_was_found() -> None:
    """It was looked for everywhere: that nothing does it by itself is known, who does it is not."""
    found = it(**HOMELESS).verdict
    assert (found.status, found.running, found.severity) == ("degraded", "unknown", None)
    assert str(found.message) == (
        "it: no unit of its own is known, and none was found; searched: units *emergency*exit* "
        "(0 found)"
    )
    assert it(dedicated_unit=False).verdict.status == "unknown"
    assert it(streams=["nosuch:*"], dedicated_unit=False).verdict.status == "unknown"
    assert it(units=["quantum-risk-safety"], dedicated_unit=False).verdict.status == "down"
    moves = it(**HOMELESS, streams=["quantum:stream:trade.intent"]).verdict
    assert (moves.status, "none was found" in str(moves.message)) == ("degraded", True)


def test_one_without_a_unit_of_its_own_is_looked_for_among_processes() -> None:
    """None is no fault of its own parts; where processes are hidden it is unknown."""
    parts = {**HOMELESS, "processes": ["*exit*worker*"]}
    none = [record("processes_all", PROCESS)]
    assert only_component(with_records(reference(), *none), **parts).status == "degraded"
    hidden = PROCESS + '{"pid":9,"error":"Permission denied"}\n'
    found = only_component(with_records(reference(), record("processes_all", hidden)), **parts)
    assert found.status == "unknown"
    assert it(**parts).verdict.status == "unknown"
    ours = PROCESS.replace('"name":"init"', '"name":"exit-worker"')
    there = only_component(with_records(reference(), record("processes_all", ours)), **parts)
    assert (there.status, there.running) == ("ok", "yes")


PROCESS = (
    '{"pid":1,"uid":0,"user":"root","started_at":"2026-02-15T10:00:00.000000Z","cgroup":'
    '"/system.slice/a.service","exe":"/sbin/init","name":"init","state":"S","ppid":0,"cwd":"/"}\n'
)


def edited(made: Bundle, name: str, old: str, new: str) -> Bundle:
    """Return the bundle with another text in a record's output."""
    output = next(one for one in made.evidence if one.id == name).stdout.data
    return replaced(made, name, stdout=output.replace(old, new))


def only_component(made: Bundle, **parts: Any) -> Verdict:
    """Judge the host with one component."""
    whole = host_report(with_profile(made, components={"it": parts}))
    return {one.rule: one.verdict for one in whole.findings}["components"]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["shop-tool.service"], "shop-tool.service (not loaded)"),
        (["shop-tool@.service"], "shop-tool@.service (a template without instance)"),
    ],
)
def test_a_unit_that_is_only_a_file_is_a_part_that_does_not_run(
    names: list[str], shown: str
) -> None:
    """Nothing in memory asks for it, so no other rule speaks of it."""
    server = survey(stream("orders", entry(1)))
    made = host(server, units={"shop-api.service": "active"}, files=names)
    static = edited(made, "systemd_unit_files", "enabled enabled", "static -")
    found = only_component(static, units=["shop-*"])
    assert (found.status, found.running) == ("degraded", "partial")
    assert shown in str(found.message)
    assert f"{names[0]} static -" in [one.excerpt for one in found.citations]
    alone = only_component(static, units=["shop-tool*"])
    assert (alone.status, alone.running) == ("down", "no")


def test_a_template_with_instances_is_no_part_of_its_own() -> None:
    """What runs are the instances."""
    server = survey(stream("orders", entry(1)))
    made = host(server, units={"shop-tool@1.service": "active"}, files=["shop-tool@.service"])
    static = edited(made, "systemd_unit_files", "enabled enabled", "static -")
    assert only_component(static, units=["shop-tool@*"]).status == "ok"


def test_an_alias_leads_to_its_unit() -> None:
    """`redis` is a name of redis-server.service on Debian."""
    found = it(units=["redis"]).verdict
    assert (found.status, found.running) == ("ok", "yes")
    assert "redis-server.service" in str(found.message)


@pytest.mark.parametrize(
    ("journal", "status", "said"),
    [
        (["model_loaded"], "ok", "journal model_loaded (4 lines, the last 2026-"),
        (["model_loaded", "no_such"], "unknown", "not found: journal no_such"),
    ],
)
def test_lines_in_the_journal_are_a_part(journal: list[str], status: str, said: str) -> None:
    """Those of its own units, counted on the host; that there is none says nothing."""
    parts = {"units": ["quantum-ai-engine"], "journal": journal}
    files = next(one for one in reference().evidence if one.id == "systemd_unit_files")
    engine = with_records(models_cases.bundle(), files)
    found = only_component(engine, **parts)
    assert (found.status, said in str(found.message)) == (status, True)
    assert models_cases.COUNTS in {one.record for one in found.citations}
    gone = only_component(without(engine, models_cases.COUNTS), **parts)
    assert gone.status == "unknown"
    other = only_component(engine, units=["ssh"], journal=journal)
    assert "not found: journal model_loaded" in str(other.message)


def test_a_component_is_connected_to_its_running_units() -> None:
    """And one that keeps restarting to the counters that say so."""
    assert "quantum-trade-logger.service" in it(units=["quantum-trade-logger"]).verdict.connected_to
    assert it(units=["quantum-risk-safety"]).verdict.connected_to == ()
    loops = it(units=["quantum-exit-monitor", "quantum-rl-trainer"]).verdict
    assert [str(one) for one in loops.connected_to] == ["systemd restart counters"]


def test_a_pattern_that_fits_nothing_is_not_ok() -> None:
    """What was found works; of what was not found nothing is known."""
    found = it(units=["quantum-ai-engine", "nosuch*"]).verdict
    assert (found.status, found.running) == ("unknown", "yes")
    assert "not found: units nosuch*" in str(found.message)
    found = it(units=["quantum-ai-engine"], streams=["nosuch:*"]).verdict
    assert (found.status, "not found: streams nosuch:*" in str(found.message)) == ("unknown", True)
    wrong = it(units=["quantum-risk-safety", "nosuch*"]).verdict
    assert "not found: units nosuch*" in [str(one) for one in wrong.details]


@pytest.mark.parametrize(
    ("streams", "status"),
    [(["orders"], "ok"), (["ord*"], "ok"), (["127.*"], "unknown"), (["absent"], "degraded")],
)
def test_a_stream_is_found_by_its_own_name_on_any_port_and_database(
    streams: list[str], status: str
) -> None:
    """A finding's subject may begin with the server and the database; the name does not."""
    server = survey(stream("orders", entry(1), db=2), endpoint="127.0.0.1:6380")
    made = with_profile(host(server), components={"it": {"streams": streams}})
    found = {one.rule: one.verdict for one in host_report(made).findings}["components"]
    assert found.status == status
    if status == "ok":
        assert found.connected_to == ("127.0.0.1:6380/db2/orders",)


def test_a_stream_is_not_absent_where_no_server_is() -> None:
    """Without a Redis server there is nothing a stream is missing from."""
    made = with_profile(host(), components={"it": {"streams": ["orders"]}})
    found = {one.rule: one.verdict for one in host_report(made).findings}["components"]
    assert found.status == "unknown"


def test_what_has_no_parts_is_unknown() -> None:
    """A name is no evidence."""
    assert it().verdict.status == "unknown"


def test_it_is_connected_to_what_its_units_were_seen_with() -> None:
    """Streams by their findings, servers by connections."""
    found = it(units=["quantum-ai-engine"], streams=["quantum:stream:trade.intent"]).verdict
    assert "quantum:stream:trade.intent" in found.connected_to


def test_a_layer_counts_its_components() -> None:
    """All that is said of a layer is said of its components."""
    parts = {
        "a": {"layer": "risk", "units": ["quantum-risk-safety"]},
        "b": {"layer": "risk", "units": ["quantum-ai-engine"]},
        "c": {"layer": "ui", "units": ["quantum-ai-engine"]},
    }
    found = {
        one.id: one for one in host_report(with_profile(reference(), components=parts)).findings
    }
    (name,) = {one.verdict.application for one in found.values() if one.rule == "layers"}
    risk, ui = found[f"layers:{name}/risk"].verdict, found[f"layers:{name}/ui"].verdict
    assert (risk.status, risk.running) == ("degraded", "partial")
    assert str(risk.message) == "risk: 1 of 2 components work; not: a"
    assert (ui.status, str(ui.message)) == ("ok", "ui: all 1 components work")


def test_without_evidence_a_component_is_unknown() -> None:
    """A profile's component is answered, if only by unknown."""
    found = {
        one.id: one
        for one in host_report(without(_declared(), "systemd_units")).findings
        if one.rule == "components"
    }
    assert {one.verdict.status for one in found.values()} == {"unknown"}
    assert len([name for name in found if name.startswith("components:quantum/")]) == len(
        EXAMPLE["components"]
    )


def _declared() -> Any:
    host = reference()
    return type(host)(
        **{
            **{name: getattr(host, name) for name in host.__struct_fields__},
            "applications": {"quantum": EXAMPLE},
        }
    )


@pytest.mark.parametrize(
    "name",
    [
        "systemd_units",
        "systemd_unit_files",
        "sockets_open",
        "sockets_processes",
        "redis_servers[127.0.0.1:6379]",
    ],
)
def test_ablation(name: str) -> None:
    """Without a record no component is better known than before."""
    assert ablation.violations(_declared(), name) == []


def test_ablation_of_processes_and_journal() -> None:
    """They decide of a component without a unit of its own, and of one that is known by lines."""
    homeless = with_records(reference(), record("processes_all", PROCESS))
    parts = {**HOMELESS, "processes": ["*exit*worker*"]}
    made = with_profile(homeless, components={"it": parts})
    for name in ("processes_all", "systemd_unit_files", "systemd_units"):
        assert ablation.violations(made, name) == []
    parts = {"units": ["quantum-ai-engine"], "journal": ["model_loaded"]}
    made = with_profile(models_cases.bundle(), components={"it": parts})
    for one in made.evidence:
        assert ablation.violations(made, one.id) == []


@pytest.mark.parametrize(
    ("components", "said"),
    [
        ({"x": {"unit": []}}, "components.x: unknown key 'unit'; did you mean 'units'?"),
        ({"x": {"layer": "rsk"}}, "components.x.layer: 'rsk' is none of 'layers'; did you mean"),
        (
            {"x": {"section": "fronted"}},
            "section: give one of components, models, frontend, repository, config, logging, not "
            "'fronted'; did you mean 'frontend'?",
        ),
        (
            {"x": {"ports": [99999]}},
            "x.ports: give a list of port numbers from 1 to 65535, not 99999",
        ),
        ({"x": {"severity": "P9"}}, "components.x.severity: give one of P0, P1, P2, P3"),
        ({"x": {"dedicated_unit": 0}}, "components.x.dedicated_unit: give true or false"),
        ({"x": {"journal": "a"}}, "components.x.journal: give a list of names of probe_journal"),
        ({"x": ["a"]}, "components.x: give a mapping with keys such as"),
        (["x"], "components: give a mapping from a component's name"),
    ],
)
def test_a_mistake_is_named_with_its_place(components: Any, said: str) -> None:
    """What, where, and the nearest known word."""
    profile = {"app": {"layers": ["risk"], "components": components}}
    with pytest.raises(InputError) as error:
        load_profiles(profile, "f.yml")
    assert said in str(error.value)


def test_no_profile_no_components() -> None:
    """Without a declaration there is nothing to say."""
    assert not [one for one in host_report(bundle([])).findings if one.rule == "components"]
