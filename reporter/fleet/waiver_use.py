"""Rule on the waivers themselves: expired, unused and malformed ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.findings import Citation, Finding, Missing, Severity, Status, Verdict
from reporter.fleet.engine import Fleet, fleet_rule
from reporter.messages import Text, text
from reporter.waivers import Entry, Place

__all__ = ["waivers"]

WAIVERS = text("Waivers")


@fleet_rule(component=WAIVERS, worst="P3", stage=1)
def waivers(fleet: Fleet) -> Iterator[Verdict]:
    """What the waivers are used for: expired, unused and malformed ones are problems.

    Means: ok, it accepts findings of this report. Degraded (P3): it has expired, and what it
    accepted counts again; or it fits no finding that is down or degraded (what it was for is gone,
    or its pattern is wrong); or its entry cannot be used, and nothing is waived by it. Unknown: it
    fits nothing that was seen, but findings it may be about are unknown themselves, or no host it
    is for was reached.

    Why: a waiver is a promise with an end. One that nobody needs any more hides the next fault of
    that name.

    A waiver accepts what was seen, down or degraded, for the hosts its pattern fits, up to and
    including the day it expires, counted from each host's time of collection. Unknown findings are
    never waived: what is not seen may be worse than what was accepted. These findings cannot be
    waived themselves.

    Evidence: the file given with --waivers, and the findings of the report.
    """
    taken: dict[str, int] = {}
    for entry in fleet.waivers.entries:
        use = _used(entry, fleet)
        subject = entry.finding if entry.host is None else f"{entry.finding} on {entry.host}"
        taken[subject] = taken.get(subject, 0) + 1
        if taken[subject] > 1:
            subject = f"{subject} ({taken[subject]})"
        yield _judged(entry, use, subject)
    for bad in fleet.waivers.malformed:
        yield _verdict(
            f"entry {bad.place.number}",
            "degraded",
            text(
                "{file}, entry {number}: {what}; nothing is waived by it",
                file=bad.place.file,
                number=bad.place.number,
                what=bad.what,
            ),
            bad.place,
            severity="P3",
        )


@dataclass(frozen=True)
class _Use:
    """Findings a waiver accepts, those it has ceased to accept, and what is not known."""

    accepted: int
    lapsed: int
    expired: bool
    unknown: tuple[Missing, ...]


def _used(entry: Entry, fleet: Fleet) -> _Use:
    accepted = lapsed = 0
    expired = False
    unknown: list[Missing] = []
    latest = max(host.collected_at for host in fleet.hosts)
    places = [(host.name, host.collected_at, host.findings) for host in fleet.hosts]
    places.append(("", latest, fleet.earlier))
    for name, collected_at, findings in places:
        if not entry.is_for(name):
            continue
        fitting = sum(entry.takes(finding) for finding in findings)
        if entry.expired(collected_at):
            expired = True
            lapsed += fitting
        else:
            accepted += fitting
        unknown.extend(_not_known(entry, name, findings))
    unknown.extend(
        Missing("", text("{host} was not reached: {reason}", host=host, reason=reason), host)
        for host, reason in sorted(fleet.unreachable.items())
        if entry.is_for(host)
    )
    if entry.host is not None and not _any_host(entry, fleet):
        unknown.append(Missing("", text("no host of this report is {host}", host=entry.host)))
    return _Use(accepted, lapsed, expired, tuple(dict.fromkeys(unknown)))


def _any_host(entry: Entry, fleet: Fleet) -> bool:
    names = (*(host.name for host in fleet.hosts), *fleet.unreachable)
    return any(entry.is_for(name) for name in names)


def _not_known(entry: Entry, host: str, findings: tuple[Finding, ...]) -> Iterator[Missing]:
    """Yield what is missing of unknown findings that the waiver may be about."""
    for finding in findings:
        if finding.verdict.status != "unknown" or not entry.may_name_one_of(finding.rule):
            continue
        for missing in finding.verdict.missing:
            yield Missing(missing.probe, missing.reason, missing.host or host)
        if not finding.verdict.missing:
            yield Missing("", text("{id} is unknown", id=finding.id), host)


def _judged(entry: Entry, use: _Use, subject: str) -> Verdict:
    if use.expired:
        return _verdict(subject, "degraded", _expired(entry, use), entry.place, severity="P3")
    if use.accepted:
        message = text(
            "{finding}: {count} finding accepted until {expires} by {owner}: {reason}"
            if use.accepted == 1
            else "{finding}: {count} findings accepted until {expires} by {owner}: {reason}",
            finding=subject,
            count=use.accepted,
            expires=entry.waiver.expires,
            owner=entry.waiver.owner,
            reason=entry.waiver.reason,
        )
        return _verdict(subject, "ok", message, entry.place)
    if use.unknown:
        message = text(
            "{finding}: whether this waiver is still needed is not known: {reason}",
            finding=subject,
            reason=_first(use.unknown),
        )
        return _verdict(subject, "unknown", message, entry.place, missing=use.unknown)
    message = text(
        "{finding}: unused, no finding that is down or degraded fits it; take it out, or mend its "
        "pattern ({owner}: {reason})",
        finding=subject,
        owner=entry.waiver.owner,
        reason=entry.waiver.reason,
    )
    return _verdict(subject, "degraded", message, entry.place, severity="P3")


def _first(unknown: tuple[Missing, ...]) -> Text:
    first = unknown[0]
    if not first.probe:
        return first.reason
    return text(
        "{host}: {probe}: {reason}", host=first.host, probe=first.probe, reason=first.reason
    )


def _expired(entry: Entry, use: _Use) -> Text:
    values: dict[str, str | int] = {
        "finding": entry.finding,
        "expires": entry.waiver.expires,
        "owner": entry.waiver.owner,
        "reason": entry.waiver.reason,
    }
    if use.lapsed or use.accepted:
        return text(
            "{finding}: this waiver expired on {expires}; {count} finding counts again "
            "({owner}: {reason})"
            if use.lapsed == 1
            else "{finding}: this waiver expired on {expires}; {count} findings count again "
            "({owner}: {reason})",
            count=use.lapsed,
            **values,
        )
    return text(
        "{finding}: this waiver expired on {expires}, and nothing seen fits it ({owner}: {reason})",
        **values,
    )


def _verdict(
    subject: str,
    status: Status,
    message: Text,
    place: Place,
    *,
    severity: Severity | None = None,
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    return Verdict(
        subject=subject,
        status=status,
        running="unknown" if status == "unknown" else "na",
        severity=severity,
        message=message,
        component=WAIVERS,
        citations=(Citation(place.file, place.lines, (place.by_hand,)),),
        missing=missing,
    )
