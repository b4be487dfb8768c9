"""Environment files: kind `env_file`, JSON lines.

Sample (assignments, then their file, then the folder; a pattern names the files it matches):

    {"line":1,"key":"TESTNET","value":"true","of":"/etc/app/testnet.env"}
    {"line":2,"key":"API_KEY","fingerprint":"b0d1…","length":"64-127","looks":"token","of":"…"}
    {"file":"/etc/app/testnet.env","target":null,"type":"file","mode":"0640","uid":0,"gid":0,
     "owner":"root","group":"root","size":170,"mtime":"2026-02-15T16:00:00.000000Z",
     "closed_by":null,"odd":[{"line":3,"why":"no assignment"}],"assignments":2}
    {"file":"/etc/app/closed.env","outcome":"denied","error":"Permission denied"}
    {"pattern":"/etc/app/*.env","files":["/etc/app/testnet.env"],"denied":[]}
    {"folder":"/etc/app","type":"directory","mode":"0755",…,"entries":3,"left_out":0}

Source: systemd.exec(5), EnvironmentFile=.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.messages import Text, text
from reporter.parsers.host_rows import json_rows
from reporter.parsers.logging_rows import modified
from truthmap_collector.masking import secrecy

__all__ = ["HIDDEN_NAME", "ConfigFiles", "EnvFile", "Folder", "Pattern", "Setting", "Url"]

HIDDEN_NAME = "(name "
"""How the name of a setting begins that may itself be a secret: its fingerprint follows."""

_TAKES = 2
_READS = 4


@dataclass(frozen=True, slots=True)
class Url:
    """What may be told of a value that is a URL; `password` is a fingerprint."""

    words: tuple[str, ...]
    password: str | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment: its value where that may leave the host, otherwise a fingerprint of it.

    `key` is None for a name that may itself be a secret; `name` is then a fingerprint, too.
    """

    name: str
    key: str | None
    line: int
    value: str | None
    fingerprint: str | None
    length: str | None
    looks: str | None
    url: Url | None
    raw: str

    @property
    def identity(self) -> str:
        """What two settings share exactly if their values are equal."""
        return f"value {self.value}" if self.fingerprint is None else f"print {self.fingerprint}"

    @property
    def secret(self) -> str | None:
        """The fingerprint of the secret it holds, by its name or its form; None if it holds none.

        Of a URL with a password that is the password's.
        """
        if self.url is not None and self.url.password is not None:
            return self.url.password
        if self.fingerprint is None:
            return None
        named = self.key is None or secrecy(self.key) > 0
        return self.fingerprint if named or self.looks is not None else None

    @property
    def shown(self) -> Text:
        """The value, or what can be said of it."""
        if self.fingerprint is None:
            return text("{value}", value=self.value or text("(empty)"))
        return text(
            "a value of {length} characters that stays on the host (fingerprint {fingerprint})",
            length=self.length or "?",
            fingerprint=self.fingerprint[:8],
        )


@dataclass(frozen=True, slots=True)
class EnvFile:
    """One file. `error` says why its settings are not known; `outcome` whether it is there.

    `closed_by` is the first folder on the way that others may not enter; `odd` are the lines that
    systemd leaves out or reads in a surprising way: number and reason. `size` is bytes, `modified`
    epoch seconds, `owner` a name or number; None: not known.
    """

    path: str
    outcome: str
    error: str | None
    mode: int | None
    closed_by: str | None
    settings: tuple[Setting, ...]
    odd: tuple[tuple[int, str], ...]
    record: str
    raw: str
    size: int | None = None
    modified: float | None = None
    owner: str | None = None

    @property
    def folder(self) -> str:
        """The folder it lies in."""
        return self.path.rpartition("/")[0] or "/"

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.path.rpartition("/")[2]

    @property
    def absent(self) -> bool:
        """Whether there is no such file."""
        return self.outcome == "absent"

    @property
    def refused(self) -> bool:
        """Whether systemd itself would not read it."""
        return bool(self.error and self.error.startswith("systemd refuses it"))

    @property
    def unread(self) -> bool:
        """Whether it is there, or may be, and what it sets is not known."""
        return self.error is not None and not self.absent and not self.refused

    @property
    def readable_by_all(self) -> bool:
        """Whether every user of the host may read it."""
        return self._open(_READS)

    @property
    def writable_by_all(self) -> bool:
        """Whether every user of the host may write it."""
        return self._open(_TAKES)

    def effective(self) -> dict[str, Setting]:
        """Return what the file sets in the end: of one name, the later assignment wins."""
        return {setting.name: setting for setting in self.settings}

    def cite(self, *settings: Setting) -> Citation:
        """Return the citation of the file's row, or of some of its settings."""
        lines = [setting.raw for setting in settings] or [self.raw]
        return Citation(self.record, "\n".join(lines))

    def _open(self, bit: int) -> bool:
        return self.mode is not None and bool(self.mode & bit) and self.closed_by is None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was searched; `error` says why it was not, `left_out` how many files were."""

    path: str
    error: str | None
    left_out: int
    record: str
    raw: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern and the files it matches; `denied` are folders that could not be searched."""

    files: tuple[str, ...]
    denied: tuple[str, ...]


