"""The kinds of probe: one module each, with `look(args, turn)` and `by_hand(args)`.

`look` writes its output to the turn's tails and returns a verdict; it may raise OSError for what
the system refuses. `by_hand` returns the command a person would type to see the same. A module may
name `WORDS` that its output holds. What a kind takes is declared in
`truthmap_collector.declaration`.
"""

from importlib import import_module
from typing import Any, Callable, Dict, NamedTuple, Sequence

from truthmap_collector.observation import Verdict
from truthmap_collector.turn import Turn

__all__ = ["KINDS", "MODULES", "Kind"]


class Kind(NamedTuple):
    """How a kind is executed, and how a person repeats it.

    `words` are such as its output holds and that the masker would not know for harmless.
    """

    look: Callable[[Dict[str, Any], Turn], Verdict]
    by_hand: Callable[[Dict[str, Any]], str]
    words: Sequence[str] = ()


MODULES = {
    "checkout": "checkout",
    "clock": "clock",
    "command": "command",
    "containers": "containers",
    "cron": "cron",
    "env_file": "env_file",
    "file": "single_file",
    "files": "files",
    "filesystems": "filesystems",
    "journal": "journal",
    "journal_counts": "journal_counts",
    "listing": "listing",
    "process": "processes",
    "redis": "redis",
    "server_config": "server_config",
    "source_scan": "source_scan",
    "tree": "tree",
}
"""The module of each kind, in this package."""


class _Kinds(Dict[str, Kind]):
    """The kinds by name, each imported when it is first asked for: a host gets no others."""

    def __missing__(self, name: str) -> Kind:
        module: Any = import_module("{}.{}".format(__name__, MODULES[name]))
        self[name] = Kind(module.look, module.by_hand, getattr(module, "WORDS", ()))
        return self[name]


KINDS = _Kinds()
