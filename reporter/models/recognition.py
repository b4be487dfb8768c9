"""Which files are models, and of what family: by a profile's patterns, else by well-known names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from reporter.parsers.model_folders import StoredFile
from reporter.profile import Profile, Profiles
from reporter.profile_models import Family

__all__ = ["OTHER", "Kin", "family_of", "is_model", "same_model"]

OTHER = "other"
"""The family of a model file that no pattern and no well-known name fits."""

_SUFFIXES = frozenset(
    {
        ".pt",
        ".pth",
        ".pkl",
        ".pickle",
        ".joblib",
        ".onnx",
        ".h5",
        ".hdf5",
        ".keras",
        ".safetensors",
        ".ckpt",
        ".ubj",
        ".cbm",
        ".gguf",
        ".tflite",
    }
)
_FORMATS = frozenset({"xgboost", "lightgbm", "catboost", "safetensors", "gguf", "tflite", "torch"})
"""Formats of models whose files have names like any other file's: `.json`, `.txt`, `.bin`."""

# Names of methods that people put into file names, as they write them; the first that fits counts.
_WELL_KNOWN = (
    ("nhits", "nhits|n-?hits"),
    ("nbeats", "nbeats|n-?beats"),
    ("patchtst", "patch-?tst"),
    ("tft", "tft"),
    ("xgboost", "xgboost|xgb"),
    ("lgbm", "lgbm|lightgbm|lgb"),
    ("catboost", "catboost"),
    ("lstm", "lstm"),
    ("gru", "gru"),
    ("tcn", "tcn"),
    ("transformer", "transformer"),
    ("ppo", "ppo"),
    ("dqn", "dqn"),
    ("sac", "sac"),
)
_BY_NAME = tuple(
    (name, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE))
    for name, words in _WELL_KNOWN
)
_NOT_LETTERS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Kin:
    """A family: its name, and the application whose profile names it; None: by its name alone."""

    name: str
    application: str | None = None


def family_of(file: StoredFile, folder: str, profiles: Profiles) -> Kin | None:
    """Return the family of a file below a folder; None for a file that is no model."""
    below = file.path.removeprefix(folder).lstrip("/")
    for profile in profiles:
        for family in profile.models:
            if family.fits(below, file.name) and _may_be(file):
                return Kin(family.name, profile.name)
    if not is_model(file):
        return None
    for name, pattern in _BY_NAME:
        if pattern.search(below.replace("_", " ")):
            return Kin(name)
    return Kin(OTHER)


def is_model(file: StoredFile) -> bool:
    """Say whether a file is one of a model, by its name or its format."""
    return PurePosixPath(file.name.lower()).suffix in _SUFFIXES or file.format in _FORMATS


def _may_be(file: StoredFile) -> bool:
    """Say whether a file that fits a family's pattern may be a model: not its notes or code."""
    suffix = PurePosixPath(file.name.lower()).suffix
    return suffix not in {".py", ".pyc", ".md", ".log", ".yml", ".yaml", ".csv", ".lock", ".tmp"}


def same_model(said: str, family: Family | Kin, profile: Profile | None = None) -> bool:
    """Say whether a unit that names a model means this family: `LightGBM` is `lgbm` by pattern."""
    if _plain(said) == _plain(family.name):
        return True
    if isinstance(family, Family):
        return family.fits(said)
    if profile is not None:
        return any(one.name == family.name and one.fits(said) for one in profile.models)
    found = next((name for name, pattern in _BY_NAME if pattern.search(said)), None)
    return found == family.name


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("", name.lower())
