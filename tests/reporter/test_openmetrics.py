"""Metrics: read by OpenMetrics' parser and by the older text format's, bounded in number."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus_text

from reporter.archive import load
from reporter.findings import Waiver
from reporter.render.openmetrics import FAMILIES, render
from reporter.report import HostReport, Report, build, host_report
from tests.builders import bundle, record, run_folder
from tests.hostile import EVIL, GOLDEN, hidden_in, hostile_report
from tests.rules import stream_cases as cases

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "outputs.md").read_text()
Samples = dict[str, list[tuple[dict[str, str], float]]]


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


def samples_of(report: Report) -> Samples:
    """What both parsers read, which is the same."""
    content = render(report)
    newer = _read(list(open_metrics(content)))  # type: ignore[no-untyped-call]
    older = _read(list(prometheus_text(content)))
    assert newer == older
    return newer


def _read(families: list[Metric]) -> Samples:
    for family in families:
        assert family.type == "gauge"
        assert family.documentation
        assert all(sample.name == family.name for sample in family.samples)
        assert all(sample.timestamp is None for sample in family.samples)
    return {one.name: [(s.labels, s.value) for s in one.samples] for one in families}


def one(samples: Samples, family: str, **labels: str) -> float:
    (value,) = [
        value for found, value in samples[family] if labels.items() <= found.items()
    ]  # fmt: skip
    return value


def host_of(*streams: list[cases.Row], profile: Mapping[str, Any] | None = None) -> HostReport:
    return cases.report(cases.host(cases.survey(*streams), profile=profile))


def of(*hosts: HostReport) -> Report:
    return Report("", "", complete=True, hosts=hosts, unreachable=())


def test_every_family_has_its_declared_labels(reference: Report) -> None:
    """Names and labels are stable, and all of a host are there for one that has everything."""
    samples = samples_of(reference)
    assert samples.keys() == FAMILIES.keys() - {"truthmap_fleet_findings"}
    for family, found in samples.items():
        assert all(tuple(labels) == FAMILIES[family][0] for labels, _ in found), family


def test_the_documented_metrics_are_the_declared_ones() -> None:
    """docs/outputs.md lists each with labels and meaning, in order."""
    shown = re.findall(r"^\| `(truthmap_\w+)` \| (.*) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert shown == [
        (name, ", ".join(f"`{label}`" for label in labels), meaning)
        for name, (labels, meaning) in FAMILIES.items()
    ]


def test_the_file_is_what_the_textfile_collector_reads(reference: Report) -> None:
    """No timestamp, no type or line it does not know, one `# EOF` at the end, a newline last."""
    lines = render(reference).split("\n")
    assert lines[-2:] == ["# EOF", ""]
    for line in lines[:-2]:
        kind = r"# HELP \S+ .+|# TYPE \S+ gauge|[a-z_]+(\{[^{}]*\})? -?[0-9.e+-]+"
        assert re.fullmatch(kind, line), line


def test_counts_are_those_of_the_report(reference: Report) -> None:
    """Statuses by rule, severities by section, risks, coverage, collection time."""
    (host,) = reference.hosts
    samples = samples_of(reference)
    by_status = Counter(one.verdict.status for one in host.findings)
    for status, count in by_status.items():
        found = [v for labels, v in samples["truthmap_findings"] if labels["status"] == status]
        assert sum(found) == count
    severities = Counter(one.verdict.severity for one in host.findings)
    for severity in ("P0", "P1", "P2", "P3"):
        found = [
            value
            for labels, value in samples["truthmap_findings_severity"]
            if labels["severity"] == severity
        ]
        assert sum(found) == severities[severity]
    loops = Counter(
        finding.verdict.status for finding in host.findings if finding.rule == "restart_loops"
    )
    for status in ("ok", "degraded", "down", "unknown"):
        labels = {"rule": "restart_loops", "section": "loops", "status": status}
        assert one(samples, "truthmap_findings", **labels) == loops[status]
    risks = Counter(risk.severity for risk in host.judgement.risks)
    assert {labels["severity"]: v for labels, v in samples["truthmap_risks"]} == risks
    assert one(samples, "truthmap_coverage_ratio") == 1
    ended = datetime.fromtimestamp(one(samples, "truthmap_collected_timestamp_seconds"), UTC)
    assert ended.isoformat(timespec="seconds").replace("+00:00", "") == host.collected_at[:19]
    assert one(samples, "truthmap_host_status", status="down") == 1
    assert one(samples, "truthmap_host_status", status="ok") == 0


def test_restarts_of_an_applications_services_and_of_those_that_restarted(
    reference: Report,
) -> None:
    """A service that never restarted has a zero where it is an application's, else no series."""
    found = {labels["unit"]: v for labels, v in samples_of(reference)["truthmap_unit_restarts"]}
    unit = reference.hosts[0].facts.get("units").get("quantum-rl-trainer.service")
    assert found[unit.name] == unit.restarts > 0
    assert found["quantum-ai-engine.service"] == 0
    assert "ssh.service" not in found


