"""Kind `cron`: tables, entries and scripts, with programs looked for and commands masked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from truthmap_collector import crontab

from .conftest import Look, Record, Records

SYSTEM = """\
# a comment
SHELL=/bin/sh
MAILTO="someone@example.org"
API_KEY=hunter2hunter2
*/5 * * * *\troot  cd / && /usr/bin/env --key=hunter2hunter2 >/dev/null 2>&1
@daily nosuchuser /bin/true
once upon a time password=hunter2hunter2
0 3 * * * root"""


def cron(folder: Path, **forms: str) -> dict[str, Any]:
    args = {form: [f"{folder}/{pattern}"] for form, pattern in forms.items()}
    return {"id": "it", "kind": "cron", "args": args}


def rows(record: Record) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def test_a_table_is_read_line_by_line(look: Look, tmp_path: Path) -> None:
    """Settings, entries and what is neither; nothing secret, and programs as paths."""
    (tmp_path / "table").write_text(SYSTEM)
    record = look(cron(tmp_path, system="*"))["it"]
    host, file, content, *lines = rows(record)

    assert record["outcome"] == "collected"
    assert set(host) == {"daemons", "users_from"}
    assert (file["form"], file["type"], file["links"]) == ("system", "file", 1)
    assert (content["newline"], content["truncated"]) == (False, False)
    shell, mail, entry, stranger, odd, short = lines
    assert (shell["setting"], shell["value"]) == ("SHELL", "/bin/sh")
    assert mail["setting"] == "MAILTO"
    assert "someone" not in mail["value"]
    assert (entry["line"], entry["schedule"], entry["user"]) == (5, "*/5 * * * *", "root")
    assert entry["command"].startswith("cd / && /usr/bin/env --key=<masked:")
    assert (entry["programs"], entry["missing"]) == (["/usr/bin/env"], [])
    assert (stranger["user"], stranger["schedule"]) == (None, "@daily")
    assert "password=<masked:" in odd["text"]
    assert short["text"] == "0 3 * * * root"
    assert "hunter2" not in str(record)
    assert "API_KEY" not in str(record)


def test_users_own_tables_name_no_user_and_anacrons_a_period(look: Look, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0 4 * * * /bin/true\n")
    (tmp_path / "anacrontab").write_text("START_HOURS_RANGE=3-22\n1 5 cron.daily /bin/true\n@x y\n")
    record = look(cron(tmp_path, user="own", anacron="anacrontab"))["it"]
    own, daily = (row for row in rows(record) if "command" in row)
    (odd,) = (row for row in rows(record) if "text" in row)

    assert (own["schedule"], own["command"]) == ("0 4 * * *", "/bin/true")
    assert "user" not in own
    assert (daily["schedule"], daily["command"]) == ("1 5", "/bin/true")
    assert odd["line"] == 3


def test_scripts_are_listed_and_not_read(look: Look, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("hunter2")
    script.chmod(0o750)
    (tmp_path / "link").symlink_to(script)
    record = look(cron(tmp_path, scripts="*"))["it"]
    _, link, found = rows(record)

    assert (found["form"], found["mode"], found["symlink"]) == ("scripts", "0750", False)
    assert (link["mode"], link["symlink"]) == ("0750", True)
    assert record["command"] == f"ls -l {tmp_path}/*"
    assert "hunter2" not in str(record)


def test_nothing_is_absent(look: Look, tmp_path: Path) -> None:
    record = look(cron(tmp_path, system="*", scripts="none/*"))["it"]
    assert record["outcome"] == "absent"
    assert len(rows(record)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a folder of another user: run it as root")
def test_what_may_not_be_read_is_said(
    look_as_nobody: Callable[..., Records], tmp_path: Path
) -> None:
    """A folder that may not be searched and a table that may not be read, beside one that may."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):  # noqa: S108 - pytest's
            parent.chmod(0o755)
    (tmp_path / "open").write_text("0 4 * * * root /bin/true\n")
    (tmp_path / "closed").write_text("0 4 * * * root /bin/true\n")
    (tmp_path / "closed").chmod(0o600)
    (tmp_path / "spool").mkdir(mode=0o700)
    record = look_as_nobody(cron(tmp_path, system="[oc]*", user="spool/*"))["it"]
    errors = {row["path"]: row["error"] for row in rows(record) if "error" in row}

    assert record["outcome"] == "collected"
    assert errors == {
        f"{tmp_path}/closed": "Permission denied",
        f"{tmp_path}/spool": "Permission denied",
    }
    only = look_as_nobody(cron(tmp_path, user="spool/*"))["it"]
    assert only["outcome"] == "denied"


