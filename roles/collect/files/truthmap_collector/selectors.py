"""Selectors: which targets a probe takes from another's output.

Most read that of `systemctl show`: blocks separated by blank lines, properties in any order, some
repeated:

    ExecMainCode=1
    ExecMainStatus=203
    ExecStart={ path=/opt/x/run ; argv[]=/opt/x/run ; ignore_errors=no ; … ; status=203 }
    Id=x.service
    SubState=auto-restart

`socket_pids` reads that of `ss -p`:

    tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=47,fd=6))

`blocked_processes` reads that of the kind `process`:

    {"pid":47,"uid":101,...,"name":"redis-server","state":"S","ppid":1,"cwd":"/var/lib/redis"}

`service_files` and `unit_file_names` read that of `systemctl list-unit-files`:

    x.service disabled enabled

`redis_endpoints` reads that of `ss -l -t -x -p -e`, see `truthmap_collector.listeners`.

`redis_names` reads rows of kind `redis`, in which keys and groups are named:

    {"ask":["SCAN","0","TYPE","stream","COUNT","1000"],"db":0,"reply":{"streams":["a:b"], …}}
    {"ask":["XINFO","GROUPS","a:b"],"db":0,"reply":[{"name":"readers", …}]}

Each gives an ordered list without repetition and takes garbage for what it is: nothing.
"""

import json
import re
import shlex
from typing import Any, Callable, Dict, Iterable, Iterator, List, Tuple

from truthmap_collector.listeners import redis_endpoints
from truthmap_collector.source import programs

__all__ = ["SELECTORS", "select"]

_Block = Dict[str, List[str]]

_UNIT_NAME = re.compile(
    r"[A-Za-z0-9:_.\\@-]{1,245}\."
    r"(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)"
)
_PID = re.compile(r"\bpid=([1-9][0-9]{0,9})\b")
_NAMING_ROW = re.compile(r'\{"ask": ?\["(?:SCAN"|XINFO", ?"GROUPS")')
_ROW_PID = re.compile(r'\{"pid":([1-9][0-9]{0,9}),')
_EXEC_PATH = re.compile(r"\{ path=(/.*?) ; argv\[\]=")
_ENV_FILE = re.compile(r"(/.*) \(ignore_errors=(?:yes|no)\)")
_EXEC_ARGV = re.compile(r" ; argv\[\]=(.*) ; (?:ignore_errors|flags)=")
_EXEC_STATUS = re.compile(r" ; status=(\d{1,3})(?:/[A-Z]+)? \}$")

# systemd.exec(5), "Process exit codes": 200 to 243 are systemd's own, set before or while it
# executes the program. si_code (sigaction(2)) 1 is "exited"; `show` prints the number.
_SYSTEMD_STATUSES = range(200, 244)
_EXITED = "1"

_SYSTEMDS = ("initrd-", "systemd-")
_AT_REST = ("disabled", "indirect", "linked", "static")


def select(name: str, stdout: str) -> List[str]:
    """Return the targets the selector `name` finds in an output. Raises KeyError: no such name."""
    return list(dict.fromkeys(SELECTORS[name](stdout)))


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            block.setdefault(name, []).append(value)
        elif not line.strip() and block:
            yield block
            block = {}
    if block:
        yield block


def _unit_names(blocks: Iterable[_Block]) -> Iterator[str]:
    """Every unit's id and its other names."""
    for block in blocks:
        names = block.get("Id", []) + [
            name for value in block.get("Names", []) for name in _words(value)
        ]
        yield from (name for name in names if _UNIT_NAME.fullmatch(name))


def _words(value: str) -> List[str]:
    """Split a list of names; `show` quotes those that hold a backslash ("a@b\\\\x2dc.service")."""
    if '"' not in value:
        return value.split()
    try:
        return shlex.split(value)
    except ValueError:
        return []


def _restarted_units(blocks: Iterable[_Block]) -> Iterator[str]:
    """Services that were restarted, are about to be, or ran into the start limit."""
    for block in blocks:
        restarts = _first(block, "NRestarts")
        if (
            (restarts.isdecimal() and restarts.strip("0"))
            or _first(block, "SubState").startswith("auto-restart")
            or _first(block, "Result") == "start-limit-hit"
        ):
            yield from _unit(block, ".service")


def _failing_units(blocks: Iterable[_Block]) -> Iterator[str]:
    """Units that failed or are about to be restarted."""
    for block in blocks:
        waiting = _first(block, "SubState").startswith("auto-restart")
        if waiting or _first(block, "ActiveState") == "failed":
            yield from _unit(block)


def _failing_executables(blocks: Iterable[_Block]) -> Iterator[str]:
    """The programs of services that systemd could not get to run."""
    for block in blocks:
        if not list(_unit(block, ".service")):
            continue
        exited = _first(block, "ExecMainCode") == _EXITED
        main_failed = exited and _is_systemds(_first(block, "ExecMainStatus"))
        for name, values in block.items():
            if name.startswith("Exec"):
                for value in values:
                    status = _EXEC_STATUS.search(value)
                    if (main_failed and name == "ExecStart") or (
                        status and _is_systemds(status.group(1))
                    ):
                        yield from _path(value)


