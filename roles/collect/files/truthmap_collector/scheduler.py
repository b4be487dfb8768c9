"""Who looks when: cheap kinds first, some at once, all within one time budget for the host."""

import queue
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Tuple

from truthmap_collector import jobs, shrinking
from truthmap_collector.declaration import masking_of, phase_is_last
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.jobs import Job, Look, Probe
from truthmap_collector.kinds import KINDS, Kind
from truthmap_collector.limits import Limits
from truthmap_collector.observation import ERROR, TIMEOUT, Tail, Verdict
from truthmap_collector.process import ProcessGroups
from truthmap_collector.turn import Turn

__all__ = ["Means", "Outcome", "execute"]

# A command ends itself at its deadline and needs a moment to hand over what it had. Whoever is
# not back after this long is stuck in the kernel: the thread is left behind.
_HAND_OVER_S = 1.5

# The kernel may hand a signal to any thread; the main thread, which alone acts on it, does not
# wake from its waiting for that.
_GLANCE_S = 0.25


Way = Callable[[Dict[str, Any], Turn], Verdict]


class Outcome(NamedTuple):
    """All looks in the order of the declarations, and whether the time was enough for all."""

    looks: List[Look]
    identifiers: List[str]
    complete: bool


class Means(NamedTuple):
    """What the looks of one run have at hand.

    `secrets` is what the operator gave by kind, `kinds` how each is executed.
    """

    fingerprints: Fingerprints
    secrets: Mapping[str, Any]
    kinds: Mapping[str, Kind] = KINDS


class _Running(NamedTuple):
    """A job under way: its turn, and when it began by both clocks."""

    turn: Turn
    started_at: float
    started: float


def execute(probes: List[Probe], limits: Limits, groups: ProcessGroups, means: Means) -> Outcome:
    """Execute valid declarations; every one has at least one look afterwards.

    Returns at most a few seconds after the host's budget has ended, whatever hangs.
    """
    return _Scheduler(probes, limits, groups, means).run()


