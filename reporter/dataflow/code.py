"""What the code of units says of streams: which of them it writes, by the names it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reporter.engine import HostContext
from reporter.findings import Missing
from reporter.messages import Text, joined, text
from reporter.parsers.config_files import ConfigFiles
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Units
from reporter.rules.config_view import View
from reporter.source.model import Scan
from reporter.source.streams import (
    Environments,
    How,
    StreamUse,
    StreamUses,
    configured_streams,
)

__all__ = ["NO_CODE", "Code", "code_of"]

_PROBE = "repository_source"


@dataclass(frozen=True)
class Code:
    """The code of a host's units as far as it was read; `missing` says why it was not.

    `asked` is false where the run did not look for any; `unset` says why no value of the units'
    environment files is known, `unread` by unit why not all of its values are.
    """

    asked: bool
    scan: Scan | None
    missing: Missing | None
    environments: Environments
    unset: Missing | None = None
    unread: Mapping[str, Missing] = field(default_factory=dict)

    @cached_property
    def uses(self) -> StreamUses:
        """Every stream the code names."""
        if self.scan is None:
            return StreamUses((), (), 0, 0)
        return configured_streams(self.scan, self.environments)

    def writers(self, stream: str) -> Iterator[StreamUse]:
        """Iterate over the places that write the stream, where its whole name is known."""
        return (use for use in self._named("writes", stream) if use.resolved)

    def followers(self, stream: str) -> Iterator[StreamUse]:
        """Iterate over the places that read the stream by that name, and without a group."""
        return (use for use in self._named("reads", stream) if use.resolved and use.group is None)

    @property
    def gap(self) -> Missing | None:
        """Why a unit's code may write a stream although nothing that was read says so."""
        if self.missing is not None and self.asked:
            return self.missing
        if self.scan is not None and not self.scan.complete:
            return Missing(self.scan.record, text("the scan of the code did not get through"))
        return self.unset if self.asked else None

    def unsure(self, how: How) -> Missing | None:
        """Say why a unit's code may write, or read, any stream; as `gap`, and by what it is told.

        A name that the code takes from an environment file which was not read may be any.
        """
        if self.gap is not None:
            return self.gap
        open_uses = [use.unit for use in self.uses.uses if use.how == how and not use.resolved]
        lost = [one.unit for one in self.uses.unresolved if one.how == how]
        return next(
            (self.unread[unit] for unit in (*open_uses, *lost) if unit in self.unread), None
        )

    @property
    def tried(self) -> Text:
        """What was looked at in vain."""
        if self.scan is None:
            reason = self.missing.reason if self.missing else text("not looked at")
            return text("the code was not read: {reason}", reason=reason)
        programs = {program.unit for program in self.scan.programs}
        if not programs:
            return text("no unit runs a Python program of its own, so no code was read")
        unresolved = len(self.uses.unresolved)
        said = [
            text(
                "the code of {units} units was read, and none of it writes it by name",
                units=len(programs),
            )
        ]
        if unresolved:
            said.append(
                text(
                    "{calls} calls name a stream that the code alone does not tell",
                    calls=unresolved,
                )
            )
        if not self.scan.complete:
            said.append(text("not all of it was read"))
        return joined(said, "; ")

    def _named(self, how: How, stream: str) -> tuple[StreamUse, ...]:
        return self._by_name.get((how, stream), ())

    @cached_property
    def _by_name(self) -> Mapping[tuple[How, str], tuple[StreamUse, ...]]:
        found: dict[tuple[How, str], list[StreamUse]] = {}
        for use in self.uses.uses:
            found.setdefault((use.how, use.stream), []).append(use)
        return {key: tuple(uses) for key, uses in found.items()}


NO_CODE = Code(False, None, None, {})


def code_of(
    host: HostContext,
    source_scan: Scan | Missing,
    units: Units | Missing,
    unit_env_files: EnvUse | Missing,
    env_files: ConfigFiles | Missing,
) -> Code:
    """Return what the code says; with the values of environment files that may leave the host.

    Where these were not seen a variable is not known, and no default is taken for it.
    """
    asked = any(probe.get("id") == _PROBE for probe in host.bundle.probes)
    if isinstance(source_scan, Missing):
        return Code(asked, None, source_scan, {})
    if (
        isinstance(units, Missing)
        or isinstance(unit_env_files, Missing)
        or isinstance(env_files, Missing)
    ):
        facts = (units, unit_env_files, env_files)
        unset = next(one for one in facts if isinstance(one, Missing))
        unknown = {program.unit: _Partly({}) for program in source_scan.programs}
        return Code(asked, source_scan, None, unknown, unset)
    view = View(host, units, unit_env_files, env_files)
    environments: dict[str, Mapping[str, str | None]] = {}
    unread: dict[str, Missing] = {}
    for service in view.services:
        known = {name: held.setting.value for name, held in service.effective.items()}
        environments[service.unit.name] = known
        if service.missing:
            environments[service.unit.name] = _Partly(known)
            unread[service.unit.name] = service.missing[0]
    return Code(asked, source_scan, None, environments, unread=unread)


class _Partly(Mapping[str, str | None]):
    """The variables of a unit of which not every file was read: any other may be set, too."""

    def __init__(self, known: Mapping[str, str | None]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> str | None:
        return self._known.get(name)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
