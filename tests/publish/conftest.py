"""Fixtures for publishing: a report, its files, pauses that nobody waits for, a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reporter.publish import retry
from reporter.publish.sinks import Delivery
from reporter.report import Report, host_report
from tests.builders import bundle, record
from tests.publish.http_server import HttpServer, serving

REPORT = Report(
    "a" * 64,
    "20260215T161200Z-abcdef",
    complete=True,
    hosts=(host_report(bundle([record("systemd_state", "running\n")])),),
    unreachable=(),
)
FILES = {"report.txt": b"text\n", "csv/hosts.csv": b"host\r\n", "report.json": b"{}\n"}


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(REPORT, lambda: iter(FILES.items()))


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were to pass between attempts; none of them does."""
    passed: list[float] = []
    monkeypatch.setattr(retry, "sleep", passed.append)
    return passed


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serving() as running:
        yield running
