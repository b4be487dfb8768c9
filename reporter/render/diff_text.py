"""The text of a diff: what broke first, what recovered last, one thing with all that follows."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from reporter.diff.model import Diff, FindingChange, HostDiff, StateChange
from reporter.diff.side import Seen, Side
from reporter.diff.stories import Change, stories
from reporter.messages import EN, Catalogue, Text, joined, text
from reporter.render.terminal import Shown, shown_in
from reporter.rules.times import span
from reporter.words import STATUSES

__all__ = ["render"]

WIDTH = 100
_MOST_RATES = 20
_MOST_HOSTS = 10

_WORDS: dict[str, Text] = {
    "broken": text("BROKEN"),
    "new": text("NEW"),
    "worse": text("WORSE"),
    "unknown_now": text("UNKNOWN NOW"),
    "recovered": text("RECOVERED"),
    "gone": text("GONE"),
    "better": text("BETTER"),
    "known_again": text("KNOWN AGAIN"),
    "added": text("ADDED"),
    "removed": text("REMOVED"),
    "changed": text("CHANGED"),
    "restarted": text("RESTARTED"),
    "rebooted": text("REBOOTED"),
}
_COUNTED: dict[str, Text] = {
    "broken": text("broken"),
    "new": text("new"),
    "worse": text("worse"),
    "unknown_now": text("unknown now"),
    "recovered": text("recovered"),
    "gone": text("gone"),
    "better": text("better"),
    "known_again": text("known again"),
}


def render(diff: Diff, catalogue: Catalogue = EN) -> str:
    """Return the diff as text with a final newline; no line holds a control character."""
    return "".join(f"{line}\n" for line in _lines(diff, shown_in(catalogue)))


def _lines(diff: Diff, shown: Shown) -> Iterator[str]:
    yield shown(text("DIFF - what changed between two looks"))
    yield shown(text("Old: {side}", side=_side(diff.old)))
    yield shown(text("New: {side}", side=_side(diff.new)))
    yield from _wrapped(shown(text("In short: {short}", short=_short(diff))), "  ")
    moved = [host for host in diff.hosts if host.status != "compared"]
    if moved:
        yield ""
        for host in moved:
            yield from _wrapped(shown(_moved(host)), "  ")
    if diff.findings:
        yield ""
        yield shown(text("THE FLEET"))
        for change in diff.findings:
            yield from _change(change, shown, "  ")
    for host in diff.hosts:
        if not host.quiet and (host.findings or host.changes):
            yield ""
            yield from _host(host, diff, shown)
    yield from _alike(diff, shown)
    yield from _rates(diff, shown)
    yield from _open(diff, shown)


def _side(side: Side) -> Text:
    hosts = len(side.hosts)
    if not side.collected:
        return text("run {run}, no host", run=side.run or "?")
    first, last = side.collected
    return text(
        "run {run}, hosts: {hosts}, collected {at}"
        if first[:16] == last[:16]
        else "run {run}, hosts: {hosts}, collected {at} to {last}",
        run=side.run or "?",
        hosts=hosts,
        at=f"{first[:10]} {first[11:16]} UTC",
        last=f"{last[:10]} {last[11:16]} UTC",
    )


def _short(diff: Diff) -> Text:
    counted = Counter[str](change.how for change in diff.all_findings)
    parts = [
        text("{count} {what}", count=counted[how], what=what)
        for how, what in _COUNTED.items()
        if counted[how]
    ]
    others = sum(len(host.changes) for host in diff.hosts)
    if others:
        parts.append(text("other changes: {count}", count=others))
    hosts = Counter[str](host.status for host in diff.hosts)
    for status, words in _STATUSES.items():
        if hosts[status]:
            parts.append(text("{what}: {count}", what=words, count=hosts[status]))
    return joined(parts) if parts else text("nothing changed")


_STATUSES = {
    "unreachable_now": text("hosts unreachable now"),
    "gone": text("hosts gone"),
    "new": text("new hosts"),
    "reached_again": text("hosts reached again"),
}


def _moved(host: HostDiff) -> Text:
    if host.status == "gone":
        return text("HOST GONE: {host} is not in the new run", host=host.host)
    if host.status == "new":
        return text("NEW HOST: {host} was not in the old run", host=host.host)
    if host.status == "reached_again":
        return text("REACHED AGAIN: {host} was not reached before", host=host.host)
    return text(
        "UNREACHABLE NOW: {host}: {reason}", host=host.host, reason=host.reason or text("no reason")
    )


def _host(host: HostDiff, diff: Diff, shown: Shown) -> Iterator[str]:
    yield shown(_title(host))
    for story in stories(host, diff.old, diff.new):
        first, *rest = story.changes
        yield from _change(first, shown, "  ")
        for change in rest:
            yield from _change(change, shown, "      ")


def _title(host: HostDiff) -> Text:
    if host.seconds is None:
        return text("{host}", host=host.host)
    if host.seconds < 0:
        return text("{host} - {span} earlier", host=host.host, span=span(-host.seconds))
    return text(
        "{host} - {span} later, rebooted in between" if host.rebooted else "{host} - {span} later",
        host=host.host,
        span=span(host.seconds),
    )


def _change(change: Change, shown: Shown, indent: str) -> Iterator[str]:
    word = shown(_WORDS[change.how])
    if isinstance(change, StateChange):
        yield from _wrapped(f"{indent}{word} {shown(change.message)}", f"{indent}  ")
        return
    seen = change.seen
    severity = f" {seen.severity}" if seen.severity and change.how not in _GOOD else ""
    waived = shown(text(" (waived)")) if seen.waived else ""
    said = _said(change)
    yield from _wrapped(
        f"{indent}{word}{severity}{waived} {shown(said)} [{shown(seen.id)}]", f"{indent}  "
    )


_GOOD = ("recovered", "gone", "better")


def _said(change: FindingChange) -> Text:
    old, new = change.old, change.new
    if new is None:
        return text(
            "{subject}: not found any more (was {old})"
            if change.how == "gone"
            else "{subject}: not known any more (was {old})",
            subject=change.seen.subject,
            old=_was(change.seen),
        )
    if change.how in ("worse", "better") and old is not None:
        return text("{message} (was {old})", message=new.message, old=_was(old))
    return new.message


def _was(seen: Seen) -> Text:
    status = STATUSES[seen.status]
    if seen.severity is None:
        return status
    return joined([status, seen.severity])


def _alike(diff: Diff, shown: Shown) -> Iterator[str]:
    names = [host.host for host in diff.hosts if host.quiet]
    if names and not diff.quiet:
        more = len(names) - _MOST_HOSTS
        listed = ", ".join(names[:_MOST_HOSTS])
        said = (
            text("Nothing changed on {names} and {more} more", names=listed, more=more)
            if more > 0
            else text("Nothing changed on {names}", names=listed)
        )
        yield ""
        yield from _wrapped(shown(said), "  ")


def _rates(diff: Diff, shown: Shown) -> Iterator[str]:
    found = [(host.host, rate) for host in diff.hosts for rate in host.rates]
    if not found:
        return
    order = ("restarts", "evictions", "keys", "entries", "reads")
    found.sort(key=lambda one: (order.index(one[1].counter), not one[1].reset, -one[1].growth))
    yield ""
    yield shown(text("COUNTERS IN BETWEEN"))
    several = len(diff.hosts) > 1
    for host, rate in found[:_MOST_RATES]:
        where = f"{shown(host)}: " if several else ""
        yield from _wrapped(f"  - {where}{shown(rate.message)}", "    ")
    if len(found) > _MOST_RATES:
        left = len(found) - _MOST_RATES
        yield shown(text("  and {count} more: --format json holds them all", count=left))


def _open(diff: Diff, shown: Shown) -> Iterator[str]:
    """Yield what could not be compared."""
    lines: list[str] = []
    for host in diff.hosts:
        lines.extend(f"{shown(host.host)}: {shown(note)}" for note in host.notes)
        for gap in host.not_compared:
            said = text(
                "{kind}: {count} that the old run shows may be there, unseen: {reason}"
                if gap.missing_in == "new"
                else "{kind}: {count} that the new run shows may have been there, unseen: {reason}",
                kind=_KINDS[gap.kind],
                count=gap.count,
                reason=gap.reason,
            )
            lines.append(f"{shown(host.host)}: {shown(said)}")
    if lines:
        yield ""
        yield shown(text("NOT COMPARED"))
        for line in lines:
            yield from _wrapped(f"  - {line}", "    ")


_KINDS: dict[str, Text] = {
    "host": text("the host"),
    "unit": text("units"),
    "timer": text("timers"),
    "drop_in": text("drop-ins"),
    "listener": text("listeners"),
    "checkout": text("checkouts"),
    "env_file": text("environment files"),
    "model": text("model files"),
    "redis": text("Redis servers"),
    "stream": text("streams"),
    "group": text("consumer groups"),
    "cron": text("cron jobs"),
    "container": text("containers"),
    "file_system": text("file systems"),
    "site": text("sites"),
}


def _wrapped(line: str, rest: str) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        " ".join(line.split()),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
