"""Runs on the bench's host, beside its Redis: measures a command, and another client meanwhile.

`python3 redis_host.py measure WHAT` runs `sh WHAT` (or nothing, for as many seconds, if it is a
number) while a client asks a thousand times a second, and prints one JSON object. `client` is that
client: it counts from SIGUSR1 to SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import redis

SERVER = ("127.0.0.1", 6379)
EVERY_S = 0.001
SETTLE_S = 0.5
SLOW_US = 5000
"""What counts as slow while measuring; the server's own default is 10000."""


def measure(what: str) -> dict[str, Any]:
    """Return what a command took, and what it did to the server and to another client.

    {"code", "seconds", "peak_bytes" (of its largest process), "hits" (keyspace, the other client's
    excepted), "waited_s" (the server for a processor), "latency_ms": {"asked", "median", "p99",
    "most"}, "slow": [[ms, command], ...]}.
    """
    server = redis.Redis(*SERVER)
    default = str(server.config_get("slowlog-log-slower-than")["slowlog-log-slower-than"])
    server.config_set("slowlog-log-slower-than", SLOW_US)
    server.slowlog_reset()
    hits = server.info("stats")["keyspace_hits"]
    schedule = Path("/proc", str(server.info("server")["process_id"]), "schedstat")
    argv = [sys.executable, "-E", __file__, "client", ""]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        time.sleep(SETTLE_S)
        other.send_signal(signal.SIGUSR1)
        begun, waited = time.monotonic(), waited_ns(schedule)
        code, peak = 0, 0
        if what.isdigit():
            time.sleep(int(what))
        else:
            process = subprocess.Popen(["/bin/sh", what])
            _, code, usage = os.wait4(process.pid, 0)
            process.returncode = code
            peak = usage.ru_maxrss * 1024
        took = time.monotonic() - begun
        waited = waited_ns(schedule) - waited
        other.send_signal(signal.SIGTERM)
        latency = json.loads(other.stdout.read())
    hits = server.info("stats")["keyspace_hits"] - hits - latency.pop("asked_in_all")
    slow = [
        [entry["duration"] / 1000, entry["command"].decode(errors="replace")[:60]]
        for entry in server.slowlog_get(1024)
    ]
    server.config_set("slowlog-log-slower-than", default)
    return {
        "code": code,
        "seconds": took,
        "peak_bytes": peak,
        "hits": hits,
        "waited_s": waited / 1e9,
        "latency_ms": latency,
        "slow": sorted(slow, reverse=True),
    }


def waited_ns(schedule: Path) -> int:
    """Return how long the server's main thread was ready to run but had no processor.

    Source: Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat.
    """
    return int(schedule.read_text().split()[1])


def client() -> None:
    """Ask for a key over and over; at the end print how long that took."""
    taken: list[float] = []
    earlier = [0]

    def begin(number: int, frame: FrameType | None) -> None:
        earlier[0] = len(taken)
        taken.clear()

    def end(number: int, frame: FrameType | None) -> None:
        ordered = sorted(taken)
        shown = {
            "asked": len(ordered),
            "asked_in_all": earlier[0] + len(ordered),
            "median": ordered[len(ordered) // 2],
            "p99": ordered[int(len(ordered) * 0.99)],
            "most": ordered[-1],
        }
        print(json.dumps(shown), flush=True)
        os._exit(0)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGTERM, end)
    link = socket.create_connection(SERVER)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("ready", flush=True)
    while True:
        begun = time.perf_counter()
        link.sendall(b"*2\r\n$3\r\nGET\r\n$11\r\nbench:key:1\r\n")
        link.recv(4096)
        took = time.perf_counter() - begun
        taken.append(took * 1000)
        time.sleep(max(EVERY_S - took, 0))


if __name__ == "__main__":
    if sys.argv[1] == "client":
        client()
    else:
        print(json.dumps(measure(sys.argv[2])))
