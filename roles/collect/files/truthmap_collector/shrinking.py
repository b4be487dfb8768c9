"""Making the evidence smaller where it is largest."""

from typing import List, Sequence

from truthmap_collector.jobs import Look

__all__ = ["level", "shrunk", "weight"]


def weight(looks: Sequence[Look]) -> int:
    """Return the bytes of output held."""
    return sum(_sizes(looks))


def level(looks: Sequence[Look], total: int) -> int:
    """Return how long each stream may be so that all together fill `total` bytes.

    Streams below that level stay whole: only the largest are cut.
    """
    sizes = sorted(_sizes(looks))
    left = total
    for position, size in enumerate(sizes):
        share = left // (len(sizes) - position)
        if size > share:
            return share
        left -= size
    return sizes[-1] if sizes else 0


def shrunk(look: Look, most: int) -> Look:
    """Return a look whose streams are cut to their last `most` bytes; itself if none is longer."""
    if max(len(look.stdout.data), len(look.stderr.data)) <= most:
        return look
    return look._replace(stdout=look.stdout.last(most), stderr=look.stderr.last(most))


def _sizes(looks: Sequence[Look]) -> List[int]:
    return [len(stream.data) for look in looks for stream in (look.stdout, look.stderr)]
