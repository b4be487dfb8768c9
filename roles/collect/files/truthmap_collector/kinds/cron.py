"""Kind `cron`: what cron and anacron are told to start, entry by entry.

Commands may carry secrets: `command`, `text`, `value` and `names` are free text of the host and
masked. Programs are named apart from them by their paths, there or missing.
"""

import os
import shlex
from typing import Any, Dict, List, Set

from truthmap_collector import crontab, host, reading
from truthmap_collector.globbing import expand
from truthmap_collector.metadata import Names, row
from truthmap_collector.observation import ABSENT, COLLECTED, DENIED, Tail, Verdict, refusal
from truthmap_collector.turn import Turn

__all__ = ["WORDS", "by_hand", "look"]

WORDS = ("run-parts", "--report", "MAILTO", "anacron", "crontab")

_SHOWN_SETTINGS = ("SHELL", "PATH", "HOME", "MAILTO", "CRON_TZ")
_BYTES = 262144  # MAXLINE and the like are far below; cron itself takes crontabs up to 256 kB
_DAEMONS = ("/usr/sbin/cron", "/usr/sbin/crond", "/usr/sbin/anacron")
_ORDER = (crontab.SYSTEM, crontab.USER, crontab.ANACRON)


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write a row for the host, for each table, its settings and its entries, and for each script.

    `system` are patterns of tables that name a user in each entry, `user` of those that belong to
    one, `anacron` of anacron's own, `scripts` of what run-parts starts.
    """
    names = Names.read()
    turn.write({"daemons": [path for path in _DAEMONS if os.path.exists(path)], **_sources()})
    denied: List[str] = []
    tables = 0
    for form in (*_ORDER, "scripts"):
        for pattern in args.get(form, []):
            found = expand(pattern)
            denied.extend(found.denied)
            for path in found.paths:
                if turn.over():
                    return turn.timed_out()
                tables += 1
                if form == "scripts":
                    _metadata(path, form, names, turn)
                else:
                    _table(path, form, names, turn)
    for folder in sorted(set(denied)):
        turn.write({"path": folder, "form": "folder", "error": "Permission denied"})
    if tables:
        return Verdict(COLLECTED)
    if denied:
        return Verdict(DENIED, "may not be searched: " + ", ".join(sorted(set(denied))))
    return Verdict(ABSENT, "there is no crontab, and no folder of cron has a file")


def by_hand(args: Dict[str, Any]) -> str:
    """Return the commands that show the same."""
    tables = [pattern for form in _ORDER for pattern in args.get(form, [])]
    parts = ["grep -Hv '^#' " + " ".join(_unquoted(one) for one in tables)] if tables else []
    if args.get("scripts"):
        parts.append("ls -l " + " ".join(_unquoted(one) for one in args["scripts"]))
    return "; ".join(parts)


def _unquoted(pattern: str) -> str:
    """Return a pattern for a shell to expand."""
    return shlex.quote(pattern).strip("'") if "'" not in pattern else shlex.quote(pattern)


def _sources() -> Dict[str, Any]:
    """Return where the host takes users from, nsswitch.conf(5); null where that is not said."""
    try:
        with open("/etc/nsswitch.conf", "rb") as stream:
            lines = host.from_os(stream.read()).splitlines()
    except OSError:
        return {"users_from": None}
    for line in lines:
        name, _, sources = line.partition("#")[0].partition(":")
        if name.strip() == "passwd":
            return {"users_from": sources.split()}
    return {"users_from": None}


def _metadata(path: bytes, form: str, names: Names, turn: Turn) -> bool:
    """Write a file's own row; say whether it is a regular file."""
    shown = host.from_os(path)
    try:
        found = os.stat(path)
        line = row(shown, found, names)
        line.update(form=form, symlink=os.path.islink(path), links=found.st_nlink)
    except OSError as error:
        turn.write({"path": shown, "form": form, "error": refusal(error)})
        return False
    turn.write(line)
    return bool(line["type"] == "file")


def _table(path: bytes, form: str, names: Names, turn: Turn) -> None:
    if not _metadata(path, form, names, turn):
        return
    shown = host.from_os(path)
    tail = Tail(_BYTES)
    try:
        reading.into(tail, path, _BYTES, turn.deadline)
    except reading.NotRegularError as error:
        turn.write({"path": shown, "error": str(error)})
        return
    except OSError as error:
        turn.write({"path": shown, "error": refusal(error)})
        return
    kept = tail.stream()
    ended = kept.data.endswith(b"\n") or not kept.data
    turn.write({"path": shown, "newline": ended, "truncated": kept.truncated})
    settings: Dict[str, str] = {}
    users = set(names.users.values())
    for line in crontab.split(host.from_os(kept.data), form):
        _write_line(shown, line, settings, users, turn)


def _write_line(
    path: str, line: crontab.Line, settings: Dict[str, str], users: Set[str], turn: Turn
) -> None:
    place: Dict[str, Any] = {"path": path, "line": line.number}
    if line.setting:
        name, value = line.setting
        settings[name] = value
        if name in _SHOWN_SETTINGS:
            turn.write(dict(place, setting=name, value=value))
    elif line.command is None:
        turn.write(dict(place, text=line.text))
    else:
        started = crontab.programs(line.command, settings)
        place.update(schedule=line.schedule, command=line.command)
        if line.user is not None:
            known = line.user in users
            place.update(user=line.user if known else None)
            if not known:
                place.update(text=line.user)
        turn.write(
            dict(
                place,
                programs=started.found,
                missing=started.missing,
                names=started.names,
                guarded=started.guarded,
            )
        )
