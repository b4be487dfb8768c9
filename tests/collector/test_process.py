"""Running commands: always to an end, with everything that was said by then."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

import pytest

from truthmap_collector import process
from truthmap_collector.observation import Tail
from truthmap_collector.process import End, ProcessGroups, run

from .conftest import Marked

# Its child has a child of its own; all three ignore SIGTERM and hold the pipes open.
FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
depth = int(sys.argv[1])
if depth:
    subprocess.Popen([sys.executable, "-c", open("/proc/self/cmdline").read().split("\\0")[2],
                      str(depth - 1), sys.argv[2]])
else:
    print("partial", flush=True)
    print("complaint", file=sys.stderr, flush=True)
time.sleep(600)
"""


def execute(*argv: str, seconds: float = 10, limit: int = 100000) -> tuple[End, Tail, Tail]:
    stdout, stderr = Tail(limit), Tail(limit)
    end = run(argv, stdout, stderr, time.monotonic() + seconds, ProcessGroups())
    return end, stdout, stderr


def python(source: str, *arguments: str, seconds: float = 10) -> tuple[End, Tail, Tail]:
    return execute(sys.executable, "-c", source, *arguments, seconds=seconds)


def test_exit_code_and_both_streams() -> None:
    """A command's exit code and its two outputs are kept apart and whole."""
    end, stdout, stderr = execute("sh", "-c", "echo out; echo err >&2; exit 3")

    assert End(3, None, False) == end
    assert (stdout.stream().data, stderr.stream().data) == (b"out\n", b"err\n")


def test_signal() -> None:
    """A command that a signal ended has the signal and no exit code."""
    end, _, _ = execute("sh", "-c", "kill -SEGV $$")

    assert End(None, 11, False) == end


def test_timeout_ends_the_whole_family(marked: Marked) -> None:
    """At the deadline children and grandchildren that ignore SIGTERM are gone, output is kept."""
    began = time.monotonic()
    end, stdout, stderr = python(FAMILY, "2", marked.word, seconds=1.5)

    assert End(None, 9, True) == end
    assert (stdout.stream().data, stderr.stream().data) == (b"partial\n", b"complaint\n")
    assert time.monotonic() - began < 3
    assert marked.gone()


def test_output_at_the_deadline_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still in the pipe when the command is killed belongs to its output."""

    def too_slow(*_: object) -> bool:
        time.sleep(0.5)
        return False

    monkeypatch.setattr(process, "_follow", too_slow)
    _, stdout, stderr = execute("sh", "-c", "echo late; echo too >&2; sleep 60")

    assert (stdout.stream().data, stderr.stream().data) == (b"late\n", b"too\n")


def test_a_descendant_in_a_session_of_its_own_does_not_hold_us(marked: Marked) -> None:
    """Reading ends soon after the deadline even if a runaway keeps the pipe open."""
    began = time.monotonic()
    source = "exec setsid sh -c 'echo here; exec sleep 600' $0 & sleep 600"
    end, stdout, _ = execute("sh", "-c", source, marked.word, seconds=0.5)

    assert end.timed_out
    assert stdout.stream().data == b"here\n"
    assert time.monotonic() - began < 2


def test_descendants_do_not_outlive_the_command(marked: Marked) -> None:
    """A command that leaves a process behind is over when it exits, and the process is ended."""
    began = time.monotonic()
    end, stdout, _ = execute("sh", "-c", "sh -c 'sleep 600; :' $0 & echo done", marked.word)

    assert End(0, None, False) == end
    assert stdout.stream().data == b"done\n"
    assert time.monotonic() - began < 2
    assert marked.gone()


def test_a_command_that_closes_its_outputs_still_has_a_deadline(marked: Marked) -> None:
    """Closed outputs are no end: the deadline holds for the process too."""
    end, _, _ = execute("sh", "-c", "exec >&- 2>&-; sleep 600", marked.word, seconds=0.4)

    assert end.timed_out
    assert marked.gone()


def test_tail_in_bounded_memory() -> None:
    """Of an endless output the last bytes are kept and all are counted."""
    end, stdout, _ = execute("sh", "-c", "yes | head -c 30000000; echo end", limit=1000)

    assert end.exit_code == 0
    assert stdout.stream().size == 30000004
    assert stdout.stream().truncated
    assert stdout.stream().data == (b"y\n" * 498 + b"end\n")
    assert len(stdout._kept) < 10000


def test_environment_folder_and_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees the fixed environment, the folder / and an empty stdin; nothing of ours."""
    monkeypatch.setenv("TRUTHMAP_TEST_SECRET", "x")
    _, stdout, _ = execute("sh", "-c", "env; pwd; cat; ps -o sid= -p $$ | tr -d ' '; echo $$")

    lines = stdout.stream().data.decode().splitlines()
    assert {line for line in lines if "=" in line and not line.startswith("_=")} == {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C",
        "TZ=UTC",
        "SYSTEMD_PAGER=",
        "SYSTEMD_COLORS=0",
        "SYSTEMD_LOG_COLOR=0",
        "PWD=/",
    }
    assert lines[-3] == "/"
    assert lines[-2] == lines[-1]  # leader of a session of its own


def test_no_descriptor_is_left_open() -> None:
    """Neither an end nor a timeout leaves a descriptor open."""
    execute("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        execute("echo", "x")
        execute("sleep", "60", seconds=0.05)

    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_kill_all_also_meets_what_starts_later(marked: Marked) -> None:
    """After everything was told to end, a new command ends as soon as it has begun."""
    groups = ProcessGroups()
    groups.kill_all()
    end = run(["sleep", "60"], Tail(10), Tail(10), time.monotonic() + 10, groups)

    assert End(None, 9, False) == end


def test_missing_program() -> None:
    """A program that is not there raises what the system says."""
    with pytest.raises(FileNotFoundError):
        execute("no-such-program-anywhere")


def test_no_zombie_is_left() -> None:
    """Every command is reaped; children of other tests may live on."""
    execute("true")
    execute("sleep", "60", seconds=0.05)

    with contextlib.suppress(ChildProcessError):
        assert os.waitpid(-1, os.WNOHANG) == (0, 0)
