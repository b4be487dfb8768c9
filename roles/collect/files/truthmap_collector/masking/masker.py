"""The masker of a host: free text, `Name=value` lines, lines of JSON."""

import collections
import itertools
import json
import re
from typing import AbstractSet, Any, Deque, Iterable, List, Match, Tuple

from truthmap_collector.masking.judge import Judge
from truthmap_collector.masking.scan import Scan
from truthmap_collector.masking.secret_names import HINT
from truthmap_collector.masking.words import KNOWN, SLOT

__all__ = ["Masker"]

_JUMBLE = "\ufdd1"  # stands for a chunk that is odd as a whole
_SPECIAL = re.compile(
    r"(<masked:\d{1,8}>)|\ufdd1"
    r"|-{4,5} ?BEGIN [\s\S]*?(?:-{4,5} ?END [^\n-]{0,64}-{4,5}|\Z)"  # PEM, OpenPGP, SSH2
    r"|\[\s*(?:\d{1,3}\s*,\s*){7,}\d{0,3}\s*\]?"  # a text as an array of its bytes
)
_BYTES = re.compile(r"(?:\d{1,3}\s?,\s?){7,}\d{0,3}")  # the same, cut
_ODD = frozenset("!#$%^&*?@|;")
_ODD_CHUNK = re.compile(r"(?<![^\s\0])[^]\s\0!#$%^&*?@|;)}]*[]!#$%^&*?@|;)}][^\s\0]*")
_CLOSED = re.compile(r"[])}][A-Za-z0-9]")
_ALNUM = re.compile("[A-Za-z0-9]+")
_ASSIGNS = re.compile("[=:]")
_PROPERTY = re.compile(r"(\w+)=", re.ASCII)
_EXEC = re.compile(
    r"(\w+=\{ path=/[^\s;]* ; argv\[\]=)(.*)"
    r"( ; (?:ignore_errors|flags)=[\w -]* ; start_time=\[[^];]*\] ; stop_time=\[[^];]*\] ; pid=\d+"
    r" ; code=[\w()]+ ; status=[\w/]+ \})"
)


def _disorderly(chunk: str) -> bool:
    """Say whether what has no blank in it is a jumble of odd signs and scraps of letters."""
    if "://" in chunk or chunk[0] == "/" or (HINT.search(chunk) and _ASSIGNS.search(chunk)):
        return False
    runs = _ALNUM.findall(chunk)
    scraps = [
        run for run in runs if len(run) < 6 and not run.isdigit() and run.lower() not in KNOWN
    ]
    if not runs:
        return len(set(chunk)) > 5
    odd = len(_ODD.intersection(chunk)) > 1 or _CLOSED.search(chunk)
    return bool(odd) and len(scraps) > 1 and "<masked:" not in chunk


def _mark(found: Match[str]) -> str:
    return "<masked:%d>" % len(found.group())


class Masker:
    """Masks texts of one host.

    `identifiers` (units, streams, files) are kept as whole words, units without their suffix too,
    and so are the words of lower-case letters they are made of.
    """

    def __init__(self, identifiers: Iterable[str] = ()) -> None:
        self._judge = Judge(identifiers)

    def text(self, text: str) -> Tuple[str, int]:
        """Return the text with what is not known to be harmless masked, and the number of spans.

        Never raises; masking what is masked already changes nothing and counts nothing.
        """
        shown, count = self._once(text)
        more = count
        while more:  # what stands beside a new marker may now be read otherwise
            before = shown.count("<masked:")
            shown, more = self._once(shown)
            count += shown.count("<masked:") - before
        return shown, count

    def _once(self, text: str) -> Tuple[str, int]:
        marks: List[Tuple[str, int, bool]] = []  # as shown, characters, whether new
        jumbles: Deque[int] = collections.deque()

        def jumble(found: Match[str]) -> str:
            if not _disorderly(found.group()):
                return found.group()
            jumbles.append(len(found.group()))
            return _JUMBLE

        def slot(found: Match[str]) -> str:
            whole = found.group()
            length = len(whole)
            for _ in range(whole.count(_JUMBLE)):
                length += jumbles.popleft() - 1
            new = found.group(1) is None
            marks.append(("<masked:%d>" % length if new else whole, length, new))
            return SLOT

        text = text.replace(SLOT, "\ufdd2").replace(_JUMBLE, "\ufdd2")
        text = _SPECIAL.sub(slot, _ODD_CHUNK.sub(jumble, text))
        waiting = iter(marks)
        out, count = [], 0
        for masked, pieces in itertools.groupby(Scan(self._judge, text).run(), lambda p: p[1]):
            piece = "".join(text for text, _ in pieces)
            inside = list(itertools.islice(waiting, piece.count(SLOT))) if marks else []
            if masked:
                length = len(piece) - len(inside) + sum(length for _, length, _ in inside)
                out.append("<masked:%d>" % length)
                count += 1
                continue
            kept = piece.split(SLOT) if inside else [piece]
            out.append(kept[0])
            for (mark, _, new), rest in zip(inside, kept[1:]):
                out += [mark, rest]
                count += new
        return "".join(out), count

    def properties(self, text: str, names: AbstractSet[str]) -> Tuple[str, int]:
        """Mask the values of the named properties in `Name=value` lines (`systemctl show`).

        A line without a name continues the value before it. Of `ExecStart={ path=… ; argv[]=… ;
        … }` only argv is masked.
        """
        count, masking, lines = 0, False, []
        for line in text.split("\n"):
            found = _PROPERTY.match(line)
            masking = found.group(1) in names if found else masking and bool(line)
            head, value, tail = (found.group() if found else ""), line, ""
            command = _EXEC.fullmatch(line)
            if masking and command:
                head, value, tail = command.groups()
            elif found:
                value = line[found.end() :]
            more = 0
            if masking:
                value, more = self.text(value)
            lines.append(head + value + tail)
            count += more
        return "\n".join(lines), count

    def json_lines(self, text: str, names: AbstractSet[str]) -> Tuple[str, int]:
        """Mask the values of the named keys in lines of JSON objects (`journalctl -o json`).

        An array of byte numbers is how journalctl writes what is not UTF-8: it is decoded first.
        A line that is no object, such as one cut short, is masked as text.
        """
        masked = [self._json_line(line, names) for line in text.split("\n")]
        return "\n".join(line for line, _ in masked), sum(count for _, count in masked)

    def _json_line(self, line: str, names: AbstractSet[str]) -> Tuple[str, int]:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            hidden, count = _BYTES.subn(_mark, line)
            shown, more = self.text(hidden)
            return shown, count + more
        count = 0
        for name in sorted(names & set(entry)):
            entry[name], more = self._value(entry[name])
            count += more
        return json.dumps(entry), count

    def _value(self, value: Any) -> Tuple[Any, int]:
        """Mask a JSON value: text, an array's elements one by one, an object as the text it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            if value and all(type(byte) is int and 0 <= byte < 256 for byte in value):
                return self.text(bytes(value).decode("utf-8", "replace"))
            masked = [self._value(element) for element in value]
            return [element for element, _ in masked], sum(more for _, more in masked)
        if value is None or isinstance(value, bool):
            return value, 0
        shown, more = self.text(json.dumps(value))
        return (shown, more) if more else (value, 0)
