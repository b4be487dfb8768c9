"""The kinds of probe: one module each, with `look(args, turn)` and `by_hand(args)`.

`look` writes its output to the turn's tails and returns a verdict; it may raise OSError for what
the system refuses. `by_hand` returns the command a person would type to see the same. What a kind
takes is declared in `truthmap_collector.declaration`.
"""

from typing import Any, Callable, Dict, NamedTuple, Sequence

from truthmap_collector.kinds import (
    clock,
    command,
    cron,
    files,
    filesystems,
    journal,
    listing,
    processes,
    redis,
    single_file,
)
from truthmap_collector.observation import Verdict
from truthmap_collector.turn import Turn

__all__ = ["KINDS", "Kind"]


class Kind(NamedTuple):
    """How a kind is executed, and how a person repeats it.

    `words` are such as its output holds and that the masker would not know for harmless.
    """

    look: Callable[[Dict[str, Any], Turn], Verdict]
    by_hand: Callable[[Dict[str, Any]], str]
    words: Sequence[str] = ()


KINDS = {
    "clock": Kind(clock.look, clock.by_hand),
    "command": Kind(command.look, command.by_hand),
    "cron": Kind(cron.look, cron.by_hand, cron.WORDS),
    "file": Kind(single_file.look, single_file.by_hand),
    "files": Kind(files.look, files.by_hand),
    "filesystems": Kind(filesystems.look, filesystems.by_hand),
    "journal": Kind(journal.look, journal.by_hand),
    "listing": Kind(listing.look, listing.by_hand),
    "process": Kind(processes.look, processes.by_hand),
    "redis": Kind(redis.look, redis.by_hand, redis.WORDS),
}
