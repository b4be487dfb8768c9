"""What a survey of Redis costs: `python -m tests.bench.redis [--keys N] [--streams N]`.

One lab host with millions of keys. In turn, round by round: nothing, our survey, `redis-cli --scan`
piped into redis-cli calls for each stream. Another client measures its own latency all the while.
The shell loops know the streams' names beforehand: to ask two million keys for their type by
redis-cli would take hours.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measurements import Series
from tests.bench.stand_ins import declared_probes
from tests.bench.table import machine
from tests.bench.ways import BenchError
from tests.lab import Lab, LabError, LabHost, Recipe, default_state_dir
from tests.lab.images import SUITES
from tests.lab.populations import pipe
from truthmap_control import answer, program

__all__ = ["main"]

_HOST = "bench-redis"
_DRIVER = Path(__file__).with_name("redis_host.py")
_FOLDER = "/opt/bench"
_ALONE_S = 5
_KEYS_AT_ONCE = 100_000
_ENTRIES = 50
_TIMEOUT_S = 600

_WANTED_RATIO = 3.0
_WANTED_CALL_MS = 5.0
_WANTED_P99_MS = 3.0
_WANTED_MEMORY_MIB = 64.0
_OWN_LOAD = 1.5  # what the bench itself brings about
_SLOW_LOG_MS = 10.0  # the server's default, slowlog-log-slower-than

_SCAN = "redis-cli --scan | grep '^bench:stream:' | while read -r key; do\n"
_LITERAL = f"""{_SCAN}
  [ "$(redis-cli TYPE "$key")" = stream ] || continue
  redis-cli XINFO STREAM "$key"
  redis-cli XINFO GROUPS "$key"
  redis-cli XREVRANGE "$key" + - COUNT 1
done > {_FOLDER}/theirs.out
"""
_KINDER = f"""{_SCAN}
  printf 'TYPE %s\\nXINFO STREAM %s\\nXINFO GROUPS %s\\nXREVRANGE %s + - COUNT 1\\n' \\
    "$key" "$key" "$key" "$key" | redis-cli
done > {_FOLDER}/theirs.out
"""
_OURS, _THEIRS, _BATCHED, _ALONE = "ours", "theirs", "batched", "alone"
_TITLES = {
    _ALONE: f"nothing at all ({_ALONE_S} s)",
    _OURS: "our survey",
    _THEIRS: "redis-cli --scan, then four redis-cli calls a stream",
    _BATCHED: "redis-cli --scan, then one redis-cli a stream, four commands each",
}


@dataclass(frozen=True)
class _Round:
    """What one way did once: see redis_host.measure."""

    way: str
    seconds: float
    peak_bytes: int
    hits: int
    waited_s: float
    latency_ms: dict[str, float]
    slow: list[tuple[float, str]]
    """Calls above 5 ms by the server's clock: ms, command."""
    rows: tuple[dict[str, Any], ...] = ()
    """Of our survey: what it asked and was answered."""


def main(argv: list[str] | None = None) -> int:
    """Bring the host up, measure, print, take it down; returns the exit code."""
    arguments = _parser().parse_args(argv)
    lab = Lab(default_state_dir())
    if reason := lab.unavailable():
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    arguments.load = os.getloadavg()[0]
    try:
        host = lab.start(_HOST, Recipe(arguments.suite))
        _load(host, arguments.keys, arguments.streams)
        print(_render(host, arguments, list(_rounds(host, arguments))), end="")
    except (BenchError, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not arguments.keep:
            lab.stop(_HOST)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.redis",
        description="What a survey of Redis costs, beside redis-cli in a shell loop.",
    )
    parser.add_argument("--keys", type=int, default=2_000_000, help="default: 2000000")
    parser.add_argument("--streams", type=int, default=1000, help="default: 1000")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--suite", choices=SUITES, default="bookworm", help="default: bookworm")
    parser.add_argument("--keep", action="store_true", help="leave the host up for the next time")
    return parser


def _load(host: LabHost, keys: int, streams: int) -> None:
    """Fill Redis, unless it is full already."""
    if host.run("redis-cli DBSIZE").stdout.strip() == str(keys):
        return
    _say(f"loading {keys} keys, {streams} of them streams")
    host.run("redis-cli CONFIG SET save '' && redis-cli FLUSHALL")
    # A key in ten expires, as late as the day after.
    script = (
        "for at = ARGV[1], ARGV[2] do local key = 'bench:key:' .. at "
        "if at % 10 == 0 then redis.call('SET', key, 'value ' .. at, 'EX', 86400 + at) "
        "else redis.call('SET', key, 'value ' .. at) end end"
    )
    last = keys - streams
    for first in range(1, last + 1, _KEYS_AT_ONCE):
        until = str(min(first + _KEYS_AT_ONCE - 1, last))
        pipe(host, [("EVAL", script, "0", str(first), until)])
    pipe(host, _stream_commands(streams))


