"""The run as a whole: order, the host's budget, and what hangs or breaks."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from truthmap_collector import jobs, scheduler
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.kinds import KINDS, Kind
from truthmap_collector.limits import Limits
from truthmap_collector.observation import Tail, Verdict
from truthmap_collector.process import End, ProcessGroups, run
from truthmap_collector.runner import collect
from truthmap_collector.turn import Turn

from .conftest import Look, Marked


def sleeper(name: str, seconds: float, *arguments: str, **more: Any) -> dict[str, Any]:
    argv = ["sh", "-c", f"echo begun; sleep {seconds}; :", *arguments]
    return {"id": name, "kind": "command", "args": {"argv": argv}, "mask": "none", **more}


def described(*probes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"description": "A test.", **probe} for probe in probes]


def test_budget(marked: Marked) -> None:
    """At the end of the host's budget all is killed and every probe asked for has a record."""
    names = [f"p{number}" for number in range(10)]
    probes = described(
        *(sleeper(name, 60, marked.word) for name in names),
        {"id": "file", "kind": "file", "args": {"path": "/proc/uptime"}},
        {
            "id": "derived",
            "kind": "command",
            "args": {"argv": ["echo", "{item}"]},
            "from": {"probe": "p9", "selector": "unit_names"},
        },
        sleeper("late", 0, when="last"),
    )
    began = time.monotonic()
    answer = collect({"probes": probes, "limits": {"host_timeout_s": 2, "workers": 4}})
    taken = time.monotonic() - began
    found = {record["id"]: record for record in answer["evidence"]}

    assert 2 <= taken < 4
    assert not answer["complete"]
    assert list(found) == [*names, "file", "derived", "late"]
    assert found["file"]["outcome"] == "collected"
    assert {"timeout"} == {found[name]["outcome"] for name in names}
    for name in names[:4]:
        assert found[name]["stdout"]["data"] == "begun\n"
        assert found[name]["reason"] == "stopped: the 2 s for the whole host were over"
    for name in (*names[4:], "late"):
        assert found[name]["reason"] == "never had its turn: the 2 s for the whole host were over"
    assert found["derived"]["outcome"] == "error"
    assert "p9, which was timeout" in found["derived"]["reason"]
    assert marked.gone()


def test_cut_by_the_budget_is_not_complete() -> None:
    """One probe stopped by the host's budget, none waiting, makes the run incomplete."""
    answer = collect({"probes": described(sleeper("p", 60)), "limits": {"host_timeout_s": 0.3}})

    assert not answer["complete"]
    assert answer["evidence"][0]["reason"] == "stopped: the 0.3 s for the whole host were over"


def test_in_time_is_complete(look: Look) -> None:
    """A probe's own timeout is a record, and the run is complete all the same."""
    answer = collect({"probes": described(sleeper("p", 60, limits={"timeout_s": 0.2}))})

    assert answer["complete"]
    assert answer["evidence"][0]["outcome"] == "timeout"


def test_probes_run_at_once(look: Look) -> None:
    """Four workers take the time of the slowest, not of all."""
    began = time.monotonic()
    look(*(sleeper(f"p{number}", 0.5) for number in range(4)), workers=4)

    assert time.monotonic() - began < 1.5


def test_order(monkeypatch: pytest.MonkeyPatch, look: Look) -> None:
    """First what asks to be first, then what is cheap, then commands, then what asks to be last."""
    order = []
    for name in ("command", "file"):
        kind = KINDS[name]

        def noted(args: dict[str, Any], turn: Turn, look: Any = kind.look) -> Verdict:
            order.append(args.get("path") or args["argv"][1])
            verdict = look(args, turn)
            assert isinstance(verdict, Verdict)
            return verdict

        monkeypatch.setitem(KINDS, name, kind._replace(look=noted))
    probe = {"kind": "command"}
    look(
        {**probe, "id": "a", "args": {"argv": ["echo", "last"]}, "when": "last"},
        {**probe, "id": "b", "args": {"argv": ["echo", "command"]}},
        {"id": "c", "kind": "file", "args": {"path": "/proc/uptime"}},
        {**probe, "id": "d", "args": {"argv": ["echo", "first"]}, "when": "first"},
        workers=1,
    )

    assert order == ["first", "/proc/uptime", "command", "last"]


def test_kind_that_raises(monkeypatch: pytest.MonkeyPatch, look: Look) -> None:
    """A mistake of ours in a probe is its record, with the exception's text and what it had."""

    def broken(args: dict[str, Any], turn: Turn) -> Verdict:
        turn.stdout.add(b"before\n")
        raise RuntimeError("something unforeseen")

    monkeypatch.setitem(KINDS, "clock", Kind(broken, KINDS["clock"].by_hand))
    found = look({"id": "bad", "kind": "clock"}, sleeper("good", 0))

    assert (
        found["bad"]["outcome"],
        found["bad"]["reason"],
        found["bad"]["stdout"]["data"],
    ) == ("error", "RuntimeError: something unforeseen", "before\n")
    assert found["good"]["outcome"] == "collected"


