r"""nginx: blocks and directives.

    server {
        listen 443 ssl;                      # kept
        ssl_certificate /etc/ssl/site.pem;   # kept
        location /api/ {                     # kept; "/api/" is judged by the masker
            proxy_set_header X-Key "…";      # counted
            proxy_pass http://u:p@10.0.0.1/x?key=…;   # http://<masked:3>@10.0.0.1/<masked:9>
        }
    }

Source: ngx_conf_file.c (words, quotes, comments), nginx's index of directives.
"""

import re
from typing import Callable, Dict, Iterator, List, NamedTuple

from truthmap_collector.web import shapes
from truthmap_collector.web.reduced import Reduced, Writer

__all__ = ["reduce"]

_TOKEN = re.compile(
    r"\s+|\#[^\n]*|[{};]"
    r'|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
    r"|'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)"
    r"|(?:[^\s{};\\$]+|\$\{[^}\s]*\}?|\$|\\.)+|\\",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LUA = re.compile(
    r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*|\[\[.*?(?:\]\]|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?|\'(?:[^\'\\\n]|\\.)*\'?|[{}]|[^{}"\'\[-]+|.',
    re.DOTALL,
)
_BLOCKS = frozenset(["http", "stream", "mail", "server", "upstream", "location", "if"])
_BLOCKS_WITH_NAME = frozenset(["upstream"])
_DEEPEST = 50
_LONGEST_WORD = 1000
_LISTEN = (
    "default_server default ssl http2 http3 quic spdy proxy_protocol reuseport deferred bind udp"
    " ipv6only=on ipv6only=off so_keepalive=on so_keepalive=off"
)
_LISTEN_VALUED = "backlog rcvbuf sndbuf setfib fastopen"
_SERVER = "down backup resolve drain"
_SERVER_VALUED = "weight max_fails fail_timeout max_conns slow_start"
_FILES = (
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_client_certificate",
    "ssl_trusted_certificate",
    "ssl_dhparam",
)
_PASSES = (
    "proxy_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
)


class _Token(NamedTuple):
    """A word or one of `{`, `}`, `;`; `at` is where the text goes on after it."""

    text: str
    line: int
    sign: bool
    at: int


def reduce(text: str, most: int) -> Reduced:
    """Return the directives of a file that are needed, at most `most` characters of them."""
    writer = Writer(most)
    shown: List[bool] = []  # of each open block, whether it was written
    words: List[_Token] = []
    tokens = _Tokens(text)
    for token in tokens:
        if not token.sign:
            words.append(token)
        elif token.text == ";":
            _directive(writer, words)
            words = []
        elif token.text == "{":
            head = [word.text for word in words] or [""]
            if head[0] in _BLOCKS and len(shown) < _DEEPEST and not writer.cut:
                shown.append(_block(writer, words[0].line, head))
            else:
                writer.left_out += 1
                writer.balanced &= tokens.skip(head[0].endswith("_by_lua_block"))
            words = []
        else:
            writer.left_out += bool(words)
            words = []
            if not shown:
                writer.balanced = False
            elif shown.pop():
                writer.close(token.line)
    writer.left_out += bool(words)
    writer.balanced &= not shown and not words
    for written in reversed(shown):
        if written:
            writer.close(tokens.line)
    return writer.done()


class _Tokens:
    """The words and signs of a text, without blanks and comments; a block can be skipped."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.line = 1

    def __iter__(self) -> Iterator[_Token]:
        while self._at < len(self._text):
            found = _TOKEN.match(self._text, self._at)
            raw = found.group() if found else self._text[self._at]
            line = self.line
            self._at += len(raw)
            self.line += raw.count("\n")
            if not raw.isspace() and raw[0] != "#":
                yield _Token(_unquoted(raw), line, raw in ("{", "}", ";"), self._at)

    def skip(self, lua: bool) -> bool:
        """Go on after the end of the block that was just opened; False if it has none."""
        pattern, depth = (_LUA if lua else _TOKEN), 1
        while depth and self._at < len(self._text):
            found = pattern.match(self._text, self._at)
            raw = found.group() if found else self._text[self._at]
            self._at += len(raw)
            self.line += raw.count("\n")
            depth += {"{": 1, "}": -1}.get(raw, 0)
        return not depth


def _unquoted(raw: str) -> str:
    if raw[0] not in "\"'":
        return raw
    inner = raw[1:-1] if len(raw) > 1 and raw[-1] == raw[0] else raw[1:]
    return _ESCAPED.sub(lambda found: found.group(1 if found.group(1) in "\"'" else 0), inner)


def _block(writer: Writer, line: int, head: List[str]) -> bool:
    kept = head[:1]
    if head[0] in _BLOCKS_WITH_NAME:
        kept += [shapes.name(word) for word in head[1:2]]
    if head[0] == "location":
        writer.place(line, head[1:])
    return writer.line(line, kept, " {")


def _directive(writer: Writer, words: List[_Token]) -> None:
    if not words:
        return
    directive, line = words[0].text, words[0].line
    kept = _KEPT.get(directive)
    if kept is None:
        writer.left_out += 1
        return
    arguments = [word.text if len(word.text) <= _LONGEST_WORD else "" for word in words[1:]]
    shaped = kept(arguments)
    if not writer.line(line, [directive] + [_quoted(word) for word in shaped], ";"):
        return
    if directive == "include" and shaped:
        writer.include(line, shaped[0])
    elif directive in _FILES and shaped:
        writer.reference(line, directive, shaped[0])
    elif directive in _PASSES or directive == "server":
        writer.reference(line, directive, shapes.unix_path(shaped[0]) if shaped else "")


def _quoted(word: str) -> str:
    if word and not re.search(r"[\s{};\"'\\]", word):
        return word
    return '"' + word.replace('"', '\\"') + '"'


def _first(shape: Callable[[str], str]) -> Callable[[List[str]], List[str]]:
    return lambda words: [shape(word) for word in words[:1]]


def _listen(words: List[str]) -> List[str]:
    return [shapes.address(word) for word in words[:1]] + shapes.flags(
        words[1:], _LISTEN, _LISTEN_VALUED
    )


def _server(words: List[str]) -> List[str]:
    return [shapes.address(word) for word in words[:1]] + shapes.flags(
        words[1:], _SERVER, _SERVER_VALUED
    )


_KEPT: Dict[str, Callable[[List[str]], List[str]]] = {
    "include": _first(shapes.path),
    "listen": _listen,
    "server": _server,
    "server_name": lambda words: [shapes.server_name(word) for word in words],
    "root": _first(shapes.path),
}
_KEPT.update((directive, _first(shapes.target)) for directive in _PASSES)
_KEPT.update((directive, _first(shapes.path)) for directive in _FILES)
