"""The ways to the same evidence that are compared, each as one call over all hosts."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.stand_ins import StandIn, playbook, shell_script
from truthmap_collector.answer import framed

__all__ = [
    "BenchError",
    "Collect",
    "Fleet",
    "Idle",
    "Login",
    "Playbook",
    "Run",
    "Shell",
    "Way",
    "held_sessions",
]

_BIN = Path(sys.executable).parent
_ANSWER = ("collector", "started_at", "finished_at", "complete", "fingerprint_key_id", "probes")


class BenchError(Exception):
    """A way failed, so that its cost means nothing; the message is for the user."""


@dataclass(frozen=True)
class Fleet:
    """The hosts to look at, and how one reaches them."""

    names: tuple[str, ...]
    inventory: Path
    ssh_config: Path
    work: Path
    """A folder of the bench's own."""

    def ssh(self, name: str, *command: str) -> list[str]:
        """Return the command line that runs `command` on a host."""
        return ["ssh", "-F", str(self.ssh_config), name, *command]


@dataclass(frozen=True)
class Run:
    """One call: its time, the CPU seconds of the control node, bytes of answer by host."""

    wall_s: float
    cpu_s: float
    answer_bytes: Mapping[str, int]


class Way:
    """One way over all hosts at once."""

    key = ""
    title = ""

    def __init__(self, fleet: Fleet) -> None:
        """Take the hosts."""
        self.fleet = fleet
        self._runs = 0

    def run(self) -> Run:
        """Do it once and measure it. Raises BenchError if it fails."""
        self._runs += 1
        cpu, begun = _children_cpu_s(), time.monotonic()
        answers = self._do(self._runs)
        wall = time.monotonic() - begun
        run = Run(wall, _children_cpu_s() - cpu, answers or self._measured(self._runs))
        self._clean_up()
        return run

    def _do(self, number: int) -> Mapping[str, int]:
        raise NotImplementedError

    def _measured(self, number: int) -> Mapping[str, int]:
        """Answer bytes that are found out after the clock has stopped."""
        return {}

    def _clean_up(self) -> None:
        """Leave the hosts as the next way wants them."""


class Idle(Way):
    """Nothing, for the time a collection takes."""

    key, title = "idle", "nothing at all (2 s)"

    def _do(self, number: int) -> Mapping[str, int]:
        time.sleep(2)
        return {}


class Login(Way):
    """What every way pays: sshd, PAM, logind."""

    key, title = "login", "ssh HOST true"

    def _do(self, number: int) -> Mapping[str, int]:
        return _in_parallel(self.fleet, "true", b"")


class Shell(Way):
    """The plainest way there is."""

    key, title = "b", "one plain ssh HOST sh per host"

    def __init__(self, fleet: Fleet, commands: Sequence[StandIn]) -> None:
        """Take the hosts and the commands."""
        super().__init__(fleet)
        self._script = shell_script(commands).encode()

    def _do(self, number: int) -> Mapping[str, int]:
        return _in_parallel(self.fleet, "sh", self._script)


class Collect(Way):
    """Ours."""

    key, title = "a", "truthmap collect"

    def _do(self, number: int) -> Mapping[str, int]:
        folder = self._folder(number)
        inventory = str(self.fleet.inventory)
        argv = [str(_BIN / "truthmap"), "collect", "-i", inventory, "--archive", str(folder)]
        _call(argv, self.fleet.work)
        return {}

    def _measured(self, number: int) -> Mapping[str, int]:
        """The answer made again from the bundle: it is not kept as it was sent."""
        return {
            name: len(framed(_answer_of(bundle))) for name, bundle in self.bundles(number).items()
        }

    def bundles(self, number: int = 0) -> dict[str, dict[str, Any]]:
        """Return the bundles of a run by host; of the latest if none is named."""
        folder = self._folder(number or self._runs)
        files = (path for path in folder.glob("*.json") if path.name != "manifest.json")
        return {bundle["host"]: bundle for bundle in (json.loads(p.read_text()) for p in files)}

    def _folder(self, number: int) -> Path:
        return self.fleet.work / f"run-{number}"


class Playbook(Way):
    """What one would write without us."""

    key, title = "c", "a playbook, one command task each"

    def __init__(self, fleet: Fleet, commands: Sequence[StandIn]) -> None:
        """Take the hosts and the commands; write the playbook and its settings."""
        super().__init__(fleet)
        self._play = fleet.work / "commands.yml"
        self._play.write_text(playbook(commands))
        self._first = fleet.work / "first.yml"
        self._first.write_text(playbook(commands[:1]))
        self._sockets = fleet.work / "cp"
        (fleet.work / "ansible.cfg").write_text(
            "[defaults]\n"
            f"forks = {max(4, len(fleet.names))}\n"
            "gathering = explicit\n"
            "host_key_checking = True\n"
            "[ssh_connection]\n"
            "pipelining = True\n"
            f"control_path_dir = {self._sockets}\n"
        )

    def warm_up(self) -> None:
        """Run its first task only: all of them take too long to be thrown away."""
        self._call(self._first)
        self._clean_up()

    def _do(self, number: int) -> Mapping[str, int]:
        self._call(self._play)
        return {}

    def _call(self, play: Path) -> None:
        argv = [str(_BIN / "ansible-playbook"), "-i", str(self.fleet.inventory), str(play)]
        _call(argv, self.fleet.work, ANSIBLE_CONFIG=str(self.fleet.work / "ansible.cfg"))

    def _clean_up(self) -> None:
        """End the connections that stay open for 60 s; hosts would go on paying for them."""
        for socket in self._sockets.glob("*"):
            argv = ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "host"]
            subprocess.run(argv, check=False, capture_output=True)


@contextmanager
def held_sessions(fleet: Fleet) -> Iterator[None]:
    """Keep one session open on each host.

    A user's first session starts a service manager of the user's own, which ends ten seconds after
    the last one (logind.conf(5), UserStopDelaySec=): whoever comes first would pay for all.
    """
    sessions = [
        subprocess.Popen(fleet.ssh(name, "cat"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for name in fleet.names
    ]
    try:
        yield
    finally:
        for session in sessions:
            session.communicate()


def _in_parallel(fleet: Fleet, command: str, script: bytes) -> dict[str, int]:
    """Run a command on all hosts at once with `script` as its input; bytes of output by host."""
    outputs = {name: fleet.work / f"{name}.out" for name in fleet.names}
    running: dict[str, subprocess.Popen[bytes]] = {}
    for name, output in outputs.items():
        with output.open("wb") as sink:
            running[name] = subprocess.Popen(
                fleet.ssh(name, command), stdin=subprocess.PIPE, stdout=sink
            )
    for process in running.values():
        assert process.stdin is not None
        process.stdin.write(script)
        process.stdin.close()
    failed = [name for name, process in running.items() if process.wait()]
    if failed:
        raise BenchError(f"ssh {command} failed on {', '.join(failed)}")
    return {name: output.stat().st_size for name, output in outputs.items()}


def _call(argv: Sequence[str], folder: Path, **settings: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    # Ansible's programs lie beside the interpreter, also where the environment is not activated.
    own["PATH"] = os.pathsep.join([str(_BIN), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        argv, check=False, cwd=folder, env={**own, **settings}, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise BenchError(f"{Path(argv[0]).name} ended with {done.returncode}:\n{said}")


def _answer_of(bundle: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: bundle[name] for name in (*_ANSWER, "evidence")}
    return {"schema": "truthmap/answer/1", **kept}


def _children_cpu_s() -> float:
    """CPU seconds, user and system, of all programs that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
