"""Kind `source_scan`: bounded, nothing executed, whatever lies among the sources."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.source.scans import record_of, script, tree
from truthmap_collector.selectors import select
from truthmap_collector.source.search import Folders, is_broad, root_of

from .conftest import Records


def rows(record: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    return [row for row in found if row["row"] == kind]


def files(record: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    found = {row["path"]: row for row in rows(record, "file")}
    return {os.path.relpath(path, folder): row for path, row in found.items()}


def test_what_a_program_imports_is_followed(tmp_path: Path) -> None:
    """Packages, relative imports, lines of several, imports in functions and by name."""
    tree(
        tmp_path,
        {
            "main.py": "import os, a\nfrom p import (\n  q,  # one\n  r as s,\n)\n"
            "def f():\n    from p.sub import deep\n    import importlib\n"
            '    importlib.import_module("named")\n    importlib.import_module(z)\n',
            "a.py": "",
            "p/__init__.py": "from .inner import x\n",
            "p/inner.py": "x = 1\n",
            "p/q.py": "from ..a import y\nfrom . import inner\n",
            "p/sub/deep.py": "",
            "named.py": "",
            "os.py": "",
            "unused.py": "",
            "venv/pyvenv.cfg": "",
            "venv/lib.py": "",
        },
    )
    record = record_of([script(tmp_path / "main.py")])
    used = {"main.py", "a.py", "p/__init__.py", "p/inner.py", "p/q.py", "p/sub/deep.py", "named.py"}
    # A module of the library's name beside the script is what Python would take.
    assert set(files(record, tmp_path)) == used | {"os.py"}
    assert files(record, tmp_path)["main.py"]["dynamic"] == 1
    assert {row["path"] for row in rows(record, "unused")} == {str(tmp_path / "unused.py")}


def environment(folder: Path, linked: Path) -> dict[str, str]:
    """Write a virtual environment that a project is installed into by a link, with a command."""
    begin = f"#!{folder}/bin/python\nfrom shop.main import main\n"
    tree(
        folder,
        {
            "pyvenv.cfg": "home = /usr/bin\n",
            "lib/python3.11/site-packages/shop.pth": f"{linked}\n",
            "bin/shop-run": begin,
        },
    )
    return {"unit": "it.service", "cwd": "/", "program": f"{folder}/bin/shop-run"}


def test_a_command_of_a_virtual_environment_leads_to_its_project(tmp_path: Path) -> None:
    """By the interpreter in its first line, and the link the environment has to the sources."""
    project = tmp_path / "releases" / "7"
    sources = {"shop/__init__.py": "", "shop/main.py": "from . import bus\n", "shop/bus.py": ""}
    tree(project / "src", {**sources, "shop/idle.py": ""})
    tree(project, {"pyproject.toml": ""})
    (tmp_path / "current").symlink_to(project)
    record = record_of([environment(tmp_path / "venv", tmp_path / "current" / "src")])
    (program,) = rows(record, "program")
    assert program["root"] == str(project)
    used = {path.rpartition("/")[2] for path in files(record, tmp_path)}
    assert used == {"shop-run", "__init__.py", "main.py", "bus.py"}
    unused = [row["path"] for row in rows(record, "unused")]
    assert unused == [str(project / "src" / "shop" / "idle.py")]


def test_a_project_is_one_whatever_link_leads_to_it(tmp_path: Path) -> None:
    """A module started in the link to a release, a script by its path, a command: one project."""
    project = tmp_path / "releases" / "7"
    tree(project, {"pyproject.toml": "", "shop/main.py": "", "tools/export.py": ""})
    (tmp_path / "current").symlink_to(project)
    here = str(tmp_path / "current")
    module = {"unit": "a.service", "cwd": here, "module": "shop.main", "python": "/usr/bin/python3"}
    started = script(tmp_path / "current" / "tools" / "export.py", "b.service")
    installed = environment(tmp_path / "venv", tmp_path / "current")
    record = record_of([module, started, {**installed, "cwd": here}])
    assert {row["root"] for row in rows(record, "program")} == {str(project)}
    assert rows(record, "end")[0]["roots"] == [str(project)]


def test_no_digest_of_a_file_leaves(tmp_path: Path) -> None:
    """A digest without a key would confirm a guess at what a file with a password holds."""
    tree(tmp_path, {"main.py": "PASSWORD = 'x'\n"})
    (row,) = rows(record_of([script(tmp_path / "main.py")]), "file")
    assert set(row) == {"row", "id", "path", "size", "mtime", "imports"}


def test_a_folder_we_add_hides_no_library(tmp_path: Path) -> None:
    """The project's own folder is tried, after Python's own search would have ended."""
    tree(
        tmp_path,
        {"setup.py": "", "json/__init__.py": "", "lib.py": "", "bin/main.py": "import json, lib\n"},
    )
    record = record_of([script(tmp_path / "bin" / "main.py")])
    assert set(files(record, tmp_path)) == {"bin/main.py", "lib.py"}


def test_nothing_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    code = f"open({str(mark)!r}, 'w')\nr.xadd('a:b', {{}})\n"
    tree(tmp_path, {"main.py": "import a\n" + code, "a.py": code, "sitecustomize.py": code})
    record_of([script(tmp_path / "main.py")])
    assert not mark.exists()
    assert not list(tmp_path.rglob("*.pyc"))


HOSTILE = {
    "syntax error": (b"def f(:\n    r.xadd('a', {})\n", "syntax error in line 1"),
    "python 2": (b"print 'x'\nr.xadd('a', {})\n", "syntax error in line 1"),
    "null bytes": (b"r.xadd('a\0b', {})\0\n", "error"),
    "not utf-8": (b"s = '\xff\xfe'\nr.xadd(s, {})\n", "not in the encoding it claims"),
    "a wrong claim": (b"# coding: nonsense\nr.xadd('a', {})\n", "cannot be read as Python"),
    "deep brackets": (b"r.xadd(" + b"[" * 100_000, "nested too deeply"),
    "a long chain": (b"r.xadd(" + b"-" * 200_000 + b"1, {})\n", "error"),
    "a long sum": (b"r.xadd('a'" + b"+'a'" * 100_000 + b", {})\n", "error"),
    "deep blocks": (b"".join(b" " * n + b"if x:\n" for n in range(300)) + b"r.xadd\n", "error"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_parsed_is_named(tmp_path: Path, name: str) -> None:
    """With its error and nothing of its text; the others are read."""
    content, said = HOSTILE[name]
    tree(tmp_path, {"main.py": "import bad, good\n", "good.py": "r.xadd('a:b', {})\n"})
    (tmp_path / "bad.py").write_bytes(content)
    record = record_of([script(tmp_path / "main.py")])
    assert record["outcome"] == "collected", record["reason"]
    found = files(record, tmp_path)
    assert said in found["bad.py"]["error"] if said != "error" else found["bad.py"]["error"]
    assert "error" not in found["good.py"]
    assert len(rows(record, "syntax")) == 1


def test_newer_syntax_is_an_error_of_that_file_alone(tmp_path: Path) -> None:
    newer = "type X[T] = list[T]\nr.xadd('a:b', {})\n"  # 3.12
    tree(tmp_path, {"main.py": "import newer\nr.xadd('a:c', {})\n", "newer.py": newer})
    found = files(record_of([script(tmp_path / "main.py")]), tmp_path)
    assert "error" not in found["main.py"]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    tree(tmp_path, {"main.py": "import big\n"})
    with (tmp_path / "big.py").open("wb") as stream:
        stream.truncate(50 * 1024 * 1024)
    began = time.monotonic()
    record = record_of([script(tmp_path / "main.py")])
    assert time.monotonic() - began < 3
    assert files(record, tmp_path)["big.py"]["error"] == "not read: more than 1048576 bytes"
    (end,) = rows(record, "end")
    assert end["limits"] == ["a file of more than 1048576 bytes"]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A fifo would block, links that lead in circles would not end."""
    tree(tmp_path, {"main.py": "import pipe, loop, sub.more\n", "sub/more.py": ""})
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    record = record_of([script(tmp_path / "main.py")])
    found = files(record, tmp_path)
    assert found["pipe.py"]["error"] == "not a regular file"
    assert "Too many levels" in found["loop.py"]["error"]
    assert "sub/more.py" in found
    assert len(rows(record, "unused")) == 0


