"""One pass over a text: what secret names announce is found, and the rest judged word by word."""

import re
from typing import Dict, Iterable, List, Optional, Pattern, Tuple

from truthmap_collector.masking.judge import (
    LEAD,
    RISKY_OPTIONS,
    TRAIL,
    Judge,
    Piece,
    Verdict,
    as_masked,
)
from truthmap_collector.masking.words import SLOT, word_set

__all__ = ["Scan"]

# In prose after a strong name: these lead up to the secret …
_LINKS = word_set("is was are be being equals as now value er var the a an this that")
# … and these show that none follows at once ("Failed password for root").
_FOLLOWERS = word_set(
    """
    for from of in on at by and or with without not no has have had it its
    failed failure failing error errors invalid valid expired expiry required missing wrong
    incorrect accepted rejected denied disabled enabled changed reset check checks authentication
    exchange file files manager management store storage length size count type types name names
    using when while after before opened closed created removed added updated refresh refreshed
    generated verified mismatch pair limit limits exceeded bucket user users policy database hash
    must should cannot can could will would may does did per near generation validation set
    request requests response responses data field fields found contains lacks provided entry
    """
)
# What separates words; beside ASCII only symbols, for zero-width signs must not part a secret.
_GAP = (
    "\\s\\x00\\x1b\\\\\"'`()\\[\\]{}<>,;|\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b6-\u00b8\u00bb"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
)
_TOKEN = re.compile(
    r"(pam_\w{1,20}\([a-z-]{1,20}:(?:auth|account|session|password|chauthtok|setcred)\)"
    r"|[^%s]+(?:'(?:s|t|d|m|re|ll|ve)\b)?|)"
    r"((?:\x1b\[[0-9;?]*[A-Za-z]|\\+[nrt]?|[%s])*)" % (_GAP, _GAP)
)
_GLUE = frozenset("(),;|[]{}<>\"'`\\")

_ASSIGNED = re.compile(r"(\\{0,8}[\"'`])?[)\]]*(\[\d{0,7}\])?(?:[ \t]*(:=|=>|->|={1,3}|:)|(>))")
_PAIRED = re.compile(r"\\{0,8}[\"'],?\s*(?:\\{0,8}[\"'])?value\\{0,8}[\"']?\s*[:=]")
_LISTED = re.compile(r"\\{0,8}[\"'],(?=\s*\\{0,8}[\"'])")
_ARGUMENT = re.compile(r"\\{0,8}[\"']?(?=[\s\0])")
_QUOTE_NEXT = re.compile(r"[ \t]+(?=\\{0,8}[\"'`])")
_OPENING = re.compile(r"[bBrRuUfF]{0,2}(\\{0,8}[\"'`])")
_QUOTED = re.compile(
    r"[bBrRuUfF]{0,2}(\\{0,8})([\"'`])((?:\1\1\\\2|(?!\1\2)(?:\\.|[^\\])){0,4000}?)\1\2", re.DOTALL
)
_SCHEME = r"(?:(?i:bearer|basic|digest|token|negotiate|apikey)[ \t]+)?"
_CHUNK = re.compile(_SCHEME + r"(?:[^\s\0\"'`]|\"(?:[^\"\\]|\\.){0,200}\"|'[^']{0,200}'|[\"'`])*")
_INNER = {quote: re.compile(_SCHEME + r"[^\s\0%s]*" % quote) for quote in "\"'`"}
_JSON_VALUE = re.compile(r"[^\s,}\]]*")
_BLANKS = re.compile(r"[ \t]*")
_ALL_BLANKS = re.compile(r"[\s\0]*")
_NEXT_LINE = re.compile(r"[ \t]*(?:\r?\n[ \t]*)?")
_LINE_END = re.compile(r"[\r\n]|\Z")
_QUOTE_OR_END = re.compile(r"\\{0,8}[\"'`]|[\r\n\0]")
_AFTER_VALUE = frozenset(" \t\r\n\0,;.:)]}>&|<\\")
_BRACKET = re.compile(r"[][(){}]")
_REACH = 4000  # characters: how far a bracketed value may go before it is taken as unclosed
_USER_INFO = re.compile(r"[^\s\0\"]{0,300}@[^%s]*" % _GAP)
_PORT_OR_PATH = re.compile(r"\d{1,5}(?::\d{1,5})?$|[/.~]|-|$")
_LONG_OPTION = re.compile(r"--[a-z][a-z0-9-]{1,30}(?:[=\s\0\"']|$)")
_SETTING = word_set("set reset changed updated")
_Region = Tuple[int, int, int]  # where a value begins and ends, and where to go on


def _skip(pattern: Pattern[str], text: str, at: int) -> int:
    """Return where what the pattern finds at `at` ends."""
    found = pattern.match(text, at)
    return found.end() if found else at


def _scrap(piece: Piece) -> bool:
    text, masked = piece
    return not masked and len(text) < 4 and text.isalnum()


