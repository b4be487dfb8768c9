"""Words judged alone: what of each may be kept, by its looks and the names known on the host."""

import re
import socket
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from truthmap_collector.masking.secret_names import LONG, announced
from truthmap_collector.masking.words import NOT_A_NAME, NUMBER, SLOT, is_plain, word_set

__all__ = ["LEAD", "RISKY_OPTIONS", "TRAIL", "Judge", "Piece", "Verdict", "as_masked"]

_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}(?:/\d{1,3})?")
_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.:-]{0,30})://(?:(.*)@)?([^/?#]*?)(:\d{0,5})?(/[^?#]*)?(\?[^#]*)?(#.*)?",
    re.DOTALL,
)
_IN_A_NAME = re.compile(r"[-_.:/@]+")
_NAMED = re.compile("[a-z]{3,24}")
LEAD, TRAIL = "*#~+@&$%!?.:=^-", ".:!?*%+=^&#~$-"
_LONG_OPTIONS = word_set(
    """
    jar server client cp classpath config conf name version help daemon bind port host file log
    level verbose debug quiet type exec path user group output input format print delete maxdepth
    mindepth iname mtime size perm newer days nodes new noout text subj cert key keyout token pass
    passwd password passin passout storepass keypass
    """
)

RISKY_OPTIONS = {"-p": 0, "-P": 0, "-a": 0, "-w": 0, "-u": 1, "--user": 1, "--proxy-user": 1}
_SHORT_OPTION = re.compile(r"[A-Za-z]{1,3}|X(?:m[nsx]|ss)\d{1,5}[kmgKMG]?")

Piece = Tuple[str, bool]  # text, whether it is to be masked


class Verdict(NamedTuple):
    """What a word alone tells: its pieces up to `cut`, where a secret value begins, if one does.

    `level` says how strongly it announces a secret (0, 1, 2); `bad` that all of it looks like one.
    """

    pieces: Tuple[Piece, ...]
    level: int
    cut: Optional[int]
    bad: bool


def _words_of(name: str) -> Iterator[str]:
    """Yield the words an identifier is made of: `shop-carts@1.service` gives shop, carts."""
    for word in _IN_A_NAME.split(name):
        if _NAMED.fullmatch(word):
            yield word


def _address(text: str) -> bool:
    """Say whether the text is an IPv6 address, with or without a prefix length."""
    if ":" not in text or not _IPV6.fullmatch(text):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, text.split("/", 1)[0])
    except OSError:
        return False
    return True


def as_masked(text: str, trail: str) -> List[Piece]:
    """Return the text as masked, but for the signs at its end."""
    end = len(text.rstrip(trail))
    return [(text[:end], True), (text[end:], False)]


