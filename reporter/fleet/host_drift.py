"""Rule on drift: hosts that should be alike and are not; the odd one out is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reporter.findings import Citation, Missing, Verdict
from reporter.fleet.aspects import (
    ABSENT,
    EMPTY,
    NONE,
    THERE,
    TOPICS,
    Aspect,
    Topic,
    aspects_of,
    cited,
    unseen,
)
from reporter.fleet.engine import Fleet, FleetHost, fleet_rule
from reporter.fleet.peers import Scope, scopes
from reporter.messages import Text, Value, joined, text
from reporter.state.files import HIDDEN
from reporter.state.words import REACHES

__all__ = ["host_drift"]

DRIFT = text("Drift across hosts")

_MOST_LINES = 20
_MOST_NAMES = 5
_MOST_CITED = 6
_LONGEST_VALUE = 60


@fleet_rule(component=DRIFT, worst="P2")
def host_drift(fleet: Fleet) -> Iterator[Verdict]:
    """Whether hosts that should be alike are, and which is the odd one out.

    Compared are hosts that are in exactly the same groups of the inventory; where no groups are
    known, hosts with the same applications. Of an application: its units (unit file state,
    running, command line, user, drop-ins), timers, listeners (from where they can be reached, and
    the unit), checkouts (commit, branch, whether files are changed), settings in environment files
    and model files (by hash). Of hosts in one group without a profile: all of these. Of each:
    versions of operating system, kernel, systemd and Redis.

    Means: alike is ok. Different is degraded: P3 for versions, P2 for all else. Where more than
    half of three hosts or more agree, the others are named as the odd ones; two hosts, or halves,
    only differ. A setting, a command line or a model that is another one on each of three hosts or
    more is taken for the host's own (its name is in it, or it was made there). A host of which
    something was not seen makes unknown what would else be alike.

    Why: a host that missed a deployment, or was mended by hand, answers like the others until the
    day it matters.

    Evidence: the same as for units, timers, listeners, checkouts, environment files and models of
    each host. One finding a topic, whatever the number of hosts; it names the first few.

    Limits: hidden values of settings are compared by their fingerprints, which takes one key for
    all hosts: those of one run share it, those collected by hand or in several runs only with
    collect_fingerprint_key. Masked parts of command lines and drop-ins may differ unseen.
    """
    for scope in scopes(fleet):
        for topic in TOPICS:
            if topic.of_hosts and not scope.versions:
                continue
            if not topic.of_hosts and scope.application is None and not scope.whole:
                continue
            verdict = _judged(topic, scope)
            if verdict is not None:
                yield verdict


def _judged(topic: Topic, scope: Scope) -> Verdict | None:
    aspects = list(aspects_of(topic, scope))
    count = len(scope.hosts)
    differing = [aspect for aspect in aspects if aspect.differs(count)]
    missing = tuple(dict.fromkeys(unseen(topic, scope)))
    if differing:
        return _differ(topic, scope, differing, missing)
    if missing:
        return _verdict(topic, scope, _not_known(topic, scope, missing), missing=missing)
    if not aspects:
        return None
    message = text(
        "{topic} of {scope}: alike on {count} hosts",
        topic=topic.title,
        scope=scope.title,
        count=count,
    )
    shown = [one for host in scope.hosts[:2] if (one := cited(aspects[0], host))]
    return _verdict(topic, scope, message, citations=tuple(shown))


def _not_known(topic: Topic, scope: Scope, missing: tuple[Missing, ...]) -> Text:
    names = sorted({gap.host for gap in missing})
    return text(
        "{topic} of {scope}: whether {hosts} differ from the others is not known: {reason}"
        if len(names) > 1
        else "{topic} of {scope}: whether {hosts} differs from the others is not known: {reason}",
        topic=topic.title,
        scope=scope.title,
        hosts=_named(names),
        reason=missing[0].reason,
    )


def _differ(
    topic: Topic, scope: Scope, differing: list[Aspect], missing: tuple[Missing, ...]
) -> Verdict:
    odd = Counter(host for aspect in differing for host in _odd_ones(aspect))
    values: dict[str, str | int | Text] = {
        "topic": topic.title,
        "scope": scope.title,
        "count": len(scope.hosts),
        "differences": len(differing),
    }
    if len(odd) == 1:
        (host,) = odd
        message = text(
            "{topic} of {scope}: {host} is the odd one out of {count} hosts (differences: "
            "{differences})",
            host=host,
            **values,
        )
    elif odd:
        message = text(
            "{topic} of {scope}: {hosts} differ from most of {count} hosts (differences: "
            "{differences})",
            hosts=_named([name for name, _ in sorted(odd.items(), key=lambda it: (-it[1], it[0]))]),
            **values,
        )
    else:
        message = text(
            "{topic} of {scope}: {count} hosts differ (differences: {differences})", **values
        )
    lines = list(_lines(differing))
    left = len(lines) - _MOST_LINES
    details = lines[:_MOST_LINES]
    if left > 0:
        details.append(text("and {count} more differences like these", count=left))
    if missing:
        names = sorted({gap.host for gap in missing})
        details.append(
            text("not all was seen on {hosts}: {why}", hosts=_named(names), why=missing[0].reason)
        )
    return _verdict(
        topic,
        scope,
        message,
        degraded=True,
        details=tuple(details),
        citations=tuple(_citations(differing, scope)),
    )


def _odd_ones(aspect: Aspect) -> tuple[str, ...]:
    """Return the hosts that differ from more than half of three or more."""
    (_, most), *rest = aspect.groups()
    if len(aspect.values) < 3 or 2 * len(most) <= len(aspect.values):
        return ()
    return tuple(host for _, hosts in rest for host in hosts)


@dataclass(frozen=True, slots=True)
class _Same:
    """Aspects of one kind that differ in the same way: the same values on the same hosts."""

    kind: str
    trait: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]


def _lines(differing: list[Aspect]) -> Iterator[Text]:
    """Yield a line for everything that differs in one way, fewest odd hosts first."""
    alike: dict[_Same, list[Aspect]] = {}
    for aspect in differing:
        same = _Same(aspect.kind, aspect.trait, tuple(aspect.groups()))
        alike.setdefault(same, []).append(aspect)
    for same, aspects in sorted(alike.items(), key=lambda pair: len(pair[0].groups[-1][1])):
        names = _named([aspect.shown for aspect in aspects])
        (value, most), *rest = same.groups
        others = rest[0] if rest else (value, most)
        yield text(
            "{what}: {odd_value} on {odd}; {most_value} on {most}"
            if len(rest) == 1
            else "{what}: {odd_value} on {odd}; {most_value} on {most}; other values: {more}",
            what=names,
            odd=_named(others[1]),
            odd_value=_value(others[0]),
            most=_named(most) if len(most) <= 2 else text("{count} others", count=len(most)),
            most_value=_value(value),
            more=len(rest) - 1,
        )


_WORDS: Mapping[str, Text] = {
    ABSENT: text("missing"),
    THERE: text("there"),
    NONE: text("none"),
    EMPTY: text("empty"),
    "yes": text("yes"),
    "no": text("no"),
    "restarting": text("restarting"),
    **REACHES,
}


def _value(value: str) -> Text:
    if value.startswith(HIDDEN):
        return text("a hidden value ({fingerprint})", fingerprint=value.split()[1][:8])
    short = value if len(value) <= _LONGEST_VALUE else f"{value[: _LONGEST_VALUE - 1]}…"
    return _WORDS.get(value, text("{value}", value=short))


def _named(names: Sequence[Value]) -> Text:
    """Name the first few."""
    more = len(names) - _MOST_NAMES
    shown = joined(names[:_MOST_NAMES])
    return text("{names} and {more} more", names=shown, more=more) if more > 0 else shown


def _citations(differing: list[Aspect], scope: Scope) -> Iterator[Citation]:
    """Yield what shows the first differences: an odd host's lines, and those of one of the most."""
    by_name: dict[str, FleetHost] = {host.name: host for host in scope.hosts}
    found: dict[Citation, None] = {}
    for aspect in differing:
        groups = aspect.groups()
        for _, hosts in (groups[-1], groups[0]):
            one = cited(aspect, by_name[hosts[0]])
            if one is not None:
                found[one] = None
        if len(found) >= _MOST_CITED:
            break
    yield from list(found)[:_MOST_CITED]


def _verdict(
    topic: Topic,
    scope: Scope,
    message: Text,
    *,
    degraded: bool = False,
    details: tuple[Text, ...] = (),
    citations: tuple[Citation, ...] = (),
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    return Verdict(
        subject=f"{scope.subject}/{topic.name}",
        status="degraded" if degraded else "unknown" if missing else "ok",
        severity=topic.severity if degraded else None,
        running="unknown" if missing else "na",
        message=message,
        component=DRIFT,
        application=scope.application,
        details=details,
        citations=citations,
        missing=missing,
    )
