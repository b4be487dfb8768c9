"""Looks made records: masked in the time there is, cut until the encoded answer fits."""

import time
from typing import Any, Dict, List, Sequence, Tuple

from truthmap_collector import shrinking
from truthmap_collector.answer import framed, surely_within
from truthmap_collector.declaration import masking_of
from truthmap_collector.evidence import maskable, record
from truthmap_collector.jobs import Look
from truthmap_collector.masking import Masker

__all__ = ["pack"]

Answer = Dict[str, Any]
_Pair = Tuple[Look, Dict[str, Any]]

# The masker does 0.4 to 2.5 s a MiB where this was measured; slower processors are common.
_MASKED_BYTES_PER_S = 256 * 1024
_ALWAYS_MASKED_BYTES = 16 * 1024


def pack(
    answer: Answer, looks: Sequence[Look], masker: Masker, limit: int, deadline: float
) -> None:
    """Fill in the answer's `evidence`, encoded at most `limit` bytes with the rest of the answer.

    The largest outputs are cut, if masking them would take beyond `deadline` (monotonic seconds)
    or if the answer does not fit; then `complete` is false. Raises ValueError if it does not fit
    even without any output.
    """
    pairs = _masked_in_time(looks, masker, deadline)
    if any(pair[0] is not look for pair, look in zip(pairs, looks)):
        answer["complete"] = False
    answer["evidence"] = [made for _, made in pairs]
    if surely_within(answer, limit):
        return
    size = len(framed(answer))
    while size > limit:
        pairs = _smaller(pairs, masker, min(0.9, 0.9 * limit / size))
        answer["complete"] = False
        answer["evidence"] = [made for _, made in pairs]
        size = len(framed(answer))
        if size > limit and not shrinking.weight([look for look, _ in pairs]):
            raise ValueError("the records alone take {} bytes of {}".format(size, limit))


def _masked_in_time(looks: Sequence[Look], masker: Masker, deadline: float) -> List[_Pair]:
    """Make records, the small ones first, so that only the largest are cut for want of time."""
    pairs: Dict[int, _Pair] = {}
    for place in sorted(range(len(looks)), key=lambda at: shrinking.weight([looks[at]])):
        look = looks[place]
        if masking_of(look.job.probe) != "none":
            in_time = int((deadline - time.monotonic()) * _MASKED_BYTES_PER_S)
            most = max(in_time, _ALWAYS_MASKED_BYTES)
            if shrinking.weight([look]) > most and maskable(look) > most:
                look = shrinking.shrunk(look, most)
        pairs[place] = (look, record(look, masker))
    return [pairs[place] for place in range(len(looks))]


def _smaller(pairs: Sequence[_Pair], masker: Masker, share: float) -> List[_Pair]:
    """Cut the largest outputs until about `share` of all is left; untouched records stay."""
    looks = [look for look, _ in pairs]
    most = shrinking.level(looks, int(shrinking.weight(looks) * share))
    smaller = [shrinking.shrunk(look, most) for look in looks]
    return [
        pair if look is pair[0] else (look, record(look, masker))
        for look, pair in zip(smaller, pairs)
    ]
