"""What the rules on configuration look at: units with what they load, and applications of units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from reporter.engine import HostContext
from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.parsers.config_files import ConfigFiles, EnvFile, Setting
from reporter.parsers.config_units import EnvUse, Loaded
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profile
from reporter.recorded import recorded

__all__ = [
    "FILES",
    "RUNNING",
    "Application",
    "Held",
    "UnitView",
    "View",
    "cite_settings",
    "component",
    "is_backup",
    "is_own",
]

FILES = text("Environment files")
"""The block of what belongs to no folder."""

RUNNING = frozenset({"active", "activating", "reloading"})
"""States in which a unit's configuration is in use."""

_SHARED = frozenset({"/etc", "/etc/conf.d", "/etc/default", "/etc/sysconfig"})
_SYSTEMS = ("/run/", "/usr/")
_BACKUP = re.compile(
    r"(\.(bak|backup|copy|dist|old|orig|rej|save|sw[a-p]|tmp|rpm(new|save)|dpkg-\w+|ucf-\w+)\b"
    r"|[~#]$|[._-]\d{4,})",
    re.IGNORECASE,
)


def is_backup(name: str) -> bool:
    """Say whether a file's name is that of a copy somebody or some program left behind."""
    return _BACKUP.search(name) is not None


def component(folder: str | None) -> Text:
    """Return the block in which a folder's files are reported."""
    return text("{folder} env files", folder=folder) if folder else FILES


@dataclass(frozen=True, slots=True)
class Held:
    """A setting and the file it stands in."""

    setting: Setting
    file: EnvFile


def cite_settings(held: Iterable[Held]) -> tuple[Citation, ...]:
    """Return the citations of some settings, one a record."""
    by_record: dict[str, dict[str, None]] = {}
    for one in held:
        by_record.setdefault(one.file.record, {})[one.setting.raw] = None
    return tuple(Citation(record, "\n".join(lines)) for record, lines in by_record.items())


@dataclass(frozen=True)
class UnitView:
    """A service with the files it loads, in systemd's order."""

    unit: Unit
    loaded: tuple[Loaded, ...]
    files: tuple[tuple[Loaded, EnvFile], ...]
    unseen: tuple[Missing, ...]

    @property
    def name(self) -> str:
        """The unit's name without its suffix."""
        return self.unit.name.removesuffix(".service")

    @property
    def running(self) -> bool:
        """Whether it runs, or is about to."""
        return self.unit.active_state in RUNNING

    @cached_property
    def effective(self) -> dict[str, Held]:
        """What the unit's process gets in the end, by name."""
        return {
            setting.name: Held(setting, file) for _, file in self.files for setting in file.settings
        }

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """Why not all of what it gets is known."""
        unread = (
            Missing(
                file.record,
                text("{path}: {error}", path=file.path, error=recorded(file.error or "?")),
            )
            for _, file in self.files
            if file.unread
        )
        return (*unread, *self.unseen)


@dataclass(frozen=True)
class Application:
    """Services that belong together: by a profile, or because they share a folder of files.

    `folder` is the one most of their files lie in; None where they load none.
    """

    name: str
    profile: Profile | None
    units: tuple[UnitView, ...]
    folder: str | None

    @property
    def component(self) -> Text:
        """The block its findings stand in."""
        return component(self.folder)

    @property
    def key(self) -> str:
        """What stands for it in the subjects of findings."""
        return self.name.strip("/")

    @property
    def title(self) -> str:
        """What a reader calls it."""
        return self.profile.title if self.profile else self.name

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Why not all of what its units get is known."""
        return tuple(dict.fromkeys(gap for unit in self.units for gap in unit.missing))

    def cite_files(self) -> tuple[Citation, ...]:
        """Return the citation of the rows of all files its units load."""
        by_record: dict[str, dict[str, None]] = {}
        for unit in self.units:
            for _, file in unit.files:
                by_record.setdefault(file.record, {})[file.raw] = None
        return tuple(Citation(record, "\n".join(rows)) for record, rows in by_record.items())

    def short(self, unit: UnitView) -> str:
        """Return the unit's name without the prefix its profile's patterns have in common.

        An instance keeps its template's name: what is left would be a mere number.
        """
        patterns = self.profile.units if self.profile else ()
        prefixes = [one[:-1] for one in patterns if one.endswith("*") and not one.endswith("@*")]
        fitting = [one for one in prefixes if unit.name.startswith(one) and unit.name != one]
        return unit.name.removeprefix(max(fitting, key=len, default=""))


@dataclass(frozen=True)
class View:
    """All services of a host and the environment files they load."""

    host: HostContext
    units: Units
    use: EnvUse
    found: ConfigFiles

    @cached_property
    def services(self) -> tuple[UnitView, ...]:
        """Every loaded service, with or without a file."""
        return tuple(
            self._unit(unit)
            for unit in self.units.of("service")
            if unit.load_state not in {"not-found", "masked"}
        )

    @cached_property
    def applications(self) -> tuple[Application, ...]:
        """The groups of services, ordered by name; a service of the system's alone is in none."""
        groups: dict[str, list[UnitView]] = {}
        profiles: dict[str, Profile] = {}
        for service in self.services:
            profile = self.host.profiles.owner(service.unit.name)
            folder = next((one for one in _folders([service]) if is_own(one)), None)
            if profile is not None:
                groups.setdefault(profile.name, []).append(service)
                profiles[profile.name] = profile
            elif folder is not None:
                groups.setdefault(folder, []).append(service)
        return tuple(
            Application(name, profiles.get(name), tuple(groups[name]), _main(groups[name]))
            for name in sorted(groups)
        )

    def application_of(self, folder: str) -> str | None:
        """Return the profile whose units load from a folder; None for several or none."""
        names = {
            application.name
            for application in self.applications
            if application.profile and folder in _folders(application.units)
        }
        return names.pop() if len(names) == 1 else None

    def loaders(self, path: str) -> tuple[UnitView, ...]:
        """Return the services that load a file."""
        return tuple(
            service
            for service in self.services
            if any(file.path == path for _, file in service.files)
        )

    def _unit(self, unit: Unit) -> UnitView:
        loaded = self.use.by_unit.get(unit.name, ())
        files: list[tuple[Loaded, EnvFile]] = []
        unseen: list[Missing] = []
        for one in loaded:
            paths, gap = self._paths(one.path)
            files.extend((one, self.found.by_path[path]) for path in paths)
            if gap is not None:
                unseen.append(Missing(self.found.record, gap))
        return UnitView(unit, loaded, tuple(files), tuple(unseen))

    def _paths(self, path: str) -> tuple[list[str], Text | None]:
        """Return the files that are there for an EnvironmentFile=, and why there may be more."""
        pattern = self.found.patterns.get(path)
        if pattern is None:
            known = path in self.found.by_path
            return [path] if known else [], None if known else text("{path}: no row", path=path)
        gap = None
        if pattern.denied:
            gap = text("{path}: denied: {folders}", path=path, folders=", ".join(pattern.denied))
        return [one for one in pattern.files if one in self.found.by_path], gap


def is_own(folder: str) -> bool:
    """Say whether a folder of files is an application's, and none that all programs share."""
    return folder not in _SHARED and not folder.startswith(_SYSTEMS)


def _folders(units: list[UnitView] | tuple[UnitView, ...]) -> Iterator[str]:
    for unit in units:
        for one in unit.loaded:
            yield one.path.rpartition("/")[0] or "/"


def _main(units: list[UnitView]) -> str | None:
    counted = Counter(_folders(units))
    return min(
        counted, key=lambda folder: (not is_own(folder), -counted[folder], folder), default=None
    )