def test_limits_are_said(tmp_path: Path) -> None:
    """Files beyond the limit are named as not read, and the scan as not complete."""
    names = [f"m{number}" for number in range(20)]
    tree(tmp_path, {"main.py": f"import {', '.join(names)}\n", **{f"{n}.py": "" for n in names}})
    record = record_of([script(tmp_path / "main.py")], files=10)
    left_out = [row for row in rows(record, "file") if row.get("error", "").startswith("not read")]
    assert len(left_out) == 11
    assert "10 files" in rows(record, "end")[0]["limits"]
    hurried = record_of([script(tmp_path / "main.py")], seconds=0.000001)
    assert hurried["outcome"] == "collected"


def test_the_walk_for_unused_files_ends_in_time(tmp_path: Path) -> None:
    """Asked at every folder, whether it holds sources or not."""
    tree(tmp_path, {f"d{number}/x/data.txt": "" for number in range(20)})
    asked = []

    def late() -> bool:
        asked.append(1)
        return len(asked) > 5

    folders = Folders()
    assert list(folders.sources(str(tmp_path), 100, late)) == []
    assert len(asked) == 6


def test_the_walk_enters_no_other_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, {"a/x.py": "", "mounted/y.py": ""})
    stat = os.stat

    def mounted(path: Any, *args: Any, **more: Any) -> Any:
        found = stat(path, *args, **more)
        if not os.fsencode(path).endswith(b"/mounted"):
            return found
        return os.stat_result([*found[:2], found.st_dev + 1, *found[3:10]])

    monkeypatch.setattr(os, "stat", mounted)
    found = list(Folders().sources(str(tmp_path), 100, lambda: False))
    assert found == [str(tmp_path / "a" / "x.py")]


