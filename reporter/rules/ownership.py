"""What on a host is an application's own: its folders, and the processes that run in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reporter.engine import HostContext
from reporter.parsers.processes import AllProcesses, Seen
from reporter.parsers.systemd_units import Units
from reporter.profile import Profile
from reporter.profile_components import process_matches

__all__ = ["Ownership", "below"]

_SHARED_WORDS = """
    / /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /snap /srv
    /sys /tmp /usr /var /var/lib /var/log /var/opt /var/tmp /var/www /var/www/html
"""
_SHARED = frozenset(_SHARED_WORDS.split())
_SYSTEM = ("/bin/", "/sbin/", "/lib/", "/lib64/", "/usr/", "/etc/", "/proc/", "/sys/", "/dev/")
_HOME = re.compile(r"/home/[^/]+")
_INTERPRETER = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|java|ruby|perl|php|beam\.smp|dotnet)[0-9.-]*"
)
_PATH = re.compile(r"/[A-Za-z0-9_./@:+-]+")


def below(path: str, folders: tuple[str, ...]) -> bool:
    """Say whether a path is one of the folders or lies in one."""
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


@dataclass(frozen=True)
class _Own:
    """One application's folders, and the programs its units run."""

    profile: Profile
    folders: tuple[str, ...]
    programs: frozenset[str]


class Ownership:
    """Says of processes and commands whose they are; of two applications, the deeper folder's."""

    def __init__(self, host: HostContext, units: Units, processes: AllProcesses | None) -> None:
        """Take the folders from the units each profile owns, their programs from processes."""
        self._all = [_own(profile, host, units, processes) for profile in host.profiles]

    def known(self, profile: Profile) -> bool:
        """Say whether there is anything to know the application's processes by."""
        return bool(profile.processes) or any(
            own.folders for own in self._all if own.profile == profile
        )

    def folders(self, profile: Profile) -> tuple[str, ...]:
        """Return the application's folders."""
        return next(own.folders for own in self._all if own.profile == profile)

    def of_process(self, seen: Seen) -> Profile | None:
        """Return whose a process is, by its program's path, its name, or where it works."""
        executable, folder = seen.process.executable, seen.folder
        for own in self._all:
            if process_matches(own.profile.processes, seen.name, executable, folder):
                return own.profile
        by_program = self._deepest(executable) if executable else None
        if by_program or folder is None or executable is None:
            return by_program.profile if by_program else None
        own_folder = self._deepest(folder)
        if own_folder is None:
            return None
        interpreted = _INTERPRETER.fullmatch(executable.rpartition("/")[2])
        return own_folder.profile if interpreted or executable in own_folder.programs else None

    def of_command(self, command: str, programs: tuple[str, ...]) -> Profile | None:
        """Return whose a command is, by the paths in it and the programs it starts."""
        paths = (*programs, *(path.rstrip("/") for path in _PATH.findall(command)))
        for own in self._all:
            names = own.profile.processes
            if any(process_matches(names, path.rpartition("/")[2], path, None) for path in paths):
                return own.profile
        found = [one for path in paths if (one := self._deepest(path))]
        return found[0].profile if found else None

    def _deepest(self, path: str) -> _Own | None:
        fits = [
            (len(folder), own)
            for own in self._all
            for folder in own.folders
            if below(path, (folder,))
        ]
        return max(fits, key=lambda pair: pair[0])[1] if fits else None


def _own(profile: Profile, host: HostContext, units: Units, processes: AllProcesses | None) -> _Own:
    folders: dict[str, None] = {}
    own_units = {
        unit.name for unit in units.of("service") if host.profiles.owner(unit.name) == profile
    }
    for name in sorted(own_units):
        unit = units.by_name[name]
        works = (unit.working_directory or "").lstrip("!-").rstrip("/")
        starts = [command.path.rpartition("/")[0] for command in unit.commands]
        folders.update(dict.fromkeys(one for one in (works, *starts) if _is_own(one)))
    programs = {
        seen.process.executable
        for seen in processes or ()
        if seen.process.unit in own_units and seen.process.executable
    }
    return _Own(profile, tuple(sorted(folders)), frozenset(programs))


def _is_own(folder: str) -> bool:
    """Say whether a folder can be an application's own: not the system's, not a whole home."""
    return (
        folder.startswith("/")
        and folder not in _SHARED
        and not folder.startswith(_SYSTEM)
        and not _HOME.fullmatch(folder)
    )
