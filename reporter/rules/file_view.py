"""What is known of a path or pattern that a profile names: there, empty, absent, or not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reporter.facts import Each
from reporter.findings import Citation, Missing, Status
from reporter.messages import Text, text
from reporter.parsers.named_files import NamedFile, NamedFiles
from reporter.profile import is_pattern
from reporter.rules.host_figures import size
from reporter.rules.times import at

__all__ = ["FileAnswer", "file_answer"]

_SHOWN = 4
_SIZELESS = ("/proc/", "/sys/")
"""Below these a size says nothing of what a file holds."""


@dataclass(frozen=True)
class FileAnswer:
    """What to say of a path or pattern: ok, degraded (empty), down (absent) or unknown."""

    status: Status
    message: Text
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()


def file_answer(path: str, named: Each[NamedFiles] | Missing) -> FileAnswer:
    """Return what is known of a path or pattern."""
    seen = named if isinstance(named, Missing) else _seen(path, named)
    if isinstance(seen, Missing):
        return _unknown(path, seen)
    there = [file for file in seen.files if file.outcome == "collected"]
    lost = [file for file in seen.files if file.outcome == "absent"]
    unclear = [file for file in seen.files if file.outcome not in {"collected", "absent"}]
    hollow = [file for file in there if _is_empty(file)]
    if there and not hollow and not lost:
        return FileAnswer("ok", _present(path, there), _cited(there))
    if there:
        wrong = [*hollow, *lost]
        return FileAnswer("degraded", _broken(path, wrong, len(seen.files)), _cited(wrong))
    if unclear:
        gap = Missing(seen.record, _refused(unclear[0]))
        return _unknown(path, gap, _cited(unclear))
    if seen.gap is not None:
        return _unknown(path, seen.gap)
    if lost:
        return FileAnswer("down", _leading_nowhere(path, lost), _cited(lost))
    return FileAnswer("down", _nothing(path), (Citation(seen.record),))


def _seen(path: str, named: Each[NamedFiles]) -> NamedFiles | Missing:
    if path in named.values or path in named.missing:
        return named.get(path)
    return Missing(named.probe, text("the run was not asked to look at {path}", path=path))


def _unknown(path: str, gap: Missing, citations: tuple[Citation, ...] = ()) -> FileAnswer:
    message = text(
        "{path}: whether it is there is not known ({reason})", path=path, reason=gap.reason
    )
    return FileAnswer("unknown", message, citations, (gap,))


def _is_empty(file: NamedFile) -> bool:
    return file.type == "file" and file.size == 0 and not file.path.startswith(_SIZELESS)


def _cited(files: Sequence[NamedFile]) -> tuple[Citation, ...]:
    return tuple(file.cited for file in files[:_SHOWN])


def _names(files: Sequence[NamedFile]) -> str:
    rest = len(files) - _SHOWN
    shown = ", ".join(file.path for file in files[:_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _present(path: str, files: Sequence[NamedFile]) -> Text:
    if len(files) == 1:
        (file,) = files
        return text("{path} is there: {what}", path=file.path, what=_what(file))
    return text(
        "{count} files fit {path}: {names}", count=len(files), path=path, names=_names(files)
    )


def _what(file: NamedFile) -> Text:
    written = at(file.modified) if file.modified is not None else "?"
    kind = file.type or "?"
    if file.type == "file":
        kind = f"file, {size(file.size or 0)}"
    return text(
        "{kind}, mode {mode}, of {owner}, written {written}",
        kind=kind,
        mode=file.mode or "?",
        owner=file.owner or "?",
        written=written,
    )


def _broken(path: str, files: Sequence[NamedFile], count: int) -> Text:
    if len(files) == 1 and count == 1:
        (file,) = files
        return text("{path} is empty: {what}", path=file.path, what=_what(file))
    return text(
        "of {count} files that fit {path} these are empty or lead nowhere: {names}",
        count=count,
        path=path,
        names=_names(files),
    )


def _leading_nowhere(path: str, files: Sequence[NamedFile]) -> Text:
    if len(files) == 1:
        (file,) = files
        return text(
            "{path} leads to {target}, which does not exist",
            path=file.path,
            target=file.target or "?",
        )
    return text("what fits {path} leads nowhere: {names}", path=path, names=_names(files))


def _nothing(path: str) -> Text:
    if is_pattern(path):
        return text("no file fits {path}", path=path)
    return text("{path} does not exist", path=path)


def _refused(file: NamedFile) -> Text:
    said = (file.error or "?").lower()
    if file.target is None:
        return text("{error}: {path}", error=said, path=file.path)
    return text("{error}: {path} leads to {target}", error=said, path=file.path, target=file.target)
