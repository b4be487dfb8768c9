"""Which streams the code of a unit writes and reads, and which groups it creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reporter.findings import Citation, Confidence
from reporter.messages import Text, text
from reporter.source.evaluate import Evaluator
from reporter.source.model import Program, Scan
from reporter.source.program import CallSite, Code
from reporter.source.scope import Scope
from reporter.source.usage import used_by
from reporter.source.values import Mapped, Nothing, Txt, Values
from reporter.source.values import Sequence as Several

__all__ = ["Environments", "How", "StreamUse", "StreamUses", "Unresolved", "configured_streams"]

How = Literal["writes", "reads", "creates group"]
Environments = Mapping[str, Mapping[str, str | None]]
"""By unit the variables of its env files: plain values, None for one that is not known."""

_VERBS: Mapping[str, tuple[How, int, int | None]] = {
    "xadd": ("writes", 0, None),
    "xread": ("reads", 0, None),
    "xreadgroup": ("reads", 2, 0),
    "xread_group": ("reads", 2, 0),
    "xgroup_create": ("creates group", 0, 1),
    "xautoclaim": ("reads", 0, 1),
    "xclaim": ("reads", 0, 1),
    "xack": ("reads", 0, 1),
    "xrange": ("reads", 0, None),
    "xrevrange": ("reads", 0, None),
}
_STREAM = ("streams", "name", "stream", "key")
_GROUP = ("groupname", "group", "group_name")


@dataclass(frozen=True, slots=True)
class StreamUse:
    """One stream one unit's code names: `stream` and `group` have `*` for what is not known.

    `confidence` is `configured`, or `inferred` where the name is one of several candidates or the
    wrapper was found by its name alone; `choice` is the former. `why` says why a part is not known,
    else None.
    """

    unit: str
    stream: str
    how: How
    group: str | None
    confidence: Confidence
    path: str
    line: int
    record: str
    why: Text | None = None
    choice: bool = False

    @property
    def resolved(self) -> bool:
        """Whether the whole name is known."""
        return self.why is None

    def cite(self) -> Citation:
        """Return the citation: the place in the code that names the stream."""
        group = f" group {self.group}" if self.group else ""
        return Citation(self.record, f"{self.path}:{self.line}: {self.how} {self.stream}{group}")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A call whose stream is not known at all, and why."""

    unit: str
    call: str
    path: str
    line: int
    why: Text

    @property
    def how(self) -> How:
        """What the call does."""
        return _VERBS[self.call][0]


@dataclass(frozen=True)
class StreamUses:
    """What the code of all units says of streams.

    `calls` counts the calls that name a stream (each once for a unit), `resolved` those of them of
    which at least one whole name is known.
    """

    uses: tuple[StreamUse, ...]
    unresolved: tuple[Unresolved, ...]
    calls: int
    resolved: int

    def of(self, unit: str) -> Iterator[StreamUse]:
        """Iterate over what one unit's code names."""
        return (use for use in self.uses if use.unit == unit)


def configured_streams(scan: Scan, environments: Environments | None = None) -> StreamUses:
    """Return which streams each unit's code writes and reads, and which groups it creates.

    A unit without env files has the default of `os.getenv(name, default)`. What `Environment=` of a
    unit says is never collected, so it may be otherwise. The scan remembers the answer: a report
    asks for it more than once, and it is the costliest thing in one.
    """
    given = environments or {}
    known: StreamUses | None = next((uses for one, uses in scan.worked_out if one == given), None)
    if known is None:
        known = _worked_out(scan, given)
        scan.worked_out.append((given, known))
    return known


def _worked_out(scan: Scan, environments: Environments) -> StreamUses:
    uses: dict[StreamUse, None] = {}
    unresolved: dict[Unresolved, None] = {}
    seen: dict[tuple[str, str, int, str], bool] = {}
    for program in scan.programs:
        variables = environments.get(program.unit, {})
        for place, found in _of_program(scan, program, variables):
            key = (program.unit, *place)
            for one in found:
                if isinstance(one, Unresolved):
                    unresolved[one] = None
                else:
                    uses[one] = None
            whole = any(isinstance(one, StreamUse) and one.resolved for one in found)
            seen[key] = seen.get(key, False) or whole
    return StreamUses(
        tuple(sorted(uses, key=lambda use: (use.unit, use.stream, use.how, use.path, use.line))),
        tuple(sorted(unresolved, key=lambda one: (one.unit, one.path, one.line))),
        len(seen),
        sum(seen.values()),
    )


def _of_program(
    scan: Scan, program: Program, variables: Mapping[str, str | None]
) -> Iterator[tuple[tuple[str, int, str], list[StreamUse | Unresolved]]]:
    code = Code(scan, used_by(scan, program))
    evaluator = Evaluator(code, variables)
    for site in code.sites():
        verb, function, _, _, line = code.call(site)
        if verb not in _VERBS:
            continue
        path = code.used.modules[site.where.module].path
        found: list[StreamUse | Unresolved] = []
        wrapped = False
        for scope in evaluator.calls.scopes(site.where):
            here = scope.at(line)
            if verb in _defined(code) and any(evaluator.calls.callees(function, here)):
                wrapped = True  # a function of the application's own: what it does counts
                continue
            found.extend(_of_call(scan, program, evaluator, site, here, path))
        if found or not wrapped:
            yield (path, line, verb), found


def _defined(code: Code) -> frozenset[str]:
    return frozenset(verb for verb in _VERBS if code.defined(verb))


def _of_call(
    scan: Scan, program: Program, evaluator: Evaluator, site: CallSite, scope: Scope, path: str
) -> Iterator[StreamUse | Unresolved]:
    verb, _, args, words, line = evaluator.code.call(site)
    how, at, group_at = _VERBS[verb]
    evaluator.begin()
    streams = _names(evaluator.value(_argument(args, words, at, _STREAM), scope))
    if not streams:
        yield Unresolved(
            program.unit, verb, path, line, text("nothing was seen to be given for it")
        )
    groups: list[Txt | None] = [None]
    if group_at is not None:
        given = evaluator.value(_argument(args, words, group_at, _GROUP), scope)
        groups = [one for one in given if isinstance(one, Txt)] or [None]
    for stream in streams:
        if stream.pattern.strip("*:._-") == "":
            why = stream.why or text("it is empty")
            yield Unresolved(program.unit, verb, path, line, why)
            continue
        for group in groups:
            guessed = scope.guessed or not stream.sure
            yield StreamUse(
                unit=program.unit,
                stream=stream.pattern,
                how=how,
                group=group.pattern if group else None,
                confidence="inferred" if guessed else "configured",
                path=path,
                line=line,
                record=scan.record,
                why=stream.why,
                choice=not stream.sure,
            )


def _argument(
    args: Sequence[Any], words: Mapping[str, Any], at: int, names: Sequence[str]
) -> Sequence[Any] | None:
    for name in names:
        if name in words:
            found: Sequence[Any] = words[name]
            return found
    return args[at] if at < len(args) else None


def _names(values: Values) -> list[Txt]:
    """Return the streams that an argument names: a text, the keys of a mapping, a list's items."""
    found: dict[Txt, None] = {}
    for value in values:
        if isinstance(value, Txt):
            found[value] = None
        elif isinstance(value, Mapped):
            found.update((one, None) for key, _ in value.pairs for one in _names(key))
        elif isinstance(value, Several):
            found.update((one, None) for item in value.items for one in _names(item))
        elif not isinstance(value, Nothing):
            found.update((one, None) for one in _names(_NO_NAME))
    return list(found)


_NO_NAME: Values = (Txt(()),)
