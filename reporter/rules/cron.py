"""Rules on cron: what it starts for an application, what it cannot start, what it ignores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.cron import Cron, Entry, Table
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile
from reporter.rules.cron_schedule import unreadable
from reporter.rules.ownership import Ownership

__all__ = ["cron_jobs", "cron_programs", "cron_tables"]

CRON = text("Cron")

_DAEMONS = ("cron.service", "crond.service", "cronie.service", "anacron.timer")
_DEBIAN = "/usr/sbin/cron"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SET_ASIDE = re.compile(
    r".*(~|\.(dpkg|rpm|ucf|cfsaved|pac)[a-z-]*|\.(bak|orig|old|disabled|swp|save|placeholder))"
)
_LOCAL = frozenset({"files", "compat", "systemd", "altfiles"})
_SHOWN = 10


@dataclass(frozen=True)
class _Job:
    """One entry with its table."""

    table: Table
    entry: Entry

    @property
    def said(self) -> Text:
        """The entry in words."""
        return text(
            "{path}, line {line}: {schedule}, as {user}: {command}",
            path=self.table.path,
            line=str(self.entry.number),
            schedule=self.entry.schedule,
            user=self.table.user(self.entry),
            command=self.entry.command,
        )

    @property
    def fails(self) -> tuple[str, ...]:
        """What it starts and is not there, unless it looks for that itself."""
        return () if self.entry.guarded else self.entry.missing


def _jobs(cron: Cron) -> list[_Job]:
    return [_Job(table, entry) for table in cron.tables for entry in table.entries]


@rule(
    section="timers",
    component=CRON,
    needs=("cron", "units"),
    worst="P2",
    if_ignored=text("jobs run unseen"),
)
def cron_jobs(host: HostContext, cron: Cron, units: Units) -> Iterator[Verdict]:
    """What cron starts: for each application with entries, and for the rest of the host.

    Means: an application's entries are ok where a cron daemon runs, their tables are read and
    their programs are there; down (P2) where no daemon runs; degraded (P2) where a table is ignored
    or a program is missing. The host's other entries are degraded (P3) where no daemon runs and a
    user has some; those that only the distribution's packages bring have timers beside them.

    An entry is the application's if it names a path in one of the folders its units work in or
    start programs from, or a program that a pattern of the profile's `processes` fits.

    Why: what cron starts for an application is in no unit: it is in no list of services, and no
    one sees that it fails but who reads root's mail.

    Evidence: cron_entries (crontabs; commands are masked at the source), systemd_units for the
    daemon and the folders.

    Limits: whether an entry ran, and how it ended, is not seen. Scripts in cron.daily and the like
    are not looked into. What a command starts is read from its words; what a shell makes of them
    at the time is not known.

    Source: cron(8), crontab(5), anacron(8).
    """
    owners = Ownership(host, units, None)
    running = [
        unit.name
        for name in _DAEMONS
        if (unit := units.get(name)) is not None and unit.active_state == "active"
    ]
    own: dict[str, list[_Job]] = {}
    rest = []
    for job in _jobs(cron):
        paths = (*job.entry.programs, *job.entry.missing)
        owner = owners.of_command(job.entry.command, paths)
        if owner is None:
            rest.append(job)
        else:
            own.setdefault(owner.name, []).append(job)
    daemon = _daemon(units, running)
    for profile in host.profiles:
        if profile.name in own:
            yield _of_application(host, cron, profile, own[profile.name], running, daemon)
    yield _of_host(cron, rest, running, daemon)


def _daemon(units: Units, running: list[str]) -> Citation:
    shown = [units.by_name[name] for name in running] or [
        unit for name in _DAEMONS if (unit := units.get(name)) is not None
    ]
    lines = [unit.cite("Id", "ActiveState", "SubState").excerpt for unit in shown]
    return Citation(units.record, "\n".join(lines))


def _of_application(
    host: HostContext,
    cron: Cron,
    profile: Profile,
    jobs: list[_Job],
    running: list[str],
    daemon: Citation,
) -> Verdict:
    ignored = {table.path for table in cron.tables if any(_ignored(cron, table))}
    bad = [job for job in jobs if job.fails or job.table.path in ignored]
    status: Status = "ok"
    state: Running = "yes" if running else "no"
    if not running:
        status = "down"
        message = text(
            "{title}: cron is to start {count} entries, and no cron daemon runs",
            title=profile.title,
            count=len(jobs),
        )
    elif bad:
        status, state = "degraded", "partial" if len(bad) < len(jobs) else "no"
        message = text(
            "{title}: {bad} of {count} entries of cron cannot work: their programs are missing, or "
            "cron ignores their tables",
            title=profile.title,
            bad=len(bad),
            count=len(jobs),
        )
    else:
        message = text("{title}: cron starts {count} entries", title=profile.title, count=len(jobs))
    return Verdict(
        subject=profile.name,
        status=status,
        severity=None if status == "ok" else "P2",
        running=state,
        component=CRON,
        application=profile.name,
        message=message,
        details=tuple(job.said for job in (bad or jobs)[:_SHOWN]),
        citations=(cron.cite(*(job.entry.line for job in jobs)), daemon),
    )


def _of_host(cron: Cron, jobs: list[_Job], running: list[str], daemon: Citation) -> Verdict:
    users = [job for job in jobs if job.table.form == "user"]
    scripts = sum(1 for table in cron.tables if table.form == "scripts")
    alarm = bool(users) and not running
    message = text(
        "{daemon}; entries of no application: {count}, {users} of them in users' own tables; "
        "scripts: {scripts}",
        daemon=text("{units} runs", units=", ".join(running))
        if running
        else text("no cron daemon runs"),
        count=len(jobs),
        users=len(users),
        scripts=scripts,
    )
    return Verdict(
        subject="host",
        status="degraded" if alarm else "ok",
        severity="P3" if alarm else None,
        running="yes" if running else "no",
        component=CRON,
        message=message,
        details=tuple(job.said for job in users[:_SHOWN]),
        citations=(cron.cite(*(job.entry.line for job in jobs)), daemon),
    )


@rule(
    section="timers",
    component=CRON,
    needs=("cron",),
    worst="P3",
    if_ignored=text("the job fails each time, and only a mail nobody reads may say so"),
)
def cron_programs(cron: Cron) -> Iterator[Verdict]:
    """Entries of cron whose program or script does not exist, by table.

    Means: degraded (P3). Entries that test for something first (`[ -x … ]`, `command -v`) are left
    out: what is missing may be meant to be.

    Why: such an entry fails every time, and only root's mail says so.

    Evidence: cron_entries, which looks for the paths that commands begin with and for the scripts
    given to interpreters.

    Limits: words that a shell would first have to expand are not looked for. A path the collector
    may not see is no missing one.

    Source: crontab(5).
    """
    for table in cron.tables:
        bad = [_Job(table, entry) for entry in table.entries if _Job(table, entry).fails]
        if bad:
            names = dict.fromkeys(name for job in bad for name in job.fails)
            yield Verdict(
                subject=table.path,
                status="degraded",
                severity="P3",
                running="no",
                component=CRON,
                message=text(
                    "{path}: entries whose programs do not exist: {count} ({names})",
                    path=table.path,
                    count=len(bad),
                    names=", ".join(names),
                ),
                details=tuple(job.said for job in bad[:_SHOWN]),
                citations=(cron.cite(*(job.entry.line for job in bad)),),
            )


@rule(
    section="timers",
    component=CRON,
    needs=("cron",),
    worst="P2",
    if_ignored=text("what the table asks for is never started"),
)
def cron_tables(host: HostContext, cron: Cron) -> Iterator[Verdict]:
    """Crontabs and scripts that cron ignores, wholly or in part, and such as could not be read.

    Means, of tables with entries or lines that are none: degraded (P2) where

        an entry's moments cannot be read, or a line is neither a setting nor an entry
        the user named in the entry does not exist (unknown where users may come from elsewhere)
        the last line has no end
        a table of the system is not root's, or others may write it
        a user's table is not its own, has a second link, or can be read by others

    and degraded (P3) where a name has a sign (a dot, say) that makes cron or run-parts pass over
    the file, or a script may not be executed. Names of what was set aside (.bak, .dpkg-old, …) are
    fine. Unknown where a table or folder may not be read.

    Why: cron says so in its log alone, and most of these cost every entry of the file.

    Evidence: cron_entries.

    Limits: the rules are those of Debian's cron, found by trying; where only another daemon
    (cronie) is there, names, modes and missing line ends are not judged: it is more lenient.

    Source: cron(8), crontab(5), run-parts(8) of Debian; its messages in the journal.
    """
    for path, reason in sorted(cron.closed.items()):
        why = text("{path}: {reason}", path=path, reason=reason)
        yield Verdict(
            subject=path,
            status="unknown",
            running="unknown",
            component=CRON,
            message=text(
                "what cron is told in {path} is not known to the user {user}: {reason}",
                path=path,
                user=host.bundle.collector.user,
                reason=reason,
            ),
            citations=(cron.cite(cron.lines[path]),),
            missing=(Missing(cron.record, why),),
        )
    for table in cron.tables:
        reasons = list(_ignored(cron, table))
        if reasons:
            yield _table(cron, table, reasons)


@dataclass(frozen=True)
class _Reason:
    """Why cron ignores something; not `sure` where users may come from elsewhere."""

    said: Text
    severity: Severity
    line: str
    sure: bool = True


def _table(cron: Cron, table: Table, reasons: list[_Reason]) -> Verdict:
    sure = [reason for reason in reasons if reason.sure]
    why = reasons[0].said
    shown = sure or reasons
    return Verdict(
        subject=table.path,
        status="degraded" if sure else "unknown",
        severity=min(reason.severity for reason in sure) if sure else None,
        running="no" if sure else "unknown",
        component=CRON,
        message=text(
            "{path} is ignored by cron, wholly or in part: {why}"
            if sure
            else "{path}: whether cron reads it is not known: {why}",
            path=table.path,
            why=shown[0].said,
        ),
        details=tuple(reason.said for reason in shown[1:_SHOWN]),
        citations=(cron.cite(table.line, *(reason.line for reason in reasons)),),
        missing=() if sure else (Missing(cron.record, why),),
    )


def _ignored(cron: Cron, table: Table) -> Iterator[_Reason]:
    """Yield why cron passes over a table or a script, or over a part of it."""
    if _SET_ASIDE.fullmatch(table.name):
        return
    debian = _DEBIAN in cron.daemons
    if debian and table.path.startswith("/etc/cron.") and not _NAME.fullmatch(table.name):
        yield _Reason(
            text("its name has other signs than letters, digits, - and _"), "P3", table.line
        )
    if table.form == "scripts":
        if not table.mode & 0o111:
            yield _Reason(text("nobody may execute it"), "P3", table.line)
        return
    if table.form == "system":
        yield from _system_file(table)
    elif table.form == "user" and debian:
        yield from _user_file(table)
    if table.newline is False and debian and not table.truncated:
        yield _Reason(text("its last line has no end"), "P2", table.line)
    for odd in table.odd:
        yield _Reason(
            text("line {line} is no entry: {shown}", line=str(odd.number), shown=odd.text[:80]),
            "P2",
            odd.line,
        )
    yield from _entries(cron, table)


def _system_file(table: Table) -> Iterator[_Reason]:
    if table.uid != 0:
        yield _Reason(
            text("it is not root's but {owner}'s", owner=table.owner or f"uid {table.uid}"),
            "P2",
            table.line,
        )
    if table.mode & 0o022:
        yield _Reason(
            text("others than root may write it (mode {mode})", mode=f"{table.mode:04o}"),
            "P2",
            table.line,
        )


def _user_file(table: Table) -> Iterator[_Reason]:
    if table.uid != 0 and table.owner != table.name:
        yield _Reason(
            text("it belongs to {owner}", owner=table.owner or f"uid {table.uid}"),
            "P2",
            table.line,
        )
    if table.mode != 0o600:
        yield _Reason(
            text("its mode is {mode}, not 0600", mode=f"{table.mode:04o}"), "P2", table.line
        )
    if table.links > 1:
        yield _Reason(text("it has a second link"), "P2", table.line)


def _entries(cron: Cron, table: Table) -> Iterator[_Reason]:
    for entry in table.entries:
        place: Mapping[str, str] = {"line": str(entry.number)}
        wrong = unreadable(entry.schedule) if table.form != "anacron" else None
        if wrong:
            yield _Reason(
                text(
                    "line {line}: its {field} cannot be read ({schedule})",
                    field=wrong,
                    schedule=entry.schedule,
                    **place,
                ),
                "P2",
                entry.line,
            )
        if entry.named is not None:
            elsewhere = cron.users_from is None or not set(cron.users_from) <= _LOCAL
            path = entry.named.startswith("/")
            yield _Reason(
                text("line {line}: there is no user {user}", user=entry.named, **place)
                if path or not elsewhere
                else text(
                    "line {line}: the user {user} is not in /etc/passwd, and users may come from "
                    "elsewhere ({sources})",
                    user=entry.named,
                    sources=" ".join(cron.users_from or ()) or "?",
                    **place,
                ),
                "P2",
                entry.line,
                sure=path or not elsewhere,
            )
