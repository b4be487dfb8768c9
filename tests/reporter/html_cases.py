"""Hosts for the HTML report: a large one, and one whose names no page should obey."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reporter.archive import load
from reporter.evidence import Bundle
from reporter.findings import Severity, Status
from reporter.messages import text
from reporter.render.html.fleet import Broken, Cell, HostSummary
from reporter.report import SECTIONS
from tests.rules.stream_cases import client, consumer, entry, group, host, stream, survey

__all__ = ["EVIL", "QUOTED", "fleet", "hostile", "large", "reference"]

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
    everywhere = [(f"shop-{number:03}.service", dice.random() ** 12) for number in range(25)]
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


EVIL = (
    "<script>owned=1</script>",
    "<img/src=x/onerror=owned=2>",
    "<svg/onload=owned=3>",
    "</style></title></pre><script>owned=4</script>",
    "javascript:owned=5",
    "{{7*7}}{%raw%}",
    "<!--",
    "&lt;b&gt;",
    "x\x1b]0;owned\x07\x1b[31m\u202egnp\u2066\u200b\x9b31m",
    "style=position:fixed;background:url(//x.example/y)",
)
"""What a host may call its things; none of it holds a quote, so that it fits into any record."""

QUOTED = "\"><script>owned=6</script><a onmouseover='owned=7' href=\"javascript:owned=8"
"""The same with quotes, for names that a builder writes into JSON by itself."""


def hostile() -> Bundle:
    """Return the reference host with names, log lines, settings and paths no page may obey."""
    names = {
        "quantum-exit-monitor": f"quantum-exit{EVIL[1]}",
        "quantum-rl-trainer": f"quantum-rl{EVIL[0]}",
        "market.tick": f"market{EVIL[2]}",
        "feature_publisher": f"feature{EVIL[3]}",
        "RECV_WINDOW": f"RECV{EVIL[0]}",
        "BINANCE_API_KEY": f"BINANCE{EVIL[9]}",
        "No such file": f"No such {EVIL[3]} {EVIL[6]}",
        "patchtst_v1": f"patchtst{EVIL[4]}{EVIL[7]}",
        "quantum-bsc": f"quantum-{EVIL[5]}",
        "last_update": f"last_update{EVIL[6]}",
        "trade.intent": f"trade{EVIL[8]}",
    }
    collected = reference()
    records = []
    for one in collected.evidence:
        data = one.stdout.data
        as_json = data.startswith("{")
        for name, evil in names.items():
            data = data.replace(name, json.dumps(evil)[1:-1] if as_json else evil)
        records.append(
            msgspec.structs.replace(one, stdout=msgspec.structs.replace(one.stdout, data=data))
        )
    profile = {
        "title": QUOTED,
        "units": ["quantum-*"],
        "streams": ["quantum:stream:*"],
        "layers": [EVIL[0], EVIL[8]],
        "components": {
            "evil": {"title": QUOTED, "layer": EVIL[0], "units": ["quantum-exit*"]},
            "worse": {"title": EVIL[8], "layer": EVIL[8], "streams": ["quantum:stream:market*"]},
        },
    }
    return msgspec.structs.replace(
        collected,
        host=f"{QUOTED}{EVIL[8]}",
        evidence=records,
        applications={"evil": profile},
        perturbations=[*collected.perturbations, QUOTED],
    )


def reference() -> Bundle:
    """Return the reference host as it was recorded, with its application's profile."""
    (archive,) = (Path(__file__).parents[1] / "golden").glob("reference.exit-*.json.zst")
    (found,) = load([archive]).bundles.values()
    return found