def _stream_commands(streams: int) -> Iterator[tuple[str, ...]]:
    """Streams of fifty entries; none to three groups each, with a consumer or two."""
    now = time.time()
    payload = json.dumps({"symbol": "BTCUSDT", "side": "BUY", "note": "x" * 120})
    for number in range(streams):
        name = f"bench:stream:{number}"
        for entry in range(_ENTRIES):
            when = now - (_ENTRIES - entry) * 7
            yield (
                *("XADD", name, f"{int(when * 1000)}-0", "event_type", "order.placed"),
                *("source", f"service-{number % 40}", "timestamp", str(int(when))),
                *("payload", payload),
            )
        for group in range(number % 4):
            yield ("XGROUP", "CREATE", name, f"group-{group}", "0")
            for consumer in range(1 + number % 2):
                reading = ("XREADGROUP", "GROUP", f"group-{group}", f"consumer-{consumer}")
                yield (*reading, "COUNT", "5", "STREAMS", name, ">")


def _rounds(host: LabHost, arguments: argparse.Namespace) -> Iterator[_Round]:
    """Measure every way in turn."""
    probes = [one for one in declared_probes() if one["id"] in ("redis_listeners", "redis_servers")]
    ours = program.build(program.request(probes, fingerprint_key="bench"))
    host.put_files(
        {
            f"{_FOLDER}/driver.py": (_DRIVER.read_text(), 0o600),
            f"{_FOLDER}/ours.py": (ours, 0o600),
            f"{_FOLDER}/{_OURS}": (
                f"exec sh -c '{program.launcher()}' < {_FOLDER}/ours.py > {_FOLDER}/ours.out\n",
                0o600,
            ),
            f"{_FOLDER}/{_THEIRS}": (_LITERAL, 0o600),
            f"{_FOLDER}/{_BATCHED}": (_KINDER, 0o600),
        }
    )
    for number in range(1, arguments.rounds + 1):
        for way, title in _TITLES.items():
            _say(f"round {number} of {arguments.rounds}: {title}")
            yield _round(host, way, arguments.streams)


def _round(host: LabHost, way: str, streams: int) -> _Round:
    what = str(_ALONE_S) if way == _ALONE else f"{_FOLDER}/{way}"
    shown = host.run(f"python3 -E {_FOLDER}/driver.py measure {what}", timeout=_TIMEOUT_S).stdout
    found = json.loads(shown)
    found["slow"] = [call for call in found["slow"] if not call[1].startswith("GET bench:key")]
    if found.pop("code"):
        raise BenchError(f"{_TITLES[way]}: failed")
    rows: tuple[dict[str, Any], ...] = ()
    if way == _OURS:
        rows = _surveyed(host, streams)
    elif way != _ALONE:
        names = host.run(f"grep -c '^entries-added\\|^last-generated-id' {_FOLDER}/theirs.out")
        if int(names.stdout) < streams:
            raise BenchError(f"{_TITLES[way]}: saw too few streams")
    return _Round(way, rows=rows, **found)


def _surveyed(host: LabHost, streams: int) -> tuple[dict[str, Any], ...]:
    """Return the rows of our survey. Raises BenchError if it did not see everything."""
    text = host.run(f"cat {_FOLDER}/ours.out").stdout
    bundle = answer.decode(text)
    records = {one["id"]: one for one in bundle["evidence"]}
    record = records.get("redis_servers[127.0.0.1:6379]")
    if record is None or record["outcome"] != "collected":
        raise BenchError(f"our survey did not end: {record and record['reason']}")
    rows = tuple(json.loads(line) for line in record["stdout"]["data"].splitlines())
    seen = {
        row["ask"][2] for row in rows if row["ask"][:2] == ["XINFO", "STREAM"] and "reply" in row
    }
    if len(seen) != streams:
        raise BenchError(f"our survey saw {len(seen)} streams of {streams}")
    return rows


