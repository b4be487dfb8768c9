"""Kind `listing`: metadata of a path, of a folder's entries, and of the way that leads there."""

import os
import shlex
import stat
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from truthmap_collector import host, reading
from truthmap_collector.metadata import Names, Row, permissions, row
from truthmap_collector.observation import COLLECTED, Verdict, from_os_error, refusal
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_SHEBANG_BYTES = 256  # BINPRM_BUF_SIZE in Linux: what lies beyond, the kernel does not read either


class Options(NamedTuple):
    """What to add to each row, how many folders down to go, and what to leave out."""

    names: Names
    interpreter: bool
    depth: int
    least: int


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """List `path`: its entries first, then itself with `parents`, so that a cut leaves itself.

    A path that is missing or denied still gives one row, with type null and the parents. With
    `depth` folders are entered too; one that is not (a mount, denied) says so in `error`.
    With `least_bytes` smaller entries and the folders that were entered are left out.
    """
    path = args["path"]
    options = Options(
        Names.read(),
        bool(args.get("interpreter")),
        int(args.get("depth", 1)),
        int(args.get("least_bytes", 0)),
    )
    parents = list(_parents(path))
    try:
        itself = _entry(path, options)
        complete = args.get("entries", True) is False or _write_folder(path, options, turn)
    except OSError as error:
        turn.write({"path": path, "type": None, "parents": parents})
        return from_os_error(error, path)
    itself["parents"] = parents
    turn.write(itself)
    return Verdict(COLLECTED) if complete else turn.timed_out()


def by_hand(args: Dict[str, Any]) -> str:
    """Return `ls -la PATH`, `ls -lad PATH` without entries, or the `find` that goes as deep."""
    if "depth" in args or "least_bytes" in args:
        size = " -size +{}c".format(args["least_bytes"] - 1) if "least_bytes" in args else ""
        depth = int(args.get("depth", 1))
        return "find {} -xdev -maxdepth {}{} -ls".format(shlex.quote(args["path"]), depth, size)
    flags = "-lad" if args.get("entries") is False else "-la"
    return "ls {} {}".format(flags, shlex.quote(args["path"]))


def _write_folder(path: str, options: Options, turn: Turn) -> bool:
    raw = host.to_os(path)
    return not os.path.isdir(raw) or _write_entries(path, raw, options, turn)


def _write_entries(path: str, raw: bytes, options: Options, turn: Turn) -> bool:
    """Write what is in a folder, each folder after its own entries; False if time was up."""
    for name in sorted(os.listdir(raw)):
        if turn.over():
            return False
        below = os.path.join(raw, name)
        entry = os.path.join(path, host.from_os(name))
        try:
            line = _entry(entry, options, below)
        except OSError as error:
            turn.write({"path": entry, "type": None, "error": refusal(error)})
            continue
        shown = line["size"] >= options.least
        if line["type"] == "directory" and options.depth > 1:
            shown = not options.least
            try:
                if os.lstat(below).st_dev != os.stat(raw).st_dev:
                    line["error"] = "a mount, which is not entered"
                elif not _write_entries(entry, below, _deeper(options), turn):
                    return False
            except OSError as error:
                line["error"] = refusal(error)
        if shown or "error" in line:
            turn.write(line)
    return True


def _deeper(options: Options) -> Options:
    return options._replace(depth=options.depth - 1)


def _entry(path: str, options: Options, raw: Optional[bytes] = None) -> Row:
    """Return the row of a path, symlink or not. Raises OSError if there is no such path."""
    raw = host.to_os(path) if raw is None else raw
    found = os.lstat(raw)
    entry = row(path, found, options.names)
    if stat.S_ISLNK(found.st_mode):
        entry["target"] = host.from_os(os.readlink(raw))
        entry["resolved"] = _resolved(raw, options)
    else:
        entry["target"] = None
        entry["resolved"] = None
        if options.interpreter:
            entry.update(_interpreter(raw, found, options))
    return entry


def _resolved(raw: bytes, options: Options) -> Optional[Row]:
    """Return what a symlink leads to; None if it leads nowhere (dangling, a loop, denied)."""
    try:
        found = os.stat(raw)
    except OSError:
        return None
    real = os.path.realpath(raw)
    entry = row(host.from_os(real), found, options.names)
    if options.interpreter:
        entry.update(_interpreter(real, found, options))
    return entry


def _interpreter(raw: bytes, found: os.stat_result, options: Options) -> Row:
    """Return `interpreter` and `interpreter_entry` for a script, nothing for any other file."""
    if not stat.S_ISREG(found.st_mode):
        return {}
    try:
        start = reading.head(raw, _SHEBANG_BYTES)
    except (OSError, reading.NotRegularError):
        return {}
    if not start.startswith(b"#!"):
        return {}
    interpreter = _named(start[2:].split(b"\n", 1)[0])
    try:
        return {
            "interpreter": interpreter,
            "interpreter_entry": _entry(interpreter, options._replace(interpreter=False)),
        }
    except OSError:
        return {"interpreter": interpreter, "interpreter_entry": None}


def _named(line: bytes) -> str:
    """Return the interpreter a `#!` line names, `env NAME` resolved through the fixed PATH.

    Only space and tab separate words, as in the kernel: a carriage return left by an editor
    belongs to the path and makes it one that does not exist.
    """
    words = [word for word in host.from_os(line).replace("\t", " ").split(" ") if word]
    if not words:
        return ""
    if os.path.basename(words[0]) != "env":
        return words[0]
    for word in words[1:]:
        if not word.startswith("-") and "=" not in word:
            return host.find_program(word) or word
    return words[0]


def _parents(path: str) -> Iterator[Row]:
    """Yield the folders from / down to a path, then those of where its folder really is."""
    folder = os.path.dirname(path)
    ways = [folder]
    real = host.from_os(os.path.realpath(host.to_os(folder)))
    if real != folder:
        ways.append(real)
    seen = set()
    for step in [step for way in ways for step in _steps(way)]:
        if step not in seen:
            seen.add(step)
            yield _parent(step)


def _steps(folder: str) -> List[str]:
    steps = ["/"]
    for name in folder.split("/"):
        if name:
            steps.append(os.path.join(steps[-1], name))
    return steps


def _parent(path: str) -> Row:
    try:
        found = os.stat(host.to_os(path))
    except OSError as error:
        return {"path": path, "mode": None, "uid": None, "gid": None, "error": refusal(error)}
    return {
        "path": path,
        "mode": permissions(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
    }
