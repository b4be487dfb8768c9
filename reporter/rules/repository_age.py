"""Rule on services whose code changed after they were started."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import text
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.times import at
from reporter.source.model import Scan, SourceFile
from reporter.source.usage import used_by

__all__ = ["code_newer_than_process"]

NEWER = text("Code newer than its process")

_SHOWN = 10
_GRACE_S = 2.0  # systemd's moment of the start is written after the program may have read itself


@rule(
    section="repository",
    component=NEWER,
    needs=("source_scan", "units"),
    worst="P3",
    if_ignored=text("the next restart brings other code than the one that was seen to work"),
)
def code_newer_than_process(
    host: HostContext, source_scan: Scan, units: Units
) -> Iterator[Verdict]:
    """Running services of which some module on disk is newer than the process that runs it.

    Means: degraded (P3) where a file the program imports was changed after the service's main
    process started: what runs is not what is on disk; ok where none was; unknown where a file's
    time or the start is not known. One-shot services that have ended, and services that do not run,
    are left out.

    Why: a fix that was deployed and not restarted fixes nothing, and the next restart, by a crash
    or a reboot, brings all changes at once.

    Evidence: repository_source (mtime of each module used), systemd_units
    (ExecMainStartTimestamp).

    Limits: a module imported only later, on demand, may be the new one. A checkout of another
    commit touches only the files that differ; a copy that keeps old times (`cp -p`, `rsync -t`)
    hides the change.

    Source: systemd.exec(5), stat(2).
    """
    for name in sorted({program.unit for program in source_scan.programs}):
        unit = units.get(name)
        if unit is None or unit.active_state != "active" or unit.sub_state != "running":
            continue
        files = {
            file.path: file
            for program in source_scan.of(name)
            for file in used_by(source_scan, program).modules.values()
        }
        if files:
            yield _judged(host, source_scan, unit, list(files.values()))


def _judged(host: HostContext, scan: Scan, unit: Unit, files: list[SourceFile]) -> Verdict:
    owner = host.profiles.owner(unit.name)
    application = owner.name if owner else None
    started = unit.started_at
    newer = sorted(
        (file for file in files if started and file.mtime and file.mtime > started + _GRACE_S),
        key=lambda file: file.path,
    )
    unseen = [file for file in files if file.mtime is None]
    if newer:
        shown = newer[:_SHOWN]
        return Verdict(
            subject=unit.name,
            status="degraded",
            severity="P3",
            running="yes",
            component=NEWER,
            application=application,
            message=text(
                "{unit} runs code older than what is on disk: {count} of the {all} modules it uses "
                "were changed after its start at {start}",
                unit=unit.name,
                count=len(newer),
                all=len(files),
                start=at(started or 0.0),
            ),
            details=tuple(
                text("{path}: changed {when}", path=file.path, when=at(file.mtime or 0.0))
                for file in shown
            ),
            citations=(_cite(scan, shown), unit.cite("Id", "ExecMainStartTimestamp")),
        )
    if not started or unseen or not scan.complete:
        reason = (
            text("when its main process started was not shown")
            if not started
            else text("not all of the files it uses were seen")
        )
        return Verdict(
            subject=unit.name,
            status="unknown",
            running="yes",
            component=NEWER,
            application=application,
            message=text(
                "whether {unit} runs what is on disk is not known: {why}",
                unit=unit.name,
                why=reason,
            ),
            citations=(unit.cite("Id", "ExecMainStartTimestamp"),),
            missing=(Missing(scan.record if started else unit.record, reason),),
        )
    return Verdict(
        subject=unit.name,
        status="ok",
        running="yes",
        component=NEWER,
        application=application,
        message=text(
            "{unit} runs what is on disk: none of the {all} modules it uses was changed since its "
            "start at {start}",
            unit=unit.name,
            all=len(files),
            start=at(started),
        ),
        citations=(_cite(scan, files[:_SHOWN]), unit.cite("Id", "ExecMainStartTimestamp")),
    )


def _cite(scan: Scan, files: list[SourceFile]) -> Citation:
    return Citation(scan.record, "\n".join(f"{one.path} mtime {one.mtime}" for one in files))
