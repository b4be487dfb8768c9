"""From a declaration to jobs: one for a plain probe, one or many for a derived one."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from truthmap_collector import host
from truthmap_collector.declaration import KINDS
from truthmap_collector.kinds import KINDS as EXECUTED
from truthmap_collector.observation import COLLECTED, ERROR, Stream, Verdict
from truthmap_collector.selectors import select

__all__ = ["Job", "Look", "by_hand", "derived", "named", "plain", "rank", "targets"]

_MOST = 20

Probe = Dict[str, Any]


class Job(NamedTuple):
    """One thing to do: a probe with its arguments filled in. `item` is its target, if derived.

    `shown` is the command to repeat it by, where there was no target to fill the arguments with.
    """

    id: str
    probe: Probe
    args: Dict[str, Any]
    item: Optional[str]
    shown: Optional[str] = None


class Look(NamedTuple):
    """One thing done, or not: the raw evidence, before masking. `started_at` is epoch seconds."""

    job: Job
    started_at: float
    duration_s: float
    verdict: Verdict
    stdout: Stream = Stream()
    stderr: Stream = Stream()


def plain(probe: Probe) -> Job:
    """Return the job of a probe that takes no targets."""
    return Job(probe["id"], probe, probe.get("args", {}), None)


def by_hand(job: Job) -> str:
    """Return the command that repeats a job by hand."""
    if job.shown is not None:
        return job.shown
    return EXECUTED[job.probe["kind"]].by_hand(job.args)


def targets(selector: str, looks: Sequence[Look]) -> List[str]:
    """Return the targets a selector finds in the raw output of a probe's looks."""
    found: Dict[str, None] = {}
    for look in looks:
        found.update(dict.fromkeys(select(selector, host.from_os(look.stdout.data))))
    return list(found)


def derived(probe: Probe, parents: Sequence[Look], now: float) -> Tuple[List[Job], List[Look]]:
    """Return the jobs of a derived probe, and looks that are already their own answer.

    `parents` are the looks of the probe it takes its targets from, all done. One look without a
    job lists the targets looked at, one a line; its verdict says whether these are all there are.
    With `as: all` it stands beside the one that asks for them together, as `probe[targets]`.
    """
    source = probe["from"]
    found = targets(source["selector"], parents)
    items = [item for item in found if not _is_option(probe, item)]
    doubt = _doubt(source["probe"], parents)
    most = int(source.get("most", _MOST))
    options = [item for item in found if item not in items]
    shortfall = _shortfall(items, most, options, doubt) if found else doubt
    each = source.get("as", "each") == "each"
    # To see the targets by hand is to do what they were found by.
    origin = parents[0].job
    listed = plain(dict(probe, mask="none", kind=origin.probe["kind"]))._replace(args=origin.args)
    if not each:
        listed = listed._replace(id=probe["id"] + "[targets]")
    text = host.to_os("".join(item + "\n" for item in items[:most]))
    verdict = Verdict(ERROR, shortfall) if shortfall else Verdict(COLLECTED)
    looks = [Look(listed, now, 0.0, verdict, Stream(text, len(text)))]
    if each:
        return [_for_one(probe, item) for item in items[:most]], looks
    if not items:
        return [], [*looks, Look(plain(probe)._replace(shown=by_hand(origin)), now, 0.0, verdict)]
    return [plain(probe)._replace(args=_expanded(probe.get("args", {}), items[:most]))], looks


def named(probe: Probe, now: float) -> Tuple[List[Job], List[Look]]:
    """Return the jobs of a probe whose targets the operator names, as `derived` does."""
    items = list(dict.fromkeys(probe.get("items", [])))
    if not items:
        none = plain(probe)._replace(shown="# no target is named")
        return [], [Look(none, now, 0.0, Verdict(COLLECTED))]
    return [_for_one(probe, item) for item in items], []


def rank(job: Job) -> int:
    """Return when a job's turn is: what wants to be first, then cheap kinds, then commands."""
    if job.probe.get("when") == "first":
        return 0
    return 1 if KINDS[job.probe["kind"]].cheap else 2


def _doubt(name: str, parents: Sequence[Look]) -> Optional[str]:
    """Say why the parent's evidence may not name all targets; None if it does."""
    for look in parents:
        verdict = look.verdict
        if verdict.outcome != COLLECTED:
            said = "{}: {}".format(verdict.outcome, verdict.reason)
        elif verdict.exit_code and not look.stdout.size:
            said = "collected: exit code {} and nothing on stdout".format(verdict.exit_code)
        elif verdict.signal:
            said = "collected: ended by signal {}".format(verdict.signal)
        elif look.stdout.truncated:
            said = "collected: only the last {} of {} bytes".format(
                len(look.stdout.data), look.stdout.size
            )
        else:
            continue
        return "its targets come from {}, which was {}".format(name, said)
    return None


def _is_option(probe: Probe, item: str) -> bool:
    """Say whether a program would take a target for one of its options."""
    argv = probe.get("args", {}).get("argv", [])
    places = [argv.index(sign) for sign in ("{item}", "{items}") if sign in argv]
    return item.startswith("-") and any("--" not in argv[:place] for place in places)


def _shortfall(
    items: List[str], most: int, options: List[str], doubt: Optional[str]
) -> Optional[str]:
    said = []
    if len(items) > most:
        said.append(
            "{} of {} targets looked at, limit; not looked at: {}".format(
                most, len(items), ", ".join(items[most:])
            )
        )
    if options:
        said.append("not looked at, since they would be taken for options: " + ", ".join(options))
    if doubt:
        said.append(doubt + "; there may be more targets")
    return ". ".join(said) or None


def _for_one(probe: Probe, item: str) -> Job:
    args = _filled(probe.get("args", {}), item)
    return Job("{}[{}]".format(probe["id"], item), probe, args, item)


def _filled(value: Any, item: str) -> Any:
    if isinstance(value, str):
        return value.replace("{item}", item)
    if isinstance(value, list):
        return [_filled(inner, item) for inner in value]
    if isinstance(value, dict):
        return {name: _filled(inner, item) for name, inner in value.items()}
    return value


def _expanded(args: Dict[str, Any], items: List[str]) -> Dict[str, Any]:
    return {name: _with_items(value, items) for name, value in args.items()}


def _with_items(value: Any, items: List[str]) -> Any:
    if not isinstance(value, list):
        return value
    return [word for part in value for word in (items if part == "{items}" else [part])]
