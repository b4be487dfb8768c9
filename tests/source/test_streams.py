"""Which streams code names: small real source trees, scanned by the collector, told by reading."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from reporter.source.streams import Environments, StreamUses, configured_streams

from .scans import record_of, scan, script, tree
from .shop import FILES, ORDERS_USES, RETURNS_USES, shown


def streams(folder: Path, code: str, environments: Environments | None = None) -> StreamUses:
    """Return what one script says."""
    tree(folder, {"main.py": code})
    return configured_streams(scan([script(folder / "main.py")]), environments)


def test_an_application_as_its_reader_would_say(tmp_path: Path) -> None:
    """Constants of other modules, wrappers, subclasses, defaults, loops, pipelines, commands."""
    tree(tmp_path, FILES)
    returns = {"unit": "returns.service", "cwd": str(tmp_path), "module": "shop.returns"}
    programs = [
        script(tmp_path / "main.py", "orders.service"),
        {**returns, "python": "/usr/bin/python3"},
    ]
    found = configured_streams(scan(programs))
    assert shown(found.of("orders.service")) == ORDERS_USES
    assert shown(found.of("returns.service")) == RETURNS_USES
    assert {use.confidence for use in found.uses} == {"configured"}
    (open_,) = [use for use in found.uses if not use.resolved]
    assert str(open_.why) == "no call was seen that gives kind of forward"


CASES = {
    "a constant": ('S = "a:b"\nr.xadd(S, {})', {"a:b"}),
    "joined": ('P = "a:"\nr.xadd(P + "b" + ":c", {})', {"a:b:c"}),
    "percent": ('r.xadd("a:%s:%d" % ("b", 1), {})', {"a:b:1"}),
    "percent by name": ('r.xadd("a:%(x)s" % {"x": "b"}, {})', {"a:b"}),
    "format": ('r.xadd("{}:{x}".format("a", x="b"), {})', {"a:b"}),
    "join": ('r.xadd(":".join(["a", "b"]), {})', {"a:b"}),
    "partly known": ('r.xadd(f"a:{input()}:c", {})', {"a:*:c"}),
    "never guessed": ("r.xadd(input(), {})", set()),
    "bytes": ('r.xadd(b"a:b", {})', {"a:b"}),
    "a keyword": ('r.xadd(fields={}, name="a:b")', {"a:b"}),
    "lower": ('r.xadd("A:B".lower(), {})', {"a:b"}),
    "a table": ('T = {"x": "a:x", "y": "a:y"}\nr.xadd(T["x"], {})', {"a:x"}),
    "a table's get": ('T = {"x": "a:x"}\nr.xadd(T.get("x"), {})', {"a:x"}),
    "any of a table": ('T = {"x": "a:x", "y": "a:y"}\nr.xadd(T[z], {})', {"a:x", "a:y"}),
    "unpacked": ('A, B = "a:1", "a:2"\nr.xadd(B, {})', {"a:2"}),
    "unpacked from a loop": (
        'P = "a:"\nA, B, C = (P + n for n in ("1", "2", "3"))\nr.xadd(B, {})',
        {"a:2"},
    ),
    "unpacked from a loop that leaves some out": (
        'A, B = [n for n in ("a:1", "a:2", "a:3") if z]\nr.xadd(A, {})',
        {"a:1", "a:2", "a:3"},
    ),
    "all of a loop": ('for s in ["a:" + n for n in "1 2".split()]:\n    r.xadd(s, {})', {"a:*"}),
    "each of a list made in a loop": (
        'for s in [f"a:{n}" for n in ("1", "2")]:\n    r.xadd(s, {})',
        {"a:1", "a:2"},
    ),
    "items": ('T = {"x": "a:x"}\nfor k, v in T.items():\n    r.xadd(v, {})', {"a:x"}),
    "the last word counts": ('s = "a:1"\ns = "a:2"\nr.xadd(s, {})', {"a:2"}),
    "either": ('s = "a:1"\nif z:\n    s = "a:2"\nr.xadd(s, {})', {"a:1", "a:2"}),
    "a loop's own": (
        'for s in ["a:1"]:\n    r.xadd(s, {})\nfor s in ["a:2"]:\n    r.xlen(s)',
        {"a:1"},
    ),
    "or": ('def f(s=None):\n    r.xadd(s or "a:b", {})\nf()', {"a:b"}),
    "given": ('def f(s=None):\n    r.xadd(s or "a:b", {})\nf("a:c")', {"a:c"}),
    "a default": ('def f(s="a:b"):\n    r.xadd(s, {})\nf()', {"a:b"}),
    "a closure": ('def f(s):\n    def g():\n        r.xadd(s, {})\n    g()\nf("a:b")', {"a:b"}),
    "an enumeration": (
        'import enum\nclass S(str, enum.Enum):\n    X = "a:x"\nr.xadd(S.X.value, {})',
        {"a:x"},
    ),
    "a property": (
        'class C:\n    p = "a:"\n    @property\n    def s(self):\n        return self.p + "b"\n'
        "    def go(self):\n        r.xadd(self.s, {})\nC().go()",
        {"a:b"},
    ),
    "a class method": (
        'class C:\n    S = "a:b"\n    @classmethod\n    def go(cls):\n        r.xadd(cls.S, {})',
        {"a:b"},
    ),
    "an inherited attribute": (
        'class A:\n    S = "a:a"\n    def go(self):\n        r.xadd(self.S, {})\n'
        'class B(A):\n    S = "a:b"\nB().go()',
        {"a:a", "a:b"},
    ),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n"
        '    s: str = "a:b"\n    def go(self):\n        r.xadd(self.s, {})\nC(s="a:c").go()',
        {"a:c"},
    ),
    "objects apart": (
        "class B:\n    def __init__(self, p):\n        self.p = p\n"
        "    def out(self, t):\n        r.xadd(self.p + t, {})\n"
        'B("a:").out("1")\nB("b:").out("2")',
        {"a:1", "b:2"},
    ),
    "by annotation": (
        'class B:\n    def out(self, t):\n        r.xadd("a:" + t, {})\n'
        'def go(bus: "B"):\n    bus.out("b")',
        {"a:b"},
    ),
    "several wrappers": (
        "def a(s):\n    r.xadd(s, {})\ndef b(s):\n    a(s)\ndef c(s):\n    b(s)\n"
        'c("a:b")\nc(s="a:c")',
        {"a:b", "a:c"},
    ),
    "itself": ("def f(s):\n    r.xadd(s, {})\n    f(s)", set()),
    "in circles": ("A = B\nB = A\nr.xadd(A, {})", set()),
    "by command": ('r.execute_command("XADD", "a:b", "*", "k", "v")', {"a:b"}),
    "by command of a client of one's own": (
        'class C:\n    def call(self, *words):\n        s.sendall(b" ".join(words))\n'
        '    def append(self, stream, e):\n        self.call("XADD", stream, "*", *e)\n'
        'C().append("a:b", {})',
        {"a:b"},
    ),
    "by command in bytes": ('send(b"xadd", b"a:b", b"*", b"k", b"v")', {"a:b"}),
    "by command, bounded": ('send("XADD", "a:b", "MAXLEN", "~", 9, "*", "k", "v")', {"a:b"}),
    "with slashes": ('P = "qxlm/"\nr.xadd(P + "eu/" + "vrnt", {})', {"qxlm/eu/vrnt"}),
    "a secret with slashes": ('r.xadd("Zk/8dQ/x9/Wq4/tPz", {})', set()),
    "a secret": ('r.xadd("sk-live-51HqLyjWDarjtT1zdp7dc", {})', set()),
}


@pytest.mark.parametrize("name", CASES)
def test_a_way_to_name_a_stream(tmp_path: Path, name: str) -> None:
    code, expected = CASES[name]
    found = streams(tmp_path, code)
    assert {use.stream for use in found.uses} == expected
    assert bool(found.unresolved) is not bool(expected)


def test_readers_and_their_groups(tmp_path: Path) -> None:
    code = (
        'r.xgroup_create("a:1", "g")\nr.xreadgroup("g", "c", {"a:1": ">", "a:2": ">"})\n'
        'r.xread(streams={"a:3": "$"})\nr.xreadgroup("h", "c", streams={s: ">" for s in ["a:4"]})\n'
        'r.execute_command("XREADGROUP", "GROUP", "k", "c", "STREAMS", "a:5", ">")\n'
        'r.xautoclaim("a:6", "m", "c", 1)\nr.xrange("a:7")\n'
    )
    assert shown(streams(tmp_path, code).uses) == {
        ("creates group", "a:1", "g"),
        ("reads", "a:1", "g"),
        ("reads", "a:2", "g"),
        ("reads", "a:3", None),
        ("reads", "a:4", "h"),
        ("reads", "a:5", "k"),
        ("reads", "a:6", "m"),
        ("reads", "a:7", None),
    }


def test_readers_that_speak_for_themselves(tmp_path: Path) -> None:
    """Whole commands are found whatever the function is called; a line for a log is none."""
    code = (
        'send("XGROUP", "CREATE", "a:1", "g", "0")\n'
        'send("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a:1", "a:2", ">", ">")\n'
        'send("XREAD", "BLOCK", 5000, "STREAMS", "a:3", "$")\nsend("XACK", "a:4", "h", n)\n'
        'log("XADD", "a:5")\nlog("XREAD", "a:6", "gave", 7)\nlog("XACK %s", "a:7", n, m)\n'
        'log("XREADGROUP", "of", "GROUP", "g", "at", "a:8", "done")\n'
    )
    assert shown(streams(tmp_path, code).uses) == {
        ("creates group", "a:1", "g"),
        ("reads", "a:1", "g"),
        ("reads", "a:2", "g"),
        ("reads", "a:3", None),
        ("reads", "a:4", "h"),
    }


def test_one_of_several_is_an_inference(tmp_path: Path) -> None:
    found = streams(tmp_path, 'T = {"x": "a:x", "y": "a:y"}\nr.xadd(T[z], {})')
    assert {use.confidence for use in found.uses} == {"inferred"}
    assert {use.choice for use in found.uses} == {True}
    loop = streams(tmp_path, 'A, B = [n for n in ("a:1", "a:2", "a:3") if z]\nr.xadd(A, {})')
    assert {(use.confidence, use.choice) for use in loop.uses} == {("inferred", True)}
    sure = streams(tmp_path, 'A, B = (n for n in ("a:1", "a:2"))\nr.xadd(A, {})')
    assert {(use.confidence, use.choice) for use in sure.uses} == {("configured", False)}


ENVIRONMENT = 'import os\nr.xadd(os.getenv("OUT", "a:default"), {})\nr.xread({os.environ["IN"]: 0})'


def test_the_environment_files_have_the_last_word(tmp_path: Path) -> None:
    """A default holds where no file says otherwise; a value that is not shown is not known."""
    plain = streams(tmp_path, ENVIRONMENT)
    assert shown(plain.uses) == {("writes", "a:default", None)}
    said = streams(tmp_path, ENVIRONMENT, {"it.service": {"OUT": "a:set", "IN": "a:in"}})
    assert shown(said.uses) == {("writes", "a:set", None), ("reads", "a:in", None)}
    hidden = streams(tmp_path, ENVIRONMENT, {"it.service": {"OUT": None}})
    assert not hidden.uses
    why = "the value of OUT in the unit's env files is not shown"
    assert why in {str(one.why) for one in hidden.unresolved}


def test_declared_names_may_be_shown(tmp_path: Path) -> None:
    """A stream whose words no dictionary knows leaves the host where an operator names it."""
    tree(tmp_path, {"main.py": 'r.xadd("QXZ9:evt_77", {})'})
    program = script(tmp_path / "main.py")
    assert not configured_streams(scan([program])).uses
    (use,) = configured_streams(scan([program], names=["QXZ9:*"])).uses
    assert use.stream == "QXZ9:evt_77"


def test_no_text_of_the_code_leaves_but_names(tmp_path: Path) -> None:
    code = (
        'PASSWORD = "correct-horse"\nTOKEN = "a:b"\nkey = "hunter2"\n'
        'r = Redis(password="hunter2", url="redis://u:s3cr3tpw@h")\n'
        'def go(key="s3cr3tpw"):\n    r.xadd(key, {"msg": "some text of the code"})\n'
        "go(PASSWORD)\ngo(TOKEN)\n"
    )
    tree(tmp_path, {"main.py": code})
    data = record_of([script(tmp_path / "main.py")])["stdout"]["data"]
    for secret in ("correct-horse", "hunter2", "s3cr3tpw", "some text", '"a:b"'):
        assert secret not in data


def test_the_bound_on_memory_is_beside_what_is_held_already(tmp_path: Path) -> None:
    """A process that holds much before the scan begins leaves it as much as any other."""
    program = tmp_path / "a.py"
    lines = "".join(f"NUMBER_{number} = {number}\n" for number in range(20_000))
    program.write_text('import redis\nredis.Redis().xadd("s", {})\n' + lines)
    held = mmap.mmap(-1, 1200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        found = record_of(
            [{"unit": "a.service", "cwd": str(tmp_path), "script": str(program)}],
        )
    finally:
        held.close()
    assert found["outcome"] == "collected", found["reason"]
