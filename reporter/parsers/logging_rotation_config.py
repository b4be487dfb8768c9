"""Which files logrotate rotates: /etc/logrotate.conf and the snippets in /etc/logrotate.d.

Sample (the collector masks words it does not know to be harmless; paths are kept):

    /var/log/redis/redis-server*.log
    "/var/log/with space.log" {
            <masked:6>
            rotate 12
            postrotate
                    /usr/bin/true
            endscript
    }
    include /etc/logrotate.d

Source: logrotate(8), logrotate.conf(5).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.messages import Text, text
from reporter.parsers.logging_rows import contents
from reporter.recorded import recorded

__all__ = ["RotationConfig"]

_SNIPPETS = "/etc/logrotate.d"
_TABOO = re.compile(
    r"(,v|\.bak|\.cfsaved|\.disabled|\.dpkg-(bak|del|dist|new|old|tmp)|\.new|\.old|\.orig|\.rhn-"
    r"cfg-tmp-.*|\.rpm(new|orig|save)|\.swp|\.ucf-(dist|new|old)|~)$"
)
_SCRIPTS = ("firstaction", "lastaction", "postrotate", "preremove", "prerotate")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(\S+)')
_PACKED = re.compile(r"\.(gz|xz|bz2|zst|lz4|Z)$")
_NUMBERED = re.compile(r"(\.\d{1,4}|[-._]\d{4}-?\d\d-?\d\d([-._T]?\d+)*)$")


@dataclass(frozen=True)
class RotationConfig:
    """The patterns logrotate rotates; `gaps` says what may name more and could not be read."""

    patterns: tuple[str, ...]
    gaps: tuple[Text, ...]
    cited: Citation

    def pattern_for(self, path: str) -> str | None:
        """Return the pattern by which a file, or what one was before its rotation, is rotated."""
        names = {path, _PACKED.sub("", path)}
        names |= {_NUMBERED.sub("", name) for name in names}
        return next(
            (one for one in self.patterns if any(_matches(name, one) for name in names)), None
        )


@fact("logging_rotation_config", accepts=("collected", "absent"))
def rotation_config(record: Record) -> RotationConfig:
    """Return what logrotate is told to rotate; without any configuration that is nothing."""
    patterns: list[str] = []
    gaps: list[Text] = []
    if record.stdout.truncated:
        gaps.append(text("not all of its files were read"))
    for one in contents(record):
        if _TABOO.search(one.path):
            continue
        if one.error is not None:
            gaps.append(text("{path}: {reason}", path=one.path, reason=recorded(one.error)))
        elif one.truncated:
            gaps.append(text("{path}: its beginning was cut", path=one.path))
        for found in _patterns(one.text):
            if isinstance(found, str):
                patterns.append(found)
            else:
                gaps.append(text("{path}: {gap}", path=one.path, gap=found))
    excerpt = "\n".join(patterns) or record.reason or ""
    return RotationConfig(tuple(patterns), tuple(gaps), Citation(record.id, excerpt))


def _matches(path: str, pattern: str) -> bool:
    """Say whether glob(7) would find the path: no wildcard stands for a slash."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _patterns(content: str) -> Iterator[str | Text]:
    waiting: list[str] = []  # patterns before their brace
    inside, script = False, False
    for line in content.split("\n"):
        bare = line.strip()
        word = bare.split(None, 1)[0] if bare else ""
        if script:
            script = word != "endscript"
        elif not bare or bare.startswith("#"):
            continue
        elif inside:
            script = word in _SCRIPTS
            inside = script or "}" not in bare
        else:
            head, brace, rest = bare.partition("{")
            if brace or waiting or bare.startswith(("/", '"', "'")):
                waiting.extend(_words(head))
            elif word == "include" and bare.split()[1:] != [_SNIPPETS]:
                yield text("it includes what was not looked at: {line}", line=bare)
            if brace:
                yield from _known(waiting)
                waiting, inside = [], "}" not in rest


def _words(line: str) -> Iterator[str]:
    for quoted, single, plain in _WORD.findall(line):
        yield re.sub(r"\\(.)", r"\1", quoted) or single or plain


def _known(words: list[str]) -> Iterator[str | Text]:
    masked = any("<masked:" in word for word in words)
    yield from (word for word in words if "<masked:" not in word)
    if masked or not words:
        yield text("a pattern of it was masked")
