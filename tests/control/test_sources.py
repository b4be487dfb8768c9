"""What of the collector is shipped: enough for each kind, nothing of the others, all lines."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import truthmap_collector
from truthmap_collector.declaration import KINDS
from truthmap_collector.kinds import MODULES
from truthmap_control import answer, program, sources

from .conftest import Pipe

FOLDER = Path(truthmap_collector.__file__).parent

ARGUMENTS: dict[str, dict[str, Any]] = {
    "checkout": {"folders": ["/etc/default"], "roots": []},
    "clock": {},
    "command": {"argv": ["true"]},
    "containers": {"engines": [], "stores": [], "most": 9},
    "cron": {"scripts": ["/etc/*"]},
    "env_file": {"folders": ["/etc/default"]},
    "file": {"path": "/proc/uptime"},
    "files": {"globs": ["/etc/os-*"], "most": 9},
    "filesystems": {},
    "journal": {"matches": ["_PID=1"], "lines": 1},
    "journal_counts": {"errors_of": ["init.scope"]},
    "listing": {"path": "/etc"},
    "process": {"pids": ["1"]},
    "redis": {"endpoint": "127.0.0.1:1"},
    "server_config": {"syntax": "nginx", "roots": ["/etc/hosts"], "most": 9},
    "source_scan": {"programs": ['{"cwd":"/etc","script":"/etc/x.py","unit":"x.service"}']},
    "tree": {"paths": ["/etc/default"]},
}


def shipped() -> dict[str, str]:
    """Everything that may be shipped, by file name."""
    return {path: text for texts in sources.grouped().values() for path, text in texts.items()}


def test_every_kind_has_a_module() -> None:
    assert sorted(MODULES) == sorted(KINDS) == sorted(ARGUMENTS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_runs_with_its_own_sources_alone(pipe: Pipe, kind: str) -> None:
    """Each has all it imports, also what it imports only when it is needed."""
    probe = {"id": "x", "description": "A test.", "kind": kind, "args": ARGUMENTS[kind]}
    done = pipe(program.launcher(), program.build(program.request([probe])))
    (record,) = answer.decode(done.stdout, done.stderr)["evidence"]
    assert "ImportError" not in str(record["reason"])
    assert "ModuleNotFound" not in str(record["reason"])
    expected = {"redis": "absent", "journal": record["outcome"]}.get(kind, "collected")
    assert record["outcome"] == expected, record["reason"]


def test_every_file_is_shipped_once() -> None:
    """Nothing is left out for good, and no two groups hold the same."""
    paths = [path for texts in sources.grouped().values() for path in texts]
    assert sorted(paths) == sorted(
        path.relative_to(FOLDER.parent).as_posix() for path in FOLDER.rglob("*.py")
    )


def test_what_one_kind_needs_is_not_shipped_with_another() -> None:
    """A program without a survey of Redis holds none."""
    groups = sources.grouped()
    assert "truthmap_collector/redis/survey.py" in groups["redis"]
    assert "truthmap_collector/env_values.py" in groups["env_file"]
    assert not any("redis" in path or "env_" in path for path in groups[sources.ALWAYS])


def test_only_docstrings_are_left_out() -> None:
    """Each line that stays has its number, so a traceback is right."""
    for path, text in shipped().items():
        own = (FOLDER.parent / path).read_text()
        assert text.count("\n") == own.count("\n")
        assert all(
            line in ("", kept)
            for line, kept in zip(text.splitlines(), own.splitlines(), strict=True)
        )
        assert code(text) == code(own), path


def code(text: str) -> str:
    """A module's code, its lines included, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and len(node.body) > 1:
            node.body = [
                statement
                for statement in node.body
                if not (
                    isinstance(statement, ast.Expr)
                    and isinstance(statement.value, ast.Constant)
                    and isinstance(statement.value.value, str)
                )
            ]
    return ast.dump(tree, include_attributes=True)