def test_streams_and_groups() -> None:
    """Length, age, limit; lag, pending, whether the group lives. What is not known is not there."""
    host = host_of(
        cases.stream(
            "orders",
            cases.entry(30.0),
            groups=[
                cases.group("readers", cases.consumer("a", 1.0), pending=3, delivered=30.0),
                cases.group("lagging", cases.consumer("b", 1.0), lag=None, delivered=500.0),
            ],
        ),
        cases.stream("broken", refused={"XINFO STREAM": "NOPERM"}),
    )
    samples = samples_of(of(host))
    orders = {"host": host.host, "server": cases.ENDPOINT, "db": "0", "stream": "orders"}
    assert one(samples, "truthmap_stream_length", **orders) == 1
    assert one(samples, "truthmap_stream_age_seconds", **orders) == 30
    assert one(samples, "truthmap_stream_limit_seconds", **orders) == 86400
    assert one(samples, "truthmap_stream_group_lag", **orders, group="readers") == 0
    assert one(samples, "truthmap_stream_group_pending", **orders, group="readers") == 3
    assert one(samples, "truthmap_stream_group_alive", **orders, group="readers") == 1
    lagging = [labels["group"] for labels, _ in samples["truthmap_stream_group_lag"]]
    assert lagging == ["readers"]


def test_what_is_too_much_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams nobody declared go first; the number of series is bounded whatever a host holds."""
    monkeypatch.setattr("reporter.render.openmetrics._MOST_STREAMS", 2)
    monkeypatch.setattr("reporter.render.openmetrics._MOST_GROUPS", 1)
    group = cases.group("readers", cases.consumer("a", 1.0))
    streams = [cases.stream(name, cases.entry(1.0), groups=[group]) for name in ("a", "b", "z")]
    samples = samples_of(of(host_of(*streams, profile={"title": "Shop", "streams": ["z"]})))
    assert [labels["stream"] for labels, _ in samples["truthmap_stream_length"]] == ["z", "a"]
    assert [labels["stream"] for labels, _ in samples["truthmap_stream_group_lag"]] == ["z"]
    assert one(samples, "truthmap_streams_left_out", what="streams") == 1
    assert one(samples, "truthmap_streams_left_out", what="groups") == 2


def test_a_host_that_was_not_reached_is_a_zero(tmp_path: Path) -> None:
    """And a host whose evidence lacks the units has no restarts, not zero of them."""
    folder = run_folder(
        tmp_path / "run",
        [bundle([record("systemd_state", "running\n")])],
        failed={"web9": ("unreachable", "no route")},
    )
    samples = samples_of(build(load([folder])))
    assert one(samples, "truthmap_host_reached", host="web1") == 1
    assert one(samples, "truthmap_host_reached", host="web9") == 0
    assert "truthmap_unit_restarts" not in samples


def test_a_hostile_host_breaks_no_line() -> None:
    """Quotes and backslashes are escaped, what is invisible is spelled out."""
    content = render(hostile_report())
    assert hidden_in(content) == set()
    samples = samples_of(hostile_report())
    streams = {labels["stream"] for labels, _ in samples["truthmap_stream_length"]}
    assert EVIL["stream"].replace("\x1b", "\\x1b") in streams


def test_names_that_look_alike_do_not_spoil_the_file() -> None:
    """A second sample with the same labels would cost the whole file: the first counts."""
    alike = [cases.stream(name, cases.entry(1.0)) for name in ("a\x1b", "a\\x1b")]
    samples = samples_of(of(host_of(*alike)))
    streams = [labels["stream"] for labels, _ in samples["truthmap_stream_length"]]
    assert streams == ["a\\x1b"]


def test_numbers_nobody_can_hold_do_not_spoil_the_file() -> None:
    """One that no 64 bits hold would too; what is left of the file is read."""
    lines = f"Id=a.service\nLoadState=loaded\nNRestarts=-{'9' * 400}\n\nId=b.service\nNRestarts=7\n"
    samples = samples_of(of(host_report(bundle([record("systemd_units", lines)]))))
    assert samples["truthmap_unit_restarts"] == [({"host": "web1", "unit": "b.service"}, 7)]


def test_waived_findings_are_counted_apart(reference: Report) -> None:
    """They count for no severity."""
    (host,) = reference.hosts
    waived = tuple(
        dataclasses.replace(one, waiver=Waiver("known", "ops", "2027-01-01"))
        for one in host.findings
    )
    samples = samples_of(of(dataclasses.replace(host, findings=waived)))
    assert one(samples, "truthmap_findings_waived") == len(waived)
    assert sum(value for _, value in samples["truthmap_findings_severity"]) == 0


def test_two_hosts_share_their_families(reference: Report) -> None:
    """A family stands once, whatever the number of hosts."""
    (host,) = reference.hosts
    other = host_report(bundle([record("systemd_state", "running\n")]))
    samples = samples_of(of(host, other))
    hosts = {labels["host"] for labels, _ in samples["truthmap_coverage_ratio"]}
    assert hosts == {"reference", "web1"}