class Scan:
    """One pass over one text: finds what secret names announce, and judges the rest."""

    def __init__(self, judge: Judge, text: str) -> None:
        self.judge = judge
        self.text = text
        self.parts: List[Piece] = []
        self.bad_at = -1  # index in `parts` of what was last masked for its looks
        self.quote = ""  # the quote that is open, with its backslashes
        self.opened = False  # it was opened right before the word
        self.armed = self.expect = False  # prose: a secret was named; the next word may be it
        self.calm = False  # nothing pends, so a plain word is only that
        self.previous = ""
        self.nul = "\0" in text  # arguments as the kernel keeps them
        self.enclosing = ""
        self.line_end = -1
        self.partners: Optional[Dict[int, int]] = None

    def run(self) -> List[Piece]:
        """Return the whole text in pieces."""
        text, at = self.text, 0
        while at < len(text):
            for token in _TOKEN.finditer(text, at):
                word, gap = token.groups()
                end, at = token.end(1), token.end()
                if self.calm and gap == " " and word in self.judge.plain:
                    self.parts.append((word + gap, False))
                    continue
                if "://" in word:
                    end = _skip(_USER_INFO, text, end)  # whatever signs it holds
                resumed = self._word(text[token.start() : end], end) if word else end
                if resumed != token.end(1):
                    at = resumed
                    break
                self._gap(gap, word)
        return self.parts

    def _keep(self, text: str) -> None:
        if text:
            self.parts.append((text, False))

    def _mask(self, text: str) -> None:
        if text in ("", SLOT):
            self._keep(text)
        else:
            self.parts.append((text, True))

    def _extend(self, pieces: Iterable[Piece]) -> None:
        for text, masked in pieces:
            (self._mask if masked else self._keep)(text)

    def _gap(self, gap: str, word: str) -> None:
        self._keep(gap)
        self.opened = False
        self.calm = gap == " " and not self.armed
        if gap == " ":
            return
        for sign in _QUOTE_OR_END.findall(gap):
            if sign in "\r\n\0":
                self.quote, self.armed, self.expect = "", False, False
            elif not self.quote:
                apostrophe = sign == "'" and gap[0] == "'" and word[-1:].isalnum()
                self.quote = "" if apostrophe else sign
            elif sign == self.quote:
                self.quote = ""
        self.opened = bool(self.quote) and gap.endswith(self.quote)
        if self.expect and not {",", ";", ")"}.isdisjoint(gap):
            self.expect = False

    def _word(self, word: str, end: int) -> int:
        """Put out one word, and the secret it announces; return where to go on."""
        verdict = self.judge.word(word)
        acl = bool(self.parts) and self.parts[-1][0].endswith(" >") and word[0].isalpha()
        if acl or (self.armed and not verdict.level and self._awaited(word)):
            self._extend(verdict.pieces if SLOT in word else as_masked(word, ".:;!?="))
            return end
        self._put(word, verdict)
        self.enclosing = self.quote
        region = None
        if verdict.level:
            region = self._announced_by(word, verdict, end)
        elif word in RISKY_OPTIONS:
            region = self._risky(word, end)
        if region is None and self.expect:
            quoted = _QUOTE_NEXT.match(self.text, end)
            region = self._argument(quoted.end()) if quoted else None
        if region is None:
            return end
        start, stop, resumed = region
        if start > end:
            self._gap(self.text[end:start], word)
        self._mask(self.text[start:stop])
        if stop < resumed:
            self._gap(self.text[stop:resumed], "")
        self.expect = False
        return resumed

    def _put(self, word: str, verdict: Verdict) -> None:
        """Put out a judged word; a scrap of it that one sign parts from a bad one is bad too."""
        glued = len(self.parts) > 1 and self.parts[-1][0] in _GLUE
        after = (
            glued
            and len(self.parts) - 2 == self.bad_at
            and not verdict.level
            and _scrap((word, False))
        )
        if not (verdict.bad or after):
            self._extend(verdict.pieces)
            return
        parts, at = self.parts, len(self.parts)
        while at > 1 and parts[at - 1][0] in _GLUE and _scrap(parts[at - 2]):
            parts[at - 2 : at] = [(text, True) for text, _ in parts[at - 2 : at]]
            at -= 2
        if glued and len(self.parts) - 2 == self.bad_at:
            self.parts[-1] = (self.parts[-1][0], True)
        self.bad_at = len(self.parts)
        self._extend([(word, True)] if after else verdict.pieces)

    def _awaited(self, word: str) -> bool:
        """Say whether a word of prose, in a line that named a secret, has to be taken for it."""
        bare = word.strip(LEAD + TRAIL).lower()
        previous, self.previous = self.previous, bare
        if bare in _FOLLOWERS:
            self.expect = False
        elif not bare or bare in _LINKS or (bare == "to" and previous in _SETTING):
            self.expect = self.expect or bool(bare) or word[-1] in "=:"
        elif self.expect:
            return True
        elif word[-1] in "=:":
            self.expect = True
        return False

    def _announced_by(self, word: str, verdict: Verdict, end: int) -> Optional[_Region]:
        text, option = self.text, word[0] == "-"
        if verdict.cut is not None:
            at = end - len(word) + verdict.cut
            if at < end:
                return self._upto(at, self.quote) if self.opened else self._chunk(at)
            return self._argument(at) if option and text[at : at + 1].isspace() else self._field(at)
        assigned = _ASSIGNED.match(text, end)
        if assigned:
            quote, index, sign, tag = assigned.groups()
            if index and sign == ":" and (verdict.level < 2 or word in self.judge.identifiers):
                return None  # a program's name: `ssh-agent[812]: …`
            if tag:
                return self._upto(assigned.end(), "<")
            self.enclosing = "" if quote else self.quote
            return self._field(assigned.end(), bool(quote))
        for pattern, value in ((_PAIRED, self._field), (_LISTED, self._argument)):
            found = pattern.match(text, end)
            if found:
                self.enclosing = ""
                return value(found.end())
        argument = _ARGUMENT.match(text, end) if option else None
        if argument:
            return self._argument(argument.end())
        if verdict.level > 1:
            self.armed = self.expect = True
            self.previous = ""
        return None

    def _risky(self, word: str, end: int) -> Optional[_Region]:
        """`-p VALUE` and `-u USER:VALUE`: harmless only if VALUE is a port, path, or unit."""
        found = _LISTED.match(self.text, end) or _ARGUMENT.match(self.text, end)
        region = self._argument(found.end()) if found else None
        value = self.text[region[0] : region[1]] if region else ""
        harmless = _PORT_OR_PATH.match(value) or self.judge.unit(value)
        if harmless or (RISKY_OPTIONS[word] and ":" not in value):
            return None
        return region

    def _field(self, at: int, json_like: bool = False) -> Optional[_Region]:
        """Return where the value is that follows `=` or `:`."""
        text = self.text
        blanks = _NEXT_LINE if text[at - 1] == ":" else _BLANKS
        start = _skip(blanks, text, at)
        quoted = self._quoted(start)
        if quoted:
            return quoted
        if text[start : start + 1] in ("[", "{", "("):
            close = self._partner(start)
            if close is None:
                return self._upto(start, self.enclosing)
            if text[close + 1 : close + 2] in _AFTER_VALUE:
                return start, close + 1, close + 1
        if self.nul:
            return self._chunk(start)
        if json_like:
            return self._trimmed(start, _skip(_JSON_VALUE, text, start))
        if self.opened or start > at:
            return self._upto(start, self.enclosing)
        return self._chunk(start)

    def _argument(self, at: int) -> Optional[_Region]:
        """Return where the next argument is; another long option is none."""
        start = _skip(_ALL_BLANKS, self.text, at)
        if _LONG_OPTION.match(self.text, start):
            return None
        return self._quoted(start) or self._chunk(start)

    def _quoted(self, at: int) -> Optional[_Region]:
        opening = _OPENING.match(self.text, at)
        if not opening or opening.group(1) == self.enclosing:
            return None
        found = _QUOTED.match(self.text, at)
        if not found:
            return self._upto(at, "")
        after = self.text[found.end() : found.end() + 1]
        if after and after not in _AFTER_VALUE and after != self.enclosing[-1:]:
            return None
        return found.start(3), found.end(3), found.end()

    def _chunk(self, at: int) -> Optional[_Region]:
        """Return what runs on from here to the next blank, or NUL, or enclosing quote."""
        if self.nul:
            stop = self.text.find("\0", at)
            stop = len(self.text) if stop < 0 else stop
        else:
            pattern = _INNER[self.enclosing[-1]] if self.enclosing else _CHUNK
            stop = _skip(pattern, self.text, at)
        return self._trimmed(at, stop)

    def _upto(self, at: int, sign: str) -> Optional[_Region]:
        """Return what runs on from here to the sign, or to the end of the line."""
        if at > self.line_end:
            found = _LINE_END.search(self.text, at)
            self.line_end = found.start() if found else len(self.text)
        start, stop = _skip(_BLANKS, self.text, at), self.line_end
        if sign:
            found = re.compile(re.escape(sign) + r"(?!\w)").search(self.text, start, stop)
            stop = found.start() if found else stop
        return self._trimmed(start, stop)

    def _trimmed(self, start: int, stop: int) -> Optional[_Region]:
        stop = start + len(self.text[start:stop].rstrip(" \t,;)]}>"))
        return (start, stop, stop) if stop > start else None

    def _partner(self, at: int) -> Optional[int]:
        """Return where the bracket at `at` closes, if that is near."""
        if self.partners is None:
            self.partners, opened = {}, []
            for found in _BRACKET.finditer(self.text):
                if found.group() in "[{(":
                    opened.append(found.start())
                elif opened:
                    self.partners[opened.pop()] = found.start()
        close = self.partners.get(at)
        return close if close is not None and close - at < _REACH else None
