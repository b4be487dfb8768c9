"""Kind `containers`: container engines, and the containers there are.

Processes in a container's control group show what runs, to every user. Docker's daemon is asked for
its list only where it runs: where systemd holds its socket, the question would start it. Podman is
not asked, since its service would start and write to the journal; its own file has the names.
Environment, command lines and labels of a container are never kept.
"""

import json
import os
import re
import socket
from typing import Any, Dict, Iterator, List, Optional, Pattern, Set, Tuple

from truthmap_collector import host, reading
from truthmap_collector.globbing import expand
from truthmap_collector.kinds.processes import below, cgroup_of, effective_uid, root_cgroup
from truthmap_collector.observation import COLLECTED, Verdict, refusal
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_Row = Dict[str, Any]

_PROGRAMS = (
    ("docker", ("docker", "dockerd")),
    ("podman", ("podman",)),
    ("containerd", ("containerd",)),
    ("cri-o", ("crio",)),
    ("lxc", ("lxc-start",)),
)
_DAEMONS = frozenset(["dockerd", "containerd", "conmon", "crio", "lxc-start", "lxd", "incusd"])
_ID = "([0-9a-f]{64})"
_GROUPS = (
    ("docker", re.compile("/docker[-/]" + _ID)),
    ("podman", re.compile("/libpod-" + _ID)),
    ("containerd", re.compile("/cri-containerd-" + _ID)),
    ("cri-o", re.compile("/crio-" + _ID)),
    ("containerd", re.compile("/nerdctl-" + _ID)),
    ("nspawn", re.compile(r"/machine-([A-Za-z0-9_.\\-]{1,64})\.scope")),
    ("lxc", re.compile(r"/lxc(?:\.payload\.|/)([A-Za-z0-9_-]{1,64})")),
    ("other", re.compile("/" + _ID + "(?:/|$)")),
)
_SHOWN = 12  # of an id, as the engines show it
_ANSWER_BYTES = 4194304
_STORE_BYTES = 4194304
_TIMEOUT_S = 5.0
_NAME = re.compile(r"[A-Za-z0-9_.?-]{1,128}")
_IMAGE = re.compile(r"[A-Za-z0-9_.:/@-]{1,300}")
_ADDRESS = re.compile(r"[0-9a-f.:*]{1,45}")
_WORD = re.compile(r"[a-z]{1,20}")


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write a row for each program, daemon, container that runs, engine asked and name stored.

    A daemon has its `uid` where it is not root's: a user's own (rootless), with a socket of his.
    """
    for engine, names in _PROGRAMS:
        for name in names:
            path = host.find_program(name)
            if path:
                turn.write({"program": engine, "path": path})
    daemons: Set[Tuple[str, int]] = set()
    for line in _running(turn):
        if "daemon" in line:
            daemons.add((line["daemon"], line.get("uid", 0)))
        turn.write(line)
    most = int(args["most"])
    for path in args["engines"]:
        for line in _asked(path, daemons, most, turn):
            turn.write(line)
    for pattern in args["stores"]:
        found = expand(pattern)
        for folder in found.denied:
            turn.write({"store": pattern, "error": "{}: Permission denied".format(folder)})
        for raw in found.paths:
            for line in _stored(raw, most, turn):
                turn.write(line)
    return turn.timed_out() if turn.over() else Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return what shows the control groups of containers and what an engine lists."""
    return "systemd-cgls --no-pager; docker ps -a; podman ps -a"


def _running(turn: Turn) -> Iterator[_Row]:
    root = root_cgroup()
    seen: Dict[Tuple[str, str], _Row] = {}
    daemons: Dict[Tuple[str, int], _Row] = {}
    hidden = not os.path.exists("/proc/1/cgroup")
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        if turn.over():
            break
        try:
            group = below(root, cgroup_of(pid))
            name = _comm(pid)
            uid = effective_uid(pid) if name in _DAEMONS else 0
        except OSError:
            continue  # it has ended
        found = _container(group)
        if found:
            line = seen.setdefault(
                found, {"container": found[0], "id": found[1], "pid": pid, "processes": 0}
            )
            line["processes"] += 1
        elif name in _DAEMONS:
            line = daemons.setdefault(
                (name, uid), dict({"daemon": name, "pid": pid, "processes": 0}, **_whose(uid))
            )
            line["processes"] += 1
    for line in list(daemons.values()) + list(seen.values()):
        yield line
    if hidden:
        yield {"hidden": True}


