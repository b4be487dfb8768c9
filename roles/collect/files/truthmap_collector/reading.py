"""Reading regular files without disturbing anything: no device, no fifo, no access time."""

import contextlib
import os
import stat
import time
from typing import Iterator, NamedTuple, Optional

from truthmap_collector import host
from truthmap_collector.observation import Tail

__all__ = ["NotRegularError", "Opened", "head", "into", "opened", "type_name"]

_CHUNK = 65536


class NotRegularError(Exception):
    """The path is no regular file; the text says what it is."""


class Opened(NamedTuple):
    """An open descriptor and the size the file had then."""

    descriptor: int
    size: int


def into(tail: Tail, path: bytes, limit: int, deadline: Optional[float] = None) -> bool:
    """Read a file's last `limit` bytes into `tail`, to the end it has now.

    Files of size 0 (those of /proc) are read until their end. Returns False if `deadline`
    (monotonic seconds) came first. Raises OSError, NotRegularError.
    """
    opened = _open(path)
    try:
        if opened.size > limit:
            os.lseek(opened.descriptor, opened.size - limit, os.SEEK_SET)
            tail.skip(opened.size - limit)
        left = min(opened.size, limit) or None
        while left is None or left > 0:
            if deadline is not None and time.monotonic() >= deadline:
                return False
            chunk = os.read(opened.descriptor, min(_CHUNK, left or _CHUNK))
            if not chunk:
                break
            tail.add(chunk)
            left = None if left is None else left - len(chunk)
        return True
    finally:
        os.close(opened.descriptor)


def head(path: bytes, count: int) -> bytes:
    """Return a file's first `count` bytes. Raises OSError, NotRegularError."""
    opened = _open(path)
    try:
        return os.read(opened.descriptor, count)
    finally:
        os.close(opened.descriptor)


@contextlib.contextmanager
def opened(path: bytes) -> Iterator[Opened]:
    """Hold a file open, to read parts of it. Raises OSError, NotRegularError."""
    found = _open(path)
    try:
        yield found
    finally:
        os.close(found.descriptor)


def _open(path: bytes) -> Opened:
    # Looked at before it is opened: opening a device can already do something (a watchdog).
    _require_regular(path, os.stat(path).st_mode)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(path, flags)  # only the owner and root may leave the access time alone
    found = os.fstat(descriptor)
    try:
        _require_regular(path, found.st_mode)
    except NotRegularError:
        os.close(descriptor)
        raise
    return Opened(descriptor, found.st_size)


def _require_regular(path: bytes, mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = "{} is not a regular file but a {}".format(host.from_os(path), type_name(mode))
        raise NotRegularError(what)


def type_name(mode: int) -> str:
    """Return the kind of file in one word, as `find -type` tells them apart."""
    for test, name in (
        (stat.S_ISREG, "file"),
        (stat.S_ISDIR, "directory"),
        (stat.S_ISLNK, "symlink"),
        (stat.S_ISFIFO, "fifo"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "character device"),
        (stat.S_ISBLK, "block device"),
    ):
        if test(mode):
            return name
    return "unknown"
