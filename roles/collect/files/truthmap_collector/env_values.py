"""What of an environment file's assignments may leave the host, by allow-list.

A value leaves as it is only if both its name and the value itself are known to be harmless, each
for the other: a port under a port's name, a mode under a mode's. A secret that hides under a
harmless name is not of the form that name takes, and a harmless value under a secret's name stays
here too. Of every other value a keyed fingerprint leaves, with a class of length.
"""

import ipaddress
import re
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Pattern
from urllib.parse import SplitResult, urlsplit

from truthmap_collector.env_syntax import Assignment
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.masking import Masker, is_plain_word, secrecy

__all__ = ["Describer"]

Row = Dict[str, Any]


def _set(words: str) -> FrozenSet[str]:
    return frozenset(words.split())


_MODES = _set(
    """
    active auto backtest canary demo dev development disabled dry-run dry_run dryrun enabled live
    local mainnet manual normal observe off on paper passive prod production readonly read_only
    real replay safe sandbox shadow sim simulated simulation stage staging strict test testnet uat
    """
)
_LEVELS = _set("all critical debug error fatal info notice off trace warn warning")
_BOOLEANS = _set("0 1 disabled enabled false n no off on true y yes")

# Whose number, name or address may itself be what nobody else should know.
_PERSONAL = _set(
    """
    account chat client customer email id ids iban login name passport phone serial uid user wallet
    """
)
_MODE_NAMES = _set("env environment mode net network stage")
_LEVEL_NAMES = _set("level loglevel verbosity")
_NUMBER_NAMES = _set(
    """
    age alpha amount attempts backoff batch beta bps budget buffer cap capacity concurrency
    confidence cooldown count days db decay decimals delay depth drawdown epochs epsilon exposure
    factor fee fraction gamma horizon hours interval lag len length leverage limit lookback loss lr
    max maxlen min mins minutes ms multiplier notional orders pct percent percentage period
    positions precision profit qty quantity rate ratio replicas retries samples score sec seconds
    secs shards size slippage spread steps stop tau threads threshold timeout tolerance trades ttl
    usd usdt version weight window workers
    """
)
_NUMBER_FIRST = _set("max min n num")
_PORT_NAMES = _set("port ports")
_HOST_NAMES = _set("addr address bind host hostname ip listen server")
_URL_NAMES = _set("addr address backend base broker endpoint host server upstream uri url")
_STREAM_NAMES = _set("channel group prefix queue stream streams topic topics")
_SYMBOL_NAMES = _set("asset pair pairs symbol symbols ticker tickers universe")
_PATH_NAMES = _set("dir directory file folder home path pythonpath root")
_ZONE_NAMES = _set("timezone tz")
_LANGUAGE_NAMES = _set("all ctype encoding lang language pythonioencoding")

_PYTHON_NAMES = _set(
    "PYTHONDONTWRITEBYTECODE PYTHONFAULTHANDLER PYTHONHASHSEED PYTHONIOENCODING PYTHONUNBUFFERED"
)

_SCHEMES = _set("amqp amqps http https mongodb mysql nats postgres postgresql redis rediss ws wss")
_NUMBER = re.compile(
    r"[+-]?(?=(?:\D*\d){1,9}\D*\Z)\d{1,9}(?:\.\d{1,8})?(?:e[+-]?\d{1,2})?"
    r"(?:[smhdkKMGx%]|ms|us|min|bps|[kKMG]i?B)?",
    re.ASCII,
)
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+|[0-9A-Fa-f:]{2,39})(?::(\d{1,5}))?")
_PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128")
)
_STREAM = re.compile(r"[a-z0-9_-]{1,32}(?:[:.][a-z0-9_-]{1,32}){1,6}", re.ASCII)
_SYMBOL = re.compile(r"(?:1000)?[A-Z]{2,8}(?:USD[TC]?|BUSD|BTC|ETH|BNB|EUR|PERP)", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9_./-]{1,200}", re.ASCII)
_ZONE = re.compile(
    r"UTC|GMT|(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific)/[A-Z][a-z_A-Z]{2,20}"
)
_LANGUAGE = re.compile(r"C|POSIX|(?:C|[a-z]{2}_[A-Z]{2})\.(?:UTF-8|utf8)|[a-z]{2}_[A-Z]{2}|utf-?8")
_WORD = re.compile("[A-Za-z0-9]+")
_DATABASE = re.compile(r"/?(?:\d{1,2})?", re.ASCII)