def _env_files(blocks: Iterable[_Block]) -> Iterator[str]:
    """The files, or patterns of files, that units take their environment from."""
    for block in blocks:
        for value in block.get("EnvironmentFiles", []):
            found = _ENV_FILE.fullmatch(value)
            if found:
                yield found.group(1)


def _model_folders(blocks: Iterable[_Block]) -> Iterator[str]:
    """The folders named `models` in the folders services work in, whether or not there is one.

    User managers and rescue shells, which work in homes, are no services of an application.
    """
    for block in blocks:
        folder = _first(block, "WorkingDirectory").lstrip("!-").rstrip("/")
        names = [name for name in _unit(block, ".service") if not name.startswith("user@")]
        if folder.startswith("/") and folder != "/root" and names:
            yield folder + "/models"


def _is_systemds(status: str) -> bool:
    return status.isdecimal() and int(status) in _SYSTEMD_STATUSES


def _path(value: str) -> List[str]:
    found = _EXEC_PATH.search(value)
    return [found.group(1)] if found else []


def _unit(block: _Block, suffix: str = "") -> List[str]:
    name = _first(block, "Id")
    return [name] if _UNIT_NAME.fullmatch(name) and name.endswith(suffix) else []


def _first(block: _Block, name: str) -> str:
    return block.get(name, [""])[0].strip()


def _unit_file_names(stdout: str) -> Iterator[str]:
    """Every unit whose file is on disk: one that was stopped and disabled is not in memory."""
    for line in stdout.splitlines():
        name = line.partition(" ")[0]
        if _UNIT_NAME.fullmatch(name):
            yield name


def _service_files(stdout: str) -> Iterator[str]:
    """The services whose unit files are on disk and that nothing starts at boot.

    Such a one is often not in memory, so `show` with a pattern does not know of it. Systemd's own
    are left out: they are many, and to ask for one that is not in memory makes PID 1 read it.
    """
    for line in stdout.splitlines():
        name, state = (line.split() + ["", ""])[:2]
        plain = name.endswith(".service") and not name.endswith("@.service")
        own = plain and not name.startswith(_SYSTEMDS)
        if own and state in _AT_REST and _UNIT_NAME.fullmatch(name):
            yield name


def _python_programs(blocks: Iterable[_Block]) -> Iterator[str]:
    """The Python programs of services that are not the distribution's, as lines of JSON."""
    for block in blocks:
        for unit, words in _started(block):
            found = programs.named_in(words, _folder(block))
            if found:
                yield programs.target(unit, found)


def _program_folders(blocks: Iterable[_Block]) -> Iterator[str]:
    """Where services have their programs and work, unless that is the distribution's."""
    for block in blocks:
        for _, words in _started(block):
            yield from programs.folders(words, _folder(block))


def _started(block: _Block) -> Iterator[Tuple[str, List[str]]]:
    """Yield a service's name and the words of each of its commands."""
    for unit in _unit(block, ".service"):
        for value in block.get("ExecStart", []):
            argv = _EXEC_ARGV.search(value)
            if argv:
                # With `@` the first word is whatever the unit says; the path is what runs.
                words = argv.group(1).split()
                yield unit, (_path(value) or words[:1]) + words[1:]


def _folder(block: _Block) -> str:
    """Return a unit's working folder; a user's home, `~`, is not known."""
    folder = _first(block, "WorkingDirectory").lstrip("-!")
    return folder if folder.startswith("/") else ""


def _socket_pids(stdout: str) -> Iterator[str]:
    """The processes that hold sockets."""
    for line in stdout.splitlines():
        _, _, users = line.partition(" users:((")
        yield from _PID.findall(users)


def _redis_names(stdout: str) -> Iterator[str]:
    """The streams and consumer groups of a server."""
    for line in stdout.splitlines():
        if not _NAMING_ROW.match(line):
            continue
        try:
            reply = json.loads(line).get("reply")
        except (ValueError, RecursionError):
            continue
        found: Any = reply.get("streams") if isinstance(reply, dict) else reply
        for one in found if isinstance(found, list) else []:
            name = one.get("name") if isinstance(one, dict) else one
            if isinstance(name, str):
                yield name


def _blocked_processes(stdout: str) -> Iterator[str]:
    """Processes that are dead and not waited for, or wait and cannot be interrupted."""
    for line in stdout.splitlines():
        if '"state":"Z"' in line or '"state":"D"' in line:
            found = _ROW_PID.match(line)
            if found:
                yield found.group(1)


def _in_blocks(read: Callable[[Iterable[_Block]], Iterator[str]]) -> Callable[[str], Iterator[str]]:
    return lambda stdout: read(_blocks(stdout))


SELECTORS: Dict[str, Callable[[str], Iterator[str]]] = {
    "blocked_processes": _blocked_processes,
    "env_files": _in_blocks(_env_files),
    "failing_executables": _in_blocks(_failing_executables),
    "failing_units": _in_blocks(_failing_units),
    "model_folders": _in_blocks(_model_folders),
    "program_folders": _in_blocks(_program_folders),
    "python_programs": _in_blocks(_python_programs),
    "redis_endpoints": redis_endpoints,
    "redis_names": _redis_names,
    "restarted_units": _in_blocks(_restarted_units),
    "service_files": _service_files,
    "socket_pids": _socket_pids,
    "unit_file_names": _unit_file_names,
    "unit_names": _in_blocks(_unit_names),
}
"""The closed set, by name."""
