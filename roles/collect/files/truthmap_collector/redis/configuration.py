"""The password in a server's own configuration, read only where the operator asked for that.

    port 6380
    unixsocket /run/redis/redis.sock
    requirepass "with \\"quotes\\""

Source: redis.conf, and sdssplitargs() in Redis's sds.c for the quoting.
"""

import glob
import re
from typing import Dict, Optional, Sequence

from truthmap_collector import host
from truthmap_collector.observation import refusal
from truthmap_collector.turn import Turn

__all__ = ["password"]

_PATTERNS = ("/etc/redis/*.conf", "/etc/redis.conf", "/etc/valkey/*.conf")
_BYTES = 1048576
_DEFAULT_PORT = "6379"
_LINE = re.compile(
    rb"\s*(port|tls-port|unixsocket|requirepass)\s+"
    rb"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"']\S*)\s*\Z",
    re.IGNORECASE,
)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def password(endpoint: str, turn: Turn, patterns: Sequence[str] = _PATTERNS) -> Optional[str]:
    """Return `requirepass` of the file whose port or socket fits the endpoint, or None.

    What cannot be read is noted.
    """
    for path in sorted(path for pattern in patterns for path in glob.glob(pattern)):
        try:
            with open(path, "rb") as stream:
                settings = _settings(stream.read(_BYTES))
        except OSError as error:
            turn.note("{}: {}".format(path, refusal(error)))
            continue
        if _fits(settings, endpoint):
            return settings.get("requirepass") or None
    return None


def _settings(content: bytes) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for line in content.splitlines():
        matched = _LINE.match(line)
        if matched:
            found[matched.group(1).decode("ascii").lower()] = _value(matched.group(2))
    return found


def _value(word: bytes) -> str:
    if word[:1] == b'"':
        word = _ESCAPE.sub(lambda sign: _unescaped(sign.group(1)), word[1:-1])
    elif word[:1] == b"'":
        word = word[1:-1].replace(b"\\'", b"'")
    return word.decode("utf-8", "surrogateescape")


def _unescaped(sign: bytes) -> bytes:
    if len(sign) == 3:
        return bytes([int(sign[1:], 16)])
    return _LETTERS.get(sign, sign)


def _fits(settings: Dict[str, str], endpoint: str) -> bool:
    if endpoint.startswith("/"):
        return host.to_os(settings.get("unixsocket", "")) == host.to_os(endpoint)
    port = endpoint.rpartition(":")[2]
    return port in (settings.get("port", _DEFAULT_PORT), settings.get("tls-port", ""))
