"""Kind `checkout`: the git checkouts that folders belong to, read from git's files alone."""

import os
import shlex
from typing import Any, Dict, Iterator

from truthmap_collector import checkouts, host
from truthmap_collector.metadata import Names
from truthmap_collector.observation import COLLECTED, Verdict, refusal
from truthmap_collector.source.search import is_broad
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_SHOWN = 50


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a checkout, once for all folders in it; folders in none leave no row.

    `modified` and `deleted` are tracked files, at most 50 of each; `dirty` counts all of them, null
    where the index could not be compared: `error` then says why. `refused` are tracked files that
    could not be looked at. A folder that cannot be looked into leaves a row `folder` with `error`,
    unless it is one of the system's, such as /root.
    """
    names = Names.read()
    seen = set()
    for folder in _folders(args):
        if turn.over():
            return turn.timed_out()
        real = host.from_os(os.path.realpath(host.to_os(folder)))
        try:
            top = checkouts.find(real)
        except OSError as error:
            if real not in seen and not is_broad(real):
                turn.write({"folder": real, "error": refusal(error)})
            seen.add(real)
            continue
        if top is not None and top not in seen:
            seen.add(top)
            turn.write(_row(top, names, turn, int(args.get("files", 50000))))
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the status of the first folder's checkout."""
    folder = next(_folders(args), "/")
    return "git -C {} status --branch --porcelain".format(shlex.quote(folder))


def _folders(args: Dict[str, Any]) -> Iterator[str]:
    """Yield the folders, and of declared roots those one and two steps below too."""
    yield from args["folders"]
    for root in args.get("roots", []):
        yield root
        for folder in _below(root):
            yield folder
            yield from _below(folder)


def _below(folder: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(host.to_os(folder)))[:500]
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, host.from_os(name))
        if name[:1] != b"." and os.path.isdir(host.to_os(path + "/.git")):
            yield path


def _row(top: str, names: Names, turn: Turn, most: int) -> Dict[str, Any]:
    row: Dict[str, Any] = {"path": top, "dirty": None}
    try:
        found = os.stat(host.to_os(top))
        row.update(uid=found.st_uid, owner=names.users.get(found.st_uid))
        git = checkouts.git_folder(top)
        row["branch"], row["commit"] = checkouts.head(git)
        row["remotes"] = checkouts.remotes(git, top)
        index = checkouts.differences(top, git, turn.over, most)
    except OSError as error:
        where = host.from_os(os.fsencode(error.filename)) if error.filename else top
        return dict(row, error="{}: {}".format(where, refusal(error)))
    except (ValueError, IndexError) as error:
        return dict(row, error="its index cannot be read: {}".format(error))
    row.update(
        tracked=index.files,
        modified=index.modified[:_SHOWN],
        deleted=index.deleted[:_SHOWN],
        complete=index.complete,
        dirty=len(index.modified) + len(index.deleted),
    )
    if index.refused:
        row["refused"] = index.refused
    return row
