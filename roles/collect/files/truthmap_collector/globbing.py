"""Expanding shell patterns without losing sight of the folders that may not be read."""

import fnmatch
import os
from typing import List, NamedTuple, Tuple

from truthmap_collector import host

__all__ = ["Expansion", "expand"]

_MAGIC = "*?["


class Expansion(NamedTuple):
    """The paths that match, sorted, and the folders that could not be searched."""

    paths: List[bytes]
    denied: List[str]


def expand(pattern: str) -> Expansion:
    """Expand an absolute pattern (`*`, `?`, `[…]`; no `**`), as a shell does.

    `glob.glob` passes over a folder it may not read, and so makes "denied" look like "absent".
    """
    denied: List[str] = []
    paths = [b"/"]
    for part in (part for part in pattern.split("/") if part):
        found: List[bytes] = []
        for folder in paths:
            matches, refused = _step(folder, part)
            found.extend(matches)
            denied.extend(refused)
        paths = found
    return Expansion(sorted(set(paths)), denied)


def _step(folder: bytes, part: str) -> Tuple[List[bytes], List[str]]:
    try:
        if not any(sign in part for sign in _MAGIC):
            path = os.path.join(folder, host.to_os(part))
            os.lstat(path)
            return [path], []
        names = os.listdir(folder)
    except PermissionError:
        return [], [host.from_os(folder)]
    except OSError:
        return [], []
    wanted = host.to_os(part)
    return [os.path.join(folder, name) for name in names if _matches(name, wanted)], []


def _matches(name: bytes, wanted: bytes) -> bool:
    if name.startswith(b".") and not wanted.startswith(b"."):
        return False
    return fnmatch.fnmatchcase(name, wanted)
