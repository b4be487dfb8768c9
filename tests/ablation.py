"""Ablation: take a record out of an archive, and hold the new report against the old one.

`python -m tests.ablation ARCHIVE [PAIRS [SEED]]` does so with pairs of records drawn at random.

The design's promise, for every record R: (a) findings that do not depend on R are byte-identical;
(b) those that do keep their verdict from what remains, or become unknown; (c) a finding vanishes
only where an unknown finding names R; (d) new ids appear only as unknown; (e) the exit code never
improves.

Of what is made of the findings (causes, patterns, risks, what works, the closing words) it
follows: (f) nothing accuses, explains or proves without R what it did not with it; (g) whatever is
still wrong is still explained by a cause, carried by a risk, and no less severe than its finding.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reporter.archive import load
from reporter.evidence import Bundle
from reporter.findings import SEVERITIES, Finding
from reporter.judgement.things import is_broken
from reporter.render.json_v1 import finding_v1
from reporter.report import HostReport, Report, host_report, reaches
from tests.builders import without

__all__ = ["fleet_violations", "violations"]


def violations(bundle: Bundle, record: str, whole: HostReport | None = None) -> list[str]:
    """Return every broken promise when `record` is taken out of the bundle."""
    before = whole or host_report(bundle)
    after = host_report(without(bundle, record))
    return list(_compare(before, after, record))


def fleet_violations(before: Report, after: Report, host: str, record: str) -> Iterator[str]:
    """Yield every broken promise of the findings of the fleet without a record of one host.

    They depend on all that is known of all hosts, so (a) promises nothing of them.
    """
    probe = record.partition("[")[0]
    old = {finding.id: finding for finding in before.findings}
    new = {finding.id: finding for finding in after.findings}
    named = any(
        one.verdict.status == "unknown"
        and any(gap.host == host and gap.probe in (record, probe) for gap in one.verdict.missing)
        for one in after.findings
    )
    for name, finding in old.items():
        if name not in new:
            if not named:
                yield f"(c) {name} vanished and no unknown finding names {record} of {host}"
        elif new[name].verdict.status not in (finding.verdict.status, "unknown"):
            yield f"(b) {name} turned from {finding.verdict.status} to {new[name].verdict.status}"
    for name, finding in new.items():
        if name not in old and finding.verdict.status != "unknown":
            yield f"(d) {name} appeared as {finding.verdict.status} without {record} of {host}"
    for threshold in (*SEVERITIES, "unknown"):
        gates = [
            any(reaches(one, threshold) for one in side.all_findings) for side in (before, after)
        ]
        if gates == [True, False]:
            yield f"(e) --fail-on {threshold} would pass without {record} of {host}"


def _compare(before: HostReport, after: HostReport, record: str) -> Iterator[str]:
    probe = record.partition("[")[0]
    old = {finding.id: finding for finding in before.findings}
    new = {finding.id: finding for finding in after.findings}
    named = [item for item in after.findings if _names(item, record, probe)]
    for name, finding in old.items():
        if name not in new:
            if not named:
                yield f"(c) {name} vanished and no unknown finding names {record}"
        elif record not in finding.depends:
            if _shown(finding, before) != _shown(new[name], after):
                yield f"(a) {name} changed although it does not depend on {record}"
        elif new[name].verdict.status not in (finding.verdict.status, "unknown"):
            yield f"(b) {name} turned from {finding.verdict.status} to {new[name].verdict.status}"
        elif (
            new[name].verdict.status == finding.verdict.status
            and new[name].verdict.severity != finding.verdict.severity
        ):
            yield f"(b) {name} changed its severity without {record}"
    for name, finding in new.items():
        if name not in old and finding.verdict.status != "unknown":
            yield f"(d) {name} appeared as {finding.verdict.status} without {record}"
    yield from _judgement(before, after, record)
    for threshold in (*SEVERITIES, "unknown"):
        if _gate(before, threshold) and not _gate(after, threshold):
            yield f"(e) --fail-on {threshold} would pass without {record}"


def _judgement(before: HostReport, after: HostReport, record: str) -> Iterator[str]:
    wrong = {one.id for one in before.findings if is_broken(one)}
    old, new = before.judgement, after.judgement
    for kind, found in (
        ("cause", [(one.id, one.findings) for one in new.causes]),
        ("pattern", [(one.id, one.findings) for one in new.patterns]),
        ("risk", [(str(one.message), one.findings) for one in new.risks]),
        ("reason", [(str(one.message), one.findings) for one in new.closing]),
    ):
        for name, findings in found:
            extra = {one.id for one in findings if is_broken(one)} - wrong
            if extra:
                yield f"(f) the {kind} {name} accuses {sorted(extra)} without {record}"
    for missing in _links(after) - _links(before):
        yield f"(f) {missing[0]} is explained by {missing[1]} without {record}"
    for proven in _proven(after) - _proven(before):
        yield f"(f) {proven} is proven to work without {record}"
    still = {one.id: one for one in after.findings if is_broken(one)}
    explained = set(new.explained)
    risks = {one.id: risk for risk in new.risks for one in risk.findings}
    for name, finding in still.items():
        if name not in explained or name not in risks:
            yield f"(g) {name} is nobody's without {record}"
        elif risks[name].severity > (finding.verdict.severity or "P9"):
            yield f"(g) {name} is no more than {risks[name].severity} without {record}"
    if len(old.closing) > len(new.closing) and len(still) >= len(wrong):
        yield f"(g) the closing words lost a reason without {record}"


def _links(host: HostReport) -> set[tuple[str, str]]:
    return {
        (str(first.thing), str(second.thing))
        for cause in host.judgement.causes
        for chain in cause.chains
        for first, second in itertools.pairwise(chain.steps)
    }


def _proven(host: HostReport) -> set[str]:
    """Return what is proven to work, by the finding on the stream or the site."""
    return {work.findings[0] for work in host.judgement.works if work.proven}


def _names(finding: Finding, record: str, probe: str) -> bool:
    return finding.verdict.status == "unknown" and any(
        missing.probe in (record, probe) for missing in finding.verdict.missing
    )


def _shown(finding: Finding, host: HostReport) -> dict[str, Any]:
    """Return the finding as it is shown, without its cause, which stands on others too."""
    shown: dict[str, Any] = msgspec.to_builtins(finding_v1(finding, host))
    return {key: value for key, value in shown.items() if key != "cause"}


def _gate(host: HostReport, threshold: str) -> bool:
    return any(reaches(item, threshold) for item in host.findings)


def main() -> None:
    """Take pairs of records out of an archive's first host: `ARCHIVE [PAIRS [SEED]]`."""
    archive, count, seed = [*sys.argv[1:], "2000", "1"][:3]
    bundle = next(iter(load([Path(archive)]).bundles.values()))
    ids = [one.id for one in bundle.evidence]
    drawn = random.Random(seed)  # noqa: S311 - a sample to be drawn again, no secret
    pairs = drawn.sample([*itertools.permutations(ids, 2)], int(count))
    broken = 0
    for number, (first, second) in enumerate(sorted(pairs), start=1):
        for line in violations(without(bundle, first), second):
            broken += 1
            print(f"without {first}: {line}", flush=True)
        if number % 100 == 0:
            print(f"{number} pairs, {broken} broken promises", flush=True)


if __name__ == "__main__":
    main()
