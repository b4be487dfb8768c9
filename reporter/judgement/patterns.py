"""Systemic causes: what several findings have in common, with the count and what it is out of.

A pattern is declared as data: the rules whose findings carry it. What is not a property of
single findings (a loop in the dataflow, one unit that much hangs on) is found by a function of
its own in `structure.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reporter.findings import SEVERITIES, Finding, Severity
from reporter.judgement.likeness import alike_in_short, said_of_it
from reporter.judgement.risks import Points, Score, base_points
from reporter.judgement.things import is_broken
from reporter.messages import Text, text

__all__ = ["Pattern", "patterns_of"]

_LEAST = 2
"""As many findings make a pattern: one alone is what it is."""

_MOST_BREADTH = 6
_MOST_DETAILS = 3


@dataclass(frozen=True)
class _Kind:
    """A declared pattern: its title, what it says (of {count} of {all}), its rules."""

    id: str
    title: Text
    says: Text
    if_ignored: Text
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Pattern:
    """A systemic cause: `findings` carry it, `count` of `out_of` things looked at.

    `details` are what is said of several of them.
    """

    id: str
    title: Text
    message: Text
    if_ignored: Text
    count: int
    out_of: int
    findings: tuple[Finding, ...]
    details: tuple[Text, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """The worst of what carries it; None where nothing of it is wrong yet."""
        return _worst(self.findings)

    @property
    def breadth(self) -> int:
        """How many rules carry it."""
        return len({one.rule for one in self.findings})

    def score(self, carried: frozenset[str] = frozenset()) -> Score | None:
        """Return how much it weighs by what is not `carried` by something else already.

        The criticality of its worst finding, though of P2 at most: a pattern is no emergency by
        itself, what it is made of may be one. A point for each finding more, at most 6, so that it
        stands before any one of them. None where too few are left.
        """
        left = [one for one in self.findings if one.id not in carried and is_broken(one)]
        worst = _worst(left)
        if worst is None or len(left) < _LEAST:
            return None
        more = min(len(left) - 1, _MOST_BREADTH)
        return Score(
            (
                Points(
                    text("criticality: the worst of its findings is {worst}", worst=worst),
                    min(base_points(worst), base_points("P2")),
                ),
                Points(text("breadth: {count} findings, at most 7 count", count=len(left)), more),
            )
        )


_KINDS = (
    _Kind(
        "configuration-drift",
        text("Configuration drift"),
        text(
            "what is declared (inventories, profile, unit files, environment files) is not what "
            "runs: {count} of {all} declarations that could be compared"
        ),
        text("decisions are taken from documents that are wrong"),
        (
            "declared_inventories",
            "missing_units",
            "expected_ports",
            "expected_timers",
            "expected_files",
            "documented_listeners",
            "env_values",
            "env_overrides",
            "outdated_units",
            "shadowed_units",
            "checkout_state",
        ),
    ),
    _Kind(
        "fragmented-control",
        text("Fragmented control plane"),
        text(
            "units that something asks for do not run, or nothing starts them any more: {count} "
            "of {all} services and timers"
        ),
        text("nobody can tell from the unit files what this host does"),
        ("service_state", "timer_state", "stray_processes", "twin_services", "cron_programs"),
    ),
    _Kind(
        "model-mismatch",
        text("Models and runtime do not match"),
        text(
            "models on disk are broken, old, or not what the services loaded: {count} of {all} "
            "things known of models"
        ),
        text("decisions are made without the models that are thought to make them"),
        ("model_loads", "model_file_faults", "model_families", "model_directories"),
    ),
    _Kind(
        "event-ownership",
        text("Event ownership gaps"),
        text(
            "streams with events that no group reads, groups without events or without a reader: "
            "{count} of {all} streams and groups"
        ),
        text("work is done that nobody uses, and what waits for it waits in vain"),
        ("stream_ownership", "stream_groups", "stream_producers", "stream_activity"),
    ),
    _Kind(
        "restart-without-fix",
        text("Restarted instead of repaired"),
        text(
            "systemd starts services over and over that end the same way each time: {count} of "
            "{all} that were ever restarted"
        ),
        text("the counters grow, the work does not get done"),
        ("restart_loops",),
    ),
    _Kind(
        "modes-mixed",
        text("Production and trial are mixed"),
        text(
            "services, settings or secrets of production and of a trial mode are together: "
            "{count} of {all} that were compared"
        ),
        text("a trial may act for real, or production on trial data"),
        ("env_modes", "env_secrets_shared"),
    ),
    _Kind(
        "secrets-exposed",
        text("Secrets and services are open to others"),
        text("what should be kept closed can be read or reached: {count} of {all} looked at"),
        text("whoever gets onto the host, or into the network, has more than a foothold"),
        (
            "command_line_secrets",
            "env_file_access",
            "redis_exposure",
            "loopback_ports",
            "listening_ports",
            "root_services",
        ),
    ),
    _Kind(
        "undeclared",
        text("Undeclared services"),
        text("things run or listen that nothing declares: {count} of {all} looked at"),
        text("nobody misses them when they fail, or when they do harm"),
        ("undocumented_listeners", "stray_processes", "container_engines"),
    ),
    _Kind(
        "traces-lost",
        text("Traces get lost"),
        text("logs are dropped, not kept or not rotated: {count} of {all} looked at"),
        text("the next failure leaves nothing to read, or a full disk"),
        ("log_rotation", "growing_logs", "journal_room", "journal_drops"),
    ),
)


def patterns_of(findings: Iterable[Finding]) -> Iterator[Pattern]:
    """Yield every declared pattern that at least two broken findings carry."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for kind in _KINDS:
        about = [one for rule in kind.rules for one in by_rule.get(rule, ())]
        judged = [one for one in about if one.verdict.status != "unknown"]
        carrying = tuple(one for one in judged if is_broken(one))
        if len({one.verdict.subject for one in carrying}) >= _LEAST:
            count, out_of = len(carrying), len(judged)
            yield Pattern(
                id=f"pattern:{kind.id}",
                title=kind.title,
                message=kind.says.filled(count=count, all=out_of),
                if_ignored=kind.if_ignored,
                count=count,
                out_of=out_of,
                findings=carrying,
                details=tuple(_details(carrying)),
            )


def _details(findings: tuple[Finding, ...]) -> Iterator[Text]:
    """Yield what is said of several alike, the most frequent first."""
    groups = [group for group in alike_in_short(findings) if len(group) >= _LEAST]
    for group in sorted(groups, key=lambda one: (-len(one), one[0].id))[:_MOST_DETAILS]:
        yield text("{count} x {said}", count=len(group), said=said_of_it(group))


def _worst(findings: Iterable[Finding]) -> Severity | None:
    given = [one.verdict.severity for one in findings if one.verdict.severity]
    return min(given, key=SEVERITIES.index, default=None)