@dataclass(frozen=True)
class ConfigFiles:
    """The files of one look, by path; the patterns and folders of it."""

    record: str
    by_path: Mapping[str, EnvFile]
    patterns: Mapping[str, Pattern]
    folders: tuple[Folder, ...]

    def __iter__(self) -> Iterator[EnvFile]:
        """Iterate over the files, ordered by path."""
        return iter(self.by_path[path] for path in sorted(self.by_path))


@fact("config_env_files")
def env_files(record: Record) -> ConfigFiles:
    """Return the environment files of units in memory, and those beside them."""
    return _files(record)


@fact("config_directories")
def declared_env_files(record: Record) -> ConfigFiles:
    """Return the environment files in the folders an operator named; none if none is named."""
    return _files(record)


def _files(record: Record) -> ConfigFiles:
    settings: dict[str, list[Setting]] = {}
    by_path: dict[str, EnvFile] = {}
    patterns: dict[str, Pattern] = {}
    folders: list[Folder] = []
    for row, raw in json_rows(record):
        if "of" in row:
            settings.setdefault(str(row["of"]), []).append(_setting(row, raw))
        elif "file" in row:
            path = str(row["file"])
            by_path[path] = _file(record.id, path, row, raw, settings.get(path, []))
        elif "pattern" in row:
            patterns[str(row["pattern"])] = Pattern(tuple(row["files"]), tuple(row["denied"]))
        elif "folder" in row:
            error = None if row.get("error") is None else str(row["error"])
            left_out = int(row.get("left_out") or 0)
            folders.append(Folder(str(row["folder"]), error, left_out, record.id, raw))
    return ConfigFiles(record.id, by_path, patterns, tuple(folders))


def _setting(row: Mapping[str, Any], raw: str) -> Setting:
    url = row.get("url")
    key = row.get("key")
    return Setting(
        name=key if key is not None else f"{HIDDEN_NAME}{str(row.get('key_fingerprint'))[:8]})",
        key=key,
        line=int(row["line"]),
        value=row.get("value"),
        fingerprint=row.get("fingerprint"),
        length=row.get("length"),
        looks=row.get("looks"),
        url=Url(tuple(url.get("words") or ()), url.get("password")) if url else None,
        raw=raw,
    )


def _file(
    record: str, path: str, row: Mapping[str, Any], raw: str, settings: list[Setting]
) -> EnvFile:
    error, mode, closed = row.get("error"), row.get("mode"), row.get("closed_by")
    if error is None and len(settings) != row.get("assignments"):
        error = "some of its assignments were cut off the record"
    return EnvFile(
        path=path,
        outcome=str(row.get("outcome") or "collected"),
        error=None if error is None else str(error),
        mode=None if mode is None else int(str(mode), 8),
        closed_by=str(closed["path"]) if closed else None,
        settings=tuple(settings),
        odd=tuple((int(one["line"]), str(one["why"])) for one in row.get("odd") or ()),
        record=record,
        raw=raw,
        size=row.get("size"),
        modified=modified(dict(row)),
        owner=_owner(row),
    )


def _owner(row: Mapping[str, Any]) -> str | None:
    named = row.get("owner") or row.get("uid")
    return None if named is None else str(named)
