"""What a profile says of an application's models: families of files, and what units say of them.

models:
  families: {nhits: ["*nhits*"], lgbm: ["*lgbm*", "*lightgbm*"]}
  stale_after: 30d                       # or {nhits: 7d}
load_evidence:
  - unit: engine.service
    patterns: {model_loaded: loaded, model_fallback: fallback}
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from reporter.errors import InputError
from reporter.unit_suffix import full_name

__all__ = ["Family", "LoadEvidence", "Outcome", "load_evidence", "model_families"]

Outcome = Literal["loaded", "fallback"]


@dataclass(frozen=True)
class Family:
    """A family of models: shell patterns of file names, upper and lower case alike.

    `stale_after` is the age in seconds up to which its newest file is fresh, None: not said.
    """

    name: str
    patterns: tuple[str, ...]
    stale_after: float | None = None

    def fits(self, *names: str) -> bool:
        """Say whether a pattern fits one of the names (of a file, of its path, of a model)."""
        return any(
            fnmatch.fnmatchcase(name.lower(), pattern.lower())
            for name in names
            for pattern in self.patterns
        )


@dataclass(frozen=True)
class LoadEvidence:
    """Which of the declared journal patterns say that a unit loaded a model, or fell back.

    The groups `model` and `symbol` of a pattern name what was loaded for what.
    """

    unit: str
    outcomes: tuple[tuple[str, Outcome], ...]


def model_families(value: Any, place: str, age: Callable[[Any, str], float]) -> tuple[Family, ...]:
    """Check and return the key `models`; `age` reads a span of time. Raises `InputError`."""
    if value is None:
        return ()
    _known(value, ("families", "stale_after"), place)
    families = value.get("families")
    if not isinstance(families, dict) or not families:
        raise InputError(f"{place}.families: give a mapping from a family's name to file patterns")
    stale = value.get("stale_after")
    if isinstance(stale, dict):
        _known(stale, tuple(families), f"{place}.stale_after")
        ages = {name: age(stale[name], f"{place}.stale_after.{name}") for name in stale}
    else:
        common = None if stale is None else age(stale, f"{place}.stale_after")
        ages = dict.fromkeys(families, common) if common is not None else {}
    return tuple(
        Family(str(name), _texts(families[name], f"{place}.families.{name}"), ages.get(name))
        for name in sorted(families, key=str)
    )


def load_evidence(value: Any, place: str) -> tuple[LoadEvidence, ...]:
    """Check and return the key `load_evidence`. Raises `InputError`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f"{place}: give a list of mappings with the keys unit and patterns")
    return tuple(_evidence(item, f"{place}[{at}]") for at, item in enumerate(value))


def _evidence(item: Any, place: str) -> LoadEvidence:
    _known(item, ("unit", "patterns"), place)
    unit, patterns = item.get("unit"), item.get("patterns")
    if not isinstance(unit, str) or not unit or "*" in unit:
        raise InputError(f"{place}.unit: give the full name of a unit")
    if not isinstance(patterns, dict) or not patterns:
        raise InputError(
            f"{place}.patterns: give a mapping from names in probe_journal_patterns to loaded or "
            "fallback"
        )
    return LoadEvidence(
        unit=full_name(unit),
        outcomes=tuple(
            (str(name), _outcome(patterns[name], f"{place}.patterns.{name}"))
            for name in sorted(patterns, key=str)
        ),
    )


def _outcome(value: Any, place: str) -> Outcome:
    if not _is_outcome(value):
        raise InputError(f"{place}: '{value}' is neither 'loaded' nor 'fallback'")
    return value


def _is_outcome(value: Any) -> TypeGuard[Outcome]:
    return value in ("loaded", "fallback")


def _known(value: Any, keys: Iterable[str], place: str) -> None:
    known = tuple(map(str, keys))
    if not isinstance(value, dict):
        raise InputError(f"{place}: give a mapping with keys such as {', '.join(known)}")
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            raise InputError(f"{place}: unknown key '{key}'; {hint}")


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise InputError(f"{place}: give a list of shell patterns of file names")
    return tuple(value)
