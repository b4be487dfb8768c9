"""What actually works: chains that are proven from end to end, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reporter.dataflow.producers import Producer
from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import StreamRow
from reporter.findings import Confidence, Finding
from reporter.judgement.causes import weakest
from reporter.messages import Text, joined, text
from reporter.profile import Profiles
from reporter.words import CONFIDENCES

__all__ = ["Work", "works_of"]

_LIVES = frozenset({"runs", "idle", "no unit"})


@dataclass(frozen=True)
class Work:
    """One stream that moves, from who writes it to who reads it; or a site and who answers for it.

    `chain` names producer, stream, group and reader, as far as they are known; it is `proven`
    where a producer runs, the stream moves and a consumer keeps up. `lacks` says what is not
    proven, `title` the component of the profile the stream belongs to.
    """

    title: Text | None
    chain: tuple[str, ...]
    proven: bool
    message: Text
    lacks: tuple[Text, ...]
    confidence: Confidence
    findings: tuple[str, ...]

    @property
    def titled(self) -> Text:
        """What is said of it, under the component it belongs to."""
        if self.title is None:
            return self.message
        return text("{title}: {message}", title=self.title, message=self.message)


def works_of(
    rows: Iterable[StreamRow], findings: Mapping[str, Finding], profiles: Profiles
) -> tuple[Work, ...]:
    """Return the chains of streams that move and of sites, the proven ones first, by component.

    What a replica holds of a stream of this host is no chain of its own.
    """
    own = (row for row in rows if row.active == "yes" and not row.copy)
    found = [_work(row, findings, profiles) for row in own]
    found += [
        _site(one)
        for one in findings.values()
        if one.rule == "proxied_services" and one.verdict.status == "ok"
    ]
    return tuple(
        sorted(
            found, key=lambda one: (not one.proven, one.title is None, str(one.title), one.chain)
        )
    )


def _work(row: StreamRow, findings: Mapping[str, Finding], profiles: Profiles) -> Work:
    alive = [one for one in row.producers if one.health in _LIVES]
    keeping = [one for one in row.groups or () if one.life == "alive"]
    lacks = tuple(_lacks(row, alive, keeping))
    names = (f"stream_activity:{row.subject}", f"stream_producers:{row.subject}")
    groups = tuple(f"stream_groups:{row.subject}/{one.group.name}" for one in keeping)
    return Work(
        title=_title(row, profiles),
        chain=(
            ", ".join(one.name for one in alive) or "?",
            row.subject,
            ", ".join(_group(one) for one in keeping) or "?",
        ),
        proven=not lacks,
        message=_with_the_rest(row, _message(row, alive, keeping), keeping),
        lacks=lacks,
        confidence=weakest(
            (
                *(one.confidence for one in alive[:1]),
                *(reader.confidence for one in keeping for reader in one.readers),
            )
        ),
        findings=tuple(name for name in (*names, *groups) if name in findings),
    )


def _site(finding: Finding) -> Work:
    """Return the chain from a front end to the unit that answers behind it."""
    verdict = finding.verdict
    return Work(
        title=None,
        chain=(verdict.subject, *(str(one) for one in verdict.connected_to)),
        proven=True,
        message=verdict.message,
        lacks=(),
        confidence=verdict.confidence,
        findings=(finding.id,),
    )


def _message(row: StreamRow, alive: list[Producer], keeping: list[GroupState]) -> Text:
    names = joined(
        text("{unit} ({how})", unit=one.name, how=CONFIDENCES[one.confidence]) for one in alive
    )
    groups = ", ".join(_group(one) for one in keeping)
    if alive and groups:
        return text(
            "{stream}: fresh events from {names}, read by {groups}",
            stream=row.subject,
            names=names,
            groups=groups,
        )
    if alive:
        return text("{stream}: fresh events from {names}", stream=row.subject, names=names)
    if groups:
        return text("{stream}: fresh events, read by {groups}", stream=row.subject, groups=groups)
    return text("{stream}: fresh events", stream=row.subject)


def _with_the_rest(row: StreamRow, message: Text, keeping: list[GroupState]) -> Text:
    """Return the message with the groups that do not keep up beside those that do."""
    behind = [one for one in row.groups or () if one.life in {"stuck", "dead"}]
    if not keeping or not behind:
        return message
    names = ", ".join(one.group.name for one in behind)
    return text("{message}; not by {names}", message=message, names=names)


def _lacks(row: StreamRow, alive: list[Producer], keeping: list[GroupState]) -> Iterator[Text]:
    if not alive and row.producers:
        yield text("of its producers none is known to run: {names}", names=_names(row.producers))
    elif not alive:
        yield text("who writes it is not known")
    if row.groups is None:
        yield text("its consumer groups are not known")
    elif not row.groups:
        yield text("no consumer group reads it")
    elif not keeping:
        unclear = any(one.life == "unknown" for one in row.groups)
        names = ", ".join(one.group.name for one in row.groups)
        yield text(
            "whether these groups are read is not known: {names}"
            if unclear
            else "these groups do not keep up: {names}",
            names=names,
        )


def _names(producers: Iterable[Producer]) -> str:
    return ", ".join(one.name for one in producers)


def _group(state: GroupState) -> str:
    units = ", ".join(reader.unit for reader in state.readers)
    return f"{state.group.name} ({units})" if units else state.group.name


def _title(row: StreamRow, profiles: Profiles) -> Text | None:
    for profile in profiles:
        for component in profile.components:
            if component.has_stream(row.stream):
                return text("{title}", title=component.title)
    return None