def _render(host: LabHost, arguments: argparse.Namespace, rounds: Sequence[_Round]) -> str:
    """Return the figures as plain text."""
    version = host.run("redis-server --version").stdout.split("v=")[1].split()[0]
    lines = [
        f"Redis bench: {arguments.keys} keys, {arguments.streams} of them streams of {_ENTRIES}"
        f" entries; Redis {version} on a lab host ({arguments.suite})",
        f"{machine()}; load before: {arguments.load:.1f}",
        f"{arguments.rounds} rounds, all ways alternating. Figures: median (least..most).",
        "",
        *(f"{way:8} {title}" for way, title in _TITLES.items()),
        "",
        f"{'':8}{'seconds':>24}{'p99 of another client, ms':>28}{'its slowest, ms':>26}"
        f"{'keyspace hits':>15}{'calls > 5 ms':>14}{'> 10 ms':>9}"
        f"{'server waited, s':>20}",
    ]
    for way in _TITLES:
        of = [one for one in rounds if one.way == way]
        slow = [took for one in of for took, _ in one.slow]
        lines.append(
            f"{way:8}{_series(one.seconds for one in of):>24}"
            f"{_series(one.latency_ms['p99'] for one in of):>28}"
            f"{_series(one.latency_ms['most'] for one in of):>26}"
            f"{max(one.hits for one in of):>15}"
            f"{len(slow):>14}{sum(took >= _SLOW_LOG_MS for took in slow):>9}"
            f"{_series(one.waited_s for one in of):>20}"
        )
    lines += [
        "",
        "server waited: it could have run, but every processor was taken: by us, the other client,",
        "or what else this machine does. Its own clock counts that into the calls it was in.",
    ]
    after = os.getloadavg()[0]
    if max(arguments.load, after - _OWN_LOAD) > 1:
        lines.append(
            f"THE MACHINE WAS BUSY with other things (load before {arguments.load:.1f}, after"
            f" {after:.1f}): measure single calls and latencies again when it is not."
        )
    return "\n".join([*lines, "", *_verdicts(rounds), ""])


def _verdicts(rounds: Sequence[_Round]) -> Iterator[str]:
    ours = [one for one in rounds if one.way == _OURS]
    ratio = _ratio(rounds, _THEIRS)
    met = ratio.median >= _WANTED_RATIO
    yield _verdict(f"times as fast as {_THEIRS}", ratio, f"at least {_WANTED_RATIO:g}", met)
    yield f"  (times as fast as {_BATCHED}: {_ratio(rounds, _BATCHED).shown()})"
    slow = [call for one in ours for call in one.slow]
    count = Series((float(len(slow)),))
    yield _verdict(
        f"calls above {_WANTED_CALL_MS:g} ms by the server's clock", count, "0", not slow
    )
    yield from (f"    {took:.1f} ms {text}" for took, text in slow)
    entries = [took for took, _ in slow if took >= _SLOW_LOG_MS]
    count = Series((float(len(entries)),))
    yield _verdict("new slow-log entries", count, "0", not entries)
    seen = Series(tuple(_slowest(one.rows)[0] for one in ours))
    name = max(_slowest(one.rows) for one in ours)[1]
    yield f"  (slowest call as we saw it, with the wait for a processor: {seen.shown()} ms, {name})"
    p99 = Series(tuple(one.latency_ms["p99"] for one in ours))
    met = p99.median < _WANTED_P99_MS
    yield _verdict("p99 of another client during it, ms", p99, f"below {_WANTED_P99_MS:g}", met)
    memory = Series(tuple(one.peak_bytes / 2**20 for one in ours))
    met = max(memory.values) < _WANTED_MEMORY_MIB
    yield _verdict(
        "peak memory of the collector, MiB", memory, f"below {_WANTED_MEMORY_MIB:g}", met
    )
    yield from _parts(ours[-1])


def _ratio(rounds: Sequence[_Round], way: str) -> Series:
    ours, others = ([one for one in rounds if one.way == chosen] for chosen in (_OURS, way))
    pairs = zip(ours, others, strict=True)
    return Series(tuple(other.seconds / own.seconds for own, other in pairs))


def _verdict(what: str, series: Series, wanted: str, met: bool) -> str:
    return f"{'reached    ' if met else 'NOT REACHED'} {what}: {series.shown()}, wanted {wanted}"


def _slowest(rows: Sequence[dict[str, Any]]) -> tuple[float, str]:
    """The slowest call, ms; SCAN's row counts all of its calls and says which was slowest."""
    return max(
        (
            (row["reply"]["slowest_ms"], "SCAN")
            if row["ask"][0] == "SCAN"
            else (row["ms"], " ".join(row["ask"][:2]))
        )
        for row in rows
        if "ms" in row and "reply" in row
    )


def _parts(one: _Round) -> Iterator[str]:
    """How long the survey took, and what its calls took by command; the rest is the brake's."""
    times: dict[str, list[float]] = {}
    for row in one.rows:
        if "ms" in row:
            words = row["ask"][:2] if row["ask"][0] in ("XINFO", "CLIENT") else row["ask"][:1]
            times.setdefault(" ".join(words), []).append(row["ms"])
    span = (one.rows[-1]["at"] - one.rows[0]["at"]) * 1000
    yield ""
    yield "Where the last survey's time went, ms as we saw it; the rest is the brake's and our own:"
    yield f"    from the first reply to the last {span:.0f}, of {one.seconds * 1000:.0f} altogether"
    for name, taken in sorted(times.items(), key=lambda item: -sum(item[1])):
        yield f"    {name:18}{len(taken):6} rows {sum(taken):8.0f}"


def _series(values: Iterator[float]) -> str:
    return Series(tuple(values)).shown()


def _say(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
