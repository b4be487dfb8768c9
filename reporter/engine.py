"""Runs the rules over one host's facts.

A rule is a function with one decorator. Its parameters are facts by name, plus `host` for the
context; it yields a `Verdict` for each subject:

    @rule(section="services", needs=("units",), uses=("unit_files",), worst="P1")
    def service_state(host, units, unit_files): ...

What the rule `needs` is checked before the call: evidence that is missing gives an `unknown`
finding that names the probe and the reason, one for the rule and one for each subject the profile
names for it. What it merely `uses` may arrive as `Missing`; that too gives an `unknown` finding
beside the rule's own. What it uses `if_asked` is as that where the run asked for it, and `Missing`
without a word where it did not (servers an operator names: most name none). Of a host without a
login nothing but what the control node asked is expected: a rule that reads none of it says only
that what the profile names is unknown. A rule that raises gives an `unknown` finding with the
traceback. So what was not seen is always said, and no rule has to remember to say it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reporter.evidence import Bundle, Record
from reporter.facts import FactStore, Parser
from reporter.findings import Citation, Finding, Missing, Severity, Verdict
from reporter.messages import Text, text
from reporter.profile import Profiles
from reporter.severities import RULE_FAILED, overridden
from reporter.tracebacks import portable_traceback

__all__ = ["HostContext", "Rule", "Subjects", "facts_of", "judge", "judge_facts", "rule"]

Subjects = Callable[[Profiles], Iterable[str]]


@dataclass(frozen=True)
class HostContext:
    """What a rule may know of the host beside its facts.

    `collected_at` is the host's own time at the end of the collection, epoch seconds: the only
    "now" a rule has.
    """

    name: str
    collected_at: float
    profiles: Profiles
    bundle: Bundle


@dataclass(frozen=True)
class Rule:
    """A declared rule. `worst` is the worst severity it can find by itself.

    Where it `escalates`, a profile's critical units may make it worse still. One of `subjects_only`
    judges nothing but what the profiles name: where they name nothing, it could find nothing.
    One of a later `stage` than 0 is also given the `findings` of the earlier stages, by id.
    `if_ignored` says what comes of it if nothing is done about what the rule finds.
    """

    id: str
    section: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    if_asked: tuple[str, ...]
    component: Text
    worst: Severity | None
    subjects: Subjects | None
    escalates: bool
    subjects_only: bool
    stage: int
    if_ignored: Text | None
    function: Callable[..., Iterable[Verdict]]
    doc: str

    @property
    def facts(self) -> tuple[str, ...]:
        """Every fact it may be given."""
        return (*self.needs, *self.uses, *self.if_asked)


def rule(
    *,
    section: str,
    component: Text,
    needs: tuple[str, ...],
    uses: tuple[str, ...] = (),
    if_asked: tuple[str, ...] = (),
    worst: Severity | None = None,
    subjects: Subjects | None = None,
    escalates: bool = False,
    subjects_only: bool = False,
    stage: int = 0,
    if_ignored: Text | None = None,
) -> Callable[[Callable[..., Iterable[Verdict]]], Rule]:
    """Declare a rule; its id is the function's name, its documentation the docstring.

    `subjects` gives the subjects the profiles name for it: each is answered, if only by
    `unknown`. `component` is the block its unknown findings stand in. A rule with a `worst` says
    what comes of it `if_ignored`.
    """

    def declare(function: Callable[..., Iterable[Verdict]]) -> Rule:
        if not function.__doc__:
            raise TypeError(f"rule {function.__name__} has no docstring: it is its documentation")
        if worst is not None and if_ignored is None:
            raise TypeError(f"rule {function.__name__} does not say what comes of it if ignored")
        return Rule(
            id=function.__name__,
            section=section,
            needs=needs,
            uses=uses,
            if_asked=if_asked,
            component=component,
            worst=worst,
            subjects=subjects,
            escalates=escalates,
            subjects_only=subjects_only,
            stage=stage,
            if_ignored=if_ignored,
            function=function,
            doc=inspect.cleandoc(function.__doc__),
        )

    return declare


def judge(
    host: HostContext, rules: Collection[Rule], parsers: Mapping[str, Parser]
) -> list[Finding]:
    """Return the findings of every rule over the host's evidence, ordered by id."""
    return judge_facts(host, rules, facts_of(host.bundle, parsers))


def facts_of(bundle: Bundle, parsers: Mapping[str, Parser]) -> FactStore:
    """Return the facts of a bundle, for rules and for whatever else is made of them."""
    asked = frozenset(str(probe.get("id")) for probe in bundle.probes)
    derived = frozenset(str(probe["id"]) for probe in bundle.probes if "from" in probe)
    return FactStore(parsers, bundle.evidence, asked, derived, _named(bundle))


def judge_facts(host: HostContext, rules: Collection[Rule], store: FactStore) -> list[Finding]:
    """Return the findings of every rule over facts that may be shared, ordered by id.

    They are weighed as the profiles say when all rules have judged.
    """
    records = {record.id: record for record in host.bundle.evidence}
    findings: dict[str, Finding] = {}
    for declared in sorted(rules, key=lambda one: one.stage):
        earlier = dict(findings) if declared.stage else {}
        for verdict in _run(declared, host, store, earlier):
            finding = _finding(declared, verdict, host, store, records, earlier)
            findings.setdefault(finding.id, finding)
    reads = {one.id: _reads(one, store) for one in rules}
    seen = {name for name, one in records.items() if one.outcome in {"collected", "absent"}}
    ordered = (findings[key] for key in sorted(findings))
    return overridden(ordered, host.profiles, reads, seen)


