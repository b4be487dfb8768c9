"""The shipped entry, as a process of its own: frame, exit, signals, priority, footprint."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

import truthmap_collector

from .conftest import Marked

PACKAGE = Path(truthmap_collector.__file__).parent
ENTRY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from truthmap_collector import main
{prepare}
main.main(json.loads(sys.argv[2]))
print("not reached")
"""


def start(
    *probes: dict[str, Any], prepare: str = "", stdin: int = subprocess.DEVNULL, **limits: float
) -> subprocess.Popen[str]:
    request = {
        "probes": [{"description": "A test.", **probe} for probe in probes],
        "limits": limits,
        "fingerprint_key": None,
    }
    program = ENTRY.format(prepare=prepare)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", program, str(PACKAGE.parent), json.dumps(request)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answered(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    head, *lines, end = stdout.splitlines()
    assert head.startswith("TRUTHMAP-ANSWER/1 ")
    assert end == "TRUTHMAP-END"
    answer = json.loads(zlib.decompress(base64.b64decode("".join(lines))))
    assert isinstance(answer, dict)
    return answer


def command(*argv: str, name: str = "it", **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "command", "args": {"argv": list(argv)}, "mask": "none", **more}


def test_answer_on_stdout() -> None:
    """The program writes nothing but the framed answer and exits with 0."""
    answer = answered(start(command("echo", "here")))

    assert answer["evidence"][0]["stdout"]["data"] == "here\n"


def test_stdin_is_not_passed_on() -> None:
    """A command has no part in the collector's own stdin, which carried the program."""
    process = start(command("readlink", "/proc/self/fd/0"), stdin=subprocess.PIPE)

    assert answered(process)["evidence"][0]["stdout"]["data"] == "/dev/null\n"


def test_lowest_priority() -> None:
    """The collector and what it starts run at the lowest priority."""
    answer = answered(start(command("nice")))

    assert answer["evidence"][0]["stdout"]["data"] == "19\n"


def test_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH, locale and the like of whoever starts it change nothing."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    answer = answered(start(command("date", "+%Z blåbær")))

    assert answer["evidence"][0]["stdout"]["data"] == "UTC blåbær\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_everything(marked: Marked, number: signal.Signals) -> None:
    """A signal ends the collector and all it has started, at once and without an answer."""
    process = start(
        *(command("sh", "-c", "sleep 600; :", marked.word, name=f"p{at}") for at in range(4))
    )
    while len(marked.alive()) < 5:  # four shells, and the request among our own arguments
        time.sleep(0.02)
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=5)

    assert process.returncode == 128 + number
    assert stdout == ""
    assert marked.gone()


def test_hung_thread_does_not_hold_the_exit() -> None:
    """A look that hangs for good is left behind, also by the exit."""
    prepare = """
import time
from truthmap_collector import kinds
kinds.KINDS["clock"] = kinds.KINDS["clock"]._replace(look=lambda args, turn: time.sleep(600))
"""
    began = time.monotonic()
    answer = answered(
        start({"id": "c", "kind": "clock", "limits": {"timeout_s": 0.2}}, prepare=prepare)
    )

    assert time.monotonic() - began < 5
    assert answer["evidence"][0]["outcome"] == "timeout"


def test_last_resort() -> None:
    """If even the run itself hangs, the alarm ends the process."""
    prepare = """
import time
main._LAST_RESORT_S = 0
main.collect = lambda request, groups: time.sleep(600)
"""
    process = start(prepare=prepare, host_timeout_s=1)
    process.communicate(timeout=10)

    assert process.returncode == -signal.SIGALRM


def test_reader_that_went_away() -> None:
    """If nobody reads the answer any more, the program ends."""
    process = start(command("sleep", "0.3"))
    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(timeout=10) != 0


def test_invalid_request() -> None:
    """A request that is not valid is said to be so, without an answer."""
    process = start({"id": "x", "kind": "comand"})
    stdout, stderr = process.communicate(timeout=10)

    assert process.returncode != 0
    assert stdout == ""
    assert "did you mean 'command'?" in stderr


def test_writes_nothing() -> None:
    """The collector opens no file for writing but /dev/null, and makes, moves or removes none."""
    prepare = """
import os
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod",
            "os.chown", "os.utime", "os.truncate", "tempfile.mkstemp", "tempfile.mkdtemp",
            "syslog.syslog", "socket.connect", "shutil.copyfile"}
def watch(event, args):
    writing = event == "open" and isinstance(args[2], int) and args[2] & WRITING
    if event in CHANGING or (writing and args[0] != os.devnull):
        os.write(2, repr((event, args)).encode())
sys.addaudithook(watch)
"""
    probes: list[dict[str, Any]] = [
        command("true"),
        command("sleep", "60", name="slow", limits={"timeout_s": 0.1}),
        {"id": "c", "kind": "clock"},
        {"id": "f", "kind": "file", "args": {"path": "/etc/passwd"}},
        {"id": "g", "kind": "files", "args": {"globs": ["/etc/*release"], "most": 3}},
        {"id": "j", "kind": "journal", "args": {"matches": [], "lines": 3}},
        {"id": "m", "kind": "filesystems"},
        {"id": "l", "kind": "listing", "args": {"path": "/etc", "interpreter": True}},
    ]
    before = sorted(PACKAGE.rglob("*"))
    answer = answered(start(*probes, prepare=prepare))  # what the watch sees is on stderr

    assert len(answer["evidence"]) == len(probes)
    assert sorted(PACKAGE.rglob("*")) == before
