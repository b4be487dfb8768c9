"""The program and the two ways to start it: piped by the control node, or run by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from truthmap_control import answer, program

from .conftest import Pipe, as_ansible_does

LOGIN_SHELLS = ("sh", "dash", "bash", "tcsh", "csh", "fish", "ksh", "mksh", "zsh")
"""Every one of them that this machine has takes part."""


def test_it_runs_from_memory_and_answers(pipe: Pipe, request_: dict[str, Any]) -> None:
    """`sh` and a Python on the program's stdin are all it takes."""
    done = pipe(program.launcher(), program.build(request_))
    found = answer.decode(done.stdout, done.stderr)
    assert done.returncode == 0
    assert {record["probe"] for record in found["evidence"]} == {"host_kernel", "host_os_release"}
    assert answer.outcomes(found) == {"collected": 2}


def test_it_leaves_no_file(pipe: Pipe, request_: dict[str, Any], tmp_path: Path) -> None:
    """Neither home nor working folder gains a file, nor the stdlib a byte code cache.

    What a whole host gains is looked at on lab hosts, over all their mounts.
    """
    before = _state(tmp_path)
    marker = time.time() - 0.01
    done = pipe(program.launcher(sys.executable), program.build(request_))
    assert answer.decode(done.stdout)
    assert before == _state(tmp_path)
    library = Path(os.__file__).parent
    assert [path for path in library.rglob("*.pyc") if path.stat().st_mtime >= marker] == []


def test_equal_requests_make_equal_programs(request_: dict[str, Any]) -> None:
    """The program is deterministic, whatever the order of keys in a request."""
    turned = dict(reversed(list(request_.items())))
    assert program.build(request_) == program.build(turned)


def test_it_is_ascii_without_single_quotes(request_: dict[str, Any]) -> None:
    """So it can stand between single quotes in the script for hands."""
    text = program.build(request_)
    assert text.isascii()
    assert "'" not in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_it_fits_an_argument(request_: dict[str, Any]) -> None:
    """A shell whose printf is no builtin passes it as one argument: Linux allows 128 KiB.

    Few kinds make a small program; all of them: see test_roles.
    """
    assert len(program.build(request_)) < 60_000


def test_a_traceback_shows_our_lines(pipe: Pipe, request_: dict[str, Any]) -> None:
    """A request the collector refuses ends in a traceback with file, line and source."""
    bad = {**request_, "limits": {"nonsense": 1}}
    done = pipe(program.launcher(), program.build(bad))
    assert done.returncode == 70
    assert re.search(r'File "truthmap_collector/limits\.py", line \d+', done.stderr)
    assert "raise ValueError(" in done.stderr.replace("\n", "")
    with pytest.raises(answer.AnswerError, match="unknown limit 'nonsense'"):
        answer.decode(done.stdout, done.stderr)


@pytest.mark.parametrize("shell", [name for name in LOGIN_SHELLS if shutil.which(name)])
def test_it_starts_from_any_login_shell(pipe: Pipe, request_: dict[str, Any], shell: str) -> None:
    """Quoted the way Ansible does it, csh and fish hand the launcher on unharmed."""
    done = pipe(as_ansible_does(program.launcher()), program.build(request_), login=(shell, "-c"))
    assert answer.outcomes(answer.decode(done.stdout, done.stderr)) == {"collected": 2}


@pytest.mark.parametrize("interpreter", [None, "/usr/bin/env python3", "~/bin/python", "a$b c"])
def test_the_launcher_survives_quoting(interpreter: str | None) -> None:
    """One line without the characters that csh or fish read inside single quotes."""
    line = program.launcher(interpreter)
    assert not set(line) & set("'\\!\n") or interpreter == "a$b c"


@pytest.mark.parametrize("interpreter", ["py'thon", "python!", "py\\thon", "py\nthon"])
def test_an_impossible_interpreter_is_refused(interpreter: str) -> None:
    """What cannot be quoted for every shell is named, not mangled."""
    with pytest.raises(ValueError, match=r"interpreter|quotation|escaped"):
        program.launcher(f'"{interpreter}"')


def test_the_operators_interpreter_comes_first(
    pipe: Pipe, request_: dict[str, Any], tmp_path: Path
) -> None:
    """The one named in ansible_python_interpreter runs the collector, also below `~`."""
    link = tmp_path / "home" / "my python"
    link.symlink_to(sys.executable)
    for named in (str(link), "~/my python"):
        done = pipe(program.launcher(f'"{named}"'), program.build(request_))
        assert answer.decode(done.stdout, done.stderr)["collector"]["interpreter"] == str(link)


