"""Expanding shell patterns without losing sight of the folders that may not be read."""

import fnmatch
import os
from typing import List, NamedTuple, Sequence

from truthmap_collector import host
from truthmap_collector.observation import refusal

__all__ = ["Expansion", "expand"]

_MAGIC = "*?["


class Expansion(NamedTuple):
    """The paths that match, sorted, the folders that may not be searched, what else went wrong."""

    paths: List[bytes]
    denied: List[str]
    failed: Sequence[str] = ()


def expand(pattern: str) -> Expansion:
    """Expand an absolute pattern (`*`, `?`, `[…]`; no `**`), as a shell does.

    `glob.glob` passes over a folder it may not read, and so makes "denied" look like "absent".
    """
    denied: List[str] = []
    failed: List[str] = []
    paths = [b"/"]
    for part in (part for part in pattern.split("/") if part):
        found: List[bytes] = []
        for folder in paths:
            step = _step(folder, part)
            found.extend(step.paths)
            denied.extend(step.denied)
            failed.extend(step.failed)
        paths = found
    return Expansion(sorted(set(paths)), denied, failed)


def _step(folder: bytes, part: str) -> Expansion:
    try:
        if not any(sign in part for sign in _MAGIC):
            path = os.path.join(folder, host.to_os(part))
            os.lstat(path)
            return Expansion([path], [])
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return Expansion([], [])
    except PermissionError:
        return Expansion([], [host.from_os(folder)])
    except OSError as error:
        return Expansion([], [], ["{}: {}".format(host.from_os(folder), refusal(error))])
    wanted = host.to_os(part)
    return Expansion([os.path.join(folder, name) for name in names if _matches(name, wanted)], [])


def _matches(name: bytes, wanted: bytes) -> bool:
    if name.startswith(b".") and not wanted.startswith(b"."):
        return False
    return fnmatch.fnmatchcase(name, wanted)