class _Scheduler:
    """The state of one run; only the thread that calls `run` touches it."""

    def __init__(
        self,
        probes: List[Probe],
        limits: Limits,
        groups: ProcessGroups,
        means: Means,
    ) -> None:
        self._probes = probes
        by_id = {probe["id"]: probe for probe in probes}
        self._last = {name for name, probe in by_id.items() if phase_is_last(probe, by_id)}
        self._limits = limits
        self._groups = groups
        self._means = means
        self._begin = time.monotonic()
        self._end = self._begin + limits.host_timeout_s
        self._done: queue.Queue[Tuple[Job, Verdict]] = queue.Queue()
        self._waiting = dict(by_id)
        self._ready: List[Job] = []
        self._running: Dict[str, Tuple[Job, _Running]] = {}
        self._looks: Dict[str, List[Look]] = {probe["id"]: [] for probe in probes}
        self._open = dict.fromkeys(self._looks, 0)
        self._place: Dict[str, int] = {}  # of a target among its probe's, by job
        self._identifiers: Dict[str, None] = {}
        self._complete = True

    def run(self) -> Outcome:
        self._release()
        while self._ready or self._running:
            if time.monotonic() < self._end:
                self._start_some()
            else:
                self._give_up_ready()
            self._take_one()
            self._abandon_stuck()
            self._release()
        looks = [look for probe in self._probes for look in self._looks[probe["id"]]]
        return Outcome(looks, list(self._identifiers), self._complete)

    def _release(self) -> None:
        """Move the probes whose time has come from waiting to ready."""
        moved = True
        while moved:
            moved = False
            for probe in [probe for probe in self._waiting.values() if self._may_begin(probe)]:
                del self._waiting[probe["id"]]
                self._make_ready(probe)
                moved = True

    def _may_begin(self, probe: Probe) -> bool:
        parent = probe["from"]["probe"] if "from" in probe else None
        if parent is not None and not self._is_done(parent):
            return False
        if probe["id"] not in self._last:
            return True
        return all(self._is_done(name) for name in self._open if name not in self._last)

    def _is_done(self, name: str) -> bool:
        return name not in self._waiting and not self._open[name]

    def _make_ready(self, probe: Probe) -> None:
        found: List[Job] = [jobs.plain(probe)]
        answered: List[Look] = []
        if "from" in probe:
            parents = self._looks[probe["from"]["probe"]]
            found, answered = jobs.derived(probe, parents, time.time())
        elif "variable" in probe or "profiles" in probe:
            found, answered = jobs.named(probe, time.time())
        for look in answered:
            self._keep(look)
        self._place.update((job.id, place) for place, job in enumerate(found, 1))
        self._open[probe["id"]] += len(found)
        self._ready.extend(found)
        self._ready.sort(key=jobs.rank)

    def _start_some(self) -> None:
        while self._ready and len(self._running) < self._limits.workers:
            self._start(self._ready.pop(0))

    def _start(self, job: Job) -> None:
        turn = self._turn(job)
        self._running[job.id] = (job, _Running(turn, time.time(), time.monotonic()))
        look = self._means.kinds[job.probe["kind"]].look
        thread = threading.Thread(target=_work, args=(look, job, turn, self._done), daemon=True)
        thread.start()

    def _turn(self, job: Job) -> Turn:
        own = job.probe.get("limits", {})
        limit = int(own.get("bytes", self._limits.probe_bytes))
        timeout = own.get("timeout_s", self._limits.probe_timeout_s)
        deadline = time.monotonic() + timeout
        late = "stopped after {:g} s, the limit of this probe".format(timeout)
        if deadline > self._end:
            deadline, late = self._end, self._budget_over("stopped")
        text_only = masking_of(job.probe) != "none"
        tails = Tail(limit), Tail(limit)
        means = self._means
        secret = means.secrets.get(job.probe["kind"])
        return Turn(
            *tails, deadline, late, limit, text_only, self._groups, means.fingerprints, secret
        )

    def _budget_over(self, what: str) -> str:
        return "{}: the {:g} s for the whole host were over".format(
            what, self._limits.host_timeout_s
        )

    def _take_one(self) -> None:
        """Wait for a look to come back, no longer than the next thing has to happen."""
        if not self._running:
            return
        next_stuck = min(state.turn.deadline for _, state in self._running.values()) + _HAND_OVER_S
        wait = max(0.0, min(next_stuck - time.monotonic(), _GLANCE_S))
        try:
            job, verdict = self._done.get(timeout=wait)
        except queue.Empty:
            return
        self._finish(job, verdict)

    def _finish(self, job: Job, verdict: Verdict) -> None:
        entry = self._running.pop(job.id, None)
        if entry is None:
            return  # abandoned before, and here it comes after all
        state = entry[1]
        cut_end = verdict.outcome == TIMEOUT
        if cut_end and state.turn.deadline >= self._end:
            self._complete = False
        self._open[job.probe["id"]] -= 1
        self._keep(
            Look(
                job,
                state.started_at,
                time.monotonic() - state.started,
                verdict,
                state.turn.stdout.stream(cut_end),
                state.turn.stderr.stream(cut_end),
            )
        )

    def _keep(self, look: Look) -> None:
        name = look.job.probe["id"]
        self._looks[name].append(look)
        self._looks[name].sort(key=lambda kept: self._place.get(kept.job.id, 0))
        selector = look.job.probe.get("identifiers")
        if selector:
            self._identifiers.update(dict.fromkeys(jobs.targets(selector, [look])))
        self._bound_memory()

    def _bound_memory(self) -> None:
        """Hold no more raw output than an answer may have."""
        kept = [look for looks in self._looks.values() for look in looks]
        if shrinking.weight(kept) > self._limits.answer_bytes:
            self._complete = False
            most = shrinking.level(kept, self._limits.answer_bytes * 3 // 4)
            for name, looks in self._looks.items():
                self._looks[name] = [shrinking.shrunk(look, most) for look in looks]

    def _abandon_stuck(self) -> None:
        now = time.monotonic()
        for job, state in list(self._running.values()):
            if now >= state.turn.deadline + _HAND_OVER_S:
                reason = state.turn.late + "; it hangs in the kernel and was left behind"
                self._finish(job, Verdict(TIMEOUT, reason))

    def _give_up_ready(self) -> None:
        for job in self._ready:
            self._complete = False
            self._open[job.probe["id"]] -= 1
            verdict = Verdict(TIMEOUT, self._budget_over("never had its turn"))
            self._keep(Look(job, time.time(), 0.0, verdict))
        self._ready = []


def _work(look: Way, job: Job, turn: Turn, done: "queue.Queue[Tuple[Job, Verdict]]") -> None:
    done.put((job, _looked(look, job, turn)))


def _looked(look: Way, job: Job, turn: Turn) -> Verdict:
    try:
        return look(job.args, turn)
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes evidence
        reason = "{}: {}".format(type(error).__name__, error)
        return Verdict(ERROR, reason, free_text=True)
