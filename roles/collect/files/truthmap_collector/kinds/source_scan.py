"""Kind `source_scan`: the Python files that programs use, and what these say of Redis streams.

Files are read as text and parsed, nothing is executed or imported. No source text leaves the host:
names, imports and the shape of expressions do, and of texts only those that look like a name.
"""

import json
import os
import resource
import shlex
import time
from typing import Any, Dict, List

from truthmap_collector import process
from truthmap_collector.observation import COLLECTED, ERROR, Verdict
from truthmap_collector.source.scanner import Bounds, Scanner
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_HANDING_OVER_S = 3  # left of the turn for what comes after the reading
_MEMORY = 1 << 30


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write the rows of the scan, the row `end` last; without it the scan did not get through.

    In a process of its own: parsing does not give way, and a file made for it can exhaust memory or
    crash the interpreter.
    """
    seconds = min(
        float(args.get("seconds", 25)), turn.deadline - time.monotonic() - _HANDING_OVER_S
    )
    bounds = Bounds(
        int(args.get("files", 5000)),
        int(args.get("file_bytes", 1 << 20)),
        int(args.get("all_bytes", 1 << 27)),
        time.monotonic() + max(seconds, 0.1),
    )
    programs = [json.loads(line) for line in args["programs"]]
    scanner = Scanner(args.get("roots", []), args.get("names", []), bounds)

    def work(writer: int) -> None:
        _bound_memory()
        scanner.scan(programs)
        with os.fdopen(writer, "wb") as stream:
            for row in scanner.rows():
                line = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
                stream.write(line.encode("utf-8", "backslashreplace") + b"\n")

    end = process.run_forked(work, turn.stdout, turn.deadline, turn.groups)
    if end.timed_out:
        return turn.timed_out()
    if end.signal or end.exit_code:
        how = "signal {}".format(end.signal) if end.signal else "an exception"
        return Verdict(ERROR, "the scan was ended by {}".format(how))
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return a search for the same words below the declared roots and the programs' folders."""
    folders: List[str] = list(args.get("roots", []))
    for line in args["programs"]:
        try:
            program = json.loads(line)
        except ValueError:
            continue
        script = program.get("script") or program.get("program") or ""
        folders.append(os.path.dirname(script) or program.get("cwd", ""))
    shown = " ".join(shlex.quote(one) for one in dict.fromkeys(folders) if one not in ("", "/"))
    return "grep -rnE --include=*.py 'import |\\.x(add|read|readgroup|group_create)\\(' " + shown


def _bound_memory() -> None:
    """Bound what the scan may hold beside what the process holds already."""
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = _MEMORY + _held()
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    except (OSError, ValueError):
        pass  # then only the time bounds it


def _held() -> int:
    """Return the bytes of data and stack of this process (proc(5), statm), 0 if not shown."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0
