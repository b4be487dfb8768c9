"""Stands for a service of the application: starts, says so, and waits to be stopped.

With --listen=PORT it accepts connections and keeps them; with --connect=PORT it holds a connection
to that port of this host, and makes it anew when it is lost. With --say=FILE it says at its start
what stands there. With --settings=FILE it does with Redis what stands there under its name: see
`work`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RETRY_SECONDS = 1
BLOCK_MS = 5000
HOLD_SECONDS = 20
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "LINKUSDT")


def main(name: str, arguments: list[str]) -> None:
    """Do all that the arguments say, for ever."""
    print(f"{name} started", flush=True)
    for argument in arguments:
        option, _, value = argument.partition("=")
        if option == "--say":
            print(Path(value).read_text(encoding="utf-8"), end="", flush=True)
        elif option == "--settings":
            settings = json.loads(Path(value).read_text(encoding="utf-8"))
            for job in settings["services"][name]:
                _start(work, settings["redis"], job)
        else:
            _start({"--listen": listen, "--connect": connect}[option], int(value))
    threading.Event().wait()


def listen(port: int) -> None:
    """Accept for ever; what was accepted stays open until the other side goes."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))  # noqa: S104 - a port the reference host shows to the world
    server.listen()
    while True:
        threading.Thread(target=drain, args=(server.accept()[0],), daemon=True).start()


def connect(port: int) -> None:
    """Hold a connection for ever."""
    while True:
        with contextlib.suppress(OSError):
            drain(socket.create_connection(("127.0.0.1", port)))
        time.sleep(RETRY_SECONDS)


def drain(connection: socket.socket) -> None:
    """Read until the other side closes."""
    with connection:
        while connection.recv(4096):
            pass


def work(server: dict[str, Any], job: dict[str, Any]) -> None:
    """Do a job on a connection of its own, and begin anew when it is lost.

    What there is to do stands in job["do"]: "add" entries to a stream, "read" one as a consumer of
    a group and acknowledge, "follow" one without a group, "get" a key, or "hold" the connection.
    """
    import redis  # services without Redis run on hosts that have no client library

    todo = {"add": add, "read": read, "follow": follow, "get": get, "hold": hold}[job["do"]]
    while True:
        client = redis.Redis(**server, db=job.get("db", 0), single_connection_client=True)
        try:
            todo(client, job)
        except redis.RedisError as error:
            print(f"{job['do']}: {error}", file=sys.stderr, flush=True)
        client.close()
        time.sleep(RETRY_SECONDS)


def add(client: Any, job: dict[str, Any]) -> None:
    """Add an entry each `pause` seconds; the stream is trimmed to about `length` entries."""
    number = int(time.time())
    while True:
        number += 1
        entry = render(job["fields"], job["style"], time.time(), number)
        client.xadd(job["stream"], entry, maxlen=job["length"], approximate=True)
        time.sleep(job["pause"])


def read(client: Any, job: dict[str, Any]) -> None:
    """Wait for entries as a consumer of a group, and acknowledge them."""
    stream, group = job["stream"], job["group"]
    while True:
        found = client.xreadgroup(
            group, job["consumer"], {stream: ">"}, count=50, block=job["block_ms"]
        )
        ids = [entry_id for _, entries in found for entry_id, _ in entries]
        if ids:
            client.xack(stream, group, *ids)


def follow(client: Any, job: dict[str, Any]) -> None:
    """Wait for what is new, as a reader that Redis keeps no account of."""
    last = "$"
    while True:
        for _, entries in client.xread({job["stream"]: last}, count=50, block=BLOCK_MS):
            last = entries[-1][0]


def get(client: Any, job: dict[str, Any]) -> None:
    """Read a key each second."""
    while True:
        client.get(job["key"])
        time.sleep(1)


def hold(client: Any, job: dict[str, Any]) -> None:
    """See now and then that the server is there."""
    while True:
        client.ping()
        time.sleep(HOLD_SECONDS)


def render(fields: dict[str, Any], style: str | None, when: float, number: int) -> dict[str, str]:
    """Return an entry's fields: templates filled in for an event at `when`, epoch seconds.

    `style` is how its time is written: see `written`. A mapping becomes JSON, in which a time in
    epoch seconds is a number, as programs write it.
    """
    stamp = written(style, when) if style else ""

    def fill(template: Any) -> Any:
        if not isinstance(template, str):
            return template
        if template == "{time}" and style and style.startswith("epoch"):
            return json.loads(stamp)
        text = template.replace("{time}", stamp).replace("{number}", str(number))
        return text.replace("{symbol}", SYMBOLS[number % len(SYMBOLS)])

    return {
        name: json.dumps({key: fill(value) for key, value in template.items()})
        if isinstance(template, dict)
        else str(fill(template))
        for name, template in fields.items()
    }


def written(style: str, when: float) -> str:
    """Write a time as one of: iso, iso-offset, iso-z, epoch, epoch-float, epoch-ms."""
    if style.startswith("epoch"):
        scaled: dict[str, float] = {"epoch": int(when), "epoch-ms": int(when * 1000)}
        return str(scaled.get(style, when))
    moment = datetime.fromtimestamp(when, timezone.utc).replace(tzinfo=None)
    ending = {"iso": "", "iso-offset": "+00:00", "iso-z": "Z"}[style]
    return moment.isoformat(timespec="microseconds") + ending


def _start(target: Any, *arguments: Any) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