def _reads(declared: Rule, store: FactStore) -> frozenset[str] | None:
    if declared.stage:
        return None
    return frozenset(store.probe(name) for name in declared.facts)


def _named(bundle: Bundle) -> dict[str, tuple[str, ...]]:
    """Return by probe the targets an operator named."""
    return {
        str(probe.get("id")): tuple(str(item) for item in probe["items"])
        for probe in bundle.probes
        if isinstance(probe.get("items"), list)
    }


def _run(
    declared: Rule, host: HostContext, store: FactStore, findings: Mapping[str, Finding]
) -> Iterator[Verdict]:
    if declared.subjects_only and declared.subjects and not any(declared.subjects(host.profiles)):
        return
    facts = {name: store.get(name) for name in declared.facts}
    no_login = host.bundle.collected_by == "control"
    if no_login and not any(store.asked(name) for name in facts):
        yield from _out_of_reach(declared, host.profiles, facts)
        return
    missing = {name: value for name, value in facts.items() if isinstance(value, Missing)}
    for name in sorted(missing):
        if store.asked(name) or not (no_login or name in declared.if_asked):
            yield _not_seen(declared, missing[name])
    for name in facts:
        if name not in missing:
            unseen = store.unseen(name)
            if unseen is not None:
                yield _not_seen(declared, unseen)
            yield from _cut(declared, store, name)
    blocking = tuple(missing[name] for name in declared.needs if name in missing)
    if blocking:
        subjects = declared.subjects(host.profiles) if declared.subjects else ()
        yield from _not_known(declared, subjects, blocking)
        return
    try:
        wanted = inspect.signature(declared.function).parameters
        arguments = {name: value for name, value in facts.items() if name in wanted}
        if "host" in wanted:
            arguments["host"] = host
        if declared.stage:
            arguments["findings"] = findings
        yield from list(declared.function(**arguments))
    except Exception as error:  # noqa: BLE001 - one rule's crash is one unknown finding
        yield _unknown(
            declared,
            RULE_FAILED,
            text("the rule itself failed: {traceback}", traceback=portable_traceback(error)),
            (),
        )


def _out_of_reach(
    declared: Rule, profiles: Profiles, facts: Mapping[str, Missing]
) -> Iterator[Verdict]:
    """Yield unknown for what the profiles name, not for what any host is asked."""
    if declared.subjects:
        usual = set(declared.subjects(Profiles()))
        named = [name for name in declared.subjects(profiles) if name not in usual]
        yield from _not_known(declared, named, tuple(facts[name] for name in declared.needs))


def _not_known(
    declared: Rule, subjects: Iterable[str], missing: tuple[Missing, ...]
) -> Iterator[Verdict]:
    for subject in subjects:
        message = text("{subject}: not known, its evidence is missing", subject=subject)
        yield _unknown(declared, subject, message, missing)


def _unknown(declared: Rule, subject: str, message: Text, missing: tuple[Missing, ...]) -> Verdict:
    return Verdict(
        subject=subject,
        status="unknown",
        running="unknown",
        message=message,
        component=declared.component,
        missing=missing,
    )


def _not_seen(declared: Rule, missing: Missing) -> Verdict:
    return _unknown(
        declared,
        f"evidence/{missing.probe}",
        text("not seen: {probe} ({reason})", probe=missing.probe, reason=missing.reason),
        (missing,),
    )


def _cut(declared: Rule, store: FactStore, name: str) -> Iterator[Verdict]:
    for record in store.records(name):
        if record.stdout.truncated:
            kept = len(record.stdout.data)
            reason = text(
                "its output was cut: the last {kept} of {size} bytes were kept",
                kept=kept,
                size=record.stdout.size,
            )
            verdict = _not_seen(declared, Missing(record.id, reason))
            yield _replace_subject(verdict, f"cut/{record.id}")


def _replace_subject(verdict: Verdict, subject: str) -> Verdict:
    return Verdict(
        subject=subject,
        status=verdict.status,
        running=verdict.running,
        message=verdict.message,
        component=verdict.component,
        missing=verdict.missing,
    )


def _finding(
    declared: Rule,
    verdict: Verdict,
    host: HostContext,
    store: FactStore,
    records: Mapping[str, Record],
    earlier: Mapping[str, Finding],
) -> Finding:
    depends = frozenset(
        part
        for name in declared.facts
        for part in (store.probe(name), *(record.id for record in store.records(name)))
    ).union(*(earlier[name].depends for name in verdict.stands_on))
    unknown = verdict.status == "unknown"
    at_worst = _at_worst(declared, host.profiles) if unknown else None
    return Finding(
        rule=declared.id,
        section=verdict.section or declared.section,
        verdict=verdict,
        verified_at=_verified_at(verdict.citations, records, host.bundle.started_at),
        at_worst=at_worst,
        rule_severity=at_worst if unknown else verdict.severity,
        depends=depends,
    )


def _at_worst(declared: Rule, profiles: Profiles) -> Severity | None:
    if not declared.escalates:
        return declared.worst
    return min((one for one in (declared.worst, profiles.worst) if one), default=None)


def _verified_at(
    citations: tuple[Citation, ...], records: Mapping[str, Record], otherwise: str
) -> str:
    times = [
        records[citation.record].started_at for citation in citations if citation.record in records
    ]
    return min(times, default=otherwise)
