"""The shapes an argument may have to leave the host; what has none of them is masked."""

import re
from typing import List

__all__ = [
    "address",
    "flags",
    "mask",
    "name",
    "path",
    "server_name",
    "target",
    "unix_path",
]

_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.$*-]{1,253})"
_PORT = r"(?::(?:\d{1,5}(?:-\d{1,5})?|\*|\$[a-z_]+))"
_UNIX = re.compile(r"(unix:|unix@|unix/)(/[A-Za-z0-9_./@+-]{1,200})(:.*)?", re.ASCII | re.DOTALL)
_ADDRESS = re.compile("(?:{0}{1}?|:\\d{{1,5}}|\\d{{1,5}})".format(_HOST, _PORT), re.ASCII)
_AUTHORITY = re.compile("({0}?{1}?)(.*)".format(_HOST, _PORT), re.ASCII | re.DOTALL)
_SCHEME = re.compile(r"([a-z][a-z0-9+]{0,15}://)?(.*)", re.ASCII | re.DOTALL)
_PATH = re.compile(r"[A-Za-z0-9_./*?\[\]@+,~$-]{1,1000}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.:@-]{1,100}", re.ASCII)
_SERVER_NAME = re.compile(r"[A-Za-z0-9_.*~^$()\\?<>+|\[\]:{},-]{0,255}", re.ASCII)
_LONG = re.compile("[A-Za-z0-9_]{33,}", re.ASCII)


def mask(word: str) -> str:
    """Return what stands for a word that does not leave: its length in characters."""
    return "<masked:{}>".format(len(word))


def address(word: str) -> str:
    """Return an address to listen on or to connect to: host, port, both, or a socket's path."""
    found = _UNIX.fullmatch(word)
    if found:
        rest = found.group(3) or ""
        return found.group(1) + found.group(2) + (":" + mask(rest[1:]) if rest[1:] else "")
    return word if _ADDRESS.fullmatch(word) and not _LONG.search(word) else mask(word)


def target(word: str) -> str:
    """Return the URL or address something is passed on to: who logs in, path and query masked."""
    found = _SCHEME.fullmatch(word)
    scheme, rest = (found.group(1) or "", found.group(2)) if found else ("", word)
    if _UNIX.fullmatch(rest):
        return scheme + address(rest)
    user, at, rest = rest.rpartition("@")
    shown = mask(user) + "@" if at else ""
    parts = _AUTHORITY.fullmatch(rest)
    host, path = (parts.group(1), parts.group(2)) if parts else ("", rest)
    if not host or _LONG.search(host) or (path and path[0] != "/"):
        return scheme + shown + mask(rest)
    return scheme + shown + host + ("/" + mask(path[1:]) if path[1:] else path)


def unix_path(word: str) -> str:
    """Return the path of the unix socket an address names; empty if it names none."""
    found = _UNIX.fullmatch(word.rpartition("://")[2])
    return found.group(2) if found else ""


def path(word: str) -> str:
    """Return a file's path or pattern."""
    return word if _PATH.fullmatch(word) else mask(word)


def name(word: str) -> str:
    """Return a name that the configuration gives to something of its own."""
    return word if _NAME.fullmatch(word) and not _LONG.search(word) else mask(word)


def server_name(word: str) -> str:
    """Return a host name, wildcard or pattern that a site answers to."""
    return word if _SERVER_NAME.fullmatch(word) and not _LONG.search(word) else mask(word)


def flags(words: List[str], known: str, valued: str = "") -> List[str]:
    """Return the words that are known, those with a value only if it is a number or plain word."""
    plain = known.split()
    pattern = re.compile(
        "({})=[0-9]{{1,9}}[a-z]?".format(valued.replace(" ", "|") or "(?!)"), re.ASCII
    )
    return [word if word in plain or pattern.fullmatch(word) else mask(word) for word in words]
