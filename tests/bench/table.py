"""The measurements as plain text that a person reads."""

from __future__ import annotations

import os
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tests.bench.measurements import Measurements, Series
from tests.bench.meter import Cost
from tests.bench.stand_ins import StandIn

__all__ = ["Report", "machine", "render"]

_WANTED_CPU_S = 1.0
_WANTED_MEMORY_MIB = 64.0
_COMPARED = ("a", "b", "c")


@dataclass(frozen=True)
class Report:
    """All that the text is made of."""

    suites: Mapping[str, str]
    """Debian suite by host."""
    titles: Mapping[str, str]
    """Way by its key."""
    measured: Measurements
    first_login: Mapping[str, Cost]
    bundles: Mapping[str, Mapping[str, Any]]
    """One bundle per host, of the last collection."""
    probes: Sequence[Mapping[str, Any]]
    derived: Sequence[str]
    commands: Sequence[StandIn]
    load: float
    """Load of the machine over the minute before."""


def machine() -> str:
    """Describe this machine without naming it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cgroups = "v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "v1"  # noqa: PTH110
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, "
        f"cgroup {cgroups}; Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}, truthmap {version('truthmap')}"
    )


def render(report: Report) -> str:
    """Return the whole text."""
    parts = [_head(report), _control_node(report), _hosts(report), _answers(report), _key(report)]
    return "\n\n".join(parts) + "\n"


def _head(report: Report) -> str:
    suites = Counter(report.suites.values())
    hosts = ", ".join(f"{count} {suite}" for suite, count in sorted(suites.items()))
    rounds = {key: len(report.measured.of(key)) for key in _COMPARED}
    busy = (
        "\nThe machine was busy with other things: trust the ratios and the hosts' CPU time more "
        "than seconds on the clock."
        if report.load > 1
        else ""
    )
    return (
        f"Truth Map bench: {len(report.suites)} lab hosts ({hosts}) on this machine\n"
        f"{machine()}; load before: {report.load:.1f}\n"
        f"{len(report.probes)} probes; {len(report.commands)} commands stand for them "
        f"({len(report.derived)} probes depend on others and have no target on these hosts)\n"
        f"Rounds after a warm-up, all ways alternating: a {rounds['a']}, b {rounds['b']}, "
        f"c {rounds['c']}. Figures: median (least..most).{busy}"
    )


def _control_node(report: Report) -> str:
    measured = report.measured
    rows = [["CONTROL NODE, all hosts together", "wall s", "times b", "CPU s", "times b"]]
    rows += [
        [
            f"{key}  {report.titles[key]}",
            measured.series(key, lambda run: run.wall_s).shown(),
            measured.ratios(key, "b", lambda run: run.wall_s).shown(),
            measured.series(key, lambda run: run.cpu_s).shown(),
            measured.ratios(key, "b", lambda run: run.cpu_s).shown(1),
        ]
        for key in _COMPARED
    ]
    versus = measured.ratios("c", "a", lambda run: run.wall_s)
    return _table(rows) + f"\nThe playbook takes {versus.shown(1)} times as long as ours."


def _hosts(report: Report) -> str:
    measured, hosts = report.measured, tuple(report.suites)
    rows = [["EACH HOST, above idle", "suite", "CPU s", "peak memory MiB", "kB out", "kB in"]]
    for key in ("login", *_COMPARED):
        for suite in sorted(set(report.suites.values())):
            own = [host for host in hosts if report.suites[host] == suite]
            costs = [one.costs[host] for one in measured.of(key) for host in own]
            rows.append(
                [
                    f"{key}  {report.titles[key]}" if key != "login" else report.titles[key],
                    suite,
                    measured.host_cpu(key, own).shown(3),
                    measured.host_memory(key, own).shown(1),
                    Series(tuple(cost.sent_bytes / 1000 for cost in costs)).shown(0),
                    Series(tuple(cost.received_bytes / 1000 for cost in costs)).shown(0),
                ]
            )
    return "\n".join([_table(_without_repeats(rows)), _wanted(report), _idle(report)])


def _wanted(report: Report) -> str:
    measured = report.measured
    worst_cpu = max(measured.host_cpu("a", [host]).median for host in report.suites)
    memories = [measured.host_memory("a", [host]) for host in report.suites]
    known = [series.median for series in memories if series.values]
    memory = (
        f"{max(known):.1f} MiB of {_WANTED_MEMORY_MIB:.0f}, {_verdict(max(known), 64)}"
        if known
        else "peak memory not to be had: this kernel keeps one peak since boot"
    )
    return (
        f"Wanted of a, per host: the dearest host's median is {worst_cpu:.3f} s CPU of "
        f"{_WANTED_CPU_S:.1f}, {_verdict(worst_cpu, _WANTED_CPU_S)}; {memory}."
    )


def _verdict(value: float, wanted: float) -> str:
    return "within" if value <= wanted else f"{value / wanted:.2f} times what is wanted"


def _idle(report: Report) -> str:
    idle = [report.measured.idle_cpu_per_s(host) * 1000 for host in report.suites]
    first = [
        cost.above(report.measured.idle_cpu_per_s(host))
        for host, cost in report.first_login.items()
    ]
    return (
        f"Idle, taken off: {min(idle):.1f} to {max(idle):.1f} ms CPU a second. The day's first "
        f"login costs {statistics.median(first):.3f} s ({min(first):.3f}..{max(first):.3f}) "
        "whoever logs in,\nsince it starts and ends a service manager of the user's own; here one "
        "was kept running, so that no way paid for another."
    )


def _answers(report: Report) -> str:
    rows = [["ANSWER, kB per host", "as sent"]]
    for key in ("a", "b"):
        sizes = [size for one in report.measured.of(key) for size in one.run.answer_bytes.values()]
        rows.append(
            [f"{key}  {report.titles[key]}", Series(tuple(s / 1000 for s in sizes)).shown(1)]
        )
    records = [len(bundle["evidence"]) for bundle in report.bundles.values()]
    held = [
        sum(record["stdout"]["size"] for record in bundle["evidence"]) / 1000
        for bundle in report.bundles.values()
    ]
    return (
        _table(rows) + f"\nIn a: {min(records)} to {max(records)} evidence records of "
        f"{Series(tuple(held)).shown(0)} kB output, compressed. b is not compressed by itself."
    )


def _key(report: Report) -> str:
    rows = [["WHAT STANDS FOR WHAT in b and c", "command", "and what it lacks"]]
    for command in report.commands:
        line = command.line if len(command.line) <= 80 else command.line[:78] + " …"
        rows.append([command.probe, line, command.remark])
    return "\n".join(
        [
            _table(rows),
            "No command stands for: " + ", ".join(report.derived),
            "a runs at the lowest priority (nice 19), b and c at the normal one. CPU s of the "
            "control node: user and system of all child processes; that of c lacks",
            "its shared ssh connections, which live on in the background and are ended after each "
            "round, off the clock. kB in, out: all network traffic of the host.",
        ]
    )


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Blank a first cell that is that of the row above."""
    titles = ["", *(row[0] for row in rows)]
    return [
        ["" if row[0] == above else row[0], *row[1:]]
        for above, row in zip(titles, rows, strict=False)
    ]


def _table(rows: list[list[str]]) -> str:
    """Align the columns; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
