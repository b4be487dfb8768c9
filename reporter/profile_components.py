"""The components a profile declares: what makes each of them up, and the layers they stand in."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Any

from reporter.errors import InputError
from reporter.findings import Severity
from reporter.profile_check import nearest

__all__ = ["Component", "components_of", "process_matches"]


@dataclass(frozen=True)
class Component:
    """One component: patterns of its units, streams, processes and files, its ports.

    One without any of them is declared and has no home of its own: then nothing can be known of
    it but that. `journal` are names of probe_journal_patterns that its units write. No
    `dedicated_unit`: nobody knows a unit of its own, and `units` and `processes` say as what it
    would be found. `severity` is how bad it is when one of its units does not work, or an expected
    file of it is not there.
    """

    name: str
    title: str
    layer: str | None = None
    section: str = "components"
    units: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    severity: Severity | None = None
    processes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    dedicated_unit: bool = True
    safety: bool = False

    @property
    def has_parts(self) -> bool:
        """Whether anything is named that makes it up."""
        return any((self.units, self.streams, self.ports, self.processes, self.files, self.journal))

    def has_file(self, path: str) -> bool:
        """Say whether a path or pattern is among its files, or fits a pattern of them."""
        return any(path == one or fnmatch.fnmatchcase(path, one) for one in self.files)

    def has_stream(self, stream: str) -> bool:
        """Say whether the stream is part of it."""
        return any(fnmatch.fnmatchcase(stream, pattern) for pattern in self.streams)


def process_matches(
    patterns: tuple[str, ...], name: str, executable: str | None, folder: str | None
) -> bool:
    """Say whether a process fits one of the shell patterns.

    One with a slash is held against its program's path and the folder it works in, another one
    against the name it goes by and that of its program's file.
    """
    file = executable.rpartition("/")[2] if executable else None
    for pattern in patterns:
        texts = (executable, folder) if "/" in pattern else (name, file)
        if any(one is not None and fnmatch.fnmatchcase(one, pattern) for one in texts):
            return True
    return False


def components_of(value: Any, place: str, layers: tuple[str, ...]) -> tuple[Component, ...]:
    """Read the checked key `components`: a mapping from name to what makes the component up.

    Raises `InputError` with the place and the nearest layer where one is none of `layers`.
    """
    return tuple(
        _component(str(name), data or {}, f"{place}.{name}", layers)
        for name, data in (value or {}).items()
    )


def _component(name: str, data: dict[str, Any], place: str, layers: tuple[str, ...]) -> Component:
    layer = data.get("layer")
    if layer is not None and layers and layer not in layers:
        hint = nearest(layer, layers, "there are")
        raise InputError(f"{place}.layer: '{layer}' is none of 'layers'; {hint}")
    return Component(
        name=name,
        title=data.get("title") or name,
        layer=layer,
        section=data.get("section") or "components",
        units=tuple(data.get("units") or ()),
        streams=tuple(data.get("streams") or ()),
        ports=tuple(data.get("ports") or ()),
        processes=tuple(data.get("processes") or ()),
        files=tuple(data.get("files") or ()),
        journal=tuple(data.get("journal") or ()),
        dedicated_unit=data.get("dedicated_unit") is not False,
        severity=data.get("severity"),
        safety=bool(data.get("safety")),
    )
