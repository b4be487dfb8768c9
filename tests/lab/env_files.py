"""The environment files of the reference host: `reference_env.yml`, with secrets put in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["DATA", "arguments", "environment_files", "environment_lines", "secrets"]

DATA = Path(__file__).parent / "reference_env.yml"
_FOLDER = "/etc/quantum"
_SECRET = re.compile(r"\{secret:([A-Z]+)\}")


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(DATA.read_text())
    return data


def secrets() -> dict[str, str]:
    """Return the planted secrets by name, the same at every call."""
    return {name: _secret(name) for name in sorted(set(_SECRET.findall(DATA.read_text())))}


def environment_files() -> Iterator[tuple[str, tuple[str, int]]]:
    """Every environment file: path, (text, mode)."""
    data = _data()
    for name, text in data["files"].items():
        content = _filled(data["common"] + text)
        yield f"{_FOLDER}/{name}", (content, int(data["modes"].get(name, "0640"), 8))


def environment_lines(unit: str) -> list[str]:
    """The EnvironmentFile= lines of a unit, named without its suffix."""
    found = []
    for name in _data()["units"].get(unit, ()):
        optional = "-" if name.startswith("-") else ""
        found.append(f"EnvironmentFile={optional}{_FOLDER}/{name.removeprefix('-')}")
    return found


def arguments(unit: str) -> list[str]:
    """What a unit's command line has beside what its program needs."""
    word = _data()["arguments"].get(unit)
    return [_filled(word)] if word else []


def _filled(text: str) -> str:
    return _SECRET.sub(lambda found: _secret(found[1]), text)


def _secret(name: str) -> str:
    return f"sk{hashlib.sha256(f'planted {name}'.encode()).hexdigest()[:38]}"
