"""Which names announce a secret: `password`, `db_pwd`, `userAuth`."""

import re
from typing import Optional, Tuple

from truthmap_collector.masking.words import NOT_A_NAME, PARTS, fold, word_set

__all__ = ["HINT", "LONG", "announced", "secrecy"]

# Names that announce a secret: by stem anywhere, or by a whole part (`db_pwd`, `userAuth`). After a
# strong one prose is suspect too ("password is …"); a weak one is a common word of prose.
_STRONG_STEM = re.compile(
    "passw|passphrase|passcode|passord|kennwort|secret|hemmelig|token|apikey|bearer|credential"
    "|sessid|authoriz|connectionstr|connstr"
)
_STRONG_PARTS = word_set("jwt otp totp pin psk dsn cred creds")
_WEAK_STEM = re.compile("session|cookie|signature|webhook|privat|authent|mnemonic|[cx]srf|nokkel")
_WEAK_PARTS = word_set("keys salt sig sid nonce hmac cvv ssn")
_SUFFIX = re.compile("(?<!mon)(?<!hot)(?<!tur)(?<!by)(?<!com)(?<!ssh)(?:key|(pass|pwd|auth|pw))$")
# `password_file=…`, `--no-password …`, `KeyError: …`: no secret follows; looks decide.
_HARMLESS_LAST = word_set(
    """
    file path dir timeout ttl type size length count limit expiry interval mode method enabled
    required algorithm version policy age retries error exception warning failure
    """
)
_HARMLESS_FIRST = word_set("no without disable")
HINT = re.compile(  # something of every one of them
    "(?i)pass|pw|secret|token|key|bearer|cred|sess|auth|conn|jwt|otp|pin|psk|dsn|cookie|sig|hook"
    "|privat|mnemonic|srf|nokkel|salt|sid|nonce|hmac|cvv|ssn|kennw|hemm"
)
_PATH = re.compile(r"(?:~|\.{0,2})/[^?&]*/")
LONG = 2000  # characters: no plain word is longer


def secrecy(name: str) -> int:
    """Return 2 for a name that announces a secret, 1 for one that may, 0 for any other."""
    if "@" in name or NOT_A_NAME.search(name) or _PATH.match(name):
        return 0
    parts = [part.lower() for part in PARTS.findall(fold(name))]
    if not parts or parts[-1] in _HARMLESS_LAST or parts[0] in _HARMLESS_FIRST:
        return 0
    flat = "".join(parts)
    endings = [ending for ending in map(_SUFFIX.search, parts) if ending]
    if (
        _STRONG_STEM.search(flat)
        or not _STRONG_PARTS.isdisjoint(parts)
        or any(ending.group(1) for ending in endings)
    ):
        return 2
    return int(bool(endings or _WEAK_STEM.search(flat) or not _WEAK_PARTS.isdisjoint(parts)))


def announced(word: str) -> Tuple[int, Optional[int]]:
    """Return the level of the first secret name in `name=value:…`, and where its value begins."""
    if len(word) > LONG:  # masked whole, so only the name it ends with is of interest
        level, cut = announced(word[-200:])
        return (level, cut and len(word)) if cut in (None, 200) else (0, None)
    if not HINT.search(fold(word)):
        return 0, None
    last = 0
    url = word.find("://") % (len(word) + 1)  # what a URL holds is masked anyway, but for its query
    query = word.find("?", url) % (len(word) + 1)
    for separator in re.finditer("[=:]+", word):
        if url <= separator.start() < query:
            last = separator.end()
            continue
        name, rest = word[last : separator.start()], word[separator.end() :]
        counted = name in ("keys", "sessions") and rest.isdigit() and len(rest) < 10
        level = 0 if counted else secrecy(name)
        if level:
            return level, separator.end()
        last = separator.end()
    return secrecy(word[last:]), None