def test_unused_files_come_last(tmp_path: Path) -> None:
    """A walk that is stopped costs nothing of what is used."""
    tree(tmp_path, {"setup.py": "", "main.py": ""})
    record = record_of([script(tmp_path / "main.py")])
    kinds = [json.loads(line)["row"] for line in record["stdout"]["data"].splitlines()]
    assert kinds == ["file", "path", "program", "unused", "end"]


@pytest.mark.parametrize("folder", ["/home/bob", "/var/www", "/opt"])
def test_a_folder_of_many_projects_is_none(folder: str) -> None:
    assert is_broad(folder)
    assert not is_broad(folder + "/shop")
    assert root_of(folder + "/shop", [], Folders()) == folder + "/shop"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    record = record_of([script(tmp_path / "gone.py")])
    (only,) = rows(record, "file")
    assert only["error"] == "No such file or directory"


STARTS = {
    "/usr/bin/python3 -u main.py --x": {"script": "/srv/a/main.py"},
    "/usr/bin/python3 -W ignore -X dev /srv/b/x.py": {"script": "/srv/b/x.py"},
    "/usr/bin/python3 -um shop.web --token=secret": {"module": "shop.web"},
    "/usr/bin/env A=b python3 -m shop": {"module": "shop"},
    "/bin/bash -c cd /srv/a && exec python3 run.py": {"script": "/srv/a/run.py"},
    "/srv/a/venv/bin/uvicorn --app-dir src shop.main:app --port 1": {"module": "shop.main"},
    "/srv/a/venv/bin/python -m celery -A shop worker": {"module": "shop"},
    "/srv/a/venv/bin/gunicorn -w 2 shop.wsgi:application": {"module": "shop.wsgi"},
    "/srv/a/bin/start": {"program": "/srv/a/bin/start"},
    "/usr/bin/python3 /usr/share/unattended-upgrades/x --wait": None,
    "/usr/bin/python3 -c import_x": None,
    "/usr/sbin/nginx -g daemon": None,
}


@pytest.mark.parametrize("command", STARTS)
def test_which_program_a_unit_starts(command: str) -> None:
    """Of its words only the program's own name is taken; the distribution's own are left out."""
    path = command.split(maxsplit=1)[0]
    shown = (
        f"ExecStart={{ path={path} ; argv[]={command} ; ignore_errors=no ; start_time=[n/a] ; "
        "stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n"
        "Id=it.service\nWorkingDirectory=/srv/a\n"
    )
    found = [json.loads(line) for line in select("python_programs", shown)]
    expected = STARTS[command]
    if expected is None:
        assert found == []
        return
    (one,) = found
    assert expected == {key: one[key] for key in ("script", "module", "program") if key in one}
    assert "secret" not in str(one)


