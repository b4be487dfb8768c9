"""Rule on services whose code changed after they were started or reloaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.processes import AllProcesses, Seen
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
    if_asked=("processes",),
    worst="P3",
    if_ignored=text("the next restart brings other code than the one that was seen to work"),
)
def code_newer_than_process(
    host: HostContext, source_scan: Scan, units: Units, processes: AllProcesses | Missing
) -> Iterator[Verdict]:
    """Running services of which some module on disk is newer than the process that runs it.

    Means: degraded (P3) where a file the program imports was changed after the service's main
    process started, and no worker of it was started since: what runs is not what is on disk; ok
    where none was, or where the unit was reloaded after the change and all workers were started
    since; unknown where a file's time or the start is not known, and where all workers were
    started after the change and systemd knows of no reload: they may have read the new code, or
    be copies of a process that had read the old. Workers are what the main process started of its
    own program (gunicorn, uwsgi, celery). One-shot services that have ended, and services that do
    not run, are left out.

    Why: a fix that was deployed and not restarted fixes nothing, and the next restart, by a crash
    or a reboot, brings all changes at once.

    Evidence: repository_source (mtime of each module used), systemd_units
    (ExecMainStartTimestamp, ExecReload), processes_all.

    Limits: a module imported only later, on demand, may be the new one. A program that loads its
    code before it starts its workers (gunicorn --preload) keeps the old code when it is reloaded,
    and is taken to have read it anew. A checkout of another
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
            yield _judged(host, source_scan, unit, list(files.values()), processes)


def _judged(
    host: HostContext,
    scan: Scan,
    unit: Unit,
    files: list[SourceFile],
    processes: AllProcesses | Missing,
) -> Verdict:
    owner = host.profiles.owner(unit.name)
    application = owner.name if owner else None
    started = unit.started_at
    newer = sorted(
        (file for file in files if started and file.mtime and file.mtime > started + _GRACE_S),
        key=lambda file: file.path,
    )
    unseen = [file for file in files if file.mtime is None]
    renewed = _renewed(scan, unit, newer, processes) if newer else None
    incomplete = bool(unseen) or not scan.complete
    if renewed is not None and not (renewed.status == "ok" and incomplete):
        return replace(renewed, application=application)
    if newer and renewed is None:
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
    if not started or incomplete:
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


def _renewed(
    scan: Scan, unit: Unit, newer: list[SourceFile], processes: AllProcesses | Missing
) -> Verdict | None:
    """Return what is said where workers may run newer code than the main process; else None."""
    changed = max(file.mtime or 0.0 for file in newer)
    shown: dict[str, str | int] = {
        "unit": unit.name,
        "start": at(unit.started_at or 0.0),
        "count": len(newer),
        "changed": at(changed),
    }
    cited: tuple[Citation, ...] = (
        _cite(scan, newer[:_SHOWN]),
        unit.cite("Id", "ExecMainStartTimestamp", "ExecReload"),
    )
    main = None if isinstance(processes, Missing) else processes.by_pid.get(unit.main_pid or 0)
    if isinstance(processes, Missing) or main is None or not processes.complete:
        gap = (
            processes
            if isinstance(processes, Missing)
            else Missing(processes.record, text("its main process was not seen"))
        )
        message = text(
            "{unit}: {count} modules it uses were changed up to {changed}, after its main process "
            "began at {start}; whether workers of it were started since is not known",
            **shown,
        )
        return _about(unit, "unknown", message, cited, (gap,))
    workers = [one for one in processes if one.parent == main.pid and _is_alike(one, main)]
    old = [one for one in workers if _before(one, changed)]
    if not workers or old:
        return None
    cited = (*cited, processes.cite(main, *workers[:_SHOWN]))
    reloaded = unit.reloaded_at
    if reloaded is not None and reloaded + _GRACE_S > changed:
        message = text(
            "{unit} was reloaded at {reloaded}, after {count} modules it uses were changed (up to "
            "{changed}), and its {workers} workers were started since",
            **shown,
            reloaded=at(reloaded),
            workers=len(workers),
        )
        return _about(unit, "ok", message, cited)
    reason = text("systemd knows of no reload since, and workers may be copies of the main process")
    message = text(
        "{unit}: {count} modules it uses were changed up to {changed}; its main process began at "
        "{start}, before that, its {workers} workers after it; whether these read the new code is "
        "not known: {reason}",
        **shown,
        workers=len(workers),
        reason=reason,
    )
    return _about(unit, "unknown", message, cited, (Missing(unit.record, reason),))


def _before(seen: Seen, moment: float) -> bool:
    return seen.process.started_at is not None and seen.process.started_at <= moment


def _is_alike(seen: Seen, main: Seen) -> bool:
    """Say whether a process may run the same program as the main one, as far as it is shown."""
    program, own = seen.process.executable, main.process.executable
    return seen.state != "Z" and (program is None or own is None or program == own)


def _about(
    unit: Unit,
    status: Status,
    message: Text,
    citations: tuple[Citation, ...],
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    return Verdict(
        subject=unit.name,
        status=status,
        running="yes",
        component=NEWER,
        message=message,
        citations=citations,
        missing=missing,
    )


def _cite(scan: Scan, files: list[SourceFile]) -> Citation:
    return Citation(scan.record, "\n".join(f"{one.path} mtime {one.mtime}" for one in files))