@pytest.mark.parametrize(
    ("command", "found", "missing", "names"),
    [
        ("/bin/sh -c 'x; y'", ["sh"], [], []),
        ("cd / && sh", ["sh"], [], []),
        (
            "/opt/absent/run --key 'a; b' | absent-program",
            [],
            ["/opt/absent/run"],
            ["absent-program"],
        ),
        ("cd /opt/absent && python3 job.py", ["python3"], ["/opt/absent/job.py"], []),
        ("cd /opt/absent; ./job", [], ["/opt/absent/job"], []),
        ("cd $HOME && ./job && sh job.sh", ["sh"], [], []),
        (
            "KEY=hunter2 nohup nice env A=b /opt/absent/x",
            ["nohup", "nice", "env"],
            ["/opt/absent/x"],
            [],
        ),
        ("if true; then /opt/absent/x; fi", [], ["/opt/absent/x"], []),
        ("for a in b c; do /opt/absent/x; done", [], [], []),
        ("$RUN", [], [], []),
        ("/opt/*/x", [], [], []),
        ("'/opt/absent dir/x'", [], [], []),
        ("echo $(/opt/absent/x)", [], ["/opt/absent/x"], []),
        ("/opt/absent/x 'open", [], [], []),
        ("true % hunter2; hunter3", [], [], []),
        ("find / -exec rm {} \\;", ["find"], [], []),
        ("cd /srv/app && . venv/bin/activate && nosuch-python manage.py", [], [], []),
        ("export PATH=/opt/bin:$PATH; nosuch-tool", [], [], []),
        ("PATH=$PATH:/opt/bin nosuch-tool", [], [], []),
        ("pushd /tmp && /opt/absent/x", [], ["/opt/absent/x"], []),
        ("find / -exec rm {} +", ["find"], [], []),
        ("sh < /opt/absent/in > /opt/absent/out 2>&1", ["sh"], [], []),
    ],
)
def test_programs_of_commands(
    command: str, found: list[str], missing: list[str], names: list[str]
) -> None:
    """Only what certainly is a program is looked for; quotes and expansions are left alone."""
    made = crontab.programs(command, {})
    assert [Path(path).name for path in made.found] == found
    assert (made.missing, made.names) == (missing, names)


@pytest.mark.parametrize(
    ("command", "guarded"),
    [
        ("[ -x /a ] && /a", True),
        ("[[ -x /a ]] && /a", True),
        ("test -x /a || /b", True),
        ("command -v a > /dev/null && a 1 1", True),
        ("/opt/test -x", False),
        ("/a && /b", False),
    ],
)
def test_commands_that_look_first(command: str, guarded: bool) -> None:
    assert crontab.programs(command, {}).guarded is guarded


def test_the_tables_own_path_is_searched(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("")
    made = crontab.programs("tool", {"PATH": f"/nowhere:{tmp_path}"})
    assert made.found == [f"{tmp_path}/tool"]
    assert crontab.programs("tool", {"PATH": "$HOME/bin"}).names == []


@pytest.mark.parametrize(
    "line",
    ["61 x * * * root a", "100 * * * * root a", "hunter2 * * * * root a", "* * * * root a", "x"],
)
def test_what_is_no_schedule_is_text(line: str) -> None:
    """Words in the schedule's place that have not its form are masked with the rest."""
    (found,) = crontab.split(line, crontab.SYSTEM)
    assert found.text == line
