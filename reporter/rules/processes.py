"""Rules on processes: those no service holds, those that run old programs, those that are stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Verdict
from reporter.messages import Text, joined, some, text
from reporter.parsers.processes import AllProcesses, Seen
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile, Profiles
from reporter.rules.ownership import Ownership
from reporter.rules.process_places import outside, started_by_cron
from reporter.rules.times import at, span

__all__ = ["process_states", "replaced_programs", "stray_processes"]

STRAY = text("Processes outside any service")
REPLACED = text("Processes that run a replaced program")
STATES = text("Dead and stuck processes")

_JOB_S = 86400.0
"""A job of cron that runs for longer is no job any more."""

_MANY = 10
"""So many dead processes are a defect whoever left them; fewer are one in an application."""

_APART_S = 1.0
_SHOWN = 10
_MEMORY = "/memfd:"


def _applications(profiles: Profiles) -> Iterator[str]:
    return (one.name for one in profiles if one.units or one.expected_units or one.processes)


@rule(
    section="services",
    component=STRAY,
    needs=("processes", "units"),
    worst="P2",
    if_ignored=text("nothing restarts it when it ends, and nothing stops it"),
    subjects=_applications,
    subjects_only=True,
)
def stray_processes(host: HostContext, processes: AllProcesses, units: Units) -> Iterator[Verdict]:
    """Processes of an application that no service holds.

    Means: degraded (P2) where a process of the application runs in a login's session, in no unit,
    in a scope, among a user's programs, or for more than a day as a job of cron. Unknown where
    processes outside of services are there whose program is not shown to the user who looked.

    A process is the application's if a pattern of the profile's `processes` fits its name, its
    program's path or its working folder; if its program lies in a folder of the application; or if
    it works in one and runs an interpreter or a program that the application's services run. The
    folders are those its units work in or start programs from, the system's own left out.

    Why: nobody restarts such a process when it ends, nor stops it with the application; it is
    gone after the next boot, and often does a second time what a service does.

    Evidence: processes_all (/proc), systemd_units (WorkingDirectory=, ExecStart=).

    Limits: a shell, an editor or a pager in a folder of the application is not taken for it; an
    interpreter that a person started there is. Processes in containers are not judged here.

    Source: systemd-logind.service(8), logind.conf(5) KillUserProcesses=, cgroups(7).
    """
    owners = Ownership(host, units, processes)
    strays: dict[str, list[tuple[Seen, Text]]] = defaultdict(list)
    unclear = []
    for seen in processes:
        place = outside(seen)
        if place is None or seen.state == "Z":
            continue
        owner = owners.of_process(seen)
        if owner is not None:
            if not started_by_cron(seen) or _age(host, seen) > _JOB_S:
                strays[owner.name].append((seen, place))
        elif seen.closed:
            unclear.append(seen)
    for profile in host.profiles:
        if profile.name in set(_applications(host.profiles)) and owners.known(profile):
            yield _stray(host, profile, processes, owners, strays[profile.name], unclear)


def _age(host: HostContext, seen: Seen) -> float:
    started = seen.process.started_at
    return host.collected_at - started if started else 0.0


def _stray(
    host: HostContext,
    profile: Profile,
    processes: AllProcesses,
    owners: Ownership,
    found: list[tuple[Seen, Text]],
    unclear: list[Seen],
) -> Verdict:
    hidden = len(unclear) + len(processes.hidden)
    if found:
        return Verdict(
            subject=profile.name,
            status="degraded",
            severity="P2",
            running="yes",
            component=STRAY,
            application=profile.name,
            message=text(
                "{title}: processes that no service holds: {count}; nothing restarts them, and "
                "they are gone after the next boot",
                title=profile.title,
                count=len(found),
            ),
            details=(*_details(host, found), *_others(hidden)),
            citations=(processes.cite(*(seen for seen, _ in found)),),
        )
    if hidden or not processes.complete:
        why = (
            text(
                "the programs of {count} processes outside of services are not shown to the user "
                "{user}",
                count=hidden,
                user=host.bundle.collector.user,
            )
            if hidden
            else text("the list of processes was cut")
        )
        return Verdict(
            subject=profile.name,
            status="unknown",
            running="unknown",
            component=STRAY,
            application=profile.name,
            message=text(
                "{title}: no process was seen that no service holds, but {why}",
                title=profile.title,
                why=why,
            ),
            citations=(processes.cite(*unclear[:_SHOWN]),),
            missing=(Missing(processes.record, why),),
        )
    return Verdict(
        subject=profile.name,
        status="ok",
        component=STRAY,
        application=profile.name,
        message=text(
            "{title}: none of {count} processes is its own and outside of every service; known by "
            "{folders}",
            title=profile.title,
            count=len(processes.by_pid),
            folders=", ".join((*owners.folders(profile), *profile.processes)),
        ),
        citations=(processes.cite(),),
    )


def _details(host: HostContext, found: list[tuple[Seen, Text]]) -> Iterator[Text]:
    for seen, place in found[:_SHOWN]:
        started = seen.process.started_at
        yield text(
            "process {pid} ({program}) of {user} in {folder}, {place}, since {when} ({span})",
            pid=str(seen.pid),
            program=seen.program,
            user=seen.process.account,
            folder=seen.folder or "?",
            place=place,
            when=at(started) if started else "?",
            span=span(max(0.0, _age(host, seen))),
        )
    if len(found) > _SHOWN:
        yield text("and {count} more", count=len(found) - _SHOWN)


def _others(hidden: int) -> Iterator[Text]:
    if hidden:
        yield text(
            "the programs of {count} other processes outside of services are not shown",
            count=hidden,
        )


@rule(
    section="services",
    component=REPLACED,
    needs=("processes",),
    worst="P3",
    if_ignored=text("old code, with its known faults, goes on running"),
)
def replaced_programs(host: HostContext, processes: AllProcesses) -> Iterator[Verdict]:
    """Processes whose program's file was replaced or removed since they started.

    Means: degraded (P3), one finding for each application and one for the rest of the host.
    Unknown where programs are not shown to the user who looked.

    Why: they run the old code. After an upgrade, a hole that was closed is still open in them, and
    what the file on disk says is not what runs.

    Evidence: processes_all: the link /proc/PID/exe ends in " (deleted)".

    Limits: libraries and scripts that were replaced are not seen: an interpreter's program is the
    interpreter. A program that removes its own file on purpose looks the same. Programs that never
    had a file (memfd_create(2)) are left out.

    Source: proc_pid_exe(5).
    """
    groups: dict[str, list[Seen]] = defaultdict(list)
    for seen in processes:
        if seen.process.replaced and not seen.program.startswith(_MEMORY):
            owner = host.profiles.owner(seen.process.unit or "")
            groups[owner.name if owner else ""].append(seen)
    for name, found in sorted(groups.items()):
        yield Verdict(
            subject=name or "host",
            status="degraded",
            severity="P3",
            running="yes",
            component=REPLACED,
            application=name or None,
            message=text(
                "processes that run a program whose file was replaced or removed since: {count} "
                "({names}); a restart gives them the new one",
                count=len(found),
                names=_names(found),
            ),
            citations=(processes.cite(*found),),
        )
    closed = [seen for seen in processes if seen.process.executable is None and seen.closed]
    count = len(closed) + len(processes.hidden)
    if count or not processes.complete:
        why = (
            text(
                "the programs of {count} processes are not shown to the user {user}",
                count=count,
                user=host.bundle.collector.user,
            )
            if count
            else text("the list of processes was cut")
        )
        yield Verdict(
            subject="not-shown",
            status="unknown",
            running="unknown",
            component=REPLACED,
            message=text("whether others run a replaced program is not known: {why}", why=why),
            citations=(processes.cite(*closed[:_SHOWN]),),
            missing=(Missing(processes.record, why),),
        )
    elif not groups:
        yield Verdict(
            subject="host",
            status="ok",
            component=REPLACED,
            message=text(
                "none of {count} processes runs a program whose file was replaced",
                count=len(processes.by_pid),
            ),
            citations=(processes.cite(),),
        )


def _names(found: list[Seen]) -> Text:
    names = Counter(seen.process.unit or seen.program for seen in found)
    shown = [name if count == 1 else f"{name} ({count})" for name, count in sorted(names.items())]
    return some(shown, _SHOWN)


@rule(
    section="host",
    component=STATES,
    needs=("processes",),
    uses=("processes_again",),
    worst="P3",
    if_ignored=text("what the process holds is not released"),
)
def process_states(
    host: HostContext, processes: AllProcesses, processes_again: AllProcesses | Missing
) -> Iterator[Verdict]:
    """Processes that are dead and not waited for (zombies), and such as cannot be interrupted.

    Means: what was so in both looks counts, the first early in the collection, the second at its
    end. Zombies: degraded (P3) where a service of an application left one, or there are ten; fewer
    are ok. Uninterruptible (state D): degraded (P3) where a process was so in two looks a second
    or more apart; ok otherwise: every disk access is such a wait, for a moment.

    Why: a zombie is a defect of its parent, which may have stopped to look after its children; they
    hold process numbers until it ends. What waits for a device that does not answer cannot be
    killed, and adds to the load average.

    Evidence: processes_all, processes_again (/proc/PID/stat).

    Limits: two looks a few seconds apart do not tell a device that does not answer from one that
    is merely busy.

    Source: proc_pid_stat(5), wait(2) NOTES.
    """
    for state, judge in (("Z", _zombies), ("D", _waiting)):
        first = [seen for seen in processes if seen.state == state]
        if first and isinstance(processes_again, Missing):
            yield _once(state, first, processes, processes_again)
            continue
        again = () if isinstance(processes_again, Missing) else _same(first, processes_again, state)
        later = None if isinstance(processes_again, Missing) else processes_again
        yield judge(host, processes, later, list(again))


def _same(first: list[Seen], again: AllProcesses, state: str) -> Iterator[Seen]:
    for seen in first:
        later = again.by_pid.get(seen.pid)
        same = later is not None and later.process.started_at == seen.process.started_at
        if later is not None and same and later.state == state:
            yield seen


_SUBJECTS = {"Z": "zombies", "D": "uninterruptible"}


def _once(state: str, first: list[Seen], processes: AllProcesses, missing: Missing) -> Verdict:
    return Verdict(
        subject=_SUBJECTS[state],
        status="unknown",
        running="unknown",
        component=STATES,
        message=text(
            "processes in state {state} in the first look: {count}; there was no second one",
            state=state,
            count=len(first),
        ),
        citations=(processes.cite(*first[:_SHOWN]),),
        missing=(missing,),
    )


def _zombies(
    host: HostContext, processes: AllProcesses, again: AllProcesses | None, found: list[Seen]
) -> Verdict:
    parents = Counter(_parent(seen, processes) for seen in found)
    own = [name for name in parents if isinstance(name, str) and host.profiles.owner(name)]
    bad = len(found) >= _MANY or bool(own)
    if not found:
        return _fine("Z", text("no process is dead and not waited for"), processes, found)
    message = text(
        "dead processes that nobody waited for: {count}; left by {parents}",
        count=len(found),
        parents=joined(
            text("{name} ({count})", name=name, count=parents[name])
            for name in sorted(parents, key=str)[:_SHOWN]
        ),
    )
    if not bad:
        return _fine("Z", message, processes, found)
    owner = host.profiles.owner(own[0]) if own else None
    return _bad("Z", message, processes, found, owner)


def _parent(seen: Seen, processes: AllProcesses) -> str | Text:
    parent = processes.by_pid.get(seen.parent)
    if parent is None:
        return text("process {pid}", pid=str(seen.parent))
    return parent.process.unit or parent.program


def _waiting(
    host: HostContext, processes: AllProcesses, again: AllProcesses | None, found: list[Seen]
) -> Verdict:
    if not found or again is None:
        return _fine("D", text("no process was uninterruptible in both looks"), processes, found)
    apart = again.sampled_at - processes.sampled_at
    message = text(
        "processes that could not be interrupted in two looks {span} apart: {count} ({names})",
        span=span(apart),
        count=len(found),
        names=_names(found),
    )
    if apart < _APART_S:
        return _fine("D", message, processes, found)
    owners = [one for seen in found if (one := host.profiles.owner(seen.process.unit or ""))]
    return _bad("D", message, processes, found, owners[0] if owners else None)


def _fine(state: str, message: Text, processes: AllProcesses, found: list[Seen]) -> Verdict:
    return Verdict(
        subject=_SUBJECTS[state],
        status="ok",
        component=STATES,
        message=message,
        citations=(processes.cite(*found),),
    )


def _bad(
    state: str,
    message: Text,
    processes: AllProcesses,
    found: list[Seen],
    owner: Profile | None,
) -> Verdict:
    return Verdict(
        subject=_SUBJECTS[state],
        status="degraded",
        severity="P3",
        component=STATES,
        application=owner.name if owner else None,
        message=message,
        citations=(processes.cite(*found[:50]),),
    )