class Judge:
    """Judges words alone, by their looks and the identifiers."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        whole = frozenset(identifiers)
        self.identifiers = whole.union(NOT_A_NAME.sub("", name) for name in whole)
        self._named = frozenset(word for name in self.identifiers for word in _words_of(name))
        self.plain: Set[str] = set()
        self._verdicts: Dict[str, Verdict] = {}

    def word(self, word: str) -> Verdict:
        """Return the verdict on one word: no blanks, quotes or brackets in it."""
        verdict = self._verdicts.get(word)
        if verdict is None:
            level, cut = announced(word)
            if word.startswith("pam_") and word.endswith(")"):
                level, pieces = 0, [(word, False)]
            else:
                pieces = [piece for piece in self._pieces(word[:cut]) if piece[0]]
            bad = pieces[0][1] and not any(
                sign.isalnum() for text, masked in pieces[1:] for sign in text
            )
            verdict = Verdict(tuple(pieces), level, cut, bad)
            if len(self._verdicts) < 50000 and len(word) < 200:
                self._verdicts[word] = verdict
                if not level and word not in RISKY_OPTIONS and pieces == [(word, False)]:
                    self.plain.add(word)
        return verdict

    def unit(self, text: str) -> bool:
        """Say whether it is a unit's whole name; a password may well be a service's or stream's."""
        return text in self.identifiers and bool(NOT_A_NAME.search(text))

    def _known(self, text: str) -> bool:
        return (
            not text
            or text == SLOT
            or text in self.identifiers
            or bool(NUMBER.fullmatch(text))
            or _address(text)
        )

    def _plain(self, text: str, lenient: bool = False) -> bool:
        return is_plain(text, lenient, self._named)

    def _pieces(self, word: str, depth: int = 0) -> List[Piece]:
        if self._known(word):
            return [(word, False)]
        if len(word) > LONG:
            return [(word, True)]
        if word[0] == "-" and word.strip("-")[:1].isalpha():
            return self._option(word)
        core = word.lstrip(LEAD)
        lead = word[: len(word) - len(core)]
        core = core.rstrip(TRAIL)
        if "?" in core and word[len(lead) + len(core) :].startswith("="):
            core += "="  # a query whose value is cut off
        trail = word[len(lead) + len(core) :]
        if max(len(lead), len(trail)) > 4 and len(set(lead + trail)) > 2:
            return [(word, True)]
        inside = self._core(core, depth) if core else [("", False)]
        if inside is None:
            return as_masked(word, ".:?=")
        return [(lead, False)] * bool(lead) + inside + [(trail, False)] * bool(trail)

    def _option(self, word: str) -> List[Piece]:
        name = word.lstrip("-")
        dashes = word[: len(word) - len(name)]
        head, equals, value = name.partition("=")
        if equals and value:
            return self._option(dashes + head + equals) + self._pieces(value, 1)
        bare = name.rstrip(TRAIL)
        if len(dashes) > 1:
            if self._known(bare) or self._plain(bare, True):
                return [(word, False)]
            return [(dashes, False)] + as_masked(name, TRAIL)
        rest = bare[1:]
        if (
            bare.lower() in _LONG_OPTIONS
            or _SHORT_OPTION.fullmatch(bare)
            or (bare[0] in "DX" and self._plain(rest))
            or rest == SLOT
            or self.unit(rest)
            or (rest.isdigit() and len(rest) < 6)
        ):
            return [(word, False)]
        if rest.startswith("/"):
            return [("-" + bare[0], False)] + self._pieces(name[1:])
        return [("-" + bare[0], False)] + as_masked(name[1:], TRAIL)

    def _core(self, core: str, depth: int) -> Optional[List[Piece]]:
        """Judge a word bare of leading and trailing signs; None is: mask all of it."""
        kept = [(core, False)]
        if self._known(core):
            return kept
        if "://" in core.partition("=")[0]:
            return self._url(core)
        if core[0] == "/" and "?" in core:
            path, _, query = core.partition("?")
            return self._path(path) + [("?", False)] + self._query(query)
        if "=" in core:
            name, _, value = core.partition("=")
            left = self._pieces(name, 3)
            if depth < 3:
                return left + [("=", False)] + self._pieces(value, depth + 1)
            return None
        if "@" in core:
            unit = NOT_A_NAME.search(core) and self._plain(core.replace("@", "-", 1), True)
            return kept if unit else None
        if core[0] == "/":
            return self._path(core)
        if "/" in core and not any(masked for _, masked in self._path(core)):
            return kept
        if self._plain(core):
            return kept
        head, colon, tail = core.partition(":")
        if colon and len(head) > 2 and self._plain(head) and depth < 3:
            return [(head + ":", False)] + self._pieces(tail, depth + 1)
        return None

    def _path(self, path: str) -> List[Piece]:
        """Judge a path part by part; what is kept only leniently goes with a bad neighbour."""
        parts = re.split("([/:])", path)
        strange = []
        for part in parts:
            bare = part.lstrip("$%").strip("._~*+-@").replace("@", "-", 1)
            plain = part in "/:" or self._known(part) or self._plain(bare)
            strange.append(0 if plain else 1 if self._plain(bare, True) else 9)
        for step in (2, -2):
            for at in range(0, len(parts), 2)[:: step // 2]:
                if strange[at] == 1 and 0 <= at - step < len(parts) and strange[at - step] == 9:
                    strange[at] = 9
        loose = path[0] not in "/.~" and strange.count(1) > 1
        return [(part, found == 9 or loose) for part, found in zip(parts, strange)]

    def _url(self, url: str) -> Optional[List[Piece]]:
        match = _URL.fullmatch(url)
        if not match or not self._plain(match.group(1)):
            return None
        scheme, user, host, port, path, query, fragment = match.groups("")
        pieces = [(scheme + "://", False)]
        if match.group(2) is not None:
            name, colon, password = user.partition(":")
            pieces += [(name, name != SLOT), (colon, False)]
            pieces += [(password, password != SLOT), ("@", False)]
        pieces.append((host, not (self._known(host) or (":" not in host and self._plain(host)))))
        pieces.append((port, False))
        for part in re.split("(/)", path):
            pieces.append((part, not (part == "/" or self._known(part) or self._plain(part))))
        if query:
            pieces += [("?", False)] + self._query(query[1:])
        return pieces + [(fragment[:1], False), (fragment[1:], fragment[1:] != SLOT)]

    def _query(self, query: str) -> List[Piece]:
        pieces = []
        for part in re.split("(&)", query):
            name, equals, value = part.rpartition("=")
            pieces.append(
                (name + equals, not (part == "&" or self._known(name) or self._plain(name)))
            )
            pieces.append((value, part != "&" and value not in ("", SLOT)))
        return pieces
