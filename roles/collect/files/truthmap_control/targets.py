"""What the applications' profiles name for probes to look at.

A probe declared with `profiles: files` is asked once for each path or shell pattern that a profile
names in `expected_files`, or in `files` of a component.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .values import SettingError

__all__ = ["filled", "named"]

_PREFIX = "truthmap_app_"


def filled(probe: dict[str, Any], applications: Mapping[str, Any]) -> dict[str, Any]:
    """Return a probe with the targets that profiles (by application) name for it as its `items`.

    A probe that takes none from them is returned as it is. Raises SettingError.
    """
    if "profiles" not in probe:
        return probe
    return {**probe, "items": named(probe["profiles"], applications)}


def named(what: str, applications: Mapping[str, Any]) -> list[str]:
    """Return the targets of one sort, each once, in the order of the applications' names.

    `what` is `files`: absolute paths and patterns. Raises SettingError with the place of what is
    none; whatever else is wrong with a profile is for the report to say.
    """
    found: dict[str, None] = {}
    for name in sorted(applications):
        for place, paths in _files(applications[name]):
            found.update(dict.fromkeys(_checked(paths, f"{_PREFIX}{name}.{place}")))
    return list(found)


def _files(profile: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(profile, Mapping):
        return
    yield "expected_files", profile.get("expected_files")
    components = profile.get("components")
    for name, component in components.items() if isinstance(components, Mapping) else ():
        if isinstance(component, Mapping):
            yield f"components.{name}.files", component.get("files")


def _checked(paths: Any, place: str) -> list[str]:
    if paths is None:
        return []
    if not isinstance(paths, list) or not all(_is_path(path) for path in paths):
        raise SettingError(f"{place}: give a list of absolute paths or patterns of them without **")
    return list(paths)


def _is_path(path: Any) -> bool:
    return isinstance(path, str) and path.startswith("/") and "**" not in path
