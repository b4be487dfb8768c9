"""What a profile says of an application's models: families of files, and what units say of them.

models:
  families: {nhits: ["*nhits*"], lgbm: ["*lgbm*", "*lightgbm*"]}
  stale_after: 30d                       # or {nhits: 7d}
load_evidence:
  - unit: engine.service
    patterns: {model_loaded: loaded, model_fallback: fallback}
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from reporter.errors import InputError
from reporter.profile_check import nearest
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
    """Read the checked key `models`; `age` reads a span of time.

    Raises `InputError` where an age is too long, or given for a family that there is not.
    """
    if value is None:
        return ()
    families = {str(name): patterns for name, patterns in value["families"].items()}
    stale = value.get("stale_after")
    where = f"{place}.stale_after"
    if isinstance(stale, dict):
        for name in map(str, stale):
            if name not in families:
                raise InputError(f"{where}: unknown key '{name}'; {nearest(name, families)}")
        ages = {str(name): age(said, f"{where}.{name}") for name, said in stale.items()}
    else:
        ages = {} if stale is None else dict.fromkeys(families, age(stale, where))
    return tuple(Family(name, tuple(families[name]), ages.get(name)) for name in sorted(families))


def load_evidence(value: Any) -> tuple[LoadEvidence, ...]:
    """Read the checked key `load_evidence`."""
    return tuple(
        LoadEvidence(
            unit=full_name(one["unit"]),
            outcomes=tuple(
                sorted((str(name), outcome) for name, outcome in one["patterns"].items())
            ),
        )
        for one in value or ()
    )
