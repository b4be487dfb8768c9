"""Rule on the modules services use, and those nobody uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.dataflow.code import code_of
from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Verdict
from reporter.messages import Text, joined, text
from reporter.parsers.config_files import ConfigFiles
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Units
from reporter.recorded import recorded
from reporter.source.model import Scan, SourceFile
from reporter.source.streams import StreamUses
from reporter.source.usage import Used, used_by

__all__ = ["module_usage"]

USAGE = text("Module usage/imports")
REPO_TREE = text("repo tree")

_SHOWN = 12
_ASIDE = re.compile(
    r"(test_.*|.*_tests?|tests?|conftest|setup|manage|noxfile|fabfile|tasks|__.*__)\.py"
)
_TESTS = re.compile(r"/(tests?|testing|examples?|docs?|migrations|scripts|tools)/")
_ABSENT = "No such file or directory"


@dataclass(frozen=True)
class _Usage:
    """What the programs of one root use; `running` is None where no unit's state was seen.

    `streams` is what the code of all roots says of streams.
    """

    root: str
    used: tuple[Used, ...]
    running: frozenset[str] | None
    streams: StreamUses

    @property
    def files(self) -> dict[str, SourceFile]:
        """Every file some program uses, by path."""
        return {file.path: file for one in self.used for file in one.modules.values()}

    @property
    def in_use(self) -> set[str]:
        """The paths that running services use."""
        running = self.running or frozenset()
        return {
            file.path
            for one in self.used
            if one.program.unit in running
            for file in one.modules.values()
        }


@rule(
    section="repository",
    component=USAGE,
    needs=("source_scan",),
    uses=("units",),
    if_asked=("unit_env_files", "env_files"),
    worst="P3",
    if_ignored=text("code that nothing runs is kept and changed as if it did"),
)
def module_usage(
    host: HostContext,
    source_scan: Scan,
    units: Units | Missing,
    unit_env_files: EnvUse | Missing,
    env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Which modules of an application its services use, and which none uses.

    Means: for each project folder of the programs that services start, ok with the figures;
    degraded (P3) where the file that a service starts does not exist; unknown where the scan did
    not get through, was refused a folder, or could not read or parse a file that is used. A module
    is used if the imports of a service's program lead to it, wherever in a file they stand. Modules
    of services that do not run count as used by none that runs. Which modules none uses is counted
    and named. Most are no fault, as tests and tools; those of a profile's application that lie
    beside modules which its services use, and are by their names no tests or tools, look as if they
    were part of the system and are not: degraded, without a severity. An import of the
    application's own packages that leads to no file is named, and no fault.

    Why: what an inventory, a document or a folder's name calls part of the system is part of it
    only if something runs it.

    Evidence: repository_source (imports taken from the sources, nothing executed), systemd_units;
    for the streams it names config_env_files too.

    Limits: only Python; programs of units in memory; what the host's Python can parse. Imports by
    computed names, what `PYTHONPATH` or `sys.path` adds beyond the working folder and the project's
    own folders, and installed packages are not followed; where a module imports by computed names,
    that others are left over is not said. An import that leads nowhere may be
    optional (`try: import`) or stand in a text; what this host's Python cannot parse may be meant
    for a newer one.

    Source: Python's import system (docs.python.org, "The import system"), the module ast.
    """
    used = [used_by(source_scan, program) for program in source_scan.programs]
    running = None if isinstance(units, Missing) else _running(units)
    streams = code_of(host, source_scan, units, unit_env_files, env_files).uses
    roots = sorted({program.root for program in source_scan.programs if program.root})
    for root in roots:
        ours = tuple(one for one in used if one.program.root == root)
        yield _judged(host, source_scan, _Usage(root, ours, running, streams), units)
    if not source_scan.complete and not roots:
        yield _unknown(source_scan, "scan", text("the programs' code was not read through"))


def _running(units: Units) -> frozenset[str]:
    states = ("active", "activating", "reloading")
    return frozenset(unit.name for unit in units if unit.active_state in states)


def _judged(host: HostContext, scan: Scan, usage: _Usage, units: Units | Missing) -> Verdict:
    faults, unclear = list(_faults(usage)), list(_unclear(usage))
    owner = next(
        (o for one in usage.used if (o := host.profiles.owner(one.program.unit)) is not None), None
    )
    if not scan.complete:
        return _unknown(
            scan,
            _subject(usage.root),
            text(
                "{root}: the code was not read through: {limits}",
                root=usage.root,
                limits=joined(map(recorded, scan.gaps[:_SHOWN]))
                if scan.gaps
                else text("it was stopped"),
            ),
            owner.name if owner else None,
            text("as far as it was read: {figures}", figures=_message(scan, usage, 0, 0, 0)),
        )
    idle = [] if owner is None or faults or unclear else list(_left_over(scan, usage))
    missing = [units] if isinstance(units, Missing) else []
    if unclear:
        missing.append(Missing(scan.record, unclear[0]))
    return Verdict(
        subject=_subject(usage.root),
        status="degraded" if faults or idle else "unknown" if unclear else "ok",
        severity="P3" if faults else None,
        running=_runs(usage),
        component=USAGE,
        confidence="configured",
        connected_to=(REPO_TREE,),
        application=owner.name if owner else None,
        message=_message(scan, usage, len(faults), len(unclear), len(idle)),
        details=(*faults[:_SHOWN], *unclear[:_SHOWN], *_details(scan, usage)),
        citations=(_cite(scan, usage), *_states(units, usage)),
        missing=tuple(missing),
    )


