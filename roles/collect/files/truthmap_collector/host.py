"""How the host is addressed: a fixed environment, paths as bytes, names and times without NSS."""

import datetime
import os
from typing import Dict, List, Optional

__all__ = [
    "ENVIRONMENT",
    "PROGRAM_FOLDERS",
    "find_program",
    "from_os",
    "names_by_id",
    "printable",
    "to_os",
    "utc",
]

PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""A non-root login's PATH lacks the sbin folders; programs in them would look absent."""

ENVIRONMENT = {
    "PATH": ":".join(PROGRAM_FOLDERS),
    "LC_ALL": "C",
    "TZ": "UTC",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
    "SYSTEMD_LOG_COLOR": "0",  # journalctl 247 colours its complaints in spite of the former
}
"""All that a command inherits; nothing of the login's own environment."""


def to_os(text: str) -> bytes:
    """Return the bytes of a path or argument, whatever the interpreter's own locale says."""
    return text.encode("utf-8", "surrogateescape")


def from_os(raw: bytes) -> str:
    """Return text for bytes the system gave; what is no UTF-8 appears as `\\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Return text without lone surrogates, which no JSON reader has to accept."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def utc(seconds: float) -> Optional[str]:
    """Return ISO 8601 in UTC with microseconds; None for a time no calendar holds."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def find_program(name: str) -> Optional[str]:
    """Return the path a command name stands for under the fixed PATH, executable or not."""
    if "/" in name:
        return name if os.path.lexists(to_os(name)) else None
    for folder in PROGRAM_FOLDERS:
        path = folder + "/" + name
        if os.path.lexists(to_os(path)):
            return path
    return None


def names_by_id(table: str) -> Dict[int, str]:
    """Return id to name from `/etc/passwd` or `/etc/group`.

    The files are read directly: the C library's look-up may ask a directory server over the
    network. Names that only such a server knows are missing here.
    """
    names: Dict[int, str] = {}
    for line in _lines(table):
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():
            names.setdefault(int(fields[2]), fields[0])
    return names


def _lines(path: str) -> List[str]:
    try:
        with open(path, "rb") as stream:
            return from_os(stream.read()).splitlines()
    except OSError:
        return []
