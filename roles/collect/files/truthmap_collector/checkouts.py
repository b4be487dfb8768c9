"""What a git checkout's own files say: commit, branch, remotes, files that differ from the index.

git itself is never run: in a checkout of another user its configuration may name programs to start.

Source: gitrepository-layout(5), gitformat-index(5).
"""

import hashlib
import os
import re
import stat
import struct
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from truthmap_collector import host, reading
from truthmap_collector.masking import Masker
from truthmap_collector.observation import Tail, refusal

__all__ = ["Index", "differences", "find", "git_folder", "head", "remotes"]

_SMALL = 1 << 20
_INDEX = 1 << 25
_ENTRY = struct.Struct(">10I")
_HASHED = 1 << 26
_REFUSED = 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?$")
_SECTION = re.compile(r'\s*\[remote "([^"]*)"\]\s*$')
_URL = re.compile(r"\s*url\s*=\s*(.*?)\s*$")
_USER_INFO = re.compile(r"^([A-Za-z][\w+.-]*://)[^/?#]*@")
_SHORT = re.compile(r"^[^/@:]+@([^/:]+:)")
_HOST = re.compile(r"[A-Za-z][\w+.-]*://[^/]*|[^/:]+:|")

_SYMLINK, _SUBMODULE = 0o120000, 0o160000
_EXTENDED, _ASSUMED, _SKIPPED = 0x4000, 0x8000, 0x4000


class Index(NamedTuple):
    """What differs from the index, how many files that knows, and whether all were compared.

    `refused` are files that could not be looked at, with the reason: the first of them.
    """

    files: int
    modified: List[str]
    deleted: List[str]
    complete: bool
    refused: Dict[str, str]


def find(folder: str) -> Optional[str]:
    """Return the nearest folder, this one or above, that is a checkout.

    Raises OSError where none was found, and this folder or one above could not be looked into.
    """
    refused = None
    while folder and folder != "/":
        try:
            os.lstat(host.to_os(folder + "/.git"))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            refused = refused or error
        else:
            return folder
        folder = os.path.dirname(folder)
    if refused is not None:
        raise refused
    return None


def git_folder(top: str) -> str:
    """Return where a checkout's git files are; a worktree's `.git` is a file that says so."""
    own = top + "/.git"
    if os.path.isdir(host.to_os(own)):
        return own
    said = _text(own).partition("gitdir:")[2].strip()
    return os.path.normpath(os.path.join(top, said)) if said else own


def head(git: str) -> Tuple[Optional[str], Optional[str]]:
    """Return the branch (None if detached) and the commit (None if there is none yet)."""
    said = _text(git + "/HEAD").strip()
    if not said.startswith("ref:"):
        return None, said if _COMMIT.match(said) else None
    name = said[4:].strip()
    branch = name[len("refs/heads/") :] if name.startswith("refs/heads/") else name
    common = _common(git)
    if ".." not in name:
        for folder in (git, common):
            try:
                found = _text(folder + "/" + name).strip()
            except OSError:
                continue
            return branch, found if _COMMIT.match(found) else None
    try:
        packed = _text(common + "/packed-refs").splitlines()
    except OSError:
        packed = []
    for line in packed:
        commit, _, packed_name = line.partition(" ")
        if packed_name == name and _COMMIT.match(commit):
            return branch, commit
    return branch, None


def remotes(git: str, top: str) -> Dict[str, str]:
    """Return the remotes' addresses by name, without users, passwords, queries.

    Of the path those parts are masked that are neither plain words nor the checkout's own name.
    """
    masker = Masker([os.path.basename(top)])
    found: Dict[str, str] = {}
    name = None
    for line in _text(_common(git) + "/config").splitlines():
        if line.lstrip().startswith("["):
            section = _SECTION.match(line)
            name = section.group(1) if section else None
            continue
        url = _URL.match(line)
        if name and url:
            found[name] = _bare(url.group(1), masker)
    return found


def _bare(url: str, masker: Masker) -> str:
    bare = _SHORT.sub(r"\1", _USER_INFO.sub(r"\1", url))
    if "@" in bare:  # a password may hold any of `/?#`: where it ends is not clear
        return "<masked:{}>".format(len(bare))
    bare = re.split(r"[?#]", bare)[0]
    host_part = _HOST.match(bare)
    end = host_part.end() if host_part else 0
    return bare[:end] + "/".join(_part(one, masker) for one in bare[end:].split("/"))