@pytest.mark.parametrize("named", ["/no/such/python", "/bin/true", "/bin/false", "env python3"])
def test_an_unusable_interpreter_is_passed_over(
    pipe: Pipe, request_: dict[str, Any], named: str
) -> None:
    """Missing, broken or no Python at all: the next candidate runs."""
    done = pipe(program.launcher(named), program.build(request_))
    assert answer.outcomes(answer.decode(done.stdout, done.stderr)) == {"collected": 2}


def test_an_old_interpreter_is_passed_over(
    pipe: Pipe, request_: dict[str, Any], tmp_path: Path
) -> None:
    """An interpreter that says it is older than 3.6 does not get the program."""
    old = _executable(
        tmp_path / "python3", '#!/bin/sh\ncase "$*" in *version_info*) echo False;; esac'
    )
    done = pipe(program.launcher(str(old)), program.build(request_))
    assert answer.outcomes(answer.decode(done.stdout, done.stderr)) == {"collected": 2}


def test_a_host_without_python_says_so(
    pipe: Pipe, request_: dict[str, Any], tmp_path: Path
) -> None:
    """Its stdin is read to the end, it exits with 0, and the reason says what was looked at."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "cat").symlink_to(shutil.which("cat") or "")
    old = _executable(tools / "python3", "#!/bin/sh\nexit 1")
    line = re.sub(r"PATH=\S+;", f"PATH={tools};", program.launcher())
    line = line.replace(" /usr/libexec/platform-python", "")
    done = pipe(line, program.build(request_) + "#" * 3_000_000)
    assert done.returncode == 0
    assert done.stdout == f"{program.NO_PYTHON} {old.name}\n"
    with pytest.raises(answer.AnswerError, match=r"no Python 3\.6 .*older or broken: python3.*"):
        answer.decode(done.stdout, done.stderr)


def test_it_runs_with_low_priority(pipe: Pipe, request_: dict[str, Any], tmp_path: Path) -> None:
    """What the launcher finally runs has niceness 19 and idle I/O priority."""
    shown = tmp_path / "shown"
    spy = _executable(
        tmp_path / "python3",
        f'#!/bin/sh\necho True\n[ "$4" = - ] && {{ ps -o ni= -p $$; ionice -p $$; }} > {shown}',
    )
    pipe(program.launcher(str(spy)), "")
    assert shown.read_text().split() == ["19", "idle"]


def test_the_environment_is_the_launchers_own(pipe: Pipe, request_: dict[str, Any]) -> None:
    """A PATH without sbin, a foreign locale and PYTHON* variables of the login change nothing."""
    hostile = {"PATH": "/nowhere:/bin", "LC_ALL": "nb_NO", "PYTHONPATH": "/x", "PYTHONHOME": "/x"}
    done = pipe(
        "/bin/sh -c '" + program.launcher() + "'", program.build(request_), environment=hostile
    )
    assert answer.outcomes(answer.decode(done.stdout, done.stderr)) == {"collected": 2}


@pytest.mark.parametrize(
    "shell",
    [name for name in ("sh", "bash", "ksh", "mksh", "zsh", "busybox") if shutil.which(name)],
)
def test_by_hand_it_is_the_same(tmp_path: Path, request_: dict[str, Any], shell: str) -> None:
    """`sh truthmap-collect.sh > answer` gives what the control node would have got."""
    script = tmp_path / "truthmap-collect.sh"
    script.write_text(program.script(request_))
    words = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*words, script.name], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    found = answer.decode(done.stdout)
    assert found["probes"] == request_["probes"]
    assert answer.outcomes(found) == {"collected": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == [script.name]


def test_the_script_names_its_probes_safely(request_: dict[str, Any]) -> None:
    """Each probe is named in the head, and no description can leave its comment."""
    request_["probes"][1]["description"] = "a\nrm -rf / 'x'\u2028\x1b[31m"
    head = program.script(request_).split("\nif [ -t 1 ]")[0]
    assert all(line.startswith("#") for line in head.splitlines() if line)
    assert "#   host_kernel: Kernel name and release." in head
    assert head.isascii()


def test_the_script_asks_for_a_file(tmp_path: Path, request_: dict[str, Any]) -> None:
    """On a terminal it says where its output belongs instead of flooding it."""
    script = tmp_path / "truthmap-collect.sh"
    script.write_text(program.script(request_))
    done = subprocess.run(
        ["script", "-qec", f"sh {script}", "/dev/null"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert f"sh {script} > answer" in done.stdout


def _executable(path: Path, text: str) -> Path:
    path.write_text(text + "\n")
    path.chmod(0o755)
    return path


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.lstat() for path in [folder, *folder.rglob("*")]}
    return {path: (info.st_size, info.st_mtime_ns) for path, info in found.items()}
