"""Renders a report in the formats asked for, and writes each output whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from reporter.errors import InputError
from reporter.messages import EN, Catalogue
from reporter.render import json_v1, text
from reporter.report import Report

__all__ = ["FORMATS", "render", "write", "write_whole"]

FORMATS: dict[str, tuple[str, Callable[[Report, Catalogue], str]]] = {
    "text": ("report.txt", text.render),
    "json": ("report.json", lambda report, _catalogue: json_v1.render(report)),
}
"""Format -> the name of its file in a folder, and its renderer; JSON is of no language."""


def render(report: Report, name: str, catalogue: Catalogue = EN) -> str:
    """Return the report in one format."""
    return FORMATS[name][1](report, catalogue)


def write(
    report: Report, formats: Sequence[str], out: Path, catalogue: Catalogue = EN
) -> list[Path]:
    """Write the report in each format and return the paths.

    `out` is the file of a single format, or a folder: it is one when it exists as one, ends in a
    slash (the caller sees to that), has no suffix, or when there are several formats. Raises
    `InputError` where it cannot be written.
    """
    folder = out.is_dir() or len(formats) > 1 or not out.suffix
    written = []
    for name in formats:
        path = out / FORMATS[name][0] if folder else out
        write_whole(path, render(report, name, catalogue))
        written.append(path)
    return written


def write_whole(path: Path, content: str) -> None:
    """Write by a temporary file in the same folder, so that no reader ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); give another --out") from (
            error
        )