def _whose(uid: int) -> _Row:
    return {"uid": uid} if uid else {}


def _comm(pid: int) -> str:
    with open("/proc/{}/comm".format(pid), "rb") as stream:
        return host.from_os(stream.read()).strip()


def _container(group: str) -> Optional[Tuple[str, str]]:
    """Return the engine and id of the outermost container a control group belongs to."""
    found = [
        (match.start(), engine, match.group(1)[:_SHOWN] if engine != "lxc" else match.group(1))
        for engine, pattern in _GROUPS
        for match in [pattern.search(group)]
        if match
    ]
    return min(found)[1:] if found else None


def _asked(path: str, daemons: Set[Tuple[str, int]], most: int, turn: Turn) -> Iterator[_Row]:
    """Ask the engine behind a socket, where a daemon of the socket's owner runs."""
    try:
        runs = ("dockerd", os.stat(path).st_uid) in daemons
    except OSError as error:
        yield {"engine": path, "running": False, "error": refusal(error)}
        return
    engine: _Row = {"engine": path, "running": runs}
    if not runs:
        yield dict(engine, error="not asked: no daemon runs, and the question would start it")
        return
    try:
        answer = json.loads(_get(path, "/containers/json?all=1").decode("utf-8"))
    except OSError as error:
        yield dict(engine, error=refusal(error))
        return
    except (ValueError, RecursionError):
        yield dict(engine, error="its answer is no list of containers")
        return
    rows = [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
    if not isinstance(answer, list) or len(rows) > most:
        turn.stdout.incomplete()
    yield dict(engine, containers=len(rows))
    for one in rows[:most]:
        yield {
            "listed": path,
            "id": _shape(one.get("Id"), _NAME)[:_SHOWN],
            "name": _shape(_first(one.get("Names")).lstrip("/"), _NAME),
            "image": _shape(one.get("Image"), _IMAGE),
            "state": _shape(one.get("State"), _WORD),
            "ports": _ports(one.get("Ports")),
        }


def _first(names: Any) -> str:
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else "?"


def _ports(value: Any) -> List[str]:
    """Return `0.0.0.0:8080->80/tcp` for each published port."""
    found = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict) and type(one.get("PublicPort")) is int:
            host_ip = _shape(one.get("IP") or "*", _ADDRESS)
            inner, kind = one.get("PrivatePort"), _shape(one.get("Type"), _WORD)
            if type(inner) is int:
                found.append("{}:{}->{}/{}".format(host_ip, one["PublicPort"], inner, kind))
    return sorted(set(found))[:100]


def _shape(value: Any, pattern: Pattern[str]) -> str:
    if not isinstance(value, str):
        return "?"
    return value if pattern.fullmatch(value) else "<masked:{}>".format(len(value))


def _get(path: str, what: str) -> bytes:
    """Return the body of a plain HTTP/1.0 answer over a unix socket. Raises OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(_TIMEOUT_S)
        link.connect(path)
        link.sendall("GET {} HTTP/1.0\r\nHost: localhost\r\n\r\n".format(what).encode("ascii"))
        answer = bytearray()
        while len(answer) <= _ANSWER_BYTES:
            chunk = link.recv(65536)
            if not chunk:
                break
            answer += chunk
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    if head.split(b" ")[1:2] != [b"200"]:
        raise ValueError("it answered " + host.from_os(head[:40]))
    return body


def _stored(raw: bytes, most: int, turn: Turn) -> Iterator[_Row]:
    path = host.from_os(raw)
    try:
        known = json.loads(reading.head(raw, _STORE_BYTES).decode("utf-8"))
    except OSError as error:
        yield {"store": path, "error": refusal(error)}
        return
    except (reading.NotRegularError, ValueError, RecursionError):
        yield {"store": path, "error": "it cannot be read as a list of containers"}
        return
    rows = [one for one in known if isinstance(one, dict)] if isinstance(known, list) else []
    if len(rows) > most:
        turn.stdout.incomplete()
    yield {"store": path, "containers": len(rows)}
    for one in rows[:most]:
        yield {
            "stored": path,
            "id": _shape(one.get("id"), _NAME)[:_SHOWN],
            "name": _shape(_first(one.get("names")), _NAME),
            "image": _shape(_image(one.get("metadata")), _IMAGE),
        }


def _image(metadata: Any) -> Any:
    try:
        found = json.loads(metadata) if isinstance(metadata, str) else None
    except (ValueError, RecursionError):
        return None
    return found.get("image-name") if isinstance(found, dict) else None
