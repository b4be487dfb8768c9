"""Probes with `where: control`: asked by the control node while a host collects its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from truthmap_collector import evidence, runner
from truthmap_collector.kinds import Kind

from . import redis_remote
from .probes import ProbeError
from .redis_endpoints import Endpoint, endpoints

__all__ = ["Survey", "nothing", "read", "together"]

_DISCOVERY_SHARE = 0.3  # of the time, for asking sentinels and clusters where their servers are
_AFTER_S = 30  # beyond the budget: what the runner takes to mask and to give up what hangs

Probe = dict[str, Any]


def read(probe: Probe, value: Any) -> list[Endpoint]:
    """Read what the variable of a `where: control` probe names.

    Raises ProbeError for a kind the control node cannot ask, SettingError for an unusable value.
    """
    if probe["kind"] != "redis":
        raise ProbeError(
            f"probe {probe['id']}: where: control is only for kind redis, not {probe['kind']}"
        )
    return endpoints(value, probe["variable"])


def nothing(key: str | None = None) -> dict[str, Any]:
    """Return the answer of a host nobody logs in to: no probe; the collector is our own."""
    found = runner.collect({"probes": [], "limits": {}, "fingerprint_key": key})
    return {**found, "collector": {**found["collector"], "hostname": None}}


def together(answer: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Return a host's answer with the control node's records added."""
    return {
        **answer,
        "started_at": min(answer["started_at"], ours["started_at"]),
        "finished_at": max(answer["finished_at"], ours["finished_at"]),
        "complete": answer["complete"] and ours["complete"],
        "evidence": [*answer["evidence"], *ours["evidence"]],
    }


class Survey:
    """The control node's own probes for one host, under way from the moment this is made.

    `asked` is each probe with what its variable named; `limits` are those of the host.
    """

    def __init__(
        self,
        asked: list[tuple[Probe, list[Endpoint]]],
        limits: Mapping[str, float],
        key: str | None = None,
    ) -> None:
        """Begin."""
        self._asked = asked
        self._limits = dict(limits)
        self._key = key
        self._answer: dict[str, Any] | None = None
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self) -> dict[str, Any]:
        """Wait, and return an answer as a host gives it. Raises what went wrong."""
        self._thread.join(self._limits["host_timeout_s"] + _AFTER_S)
        if self._trouble is not None:
            raise self._trouble
        if self._answer is None:
            raise ProbeError("the control node's own probes did not end in their time")
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._collected()
        except Exception as error:  # noqa: BLE001 - the thread that waits raises it
            self._trouble = error

    def _collected(self) -> dict[str, Any]:
        begun = time.monotonic()
        budget = self._limits["host_timeout_s"]
        found = _all_targets(
            [endpoint for _, chosen in self._asked for endpoint in chosen],
            begun + budget * _DISCOVERY_SHARE,
        )
        probes = []
        known: dict[str, redis_remote.Target] = {}
        for probe, chosen in self._asked:
            items = {item: target for one in chosen for item, target in found[one.name].items()}
            probes.append({**probe, "items": list(items)})
            known.update(items)
        left = max(budget - (time.monotonic() - begun), 1.0)
        answer = runner.collect(
            {
                "probes": probes,
                "limits": {**self._limits, "host_timeout_s": left},
                "fingerprint_key": self._key,
                "secrets": {"redis": known},
            },
            kinds={"redis": Kind(redis_remote.look, lambda args: "")},
        )
        for record in answer["evidence"]:
            if record["item"] in known:
                record["command"] = redis_remote.by_hand(known[record["item"]])
                record["sha256"] = evidence.digest(record)
        return answer


def _all_targets(
    chosen: list[Endpoint], deadline: float
) -> dict[str, dict[str, redis_remote.Target]]:
    """Find all endpoints' servers at the same time."""
    found: dict[str, dict[str, redis_remote.Target]] = {}

    def find(endpoint: Endpoint) -> None:
        found[endpoint.name] = redis_remote.targets(endpoint, deadline)

    threads = [threading.Thread(target=find, args=(one,), daemon=True) for one in chosen]
    for thread in threads:
        thread.start()
    for endpoint, thread in zip(chosen, threads):  # noqa: B905 - strict is of Python 3.10
        thread.join(max(deadline - time.monotonic(), 0) + 2)
        found.setdefault(endpoint.name, redis_remote.not_found(endpoint))
    return found