def test_exception_is_masked(monkeypatch: pytest.MonkeyPatch, look: Look) -> None:
    """An exception's text may quote the host, and is masked like any text of it."""

    def broken(args: dict[str, Any], turn: Turn) -> Verdict:
        raise ValueError("cannot parse password=hunter2hunter2")

    monkeypatch.setitem(KINDS, "clock", Kind(broken, KINDS["clock"].by_hand))
    reason = look({"id": "bad", "kind": "clock"})["bad"]["reason"]

    assert reason.startswith("ValueError: cannot parse")
    assert "hunter2" not in reason


def test_half_word_at_a_timeout(look: Look) -> None:
    """The word at which a command was stopped is dropped if it is to be masked."""
    probe = sleeper("p", 60, limits={"timeout_s": 0.4})
    probe["args"] = {"argv": ["sh", "-c", "printf 'listening on 12'; sleep 60"]}

    assert look({**probe, "mask": "text"})["p"]["stdout"]["data"] == "listening on "
    assert look({**probe, "mask": "none"})["p"]["stdout"]["data"] == "listening on 12"


def test_kind_that_hangs(monkeypatch: pytest.MonkeyPatch, look: Look) -> None:
    """A look that never comes back is left behind at its limit with what it had; others go on."""
    release = threading.Event()

    def hanging(args: dict[str, Any], turn: Turn) -> Verdict:
        turn.stdout.add(b"before\n")
        release.wait(30)
        return Verdict("collected")

    monkeypatch.setitem(KINDS, "clock", Kind(hanging, KINDS["clock"].by_hand))
    began = time.monotonic()
    found = look(
        {"id": "bad", "kind": "clock", "limits": {"timeout_s": 0.2}},
        sleeper("good", 0, when="last"),
        workers=1,
    )
    release.set()

    assert time.monotonic() - began < 4
    assert found["bad"]["outcome"] == "timeout"
    assert found["bad"]["reason"].endswith("it hangs in the kernel and was left behind")
    assert found["bad"]["stdout"]["data"] == "before\n"
    assert found["good"]["outcome"] == "collected"


def test_look_left_behind_starts_nothing(monkeypatch: pytest.MonkeyPatch, look: Look) -> None:
    """What a look that was left behind starts after the run is ended at once."""
    release, ends = threading.Event(), []

    def hanging(args: dict[str, Any], turn: Turn) -> Verdict:
        release.wait(30)
        tail = Tail(10)
        ends.append(run(["sleep", "60"], tail, tail, time.monotonic() + 5, turn.groups))
        return Verdict("collected")

    monkeypatch.setitem(KINDS, "clock", Kind(hanging, KINDS["clock"].by_hand))
    look({"id": "bad", "kind": "clock", "limits": {"timeout_s": 0.1}})
    release.set()
    while not ends:
        time.sleep(0.01)

    assert ends[0] == End(None, 9, False)


def test_argument_no_program_can_have(look: Look) -> None:
    """A NUL in an argument is an error record, not the end of the run."""
    record = look({"id": "it", "kind": "command", "args": {"argv": ["echo", "a\0b"]}})["it"]

    assert (record["outcome"], record["reason"]) == ("error", "ValueError: embedded null byte")


def test_memory_is_bounded() -> None:
    """All raw output held at once is no more than an answer may have, whatever the probes say."""
    probes = described(
        *(
            {
                "id": f"p{number}",
                "kind": "command",
                "args": {"argv": ["sh", "-c", "yes | head -c 60000"]},
            }
            for number in range(10)
        ),
        {"id": "small", "kind": "command", "args": {"argv": ["echo", "small"]}},
    )
    limits = Limits.of({"answer_bytes": 100_000})
    outcome = scheduler.execute(
        probes, limits, ProcessGroups(), scheduler.Means(Fingerprints(), {})
    )
    held = [len(look.stdout.data) for look in outcome.looks]

    assert sum(held) <= 100_000
    assert held[-1] == 6
    assert min(held[:-1]) > 4000
    assert all(isinstance(look, jobs.Look) and look.stdout.truncated for look in outcome.looks[:-1])


def test_limits_that_are_none() -> None:
    """A limit with a name or value that is none is refused, not ignored."""
    with pytest.raises(ValueError, match="unknown limit 'timeout'"):
        Limits.of({"timeout": 5})
    with pytest.raises(ValueError, match="no positive number"):
        Limits.of({"workers": 0})


def test_invalid_declarations_are_refused() -> None:
    """What is not valid is not begun."""
    with pytest.raises(ValueError, match="did you mean 'command'"):
        collect({"probes": described({"id": "x", "kind": "comand", "args": {}})})