def _subject(root: str) -> str:
    return f"modules{root}"


def _runs(usage: _Usage) -> Running:
    if usage.running is None:
        return "unknown"
    names = {one.program.unit for one in usage.used}
    if names <= usage.running:
        return "yes"
    return "partial" if names & usage.running else "no"


def _message(scan: Scan, usage: _Usage, faults: int, unclear: int, idle: int) -> Text:
    services = {one.program.unit for one in usage.used}
    unused = _unused(scan, usage)
    figures = text(
        "{root}: {services} services use {used} modules; {unused} modules are used by none",
        root=usage.root,
        services=len(services),
        used=len(usage.files),
        unused=len(unused),
    )
    if usage.running is not None:
        figures = text(
            "{figures}; running services use {running}", figures=figures, running=len(usage.in_use)
        )
    if faults:
        return text("{figures}; faults in what is used: {count}", figures=figures, count=faults)
    if idle:
        return text(
            "{figures}; of the unused, beside modules in use: {count}", figures=figures, count=idle
        )
    if unclear:
        return text("{figures}; not known of what is used: {count}", figures=figures, count=unclear)
    return figures


def _unused(scan: Scan, usage: _Usage) -> list[str]:
    prefix = usage.root.rstrip("/") + "/"
    return [path for path in scan.unused if path.startswith(prefix)]


def _left_over(scan: Scan, usage: _Usage) -> Iterator[str]:
    """Yield the unused modules that look as if they were part of what runs."""
    if any(file.dynamic for file in usage.files.values()):
        return
    folders = {path.rpartition("/")[0] for path in usage.files}
    for path in _unused(scan, usage):
        folder, _, name = path.rpartition("/")
        if (
            folder in folders
            and not _ASIDE.fullmatch(name)
            and not _TESTS.search(path[len(usage.root) :])
        ):
            yield path


def _entries(usage: _Usage) -> Iterator[tuple[Used, SourceFile | None]]:
    """Yield each program with the file it begins with; None where none was found."""
    for one in usage.used:
        files = one.modules.values()
        yield one, next((file for file in files if file.id == one.program.entry), None)


def _faults(usage: _Usage) -> Iterator[Text]:
    for one, file in _entries(usage):
        if file is not None and file.error == _ABSENT:
            yield text(
                "{unit} starts {program}, and no such file was found",
                unit=one.program.unit,
                program=one.program.shown,
            )


def _unclear(usage: _Usage) -> Iterator[Text]:
    """Yield what may be a fault: a module may be installed, syntax newer, a file only closed."""
    entries = list(_entries(usage))
    for one, file in entries:
        if file is None:
            yield text(
                "{unit} starts {program}, whose file was not found where programs were looked for",
                unit=one.program.unit,
                program=one.program.shown,
            )
    absent = {file.path for _, file in entries if file is not None and file.error == _ABSENT}
    for path, file in sorted(usage.files.items()):
        if file.error is not None and path not in absent:
            yield text("{path}: {error}", path=path, error=recorded(file.error))


def _details(scan: Scan, usage: _Usage) -> Iterator[Text]:
    unused = _unused(scan, usage)
    if unused:
        yield _listed(text("used by no service: {paths}"), unused)
    idle = sorted(set(usage.files) - usage.in_use)
    if usage.running is not None and idle:
        yield _listed(text("used only by services that do not run: {paths}"), idle)
    lost_imports = sorted({lost for one in usage.used for lost in one.lost})
    if lost_imports:
        yield _listed(
            text("imports that lead to no file: {paths}"),
            [f"{module} ({path})" for path, module in lost_imports],
        )
    dynamic = sorted(path for path, file in usage.files.items() if file.dynamic)
    if dynamic:
        yield _listed(text("import modules by names that are computed: {paths}"), dynamic)
    units = {one.program.unit for one in usage.used}
    calls = [use for use in usage.streams.uses if use.unit in units]
    lost = [one for one in usage.streams.unresolved if one.unit in units]
    if calls or lost:
        yield text(
            "streams that the code names: {named}; calls whose stream is not known: {lost}",
            named=len({use.stream for use in calls if use.resolved}),
            lost=len({(one.path, one.line) for one in lost}),
        )


def _listed(said: Text, paths: list[str]) -> Text:
    shown = ", ".join(paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return said.filled(paths=f"{shown}, +{more}" if more > 0 else shown)


def _cite(scan: Scan, usage: _Usage) -> Citation:
    lines = [f"{one.program.unit}: {one.program.shown}" for one in usage.used]
    return Citation(scan.record, "\n".join(dict.fromkeys(lines)))


def _states(units: Units | Missing, usage: _Usage) -> Iterator[Citation]:
    if isinstance(units, Missing):
        return
    for name in sorted({one.program.unit for one in usage.used}):
        unit = units.get(name)
        if unit is not None:
            yield unit.cite("Id", "ActiveState")


def _unknown(
    scan: Scan, subject: str, message: Text, application: str | None = None, *details: Text
) -> Verdict:
    why = text(
        "it was not read through: {limits}",
        limits=joined(map(recorded, scan.gaps[:_SHOWN])) if scan.gaps else text("time or size"),
    )
    return Verdict(
        subject=subject,
        status="unknown",
        running="unknown",
        component=USAGE,
        connected_to=(REPO_TREE,),
        application=application,
        message=message,
        details=details,
        missing=(Missing(scan.record, why),),
    )
