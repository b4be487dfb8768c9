"""Hosts for the HTML report: a large one, and one whose names no page should obey."""

from __future__ import annotations

from typing import Any

from reporter.evidence import Bundle
from tests.rules.stream_cases import client, consumer, entry, group, host, stream, survey

__all__ = ["large"]

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
