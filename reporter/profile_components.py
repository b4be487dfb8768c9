"""The components a profile declares: what makes each of them up, and the layers they stand in."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from reporter.errors import InputError
from reporter.findings import SEVERITIES, Severity

__all__ = ["SECTIONS_OF_COMPONENTS", "Component", "components_of", "layers_of", "process_matches"]

SECTIONS_OF_COMPONENTS = ("components", "models", "frontend", "repository", "config", "logging")
"""Where in part A a component may stand."""

_KEYS = (
    "title",
    "layer",
    "section",
    "units",
    "streams",
    "ports",
    "processes",
    "severity",
    "safety",
)


@dataclass(frozen=True)
class Component:
    """One component: patterns of its units, streams and processes, its ports.

    One without any of them is declared and has no home of its own: then nothing can be known of
    it but that. `severity` is how bad it is when one of its units does not work.
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
    safety: bool = False

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
    """Read the key `components`: a mapping from name to what makes the component up.

    Raises `InputError` with the place, what is wrong and the nearest known word.
    """
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InputError(f"{place}: give a mapping from a component's name to its parts")
    return tuple(_component(str(name), value[name], f"{place}.{name}", layers) for name in value)


def layers_of(value: Any, place: str) -> tuple[str, ...]:
    """Read the key `layers`: names, in the order a reader wants them."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{place}: give a list of layers, such as [edge, ingestion, execution]")
    return tuple(dict.fromkeys(value))


def _component(name: str, data: Any, place: str, layers: tuple[str, ...]) -> Component:
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise InputError(f"{place}: give a mapping with keys such as {', '.join(_KEYS)}")
    for key in data:
        if key not in _KEYS:
            raise InputError(f"{place}: unknown key '{key}'; {_near(str(key), _KEYS)}")
    layer = data.get("layer")
    if layer is not None and layers and layer not in layers:
        raise InputError(f"{place}.layer: '{layer}' is none of 'layers'; {_near(layer, layers)}")
    section = data.get("section", "components")
    if section not in SECTIONS_OF_COMPONENTS:
        hint = _near(section, SECTIONS_OF_COMPONENTS)
        raise InputError(f"{place}.section: there is no section '{section}'; {hint}")
    return Component(
        name=name,
        title=str(data.get("title") or name),
        layer=None if layer is None else str(layer),
        section=section,
        units=_texts(data, "units", place, "unit names or shell patterns"),
        streams=_texts(data, "streams", place, "names or shell patterns of streams"),
        ports=_ports(data.get("ports"), f"{place}.ports"),
        processes=_texts(data, "processes", place, "names or paths of programs, or patterns"),
        severity=_severity(data.get("severity"), f"{place}.severity"),
        safety=_safety(data.get("safety"), f"{place}.safety"),
    )


def _safety(value: Any, place: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InputError(f"{place}: give true or false")


def _texts(data: Mapping[str, Any], key: str, place: str, what: str) -> tuple[str, ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{place}.{key}: give a list of {what}")
    return tuple(value)


def _ports(value: Any, place: str) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(type(port) is int for port in value):
        raise InputError(f"{place}: give a list of port numbers")
    if not all(0 < port < 65536 for port in value):
        raise InputError(f"{place}: port numbers are from 1 to 65535")
    return tuple(value)


def _severity(value: Any, place: str) -> Severity | None:
    if value is None:
        return None
    for severity in SEVERITIES:
        if value == severity:
            return severity
    raise InputError(f"{place}: give one of {', '.join(get_args(Severity))}")


def _near(word: Any, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