_PART = re.compile(
    r"[A-Z]{1,24}\d{0,4}|[a-z]{1,24}\d{0,4}|(?:[A-Z][a-z]{1,14}){1,4}\d{0,3}"
    r"|[a-z]{2,14}(?:[A-Z][a-z]{1,14}){1,4}|\d{1,6}",
    re.ASCII,
)
_SCRAP = re.compile("[A-Z0-9]{1,6}|[a-z0-9]{1,6}", re.ASCII)
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONG_LETTERS = re.compile("[A-Za-z]{11,}")
_LETTERS = re.compile("[A-Za-z]")
_DIGIT = re.compile("[0-9]")
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.:~-]{16,}", re.ASCII)
_CLASSES = (8, 16, 32, 64, 128)


class _Form(NamedTuple):
    """Names of one kind, by their last word or (`anywhere`) any, and the form their values take."""

    names: FrozenSet[str]
    anywhere: bool
    fits: Callable[["Describer", str], bool]


class Describer:
    """Describes assignments of one run. `words` are modes the operator added to the known ones."""

    def __init__(self, fingerprints: Fingerprints, words: Iterable[str] = ()) -> None:
        self._fingerprints = fingerprints
        self._words = frozenset(word.lower() for word in words)
        self._masker = Masker()

    def row(self, assignment: Assignment) -> Row:
        """Return line, key, and either `value` or what may be told of it.

        `key` is null where even the name looks like no name: then `key_fingerprint` stands for it.
        """
        key, value = assignment.key, assignment.value
        row: Row = {"line": assignment.line}
        shown = self._is_name(key)
        row["key"] = key if shown else None
        if not shown:
            row["key_fingerprint"] = self._fingerprints.of(key)
        if not value or (shown and self._harmless(key, value)):
            row["value"] = value
            return row
        row["fingerprint"] = self._fingerprints.of(value)
        row["length"] = _length_class(len(value))
        looks = _looks(value)
        if looks:
            row["looks"] = looks
        url = self._url_parts(value)
        if url:
            row["url"] = url
        return row

    def _is_name(self, key: str) -> bool:
        """Say whether a name is made of words; the last line of a key block may look like one."""
        if key in _PYTHON_NAMES:
            return True
        parts = [part for part in key.split("_") if part]
        scraps = [part for part in parts if not _PART.fullmatch(part)]
        return (
            bool(parts)
            and len(key) <= 64
            and len(scraps) <= 2
            and all(_SCRAP.fullmatch(part) for part in scraps)
            and not any(
                self._masker.text(found.lower())[1]
                for part in parts
                for found in _LONG_LETTERS.findall(part)
                if len(_HUMPS.findall(found)) == 1
            )
        )

    def _harmless(self, key: str, value: str) -> bool:
        words = [word.lower() for word in _HUMPS.findall(key)]
        if secrecy(key) or not words:
            return False
        if value.lower() in _BOOLEANS and not _PERSONAL.intersection(words):
            return True
        return any(
            form.fits(self, value)
            for form in _FORMS
            if (form.names.intersection(words) if form.anywhere else words[-1] in form.names)
        ) or (_is_number_name(words) and bool(_NUMBER.fullmatch(value)))

    def is_mode(self, value: str) -> bool:
        """Say whether a value is a mode an application may run in."""
        return value.lower() in _MODES or value.lower() in self._words

    def is_stream(self, value: str) -> bool:
        """Say whether a value names streams, or what belongs to them: plain words, joined."""
        return all(
            _STREAM.fullmatch(one) and len(_DIGIT.findall(one)) <= 6 and _is_plain(one)
            for one in _items(value)
        )

    def is_path(self, value: str) -> bool:
        """Say whether a value is one path or several, of plain words."""
        return all(
            _PATH.fullmatch(one) and _is_plain(one) and not self._masker.text(one)[1]
            for one in value.split(":")
        )

    def is_url(self, value: str) -> bool:
        """Say whether a value is the URL of a server nearby, with no secret in it."""
        parts = _split(value)
        return parts is not None and (
            parts.scheme in _SCHEMES
            and parts.username is None
            and not parts.query
            and not parts.fragment
            and bool(_DATABASE.fullmatch(parts.path))
            and _is_harmless_host(parts.hostname or "")
            and value.count("@") == 0
        )

    def _url_parts(self, value: str) -> Optional[Row]:
        """Return of a URL its scheme, host and port, each null unless harmless.

        `words` are the known modes among the words of its host; `password` is a fingerprint.
        """
        parts = _split(value)
        if parts is None:
            return None
        host = parts.hostname or ""
        row: Row = {
            "scheme": parts.scheme if parts.scheme in _SCHEMES else None,
            "host": host if _is_harmless_host(host) else None,
            "port": parts.port,
            "words": sorted({word for word in re.split("[.-]", host) if self.is_mode(word)}),
        }
        if parts.password:
            row["password"] = self._fingerprints.of(parts.password)
        return row


