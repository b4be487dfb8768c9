"""The answer's way home: JSON, compressed, framed so that noise around it does no harm."""

import base64
import hashlib
import json
import zlib
from typing import Any, Dict, Iterator

__all__ = ["SCHEMA", "framed", "surely_within"]

SCHEMA = "truthmap/answer/1"


def framed(answer: Dict[str, Any]) -> bytes:
    """Return the text that stdout carries.

        TRUTHMAP-ANSWER/1 <characters of base64> <sha256 of the zlib bytes>
        <base64, 76 columns>
        TRUTHMAP-END

    Line ends are not counted: a terminal in between may change them.
    """
    deflater = zlib.compressobj(6)
    packed = b"".join(deflater.compress(piece) for piece in _pieces(answer)) + deflater.flush()
    lines = base64.encodebytes(packed)
    characters = len(lines) - lines.count(b"\n")
    head = "TRUTHMAP-ANSWER/1 {} {}\n".format(characters, hashlib.sha256(packed).hexdigest())
    return head.encode("ascii") + lines + b"TRUTHMAP-END\n"


def surely_within(answer: Dict[str, Any], limit: int) -> bool:
    """Say whether an answer fits without compressing it to see.

    zlib adds next to nothing to what it cannot compress, base64 a third and its line ends.
    """
    return sum(map(len, _pieces(answer))) * 1.36 + 1024 < limit


def _pieces(answer: Dict[str, Any]) -> Iterator[bytes]:
    """Yield the answer's JSON part by part: as a whole it may be many megabytes."""
    for number, (name, value) in enumerate(answer.items()):
        yield (b"," if number else b"{") + _json(name) + b":"
        if isinstance(value, list):
            for place, element in enumerate(value):
                yield (b"," if place else b"[") + _json(element)
            yield b"]" if value else b"[]"
        else:
            yield _json(value)
    yield b"}" if answer else b"{}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode("ascii")
