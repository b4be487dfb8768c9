"""Facts: typed values parsed from evidence, and the reasons for those that are not there.

A parser is a function with one decorator that names the fact (the function's name) and the
probe it reads. It takes one record and returns a value, or raises `NoFact` with the reason the
record cannot carry one. It never invents a default: a fact is there, or `Missing` says why not.

    @fact("systemd_units")
    def units(record: Record) -> Units: ...

    @fact_each("systemd_restart_journal")     # one record for each target of a derived probe
    def restart_journal(record: Record) -> RestartJournal: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reporter.evidence import Outcome, Record
from reporter.findings import Missing
from reporter.messages import Text, text
from reporter.recorded import recorded
from reporter.tracebacks import portable_traceback

__all__ = ["Each", "FactStore", "NoFact", "Parser", "fact", "fact_each"]

T = TypeVar("T")

_NO_RECORD_OF_IT = text("no record of it in the archive")


class NoFact(Exception):  # noqa: N818 - it is an answer, not an error
    """The record was read, and does not carry the fact; the argument is the reason, a `Text`."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Each(Generic[T]):
    """The values of a derived probe, by target.

    `probe` is what was asked; a target without a value has its reason in `missing`. `shortfall`
    says that not all targets are known or were looked at.
    """

    probe: str
    values: Mapping[str, T]
    missing: Mapping[str, Missing]
    shortfall: Missing | None = None

    def get(self, item: str) -> T | Missing:
        """Return the target's value, or why there is none."""
        if item in self.values:
            return self.values[item]
        return (
            self.missing.get(item)
            or self.shortfall
            or Missing(f"{self.probe}[{item}]", _NO_RECORD_OF_IT)
        )


@dataclass(frozen=True)
class Parser:
    """A declared parser: which fact, from which probe, by which function."""

    name: str
    probe: str
    function: Callable[[Record], Any]
    each: bool
    accepts: tuple[Outcome, ...]


def fact(
    probe: str, accepts: tuple[Outcome, ...] = ("collected",)
) -> Callable[[Callable[[Record], Any]], Parser]:
    """Declare a parser of one probe's record.

    `accepts` are the outcomes the function can read: `absent` belongs there only where the
    absence of a file is itself the answer.
    """

    def declare(function: Callable[[Record], Any]) -> Parser:
        return Parser(function.__name__, probe, function, each=False, accepts=accepts)

    return declare


def fact_each(
    probe: str, accepts: tuple[Outcome, ...] = ("collected",)
) -> Callable[[Callable[[Record], Any]], Parser]:
    """Declare a parser of a derived probe: one record, one value for each target."""

    def declare(function: Callable[[Record], Any]) -> Parser:
        return Parser(function.__name__, probe, function, each=True, accepts=accepts)

    return declare


class FactStore:
    """The facts of one host, parsed when first asked for and kept.

    `asked` are the probes of the run, `named` the targets of those whose targets were named.
    """

    def __init__(
        self,
        parsers: Mapping[str, Parser],
        records: list[Record],
        asked: frozenset[str],
        derived: frozenset[str] = frozenset(),
        named: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Take the records; `asked` are the ids of all probes, `derived` those with targets."""
        self._parsers = parsers
        self._asked = asked
        self._derived = derived
        self._named = named or {}
        self._by_probe: dict[str, list[Record]] = {}
        for record in records:
            self._by_probe.setdefault(record.probe, []).append(record)
        self._facts: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return the fact's value (an `Each` for a derived probe), or a `Missing`."""
        if name not in self._facts:
            parser = self._parsers[name]
            self._facts[name] = self._each(parser) if parser.each else self._one(parser)
        return self._facts[name]

    def records(self, name: str) -> list[Record]:
        """Return the records the fact is parsed from."""
        return self._by_probe.get(self._parsers[name].probe, [])

    def asked(self, name: str) -> bool:
        """Say whether the run asked for what the fact is parsed from."""
        return self._parsers[name].probe in self._asked or bool(self.records(name))

    def probe(self, name: str) -> str:
        """Return the id of the probe the fact is parsed from."""
        return self._parsers[name].probe

    def unseen(self, name: str) -> Missing | None:
        """Say why a derived probe may not have looked at all its targets; None if it did."""
        parser = self._parsers[name]
        listed = self._targets(parser)
        if listed is None:
            known = parser.probe not in self._derived
            return None if known else Missing(_targets_id(parser), text("no record of its targets"))
        return None if listed.outcome == "collected" else _not_collected(listed)

    def _targets(self, parser: Parser) -> Record | None:
        records = self._by_probe.get(parser.probe, [])
        return next((record for record in records if record.id == _targets_id(parser)), None)

    def _one(self, parser: Parser) -> Any:
        for record in self._by_probe.get(parser.probe, []):
            if record.id == parser.probe:
                return _parse(parser, record)
        return self._no_record(parser)

    def _each(self, parser: Parser) -> Any:
        records = self._by_probe.get(parser.probe, [])
        if not records:
            return self._no_record(parser)
        values: dict[str, Any] = {}
        missing: dict[str, Missing] = {}
        shortfall: Missing | None = None
        for record in records:
            if record.item is None:
                if record.outcome != "collected":
                    shortfall = _not_collected(record)
                    if len(records) == 1:
                        return shortfall
                missing.update(
                    (item, Missing(f"{parser.probe}[{item}]", _NO_RECORD_OF_IT))
                    for item in record.stdout.text.splitlines()
                )
        for record in records:
            if record.item is None:
                continue
            missing.pop(record.item, None)
            value = _parse(parser, record)
            if isinstance(value, Missing):
                missing[record.item] = value
            else:
                values[record.item] = value
        for item in self._named.get(parser.probe, ()):
            several = tuple(one for one in (*values, *missing) if one.startswith(f"{item}/"))
            if item not in values and item not in missing and not several:
                missing[item] = Missing(f"{parser.probe}[{item}]", _NO_RECORD_OF_IT)
        return Each(parser.probe, values, missing, shortfall)

    def _no_record(self, parser: Parser) -> Missing:
        if parser.probe in self._asked:
            return Missing(parser.probe, text("the archive holds no record of it"))
        return Missing(parser.probe, text("this run did not ask for it"))


def _targets_id(parser: Parser) -> str:
    """Return the id of the record that lists a derived probe's targets."""
    return parser.probe if parser.each else f"{parser.probe}[targets]"


def _not_collected(record: Record) -> Missing:
    return Missing(
        record.id,
        text(
            "{outcome}: {reason}",
            outcome=_OUTCOMES[record.outcome],
            reason=recorded(record.reason) if record.reason else text("no reason given"),
        ),
    )


_OUTCOMES: dict[Outcome, Text] = {
    "collected": text("collected"),
    "absent": text("absent"),
    "denied": text("denied"),
    "timeout": text("timed out"),
    "error": text("error"),
}


def _parse(parser: Parser, record: Record) -> Any:
    if record.outcome not in parser.accepts:
        return _not_collected(record)
    try:
        return parser.function(record)
    except NoFact as none:
        return Missing(record.id, none.reason)
    except Exception as error:  # noqa: BLE001 - a record no parser can read is a reason, no crash
        return Missing(
            record.id, text("its parser failed: {traceback}", traceback=portable_traceback(error))
        )
