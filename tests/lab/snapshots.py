"""What stands in a lab host's Redis, read inside the host with redis-py, for tests of the lab."""

from __future__ import annotations

import json
from typing import Any

from .hosts import LabHost

__all__ = ["snapshot"]

_PROGRAM = """\
import json, redis
def server(db=0):
    return redis.Redis(db=db, decode_responses=True)
info = server().info("keyspace")
found = {"keyspace": info, "streams": {}}
for name in info:
    client = server(int(name[2:]))
    for key in client.scan_iter(count=1000, _type="stream"):
        stream = client.xinfo_stream(key)
        groups = client.xinfo_groups(key)
        for group in groups:
            group["listed"] = client.xinfo_consumers(key, group["name"])
        last = client.xrevrange(key, count=1)
        found["streams"][key] = {
            "db": name, "length": stream["length"], "added": stream.get("entries-added"),
            "last": last[0] if last else None, "groups": {g["name"]: g for g in groups},
        }
print(json.dumps(found))
"""


def snapshot(host: LabHost) -> dict[str, Any]:
    """Return keyspace and streams of the open server on the host's usual port.

    {"keyspace": {"db0": {"keys", "expires", ...}}, "streams": {name: {"db", "length", "added"
    (None before 7.0), "last": [id, fields] or None, "groups": {name: XINFO GROUPS, and "listed":
    XINFO CONSUMERS}}}}.
    """
    done = host.podman(
        "exec", "-i", host.container, "/usr/bin/python3", "-", stdin=_PROGRAM.encode()
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
