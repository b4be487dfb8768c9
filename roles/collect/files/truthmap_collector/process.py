"""Running a command so that it always ends: its whole process group, at the deadline at latest."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Set

from truthmap_collector import host
from truthmap_collector.observation import Tail

__all__ = ["End", "ProcessGroups", "run", "run_forked"]

_CHUNK = 65536
_GRACE_S = 0.3  # for what is still in a pipe, and for a killed process to be gone
_GLANCE_S = 0.2  # how often a silent command is looked at


class End(NamedTuple):
    """How a command ended: by itself with `exit_code` or `signal`, or `timed_out` and killed."""

    exit_code: Optional[int]
    signal: Optional[int]
    timed_out: bool


class ProcessGroups:
    """The process groups running now, so that all can be killed at once."""

    def __init__(self) -> None:
        """Begin with none."""
        # Re-entrant: the signal handler may interrupt the main thread while it holds the lock.
        self._lock = threading.RLock()
        self._running: Set[int] = set()
        self._starting = 0
        self._closed = False

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Count a start that is under way."""
        with self._lock:
            self._starting += 1
        try:
            yield
        finally:
            with self._lock:
                self._starting -= 1

    def started(self, leader: int) -> None:
        """Remember a group by its leader's process id."""
        with self._lock:
            self._running.add(leader)
            if self._closed:
                _kill(leader)

    def end(self, leader: int) -> None:
        """Kill what is left of a group and forget it.

        Its leader must not have been reaped yet: until then its id cannot belong to strangers.
        """
        with self._lock:
            _kill(leader)
            self._running.discard(leader)

    def kill_all(self) -> None:
        """Kill every group, and from now on each new one as soon as it has started."""
        with self._lock:
            self._closed = True
            for leader in self._running:
                _kill(leader)
        give_up = time.monotonic() + _GRACE_S
        while self._starting and time.monotonic() < give_up:
            time.sleep(0.01)


def run(
    argv: Sequence[str], stdout: Tail, stderr: Tail, deadline: float, groups: ProcessGroups
) -> End:
    """Run a command in a process group of its own, until it ends or `deadline` (monotonic, s).

    Output goes to the two tails as it comes. At the deadline the group is killed and what is still
    in the pipes is taken. Descendants that outlive the command are killed too; one that left the
    group (setsid) is not followed, but its hold on a pipe ends nothing but our reading.

    Raises OSError if the command cannot be started.
    """
    with groups.starting():
        process = subprocess.Popen(
            [host.to_os(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=host.ENVIRONMENT,
            start_new_session=True,
        )
        groups.started(process.pid)
    assert process.stdout is not None  # noqa: S101 - for the type checker: both are pipes
    assert process.stderr is not None  # noqa: S101
    pipes = {process.stdout.fileno(): stdout, process.stderr.fileno(): stderr}
    try:
        finished = _follow(process.pid, pipes, deadline)
    finally:
        groups.end(process.pid)
    _drain(pipes)
    process.stdout.close()
    process.stderr.close()
    return _ended(process, timed_out=not finished)


def run_forked(
    work: Callable[[int], None], stdout: Tail, deadline: float, groups: ProcessGroups
) -> End:
    """Run a function of ours in a process of its own, until it ends or `deadline` (monotonic, s).

    For what may take long without giving way, take much memory, or crash the interpreter. `work`
    gets the descriptor to write to; the process leaves with 0, or 1 where `work` raised.
    """
    reader, writer = os.pipe()
    with groups.starting():
        pid = os.fork()
        if pid == 0:
            _work(work, writer)
        os.close(writer)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # both sides do, so that neither has to wait for the other
        groups.started(pid)
    pipes = {reader: stdout}
    try:
        finished = _follow(pid, pipes, deadline)
    finally:
        groups.end(pid)
    _drain(pipes)
    os.close(reader)
    give_up = time.monotonic() + _GRACE_S
    while time.monotonic() < give_up:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return End(None, os.WTERMSIG(status), timed_out=not finished)
            return End(os.WEXITSTATUS(status), None, timed_out=not finished)
        time.sleep(0.005)
    return End(None, None, timed_out=True)


def _work(work: Callable[[int], None], writer: int) -> None:
    """Do the work and leave, whatever happens: nothing of the parent may go on here."""
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        # Pipes of commands that other threads started stay theirs.
        os.closerange(3, writer)
        os.closerange(writer + 1, 65536)
        work(writer)
    except BaseException:  # noqa: BLE001 - the parent reads it from the exit code
        os._exit(1)
    os._exit(0)


def _follow(pid: int, pipes: Dict[int, Tail], deadline: float) -> bool:
    """Read until both pipes are closed and the process has exited; False at the deadline."""
    poller = _poller(pipes)
    while pipes:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        _read_ready(poller, pipes, min(remaining, _GLANCE_S))
        if pipes and _has_exited(pid):
            # Descendants hold the pipes: what they have written by now is read by the caller.
            return True
    pause = 0.0005
    while not _has_exited(pid):
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    return True


def _drain(pipes: Dict[int, Tail]) -> None:
    poller = _poller(pipes)
    give_up = time.monotonic() + _GRACE_S
    while pipes and time.monotonic() < give_up:
        _read_ready(poller, pipes, _GRACE_S / 10)


def _poller(pipes: Dict[int, Tail]) -> "select.poll":
    poller = select.poll()
    for descriptor in pipes:
        poller.register(descriptor, select.POLLIN)
    return poller


def _read_ready(poller: "select.poll", pipes: Dict[int, Tail], wait_s: float) -> None:
    for descriptor, _ in poller.poll(wait_s * 1000):
        chunk = os.read(descriptor, _CHUNK)
        if chunk:
            pipes[descriptor].add(chunk)
        else:
            poller.unregister(descriptor)
            del pipes[descriptor]


def _has_exited(pid: int) -> bool:
    """Look without reaping, so that the process id stays taken until its group is killed."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def _kill(leader: int) -> None:
    # Gone already, or (as another user) a set-uid program that may not be killed.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _ended(process: "subprocess.Popen[bytes]", timed_out: bool) -> End:
    try:
        code = process.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        return End(None, None, timed_out=True)  # stuck in the kernel: it cannot even be killed
    if code < 0:
        return End(None, -code, timed_out)
    return End(code, None, timed_out)
