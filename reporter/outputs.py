"""Renders a report in the formats asked for, and writes each output whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from reporter.errors import InputError
from reporter.messages import EN, Catalogue
from reporter.render import frames, html, json_v1, junit, markdown, openmetrics, sarif, text
from reporter.report import Report

__all__ = [
    "BINARY",
    "DEFAULT",
    "FORMATS",
    "PAGES",
    "Content",
    "Whole",
    "files",
    "main_file",
    "render",
    "require",
    "write",
    "write_whole",
]

Content = str | bytes | Mapping[str, str | bytes]
"""What a renderer returns: one file, or several by their names relative to a folder."""

FORMATS: dict[str, tuple[str, Callable[[Report, Catalogue], Content]]] = {
    "text": ("report.txt", text.render),
    "markdown": ("report.md", markdown.render),
    "html": (html.INDEX, html.render),
    "json": ("report.json", lambda report, _catalogue: json_v1.render(report)),
    "csv": ("csv/findings.csv", lambda report, _catalogue: frames.csv(report)),
    "parquet": ("parquet/findings.parquet", lambda report, _catalogue: frames.parquet(report)),
    "openmetrics": ("report.prom", lambda report, _catalogue: openmetrics.render(report)),
    "junit": ("report.junit.xml", lambda report, _catalogue: junit.render(report)),
    "sarif": ("report.sarif", lambda report, _catalogue: sarif.render(report)),
}
"""Format -> the name of its file in a folder, and its renderer; of several files the one named
stands for the format. What programs read is of no language."""

DEFAULT = ("text", "json")
"""What `truthmap run` keeps beside the archive."""

BINARY = frozenset({"parquet"})
"""Formats that are no text."""

_TABLES = frozenset({"csv", "parquet"})

PAGES = frozenset({"html"})
"""Formats for a browser: of several files one alone leads nowhere."""


def require(formats: Sequence[str]) -> None:
    """Raise `InputError` if what a format is made with is not installed."""
    if _TABLES.intersection(formats):
        frames.require("parquet" in formats)


def files(report: Report, name: str, catalogue: Catalogue = EN) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a format: its name relative to a folder, and its content."""
    main, renderer = FORMATS[name]
    content = renderer(report, catalogue)
    several = content if isinstance(content, Mapping) else {main: content}
    for path, part in several.items():
        yield path, _encoded(part)


def main_file(report: Report, name: str, catalogue: Catalogue = EN) -> bytes:
    """Return the one file that stands for a format.

    Raises `InputError` for pages of several hosts, which are files of one folder.
    """
    main, renderer = FORMATS[name]
    content = renderer(report, catalogue)
    if name in PAGES and isinstance(content, Mapping):
        raise InputError(f"{name} of several hosts is several files: give a folder as --out")
    return _encoded(content[main] if isinstance(content, Mapping) else content)


def render(report: Report, name: str, catalogue: Catalogue = EN) -> str:
    """Return the report in a format that is text: of several files the one that stands for it."""
    return main_file(report, name, catalogue).decode("utf-8")


def write(
    report: Report, formats: Sequence[str], out: Path, catalogue: Catalogue = EN
) -> list[Path]:
    """Write the report in each format and return the path of the file that stands for each.

    `out` is the file of a single format, or a folder: it is one when it exists as one, ends in a
    slash (the caller sees to that), has no suffix, or when there are several formats. Raises
    `InputError` where it cannot be written.
    """
    folder = out.is_dir() or len(formats) > 1 or not out.suffix
    written = []
    for name in formats:
        path = out / FORMATS[name][0] if folder else out
        try:
            with Whole() as whole:
                if folder:
                    for part, content in files(report, name, catalogue):
                        whole.add(out / part, content)
                else:
                    whole.add(path, main_file(report, name, catalogue))
        except OSError as error:
            raise _not_written(path, error) from error
        written.append(path)
    return written


def write_whole(path: Path, content: str) -> None:
    """Write one file whole or not at all; raises `InputError` where it cannot be written."""
    try:
        with Whole() as whole:
            whole.add(path, content.encode("utf-8"))
    except OSError as error:
        raise _not_written(path, error) from error


class Whole:
    """Files that appear when all of them are written: `with Whole() as whole: whole.add(...)`.

    Each is written beside its place first, and none is put in its place if anything fails before
    the end. A new file is private (0600); one that is replaced keeps its mode, if it is ours.
    """

    def __init__(self) -> None:
        self._written: list[tuple[Path, Path]] = []

    def __enter__(self) -> Whole:
        """Begin."""
        return self

    def add(self, path: Path, content: bytes) -> None:
        """Write a file's content beside its place; raises `OSError`."""
        _make(path.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._written.append((temporary, path))
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), _mode(path))
            os.fsync(file.fileno())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put all files in their places, or take them away."""
        try:
            if error is None:
                for temporary, path in self._written:
                    temporary.replace(path)
        finally:
            for temporary, _ in self._written:
                temporary.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """Make a folder and those above it, private."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)


def _mode(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0o600
    ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return stat.S_IMODE(found.st_mode) if ours else 0o600


def _encoded(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def _not_written(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written ({error.strerror}); give another --out")
