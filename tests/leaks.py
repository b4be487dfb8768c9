"""Looks for secrets: in bytes as they are and as they may be packed, and in running processes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import re
import shlex
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_to_bytes

__all__ = ["Watch", "files_below", "leaks"]

_PACKED = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_ESCAPED = re.compile(rb"%[0-9A-Fa-f]{2}")
_DEEP = 3
"""How often something packed may be packed again."""
_REST_S = 0.01


def leaks(places: Mapping[str, bytes], secrets: Mapping[str, str]) -> list[str]:
    """Return "NAME in PLACE" for each secret found, also under base64, gzip and zlib, or escaped.

    Hashes without a key count too: they would confirm a guess. The secrets themselves are never
    returned: what is asserted ends up in logs.
    """
    shapes = {name: _shapes(secret) for name, secret in secrets.items()}
    found: dict[str, None] = {}
    for place, content in places.items():
        for reading in _readings(content):
            for name, words in shapes.items():
                if any(word in reading for word in words):
                    found[f"{name} in {place}"] = None
    return list(found)


def _shapes(secret: str) -> tuple[bytes, ...]:
    """Return a secret as it is, as URLs, JSON, HTML and shells write it, and its hashes."""
    content = secret.encode()
    escaped = (
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        secret.replace("/", "\\/"),
        html.escape(secret),
        shlex.quote(secret),
        content.hex(),
    )
    hashes = (hashlib.new(name, content).hexdigest() for name in ("md5", "sha1", "sha256"))
    return tuple(dict.fromkeys(word.encode() for word in (secret, *escaped, *hashes)))


def files_below(*folders: Path) -> dict[str, bytes]:
    """Return the content of every file below some folders, by path."""
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in paths}


def _readings(content: bytes, deep: int = _DEEP) -> Iterator[bytes]:
    """Yield the bytes, and what they hold if they, or words of them, are packed."""
    yield content
    if not deep:
        return
    for inner in (*_inflated(content), *_decoded(content), *_unquoted(content)):
        yield from _readings(inner, deep - 1)


def _inflated(content: bytes) -> Iterator[bytes]:
    if content[:2] in (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        try:
            yield zlib.decompressobj(wbits=47).decompress(content)
        except zlib.error:
            return


def _unquoted(content: bytes) -> Iterator[bytes]:
    """Yield what stands in URLs, where some of it is escaped."""
    if _ESCAPED.search(content):
        yield unquote_to_bytes(content.replace(b"+", b" "))
        yield unquote_to_bytes(content)


def _decoded(content: bytes) -> Iterator[bytes]:
    """Yield what base64 words hold; where other letters touch them, from each of four starts."""
    for found in _PACKED.finditer(content.replace(b"-", b"+").replace(b"_", b"/")):
        word = found.group().rstrip(b"=")
        for start in range(4):
            part = word[start:]
            try:
                yield base64.b64decode(part[: len(part) // 4 * 4] + _tail(part))
            except binascii.Error:
                continue


def _tail(part: bytes) -> bytes:
    rest = part[len(part) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


class Watch:
    """Reads every process's command line and environment, again and again, for some words.

    Processes of containers on this machine are among them. `seen` are "NAME in FILE" of words
    found; processes whose command line holds `except_for` are left out.
    """

    def __init__(self, words: Mapping[str, str], except_for: str = "\0\0") -> None:
        self.seen: set[str] = set()
        self.rounds = 0
        self._words = {name: word.encode() for name, word in words.items()}
        self._except = except_for.encode()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_REST_S):
            self.rounds += 1
            for path in Path("/proc").glob("[0-9]*"):
                self.seen.update(self._found(path, ("cmdline", "environ")))

    def _found(self, process: Path, names: Iterable[str]) -> Iterator[str]:
        for name in names:
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            for title, word in self._words.items():
                if word in content and self._except not in content:
                    yield f"{title} in {process / name}"