SECRET = ("correcthorse", "abc.def.ghi")
UNDER_A_NAME = {
    "a mapping": 'C = {"password": "correcthorse", "token": "abc.def.ghi", "x": "orders:new"}\n'
    'r.xadd(C["x"], {})',
    "a weak key": 'C = {"webhook": "correcthorse", "x": "orders:new"}\nr.xadd(C["x"], {})',
    "a mapping inside": 'C = {"x": "orders:new", "token": {"a": "abc.def.ghi"}}\n'
    'r.xadd(C["x"], {})',
    "around it": 'C = {"x": "orders:new", "secrets": [{"a": "abc.def.ghi"}]}\nr.xadd(C["x"], {})',
    "a key by name": 'C = {Field.TOKEN: "abc.def.ghi", "x": "orders:new"}\nr.xadd(C["x"], {})',
    "unpacked": 's, password = "orders:new", "correcthorse"\nr.xadd(s, {})\nr.xadd(password, {})',
    "unpacked unclear": 's = "orders:new"\nr.xadd(s, {})\n'
    'a, password = f("bob", "correcthorse")\nr.xadd(a, {})',
    "in a loop": 's = "orders:new"\nr.xadd(s, {})\n'
    'for a, password in [("bob", "correcthorse")]:\n    r.xadd(a, {})',
    "a keyword": 'C = f(password="correcthorse", x="orders:new")\nr.xadd(C, {})',
    "a keyword in a mapping": 'C = {"a": f(token="abc.def.ghi"), "x": "orders:new"}\n'
    'r.xadd(C["x"], {})',
    "under a keyword": 'C = f("orders:new", token=g(x="correcthorse"))\nr.xadd(C, {})',
    "a default": 'def f(s="orders:new", password="correcthorse"):\n'
    "    r.xadd(s, {})\n    r.xadd(password, {})\nf()",
    "a variable called params": 'params = "orders:new"\nr.xadd(params, {})\n'
    'r.xadd(x, {}, password="correcthorse")\ntoken = "abc.def.ghi"\nr.xadd(token, {})',
    "a parameter called s": 'def f(g="orders:new", s="x", token="abc.def.ghi"):\n'
    "    r.xadd(g, {})\n    r.xadd(token, {})\nf()",
}


@pytest.mark.parametrize("name", UNDER_A_NAME)
def test_what_stands_under_a_secret_name_stays(tmp_path: Path, name: str) -> None:
    """Under whichever of the names around it; what stands beside it is shown."""
    tree(tmp_path, {"main.py": UNDER_A_NAME[name] + "\n"})
    record = record_of([script(tmp_path / "main.py")])
    shown = json.dumps(rows(record, "syntax"))
    assert "orders:new" in shown
    assert not [secret for secret in SECRET if secret in shown]
    assert '["m", 1' in shown


@pytest.mark.skipif(os.geteuid() != 0, reason="root makes what others may not read")
def test_without_rights_all_else_is_read(
    look_as_nobody: Callable[..., Records], public: Path
) -> None:
    """A folder in the middle of a package, a file, a program: named with what was said of it."""
    tree(
        public,
        {
            "main.py": "import p.a, p.shut.b, p.c, secret\n",
            "p/__init__.py": "",
            "p/a.py": "r.xadd('a:b', {})\n",
            "p/c.py": "",
            "p/shut/__init__.py": "",
            "p/shut/b.py": "",
            "secret.py": "",
            "closed/app.py": "import a\n",
            "bin/run": "#!/usr/bin/env python3\n",
        },
    )
    for name in ("p/shut", "closed", "secret.py", "bin/run"):
        (public / name).chmod(0)
    programs = [
        script(public / "main.py"),
        script(public / "closed" / "app.py", "closed.service"),
        {"unit": "run.service", "cwd": str(public), "program": str(public / "bin" / "run")},
    ]
    args = {"programs": [json.dumps(one) for one in programs]}
    record = look_as_nobody({"id": "it", "kind": "source_scan", "args": args})["it"]
    found = files(record, public)
    assert set(found) == {
        "main.py",
        "p/__init__.py",
        "p/a.py",
        "p/c.py",
        "secret.py",
        "closed/app.py",
    }
    for name in ("secret.py", "closed/app.py"):
        assert found[name]["error"] == "Permission denied"
    (end,) = rows(record, "end")
    refused = {os.path.relpath(path, public): why for path, why in end["refused"].items()}
    # `public` itself may be entered and not be listed: which modules are left over is not known.
    denied = dict.fromkeys(("p/shut", "closed", "bin/run", "."), "Permission denied")
    assert refused == denied


@pytest.mark.skipif(os.geteuid() != 0, reason="root makes what others may not read")
def test_a_folder_that_may_be_entered_and_not_listed_hides_no_module(
    look_as_nobody: Callable[..., Records], public: Path
) -> None:
    """As homes are that a web server serves: what is asked for by name is found, or not."""
    tree(
        public,
        {
            "home/app/pyproject.toml": "",
            "home/app/main.py": "import p.a, p.nothing\n",
            "home/app/p/__init__.py": "",
            "home/app/p/a.py": "",
        },
    )
    (public / "home").chmod(0o711)
    (public / "home/app/p").chmod(0o711)
    args = {"programs": [json.dumps(script(public / "home/app/main.py"))]}
    record = look_as_nobody({"id": "it", "kind": "source_scan", "args": args})["it"]
    assert set(files(record, public)) == {
        "home/app/main.py",
        "home/app/p/__init__.py",
        "home/app/p/a.py",
    }
    (end,) = rows(record, "end")
    assert end["roots"] == [f"{public}/home/app"]
    assert end["refused"] == {f"{public}/home/app/p": "Permission denied"}
