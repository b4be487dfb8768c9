"""Command line of the bench: `python -m tests.bench [--hosts N] [--rounds N]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.measurements import Measurement, Measurements
from tests.bench.meter import Cost, Meter
from tests.bench.stand_ins import declared_probes, derived, stand_ins
from tests.bench.table import Report, render
from tests.bench.ways import (
    BenchError,
    Collect,
    Fleet,
    Idle,
    Login,
    Playbook,
    Shell,
    Way,
    held_sessions,
)
from tests.lab import Lab, LabError, Recipe, default_state_dir

_SUITES = ("bookworm", "bullseye", "trixie")
_SETTLE_S = 0.5
_USER_MANAGER_S = 12
_PLAYBOOK_EVERY = 2
_PLAYBOOK_ENOUGH_S = 60


def main(argv: list[str] | None = None) -> int:
    """Bring hosts up, measure, print, take them down; returns the exit code."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lab = Lab(default_state_dir())
    suites = {f"bench{at + 1}": _SUITES[at % len(_SUITES)] for at in range(arguments.hosts)}
    if reason := lab.unavailable():
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    try:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            print(_measure(lab, suites, Path(work), arguments.rounds, load), end="")
    except (BenchError, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not arguments.keep:
            for name in suites:
                lab.stop(name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="What a collection costs, beside the same commands over plain ssh and as a "
        "playbook, on lab hosts of the bench's own.",
    )
    parser.add_argument("--hosts", type=_positive, default=4, help="how many (default: 4)")
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=5,
        help="rounds that count (default: 5); the playbook takes part in every second one, until "
        f"it has taken {_PLAYBOOK_ENOUGH_S} s",
    )
    parser.add_argument("--keep", action="store_true", help="leave the hosts up for the next time")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _measure(lab: Lab, suites: Mapping[str, str], work: Path, rounds: int, load: float) -> str:
    lab.start_all({name: Recipe(suite) for name, suite in suites.items()})
    inventory = lab.write_inventory(work / "inventory.yml", suites)
    fleet = Fleet(tuple(suites), inventory, lab.access.ssh_config, work)
    meter = Meter(lab.host(name) for name in suites)
    probes = declared_probes()
    commands = stand_ins(probes)
    collect, playbook = Collect(fleet), Playbook(fleet, commands)
    ways: list[Way] = [Idle(fleet), Login(fleet), Shell(fleet, commands), collect, playbook]
    first_login = _first_login(fleet, meter)
    with held_sessions(fleet):
        _say("warm-up")
        for way in ways[:-1]:
            way.run()
        playbook.warm_up()
        measured = _rounds(ways, meter, rounds)
    return render(
        Report(
            suites=suites,
            titles={way.key: way.title for way in ways},
            measured=measured,
            first_login=first_login,
            bundles=collect.bundles(),
            probes=probes,
            derived=derived(probes),
            commands=commands,
            load=load,
        )
    )


def _first_login(fleet: Fleet, meter: Meter) -> dict[str, Cost]:
    """Measure a login to hosts where nobody is, until the last trace of it has ended."""
    _say("a first login")
    meter.begin()
    Login(fleet).run()
    time.sleep(_USER_MANAGER_S)
    return meter.end()


def _rounds(ways: list[Way], meter: Meter, rounds: int) -> Measurements:
    measured = Measurements()
    for number in range(1, rounds + 1):
        for way in ways:
            if isinstance(way, Playbook) and not _playbook_is_due(number, measured):
                continue
            _say(f"round {number} of {rounds}: {way.title}")
            time.sleep(_SETTLE_S)
            meter.begin()
            run = way.run()
            time.sleep(_SETTLE_S)
            measured.all.append(Measurement(way.key, number, run, meter.end()))
    return measured


def _playbook_is_due(number: int, measured: Measurements) -> bool:
    """Say whether the slowest way takes part: every second time, until it had enough time."""
    taken = sum(one.run.wall_s for one in measured.of("c"))
    return number % _PLAYBOOK_EVERY == 1 and taken < _PLAYBOOK_ENOUGH_S


def _say(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
