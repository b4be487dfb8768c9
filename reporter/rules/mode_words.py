"""By which words settings and files name the mode an application runs in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reporter.parsers.config_files import EnvFile, Setting
from reporter.profile import Profile

__all__ = ["PRODUCTION", "Modes", "mixed"]

PRODUCTION = "production"
"""The mode that is for real; every other one is for trial."""

_USUAL: Mapping[str, tuple[str, ...]] = {
    PRODUCTION: ("production", "prod", "live", "mainnet", "real"),
    "testnet": ("testnet", "sandbox", "demo"),
    "shadow": (
        "shadow",
        "paper",
        "dryrun",
        "dry_run",
        "dry-run",
        "simulation",
        "simulated",
        "sim",
        "backtest",
    ),
}

_NAMES = frozenset({"env", "environment", "mode", "net", "network", "stage"})
_TRUE = frozenset({"1", "true", "yes", "on", "y", "enabled"})
_FLAG = r"(?:.*_)?(?P<word>{words})(?:_(?:mode|trading|only|orders|enabled))?"
_FILE_PARTS = 2


@dataclass(frozen=True)
class Modes:
    """The words of each mode, as a profile or habit gives them."""

    words: Mapping[str, str]

    @classmethod
    def of(cls, profile: Profile | None) -> Modes:
        """Return the profile's own modes, or the usual ones where it says none."""
        given: Iterable[tuple[str, tuple[str, ...]]] = _USUAL.items()
        if profile is not None and profile.modes is not None:
            given = profile.modes
        return cls({word: mode for mode, words in given for word in (mode.lower(), *words)})

    def of_setting(self, setting: Setting) -> Iterator[str]:
        """Yield the modes a setting names.

        By its value (`TRADING_MODE=live`), as a flag that is set (`TESTNET=true`), or in the host
        of a URL. A flag that is not set names no mode.
        """
        key = (setting.key or "").lower()
        value = (setting.value or "").lower()
        if key.rpartition("_")[2] in _NAMES and value in self.words:
            yield self.words[value]
        if value in _TRUE:
            flags = "|".join(re.escape(word.replace("-", "_")) for word in self.words)
            found = re.fullmatch(_FLAG.format(words=flags), key)
            if found:
                yield self.words.get(found["word"]) or self.words[found["word"].replace("_", "-")]
        if setting.url is not None:
            yield from (self.words[word] for word in setting.url.words if word in self.words)

    def of_name(self, name: str) -> str | None:
        """Return the mode a file's name says: `testnet.env`, `app-prod.env`, `.env.production`."""
        parts = [part for part in re.split(r"[._-]", name.lower()) if part and part != "env"]
        if len(parts) > _FILE_PARTS:
            return None
        return next((self.words[part] for part in parts if part in self.words), None)

    def of_file(self, file: EnvFile) -> set[str]:
        """Return the modes a file names, by its name and what it sets in the end."""
        named = self.of_name(file.name)
        found = {mode for one in file.effective().values() for mode in self.of_setting(one)}
        return found | ({named} if named else set())


def mixed(modes: Iterable[str]) -> bool:
    """Say whether some are for real and some for trial."""
    found = set(modes)
    return PRODUCTION in found and len(found) > 1
