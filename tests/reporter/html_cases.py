"""Hosts for the HTML report: a large one, and one whose names no page should obey."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from reporter.evidence import Bundle
from reporter.findings import Severity, Status
from reporter.messages import text
from reporter.render.html.fleet import Broken, Cell, HostSummary
from reporter.report import SECTIONS
from tests.rules.stream_cases import client, consumer, entry, group, host, stream, survey

__all__ = ["fleet", "large"]

_LAYERS = ("ingestion", "models", "strategy", "execution", "audit")


def large(streams: int = 50, units: int = 100, *, layers: bool = True) -> Bundle:
    """Return a host whose units write and read many streams; each stream has up to three groups.

    With `layers` a profile declares them, and a component in each; every ninth stream stands.
    """
    writers = [f"shop-writer-{number:03}.service" for number in range(units // 3)]
    readers = [f"shop-reader-{number:03}.service" for number in range(units - len(writers))]
    clients = [client(unit, blocked=True, db=0) for unit in readers]
    made = []
    for number in range(streams):
        age = 3 * 86400.0 if number % 9 == 4 else 5.0
        groups = [
            group(_reader(readers, number, place), consumer("c", idle=1), delivered=age)
            for place in range(number % 4)
        ]
        writer = writers[number % len(writers)].removesuffix(".service")
        name = f"shop:{_LAYERS[number % len(_LAYERS)]}.{number:03}"
        made.append(stream(name, entry(age, source=writer), groups=groups))
    profile: dict[str, Any] = {"title": "Shop", "units": ["shop-*"], "streams": ["shop:*"]}
    if layers:
        profile["layers"] = list(_LAYERS)
        profile["components"] = {
            layer: {"title": layer.title(), "layer": layer, "streams": [f"shop:{layer}.*"]}
            for layer in _LAYERS
        }
    failed = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
    states: dict[str, Any] = dict.fromkeys(writers, "active")
    states[writers[4 % len(writers)]] = failed
    return host(survey(*made, clients=clients), clients=clients, units=states, profile=profile)


def _reader(readers: list[str], number: int, place: int) -> str:
    unit = readers[(number * 3 + place) % len(readers)]
    return unit.removeprefix("shop-").removesuffix(".service")


def fleet(count: int, seed: int = 1) -> Iterator[HostSummary]:
    """Yield summaries of made hosts: a few things many of them have, and some of their own."""
    dice = random.Random(seed)  # noqa: S311 - the same fleet each time, no secret
    everywhere = [(f"shop-{number:03}.service", dice.random() ** 12) for number in range(120)]
    for number in range(count):
        name = f"node-{number:05}.example"
        broken = [
            _failed(unit, number) for unit, share in everywhere if dice.random() < share * 0.3
        ]
        if dice.random() < 0.1:
            broken.append(_failed(f"own-{number}.service", number))
        status: Status = "down" if broken else dice.choice(("ok", "ok", "degraded", "unknown"))
        cells = {section: Cell("ok", 0) for section in SECTIONS if dice.random() < 0.9}
        cells["services"] = Cell(status, len(broken))
        cells["layer edge"] = Cell(dice.choice(("ok", "degraded")), dice.randrange(3))
        severities: dict[Severity, int] = {}
        for one in broken:
            severities[one.severity] = severities.get(one.severity, 0) + 1
        yield HostSummary(
            host=name,
            page=f"hosts/{name}.html",
            status=status,
            counts={"down": len(broken), "degraded": 3, "unknown": 1, "ok": 200},
            severities=severities,
            coverage=90 + dice.random() * 10,
            collected_at="2026-02-15T16:12:00.000000Z",
            cut_short=number % 100 == 7,
            layers=("edge",),
            cells=cells,
            broken=tuple(broken),
        )


def _failed(unit: str, minute: int) -> Broken:
    levels: tuple[Severity, ...] = ("P0", "P1", "P2", "P2", "P3")
    return Broken(
        id=f"service_state:{unit}",
        severity=levels[sum(map(ord, unit)) % len(levels)],
        status="down",
        message=text("{unit} failed at {at}", unit=unit, at=f"16:{minute % 60:02}"),
    )
