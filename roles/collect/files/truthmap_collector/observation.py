"""What a probe hands over: a verdict on how it went, and the tails of two streams."""

import errno
import os
from typing import NamedTuple, Optional

__all__ = [
    "ABSENT",
    "COLLECTED",
    "DENIED",
    "ERROR",
    "TIMEOUT",
    "Stream",
    "Tail",
    "Verdict",
    "from_os_error",
    "refusal",
]

COLLECTED = "collected"
ABSENT = "absent"
DENIED = "denied"
TIMEOUT = "timeout"
ERROR = "error"


class Verdict(NamedTuple):
    """How a probe went. `reason` is given unless it was collected.

    `free_text` says that the reason is not made of words, paths and names we know, and so has to
    be masked like any text of the host.
    """

    outcome: str
    reason: Optional[str] = None
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    free_text: bool = False


class Stream(NamedTuple):
    """The kept end of an output: `data` is its last bytes, `size` the bytes there were.

    `cut_end` says that the output stopped in mid flow, so its last word may be half a word.
    """

    data: bytes = b""
    size: int = 0
    truncated: bool = False
    cut_end: bool = False

    def last(self, most: int) -> "Stream":
        """Return the same stream with at most its last `most` bytes."""
        if len(self.data) <= most:
            return self
        return self._replace(data=self.data[len(self.data) - most :], truncated=True)


class Tail:
    """Takes any amount of bytes, keeps the last `limit` of them, counts them all."""

    def __init__(self, limit: int) -> None:
        """Keep `limit` bytes."""
        self._limit = limit
        self._kept = bytearray()
        self._size = 0
        self._skipped = False

    @property
    def size(self) -> int:
        """The bytes there were so far, kept or not."""
        return self._size

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the output."""
        self._size += len(chunk)
        self._kept += chunk
        # Trimming at every chunk would copy the whole tail each time.
        if len(self._kept) > self._limit + self._limit // 4 + 4096:
            del self._kept[: len(self._kept) - self._limit]

    def skip(self, count: int) -> None:
        """Note `count` bytes that came before the next ones and were not read at all."""
        self._size += count
        self.incomplete()

    def incomplete(self) -> None:
        """Note that something is missing whose size is not known."""
        self._skipped = True

    def stream(self, cut_end: bool = False) -> Stream:
        """Return what is kept so far."""
        data = bytes(self._kept[-self._limit :]) if self._limit else b""
        return Stream(data, self._size, self._skipped or len(data) < self._size, cut_end)


def refusal(error: OSError) -> str:
    """Return what the system said, without the names Python adds."""
    return os.strerror(error.errno) if error.errno else str(error)


def from_os_error(error: OSError, what: str) -> Verdict:
    """Say whether the system's refusal means absent, denied, or something else."""
    reason = "{}: {}".format(what, refusal(error))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Verdict(ABSENT, reason)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Verdict(DENIED, reason)
    return Verdict(ERROR, reason)
