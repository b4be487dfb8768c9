"""The rules on the repository under ablation: no record's absence betters or invents a verdict."""

from __future__ import annotations

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.repository_cases import (
    SOURCE,
    bundle,
    processes,
    redis,
    with_containers,
    with_records,
    with_rows,
    without_profile,
)


def ablated(host: Bundle) -> list[str]:
    whole = host_report(host)
    return [broken for one in host.evidence for broken in violations(host, one.id, whole)]


def test_every_record() -> None:
    assert ablated(bundle()) == []
    assert ablated(without_profile(bundle())) == []


def test_every_record_of_a_scan_that_did_not_get_through() -> None:
    stopped = with_rows(
        bundle(), SOURCE, lambda row: {**row, "limits": ["time"]} if row["row"] == "end" else row
    )
    assert ablated(stopped) == []


def test_every_record_where_streams_and_containers_decide() -> None:
    """A stream that is gone, a container that runs without a unit, or beside one."""
    gone = with_records(bundle(), redis("shop:stream:other"))
    for name in ("shop_mailer", "shop_idle", "shop_orders"):
        listed = {"listed": "/run/docker.sock", "id": "4f1c", "name": name, "state": "running"}
        assert ablated(with_containers(gone, listed)) == []


def test_every_record_where_a_reload_decides() -> None:
    """Of the main process's age, of its workers' and of the reload one is not enough."""
    young = {"pid": 300, "ppid": 186, "started_at": "2026-11-25T15:28:00Z"}
    assert ablated(with_records(bundle(), processes({"pid": 186}, young))) == []