def _is_plain(text: str) -> bool:
    return all(is_plain_word(word) for word in _WORD.findall(text))


def _is_number_name(words: List[str]) -> bool:
    if _PERSONAL.intersection(words):
        return False
    return words[-1] in _NUMBER_NAMES or words[0] in _NUMBER_FIRST


def _is_level(_: Describer, value: str) -> bool:
    return value.lower() in _LEVELS or (value.isdigit() and len(value) < 3)


def _is_port(_: Describer, value: str) -> bool:
    return all(_PORT.fullmatch(one) and 0 < int(one) < 65536 for one in _items(value))


def _is_host(_: Describer, value: str) -> bool:
    found = _HOST_PORT.fullmatch(value)
    return bool(found) and _is_harmless_host(value if found is None else found.group(1))


def _is_symbols(_: Describer, value: str) -> bool:
    return all(_SYMBOL.fullmatch(one) for one in _items(value))


def _matching(pattern: Pattern[str]) -> Callable[[Describer, str], bool]:
    return lambda _, value: bool(pattern.fullmatch(value))


_FORMS = (
    _Form(_MODE_NAMES, False, Describer.is_mode),
    _Form(_LEVEL_NAMES, False, _is_level),
    _Form(_PORT_NAMES, False, _is_port),
    _Form(_HOST_NAMES, False, _is_host),
    _Form(_URL_NAMES, False, Describer.is_url),
    _Form(_STREAM_NAMES, True, Describer.is_stream),
    _Form(_SYMBOL_NAMES, True, _is_symbols),
    _Form(_PATH_NAMES, False, Describer.is_path),
    _Form(_ZONE_NAMES, False, _matching(_ZONE)),
    _Form(_LANGUAGE_NAMES, False, _matching(_LANGUAGE)),
)


def _items(value: str) -> List[str]:
    """Return the parts of a list joined by commas; at most forty, else one that fits nowhere."""
    found = [part.strip() for part in value.split(",")]
    return found if len(found) <= 40 else [""]


def _is_harmless_host(host: str) -> bool:
    """Say whether a host is this one or one of a private network, named by its address."""
    bare = host.strip("[]")
    if bare in ("localhost", "0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    return any(address in net for net in _PRIVATE if net.version == address.version)


def _split(value: str) -> Optional[SplitResult]:
    if "://" not in value or len(value) > 2000 or re.search(r"\s", value):
        return None
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    return parts if parts.netloc else None


def _looks(value: str) -> Optional[str]:
    """Say what kind of secret a value is plainly formed like."""
    if "-----BEGIN" in value:
        return "key block"
    parts = _split(value)
    if parts is not None:
        return "url with password" if parts.password else None
    if _TOKEN.fullmatch(value) and _LETTERS.search(value) and _DIGIT.search(value):
        return None if value.startswith("/") else "token"
    return None


def _length_class(length: int) -> str:
    least = 1
    for limit in _CLASSES:
        if length < limit:
            return "{}-{}".format(least, limit - 1)
        least = limit
    return "{}+".format(least)
