"""Why systemd could not execute a program (exit status 203), from what stands at its path."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.facts import Each
from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.parsers.systemd_executables import Executable, Node
from reporter.parsers.systemd_units import Unit
from reporter.recorded import recorded

__all__ = ["EXEC", "Obstacle", "obstacle"]

EXEC = 203
"""EXIT_EXEC of systemd.exec(5): executing the program failed."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a program from being executed; `seen` is false where nothing at its path does."""

    message: Text
    seen: bool
    citations: tuple[Citation, ...] = ()


def obstacle(unit: Unit, executables: Each[Executable] | Missing) -> Obstacle:
    """Return why the unit's program cannot be executed, as far as the evidence tells."""
    found = [_at(path, unit.user, executables) for path in _paths(unit)]
    if not found:
        return Obstacle(text("which program it is, is not shown"), seen=False)
    return next((one for one in found if one.seen), found[0])


def _paths(unit: Unit) -> list[str]:
    """Return the programs in question: those remembered to have failed so, else all."""
    every = (*unit.before_start, *unit.commands)
    failed = [one.path for one in every if one.code == "exited" and one.status == EXEC]
    return list(dict.fromkeys(failed or [one.path for one in unit.commands]))


def _at(path: str, user: str | None, executables: Each[Executable] | Missing) -> Obstacle:
    found = executables if isinstance(executables, Missing) else executables.get(path)
    if isinstance(found, Missing):
        return Obstacle(
            text(
                "{path}; why is not known, its path was not looked at ({reason})",
                path=path,
                reason=found.reason,
            ),
            seen=False,
        )
    message = next(_obstacles(path, user, found), None)
    if message is not None:
        return Obstacle(message, seen=True, citations=(found.cite(),))
    if found.denied is not None:
        message = text(
            "{path}; why is not known, its path could not be looked at ({reason})",
            path=path,
            reason=recorded(found.denied),
        )
        return Obstacle(message, seen=False, citations=(found.cite(),))
    return Obstacle(
        text(
            "{path} exists and may be executed now ({shown}), so the cause is not known: a "
            "noexec mount, a format or architecture the kernel does not run, a security policy, "
            "another RootDirectory=, or it was repaired since",
            path=path,
            shown=found.file.shown if found.file else "?",
        ),
        seen=False,
        citations=(found.cite(),),
    )


def _obstacles(path: str, user: str | None, found: Executable) -> Iterator[Text]:
    """Yield what is in the way, the most certain first."""
    file = found.file
    if found.denied is not None:
        yield from _barred(path, user, found)
        return
    if file is None and found.link is not None:
        yield text("{path} is a symlink to {link}, which is missing", path=path, link=found.link)
        return
    if file is None:
        yield text("{path} does not exist", path=path)
        return
    if file.type == "directory":
        yield text("{path} is a folder, not a program", path=path)
        return
    if file.mode is not None and not file.mode & _ANY_X:
        yield text("{path} is not executable (mode {shown})", path=path, shown=file.shown)
    yield from _interpreter(path, found)
    yield from _barred(path, user, found)


def _interpreter(path: str, found: Executable) -> Iterator[Text]:
    if found.interpreter is None:
        return
    entry = found.interpreter_file
    if entry is None:
        yield text(
            "{path} asks for the interpreter {interpreter} in its first line, which is missing",
            path=path,
            interpreter=found.interpreter or '""',
        )
    elif entry.mode is not None and not entry.mode & _ANY_X:
        yield text(
            "the interpreter {interpreter} of {path} is not executable (mode {shown})",
            path=path,
            interpreter=found.interpreter,
            shown=entry.shown,
        )


def _barred(path: str, user: str | None, found: Executable) -> Iterator[Text]:
    """Yield what bars the service's user; root is barred by no permission bit."""
    if user is None or user in {"", "root", "0"}:
        return
    uid = _uid(user, found)
    for folder in found.parents:
        if _shut(folder, user, uid):
            yield text(
                "{user} may not enter the folder {folder} (mode {shown}) on the way to {path}",
                user=user,
                folder=folder.path,
                shown=folder.shown,
                path=path,
            )
    if found.file is not None and _shut(found.file, user, uid):
        yield text(
            "{user} may not execute {path} (mode {shown})",
            user=user,
            path=path,
            shown=found.file.shown,
        )


_ANY_X = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def _uid(user: str, found: Executable) -> int | None:
    """Return the number of the user where it is given or shown by a file of theirs."""
    if user.isdigit():
        return int(user)
    return found.file.uid if found.file is not None and found.file.owner == user else None


def _shut(node: Node, user: str, uid: int | None) -> bool:
    """Say whether the mode certainly bars the user.

    Their groups are not known, so an x for the group opens the way; and where ACLs grant more
    than the mode, the group's bits show it.
    """
    if node.mode is None or node.mode & (stat.S_IXGRP | stat.S_IXOTH):
        return False
    if node.owner == user or (uid is not None and node.uid == uid):
        return not node.mode & stat.S_IXUSR
    # A folder of an unknown owner may be the user's own.
    return uid is not None or node.owner is not None or node.uid == 0