def _part(part: str, masker: Masker) -> str:
    stem, suffix = (part[:-4], ".git") if part.endswith(".git") else (part, "")
    return ("<masked:{}>".format(len(stem)) if masker.text(stem)[1] else stem) + suffix


def differences(top: str, git: str, over: Callable[[], bool], most: int) -> Index:
    """Compare the tracked files with the index, as git does: by size and time, then by content.

    Files that are not tracked, and what is staged, are not looked for. Raises OSError, ValueError.
    """
    tail = Tail(_INDEX)
    reading.into(tail, host.to_os(git + "/index"), _INDEX)
    width = 32 if "objectformat = sha256" in _text(_common(git) + "/config").lower() else 20
    modified: List[str] = []
    deleted: List[str] = []
    refused: Dict[str, str] = {}
    count, left, complete = 0, _HASHED, not tail.stream().truncated
    for path, mtime, size, mode, digest in _entries(tail.stream().data, width):
        count += 1
        if over() or count > most:
            complete = False
            break
        if mode in (_SYMLINK, _SUBMODULE):
            continue
        whole = os.path.join(host.to_os(top), path)
        try:
            found = os.lstat(whole)
        except (FileNotFoundError, NotADirectoryError):
            deleted.append(host.from_os(path))
            continue
        except OSError as error:
            complete = False
            _note(refused, path, error)
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_size & 0xFFFFFFFF != size:
            modified.append(host.from_os(path))
        elif int(found.st_mtime) != mtime:
            if found.st_size > left:
                complete = False
                continue
            left -= found.st_size
            try:
                if _blob(whole, found.st_size, width) != digest:
                    modified.append(host.from_os(path))
            except OSError as error:
                complete = False
                _note(refused, path, error)
            except reading.NotRegularError:
                complete = False  # it was replaced just now
    return Index(count, modified, deleted, complete, refused)


def _note(refused: Dict[str, str], path: bytes, error: OSError) -> None:
    if len(refused) < _REFUSED:
        refused[host.from_os(path)] = refusal(error)


def _entries(data: bytes, width: int) -> Iterator[Tuple[bytes, int, int, int, bytes]]:
    """Yield path, mtime (s), size, mode and digest of each entry. Raises ValueError."""
    if data[:4] != b"DIRC" or len(data) < 12:
        raise ValueError("not an index")
    version, count = struct.unpack(">2I", data[4:12])
    if version not in (2, 3, 4):
        raise ValueError("an index of version {}".format(version))
    at, path = 12, b""
    for _ in range(count):
        if at + 42 + width > len(data):
            raise ValueError("an index that is cut")
        start = at
        fields = _ENTRY.unpack_from(data, at)
        digest = data[at + 40 : at + 40 + width]
        flags = struct.unpack_from(">H", data, at + 40 + width)[0]
        at += 42 + width
        more = 0
        if version > 2 and flags & _EXTENDED:
            more = struct.unpack_from(">H", data, at)[0]
            at += 2
        if version == 4:
            strip, at = _number(data, at)
            end = data.index(b"\0", at)
            path = path[: len(path) - strip] + data[at:end]
            at = end + 1
        else:
            end = data.index(b"\0", at)
            path = data[at:end]
            at = start + (end - start + 8) // 8 * 8
        if not (flags & _ASSUMED or more & _SKIPPED or flags & 0x3000):
            yield path, fields[2], fields[9], fields[6] & 0o170000, digest


def _number(data: bytes, at: int) -> Tuple[int, int]:
    """Return a number of variable width, as pack files write offsets, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1


def _blob(path: bytes, size: int, width: int) -> bytes:
    """Return the digest git gives a file. Raises OSError, NotRegularError."""
    tail = Tail(size + 1)
    reading.into(tail, path, size + 1)
    data = tail.stream().data
    digest: Any = hashlib.sha256 if width == 32 else hashlib.sha1
    return bytes(digest(b"blob %d\0" % len(data) + data).digest())


def _common(git: str) -> str:
    """Return the folder that worktrees share."""
    try:
        return os.path.normpath(os.path.join(git, _text(git + "/commondir").strip()))
    except OSError:
        return git


def _text(path: str) -> str:
    tail = Tail(_SMALL)
    try:
        reading.into(tail, host.to_os(path), _SMALL)
    except reading.NotRegularError as error:
        raise OSError(0, str(error))
    return host.from_os(tail.stream().data)
