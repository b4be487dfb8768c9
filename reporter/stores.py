"""Where an archive's files come from: a folder, one file, or a tar file read in memory."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path
from typing import Protocol

__all__ = [
    "MANIFEST_NAME",
    "FileStore",
    "FolderStore",
    "Store",
    "TarStore",
    "is_bundle_name",
    "open_store",
    "unpack",
]

MANIFEST_NAME = "manifest.json"
FILE_LIMIT = 256 * 1024 * 1024
"""The most one file may hold, inflated, in bytes."""
TAR_LIMIT = 4 * 1024 * 1024 * 1024
"""The most a tar file may hold, inflated, in bytes."""
TAR_MEMBERS = 100_000
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")


class Store(Protocol):
    """The files of one path given by the user; names use `/` and are relative."""

    def names(self) -> list[str]:
        """Return the names of the files, sorted."""

    def manifests(self) -> list[str]:
        """Return the names of the manifests among them, sorted."""

    def read(self, name: str) -> bytes:
        """Return a file's content; raises OSError, or ValueError where it is too large."""

    def where(self, name: str) -> str:
        """Return how to name the file to a person."""


def is_bundle_name(name: str) -> bool:
    """Say whether a file may be a bundle by its name."""
    base = name.rpartition("/")[2]
    return (
        base.endswith((".json", ".json.zst")) and base != MANIFEST_NAME and not base.startswith(".")
    )


class FileStore:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Return the one name."""
        return [self._path.name]

    def manifests(self) -> list[str]:
        """Return nothing: a manifest without its folder names bundles nobody can read."""
        return []

    def read(self, name: str) -> bytes:
        """Return the file's content."""
        return _read_file(self._path)

    def where(self, name: str) -> str:
        """Return the path."""
        return str(self._path)


class FolderStore:
    """The files of one folder; folders below it (the reports of the run) do not count."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Return the names of its regular files."""
        return sorted(entry.name for entry in self._path.iterdir() if entry.is_file())

    def manifests(self) -> list[str]:
        """Return the manifest's name, if there is one."""
        return [MANIFEST_NAME] if (self._path / MANIFEST_NAME).is_file() else []

    def read(self, name: str) -> bytes:
        """Return the file's content."""
        return _read_file(self._path / name)

    def where(self, name: str) -> str:
        """Return the path."""
        return str(self._path / name)


class TarStore:
    """The regular files of a tar file, held in memory; nothing is ever extracted to disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = _read_tar(path)

    def names(self) -> list[str]:
        """Return the names of its regular files."""
        return sorted(self._files)

    def manifests(self) -> list[str]:
        """Return the manifests' names: one for each run in the tar file."""
        return [name for name in self.names() if name.rpartition("/")[2] == MANIFEST_NAME]

    def read(self, name: str) -> bytes:
        """Return the file's content."""
        if name not in self._files:
            raise FileNotFoundError(name)
        return self._files[name]

    def where(self, name: str) -> str:
        """Return the tar file's path and the name within it."""
        return f"{self._path}:{name}"


def open_store(path: Path) -> Store:
    """Return the store of a path; raises ValueError where it is none or cannot be read."""
    if path.is_dir():
        return FolderStore(path)
    if path.name.endswith(_TAR_SUFFIXES):
        try:
            return TarStore(path)
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise ValueError(f"not a readable tar file ({error})") from error
    if not path.is_file():
        raise ValueError("neither a folder nor a regular file")
    return FileStore(path)


def unpack(name: str, content: bytes) -> bytes:
    """Return a bundle's JSON; raises ValueError where it is too large or not Zstandard."""
    return _inflate_zstd(content, FILE_LIMIT) if name.endswith(".zst") else content


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise ValueError(f"larger than {FILE_LIMIT} bytes: no bundle is")
    return content


def _read_tar(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    with _open_tar(path) as tar:
        for count, member in enumerate(tar):
            if count >= TAR_MEMBERS:
                raise ValueError(f"more than {TAR_MEMBERS} members")
            if not member.isreg():
                continue
            total += member.size
            if member.size > FILE_LIMIT or total > TAR_LIMIT:
                raise ValueError(f"holds more than {TAR_LIMIT} bytes, or a file too large")
            handle = tar.extractfile(member)
            if handle is not None:
                files[member.name.removeprefix("./")] = handle.read(FILE_LIMIT)
    return files


def _open_tar(path: Path) -> tarfile.TarFile:
    if path.name.endswith(".zst"):
        content = _inflate_zstd(path.read_bytes(), TAR_LIMIT)
        return tarfile.open(fileobj=io.BytesIO(content), mode="r:")
    return tarfile.open(path, mode="r:*")


def _inflate_zstd(content: bytes, limit: int) -> bytes:
    try:
        import zstandard  # noqa: PLC0415 - serves only those who compress
    except ImportError as error:
        raise ValueError("compressed with Zstandard: pip install 'truthmap[zstd]'") from error
    try:
        reader = zstandard.ZstdDecompressor().stream_reader(content)
        inflated: bytes = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise ValueError(f"not readable as Zstandard ({error})") from error
    if len(inflated) > limit:
        raise ValueError(f"holds more than {limit} bytes")
    return inflated
