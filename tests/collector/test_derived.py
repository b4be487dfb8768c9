"""Derived probes: their targets, and what is said when there are none or not all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truthmap_collector import jobs

from .conftest import Look


def units(*names: str, code: int = 0, more: str = "", **rest: Any) -> dict[str, Any]:
    """A parent that shows services which have restarted, as systemctl would."""
    blocks = "".join(f"Id={name}\\nNRestarts=1\\n\\n" for name in names)
    script = f"printf '{blocks}'; {more} exit {code}"
    return {"id": "units", "kind": "command", "args": {"argv": ["sh", "-c", script]}, **rest}


def each(*argv: str, **source: Any) -> dict[str, Any]:
    return derived(argv or ("echo", "asked:{item}"), {"as": "each", **source})


def together(*argv: str, **source: Any) -> dict[str, Any]:
    return derived(argv or ("echo", "all", "{items}", "end"), {"as": "all", **source})


def derived(argv: tuple[str, ...], source: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "derived",
        "kind": "command",
        "args": {"argv": list(argv)},
        "mask": "none",
        "from": {"probe": "units", "selector": "restarted_units", **source},
    }


def test_each(look: Look) -> None:
    """With as: each every target has a record of its own that names it and the parent."""
    found = look(units("a.service", "b.service"), each())

    assert list(found) == ["units", "derived", "derived[a.service]", "derived[b.service]"]
    assert found["derived"]["stdout"]["data"] == "a.service\nb.service\n"
    record = found["derived[b.service]"]
    assert tuple(record[key] for key in ("probe", "parent", "item")) == (
        "derived",
        "units",
        "b.service",
    )
    assert record["stdout"]["data"] == "asked:b.service\n"
    assert record["command"] == "echo asked:b.service"


def test_all(look: Look) -> None:
    """With as: all one record has asked for all targets at once."""
    found = look(units("a.service", "b.service"), together())

    assert list(found) == ["units", "derived[targets]", "derived"]
    assert found["derived[targets]"]["stdout"]["data"] == "a.service\nb.service\n"
    assert found["derived"]["stdout"]["data"] == "all a.service b.service end\n"
    assert found["derived"]["item"] is None
    assert found["derived"]["parent"] == "units"


@pytest.mark.parametrize("kind", [each, together])
def test_no_targets(look: Look, kind: Any) -> None:
    """A parent with evidence but without targets gives one empty collected record."""
    record = look(units(), kind())["derived"]

    assert (
        record["outcome"],
        record["reason"],
        record["exit_code"],
        record["stdout"]["size"],
    ) == ("collected", None, None, 0)


@pytest.mark.parametrize("kind", [each, together])
def test_without_a_target_the_command_is_that_which_finds_them(look: Look, kind: Any) -> None:
    """By hand one sees that there is none; no placeholder is left in what one would type."""
    found = look(units(), kind())

    assert {record["command"] for record in found.values()} == {found["units"]["command"]}
    assert found["derived"]["kind"] == "command"


def test_where_no_target_is_named_there_is_nothing_to_type() -> None:
    """An operator named none."""
    asked = {"id": "it", "kind": "command", "args": {"argv": ["echo", "{item}"]}, "items": []}
    found, (nothing,) = jobs.named(asked, 0.0)

    assert found == []
    assert jobs.by_hand(nothing.job) == "# no target is named"


@pytest.mark.parametrize("kind", [each, together])
@pytest.mark.parametrize(
    ("parent", "said"),
    [
        (
            {"args": {"argv": ["no-such-systemctl"]}},
            "absent: no-such-systemctl: No such file or directory",
        ),
        (
            {"args": {"argv": ["sleep", "60"]}, "limits": {"timeout_s": 0.2}},
            "timeout: stopped after 0.2 s, the limit of this probe",
        ),
        (
            {"args": {"argv": ["sh", "-c", "echo Failed to connect >&2; exit 1"]}},
            "collected: exit code 1 and nothing on stdout",
        ),
        (
            {"args": {"argv": ["sh", "-c", "kill -9 $$"]}},
            "collected: ended by signal 9",
        ),
    ],
)
def test_parent_without_evidence(look: Look, kind: Any, parent: dict[str, Any], said: str) -> None:
    """A parent that could not say which targets there are is no parent without targets."""
    record = look({"id": "units", "kind": "command", **parent}, kind())["derived"]

    assert record["outcome"] == "error"
    assert record["reason"] == f"its targets come from units, which was {said}"


def test_most(look: Look) -> None:
    """Beyond `most` the targets are named, not asked, in a record of their own."""
    found = look(units("a.service", "b.service", "c.service"), each(most=2))

    assert list(found) == ["units", "derived", "derived[a.service]", "derived[b.service]"]
    assert found["derived"]["outcome"] == "error"
    assert found["derived"]["reason"] == "2 of 3 targets looked at, limit; not looked at: c.service"


def test_most_of_all(look: Look) -> None:
    """With as: all the record about the rest has an id beside the one of those asked."""
    found = look(units("a.service", "b.service", "c.service"), together(most=2))

    assert found["derived"]["stdout"]["data"] == "all a.service b.service end\n"
    assert "not looked at: c.service" in found["derived[targets]"]["reason"]


def test_parent_cut_at_its_timeout(look: Look) -> None:
    """Targets a timed-out parent named in time are asked; that there may be more is said."""
    found = look(units("a.service", more="sleep 60;", limits={"timeout_s": 0.5}), each())

    assert found["derived[a.service]"]["outcome"] == "collected"
    assert found["derived"]["outcome"] == "error"
    assert "units, which was timeout" in found["derived"]["reason"]
    assert found["derived"]["reason"].endswith("; there may be more targets")


def test_parent_cut_at_its_size(look: Look) -> None:
    """The targets in the kept part are asked, and that there may be more is said."""
    found = look(units("a.service", "b.service", limits={"bytes": 30}), each())

    assert found["derived[b.service]"]["outcome"] == "collected"
    assert "only the last 30 of 52 bytes" in found["derived"]["reason"]


def test_targets_are_raw(look: Look) -> None:
    """Targets come from what the host said, not from its masked form."""
    found = look(units("a.service", mask="text"), each())

    assert found["derived[a.service]"]["outcome"] == "collected"


def test_chain_in_any_order(look: Look) -> None:
    """A probe may derive from a derived one, wherever they stand in the list."""
    asked = ("printf", "Id={item}\nActiveState=failed\n")
    last = each("echo", "{item}", probe="middle", selector="failing_units")
    found = look(last, {**each(*asked), "id": "middle"}, units("a.service", "b.service"))

    assert list(found) == [
        "derived",
        "derived[a.service]",
        "derived[b.service]",
        "middle",
        "middle[a.service]",
        "middle[b.service]",
        "units",
    ]


def test_last(look: Look) -> None:
    """A probe with when: last begins after all others have ended; what derives from it, later."""
    slow = {"id": "slow", "kind": "command", "args": {"argv": ["sleep", "0.5"]}}
    found = look(units("a.service", when="last"), each(), slow)

    assert seconds(found["units"]) - seconds(found["slow"]) >= 0.5
    assert seconds(found["derived[a.service]"]) >= seconds(found["units"])


def test_target_like_an_option(look: Look) -> None:
    """A target a program would take for an option is named instead of given to it."""
    bare = look(units("-x.service", "a.service"), each("echo", "{item}"))
    guarded = look(units("-x.service"), each("echo", "--", "{item}"))

    assert "taken for options: -x.service" in bare["derived"]["reason"]
    assert "derived[a.service]" in bare
    assert "derived[-x.service]" not in bare
    assert guarded["derived[-x.service]"]["stdout"]["data"] == "-- -x.service\n"


def test_only_targets_like_options(look: Look) -> None:
    """If no other target is left, only that is said."""
    assert list(look(units("-x.service"), together("echo", "{items}"))) == [
        "units",
        "derived[targets]",
        "derived",
    ]


def seconds(record: dict[str, Any]) -> float:
    from datetime import datetime

    return datetime.fromisoformat(record["started_at"]).timestamp()


def named(*items: str) -> dict[str, Any]:
    return {
        "id": "named",
        "kind": "command",
        "args": {"argv": ["echo", "asked:{item}"]},
        "mask": "none",
        "variable": "probe_redis_local_endpoints",
        "items": list(items),
    }


def test_targets_the_operator_names(look: Look) -> None:
    """Each has a record of its own, once, in the order named; it has no parent."""
    found = look(named("b", "a", "b"))

    assert list(found) == ["named[b]", "named[a]"]
    assert found["named[a]"]["stdout"]["data"] == "asked:a\n"
    assert (found["named[a]"]["item"], found["named[a]"]["parent"]) == ("a", None)


def test_nothing_named(look: Look) -> None:
    """Without a name one record says that nothing was asked."""
    record = look(named())["named"]

    assert (record["outcome"], record["item"]) == ("collected", None)
    assert record["stdout"]["size"] == 0


def test_targets_that_profiles_name(look: Look, tmp_path: Path) -> None:
    """Each path has a record of its own; without a path one record says that nothing was asked."""
    (tmp_path / "there").touch()
    probe = {
        "id": "files",
        "kind": "files",
        "profiles": "files",
        "args": {"globs": ["{item}"], "most": 5, "content": False},
    }
    paths = [f"{tmp_path}/there", f"{tmp_path}/gone"]
    found = look({**probe, "items": paths})

    assert {record["item"]: record["outcome"] for record in found.values()} == {
        paths[0]: "collected",
        paths[1]: "absent",
    }
    assert look(probe)["files"]["outcome"] == "collected"


def test_identifiers_keep_a_name_readable(look: Look) -> None:
    """A unit of whose file another probe knows is named, also where it is not in memory."""
    said = {
        "id": "said",
        "kind": "command",
        "args": {"argv": ["echo", "written by qxz7-vbk9w"]},
        "mask": "text",
    }
    files = {
        "id": "files",
        "kind": "command",
        "args": {"argv": ["echo", "qxz7-vbk9w.service disabled enabled"]},
        "mask": "none",
    }
    unknown = look(said, files)
    known = look(said, {**files, "identifiers": "unit_file_names"})

    assert unknown["said"]["stdout"]["data"] == "written by <masked:10>\n"
    assert known["said"]["stdout"]["data"] == "written by qxz7-vbk9w\n"
