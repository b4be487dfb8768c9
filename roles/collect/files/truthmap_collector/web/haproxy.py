"""HAProxy: one directive a line, in sections.

    frontend web
        bind *:443 ssl crt /etc/haproxy/site.pem
        default_backend app
    backend app
        server app1 127.0.0.1:8001 check

Source: HAProxy Configuration Manual, 2.1 and 2.2 (quoting), 4 (proxies), 5 (bind and server).
"""

import re
import shlex
from typing import List

from truthmap_collector.web import shapes
from truthmap_collector.web.reduced import Reduced, Writer

__all__ = ["reduce"]

_SECTION = re.compile(r"[a-z][a-z-]*")
_PROXIES = ("frontend", "backend", "listen", "defaults")
_OTHERS = """
global peers resolvers userlist cache mailers program http-errors ring log-forward fcgi-app
crt-store traces
"""
_SECTIONS = frozenset(_PROXIES) | frozenset(_OTHERS.split())
_LONGEST_LINE = 2048  # HAProxy itself refuses longer ones
_SERVER = "check backup disabled ssl"


def reduce(text: str, most: int) -> Reduced:
    """Return the directives of a file that are needed, at most `most` characters of them."""
    writer = Writer(most)
    proxy = False
    for number, line in enumerate(text.split("\n"), 1):
        words = _words(line[:_LONGEST_LINE])
        if not words:
            continue
        if words[0] in _SECTIONS:
            proxy = words[0] in _PROXIES
            if proxy:
                writer.line(number, words[:1] + [shapes.name(word) for word in words[1:2]])
                continue
        elif proxy and _directive(writer, number, words):
            continue
        writer.left_out += 1
    return writer.done()


def _words(line: str) -> List[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()[:1]


def _directive(writer: Writer, number: int, words: List[str]) -> bool:
    directive, rest = words[0], words[1:]
    if directive == "bind" and rest:
        places = [shapes.address(place) for place in rest[0].split(",")]
        writer.line(number, ["bind", ",".join(places)])
        for at, word in enumerate(rest[1:], 1):
            if word in ("crt", "ca-file") and rest[at + 1 : at + 2]:
                writer.reference(number, word, shapes.path(rest[at + 1]))
    elif directive == "server" and len(rest) > 1:
        where = shapes.address(rest[1])
        more = [word for word in rest[2:] if word in _SERVER.split()]
        writer.line(number, ["server", shapes.name(rest[0]), where] + more)
        writer.reference(number, "server", shapes.unix_path(where))
    elif directive in ("default_backend", "use_backend") and rest:
        writer.line(number, [directive, shapes.name(rest[0])])
    else:
        return False
    return True
