"""Where a host's time goes: `python -m tests.bench.profile [--suite SUITE] [--command LINE ...]`.

One host of the bench's own. Every figure is CPU time of the whole host (its cgroup: PID 1, logind
and sshd included) without that of the login and of idling.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measurements import Series
from tests.bench.meter import Meter
from tests.bench.stand_ins import declared_probes, stand_ins
from tests.bench.ways import BenchError, Fleet, held_sessions
from tests.lab import Lab, LabError, LabHost, Recipe, default_state_dir
from tests.lab.images import SUITES
from truthmap_control import program

_PYTHON = "/usr/bin/python3"
_CHEAPEST = "host_uptime"
_TIMES_IN_A_SESSION = 5
_SETTLE_S = 0.2
_SHOWN_MODULES = 12
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")

Session = tuple[str, str]
"""A command for the host's shell, and its input."""


def main(argv: list[str] | None = None) -> int:
    """Bring one host up, take its cost apart, take it down; returns the exit code."""
    arguments = _parser().parse_args(argv)
    lab, name = Lab(default_state_dir()), f"profile-{arguments.suite}"
    if reason := lab.unavailable():
        print(f"profile: {reason}", file=sys.stderr)
        return 1
    try:
        host = lab.start(name, Recipe(arguments.suite))
        for line in arguments.prepare or []:
            host.run(line)
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            fleet = Fleet((name,), lab.inventory_path, lab.access.ssh_config, Path(work))
            with held_sessions(fleet):
                _Profile(host, fleet, arguments.rounds).show(arguments.command)
    except (BenchError, LabError) as error:
        print(f"profile: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        lab.stop(name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.profile", description="Where a host's time goes."
    )
    parser.add_argument(
        "--suite", choices=SUITES, default="bookworm", help="Debian suite (default: bookworm)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument(
        "--prepare",
        action="append",
        metavar="LINE",
        help="a shell line to run on the host beforehand; may be repeated",
    )
    parser.add_argument(
        "--command",
        action="append",
        metavar="LINE",
        help="only what this shell line costs; may be repeated",
    )
    return parser


class _Profile:
    """One host, measured session by session."""

    def __init__(self, host: LabHost, fleet: Fleet, rounds: int) -> None:
        self._host, self._fleet, self._rounds = host, fleet, rounds
        self._meter = Meter([host])
        self._probes = declared_probes()
        time.sleep(1)
        self._meter.begin()
        time.sleep(3)
        idle = self._meter.end()[host.name]
        self._idle_cpu_per_s = idle.cpu_s / idle.seconds

    def show(self, lines: Sequence[str] | None) -> None:
        """Print the tables; only that of the given commands, if there are any."""
        print(f"{self._host.suite}, {self._idle_cpu_per_s * 1000:.1f} ms a second idle\n")
        if lines:
            self._show_commands(lines)
            return
        self._show_parts()
        self._show_commands([c.line for c in stand_ins(self._probes)])
        self._show_imports()

    def _show_parts(self) -> None:
        """The whole collection, without Ansible, and what it costs with less in it."""
        launcher = program.launcher(_PYTHON)
        commands = [p["id"] for p in self._probes if p["kind"] == "command" and "from" not in p]
        parts: dict[str, Session] = {
            "interpreter alone (launcher, no program)": (launcher, "pass"),
            f"collector with one cheap probe ({_CHEAPEST})": (
                launcher,
                self._program(lambda probe: probe["id"] == _CHEAPEST),
            ),
            "collector, all probes that run no command": (
                launcher,
                self._program(lambda probe: probe["kind"] != "command" and "from" not in probe),
            ),
            "collector, all probes": (launcher, self._program(lambda _: True)),
        }
        for left_out in commands:
            without = self._program(partial(_goes_without, name=left_out))
            parts[f"  all but {left_out}"] = (launcher, without)
        self._print("COLLECTOR, by what it is given", self._costs(parts, 1))

    def _show_commands(self, lines: Sequence[str]) -> None:
        """Each command by itself, several times in one session."""
        repeat = f"i=0; while [ $i -lt {_TIMES_IN_A_SESSION} ]; do i=$((i+1)); "
        sessions = {line: (f"{repeat} {line} >/dev/null 2>&1; done", "") for line in lines}
        costs = self._costs(sessions, _TIMES_IN_A_SESSION)
        self._print("COMMANDS, one by one", costs, dearest_first=True)

    def _show_imports(self) -> None:
        """What the interpreter says of its imports (python3 -X importtime)."""
        text = self._program(lambda probe: probe["id"] == _CHEAPEST)
        said = self._session(f"{_PYTHON} -X importtime -I -S -B - 2>&1 >/dev/null", text)
        modules = Counter({name: int(own) for own, name in _IMPORT.findall(said)})
        ours = sum(own for name, own in modules.items() if name.startswith("truthmap_collector"))
        rest = sum(modules.values()) - ours
        print(f"IMPORTS, ms: {ours / 1000:.1f} ours (compiled anew), {rest / 1000:.1f} Python's")
        for name, own in modules.most_common(_SHOWN_MODULES):
            print(f"{own / 1000:8.1f}  {name}")

    def _program(self, wanted: Callable[[Mapping[str, Any]], bool]) -> str:
        chosen = [probe for probe in self._probes if wanted(probe)]
        return program.build(program.request(chosen, fingerprint_key="bench"))

    def _costs(self, sessions: Mapping[str, Session], times: int) -> dict[str, Series]:
        """Measure sessions in turn, round by round; ms above a bare login, for one time."""
        found: dict[str, list[float]] = {name: [] for name in sessions}
        for _ in range(self._rounds):
            login = statistics.median(self._cost("true", "") for _ in range(3))
            for name, (command, text) in sessions.items():
                found[name].append((self._cost(command, text) - login) / times * 1000)
        return {name: Series(tuple(values)) for name, values in found.items()}

    def _cost(self, command: str, text: str) -> float:
        self._meter.begin()
        self._session(command, text)
        time.sleep(_SETTLE_S)
        return self._meter.end()[self._host.name].above(self._idle_cpu_per_s)

    def _session(self, command: str, text: str) -> str:
        argv = self._fleet.ssh(self._host.name, command)
        done = subprocess.run(argv, check=False, input=text, capture_output=True, text=True)
        if done.returncode == 255:
            raise BenchError(f"ssh failed: {done.stderr.strip()}")
        return done.stdout

    def _print(self, title: str, costs: dict[str, Series], dearest_first: bool = False) -> None:
        print(f"{title}: CPU ms above a login, median (least..most)")
        names = list(costs)
        if dearest_first:
            names.sort(key=lambda name: -costs[name].median)
        for name in names:
            print(f"{costs[name].shown(1):>28}  {name if len(name) < 110 else name[:108] + ' …'}")
        print(flush=True)


def _goes_without(probe: Mapping[str, Any], name: str) -> bool:
    """Say whether a probe is neither the named one nor takes its targets from it."""
    return name not in (probe["id"], probe.get("from", {}).get("probe"))


if __name__ == "__main__":
    sys.exit(main())
