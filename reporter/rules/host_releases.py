"""Kernel releases: which are of one flavour, and which is newer.

A release (`uname -r`) is a version with words in it: some number the build (`rc3`, `deb11`,
`el9_4`), the rest name the flavour (`cloud-amd64`, `generic`, `lts`), which is what a boot
loader's default follows. Only releases of one flavour are compared.
"""

from __future__ import annotations

import re

__all__ = ["flavour", "newer"]

_PART = re.compile(r"[-+.~]")
_BUILD = re.compile(r"(amzn|arch|artix|bpo|deb|el|fc|mga|rc|ubuntu|zen)\d[\w]*|bpo")
_RUN = re.compile(r"~|\d+|[a-z]+")
_UNRELEASED = ("~", "rc")

Key = tuple[tuple[int, int, str], ...]


def flavour(release: str) -> tuple[str, ...]:
    """Return the words that name the flavour.

    >>> flavour("6.1.0-18-cloud-amd64"), flavour("5.14.0-427.13.1.el9_4.x86_64")
    (('cloud', 'amd64'), ('x86_64',))
    """
    return tuple(
        part for part in _PART.split(release) if part[:1].isalpha() and not _BUILD.fullmatch(part)
    )


def newer(release: str, than: str) -> bool:
    """Say whether a release is of the same flavour and a higher version.

    Runs of digits compare as numbers, so 6.1.0-18 is above 6.1.0-9; `rc` and `~` stand before
    the release they lead to.

    >>> newer("6.1.0-18-amd64", "6.1.0-9-amd64"), newer("6.12-rc3-amd64", "6.12-amd64")
    (True, False)
    """
    return flavour(release) == flavour(than) and _key(release) > _key(than)


def _key(release: str) -> Key:
    named = set(flavour(release))
    parts = [part for part in re.split(r"[-+.]", release) if part not in named]
    runs = _RUN.findall(" ".join(parts).lower())
    return (*(_weight(run) for run in runs), (0, 0, ""))


def _weight(run: str) -> tuple[int, int, str]:
    if run in _UNRELEASED:
        return (-1, 0, run)
    return (2, int(run), "") if run.isdigit() else (1, 0, run)
