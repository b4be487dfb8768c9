"""The kind `env_file`: what systemd reads, what leaves the host, and what files may throw at it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from truthmap_collector.env_syntax import Assignment, Odd, parse
from truthmap_collector.env_values import Describer
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.runner import collect

from .conftest import Look, Record, Records

REAL = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "config" / "environments.json").read_text()
)
"""Environment files, and what systemd 247, 252 and 257 made of each: see the folder's README."""

FINGERPRINT = re.compile("[0-9a-f]{20}")

SECRETS = {
    "BINANCE_API_KEY": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "LOG_LEVEL": "sk_live_51HqLyjWDarjtT1zdp7dc",
    "MODE": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "TRADING_MODE": "Tr0ub4dor",
    "REDIS_PORT": "hunter2hunter2",
    "MAX_POSITION": "4929123412341234",
    "REDIS_HOST": "cache-7f3a.corp-secret.example",
    "DATABASE_URL": "postgres://trader:S3cr3tPw@localhost:5432/trades",
    "REDIS_URL": "redis://:an0therPw@127.0.0.1:6379/0",
    "WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/XXXXyyyyZZZZ",
    "BASE_URL": "https://api.example.com/v1?apikey=abcdef",
    "DATA_DIR": "/srv/ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "INPUT_STREAM": "xoxb:1234:abcd",
    "SYMBOLS": "JBSWY3DPEHPK3PXP",
    "DEBUG": "glpat-abcdefghij",
    "PASSWORD": "true1",
    "ADMIN_PIN": "4711",
    "TELEGRAM_CHAT_ID": "998877665",
    "DB_USER": "demo77",
    "API_SECRET": "1",
    "OTP_SEED_PORT": "55555",
    "TZ": "aGVsbG8gd29ybGQ",
    "LANG": "c2VjcmV0",
    "BATCH_SIZE": "0x1f3a99c2",
    "TLS_KEY": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
}
"""Values that must never leave, most under names that look harmless."""

HARMLESS = {
    "LOG_LEVEL": "DEBUG",
    "TRADING_MODE": "shadow",
    "APP_ENV": "production",
    "TESTNET": "true",
    "DRY_RUN": "0",
    "REDIS_PORT": "6379",
    "REDIS_HOST": "127.0.0.1",
    "BIND_ADDR": "0.0.0.0:8001",
    "REDIS_URL": "redis://localhost:6379/0",
    "MAX_LEVERAGE": "5",
    "RISK_LIMIT": "0.25",
    "POLL_INTERVAL": "500ms",
    "INPUT_STREAM": "quantum:stream:trade.intent",
    "SYMBOLS": "BTCUSDT,ETHUSDT",
    "MODEL_DIR": "/home/qt/quantum_trader/models",
    "TZ": "Europe/Oslo",
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "API_KEY": "",
}


def probe(*paths: Path | str, **args: Any) -> dict[str, Any]:
    named = {"paths": [str(path) for path in paths]} if paths else {}
    return {"id": "it", "kind": "env_file", "args": {**named, **args}}


def rows(record: Record) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def files(record: Record) -> dict[str, dict[str, Any]]:
    return {row["file"]: row for row in rows(record) if "file" in row}


@pytest.mark.parametrize("suite", sorted(REAL["environments"]))
@pytest.mark.parametrize("name", sorted(REAL["cases"]))
def test_syntax(name: str, suite: str) -> None:
    """Every file gives the names and values that a process of the real systemd was given."""
    parsed = parse(REAL["cases"][name].encode())
    found = {one.key: one.value for one in parsed.assignments}
    if name == "comment_escape" and suite != "trixie":  # changed in systemd 254: the line is odd
        assert [one.line for one in parsed.odd] == [2]
        del found["A"]
    assert found == REAL["environments"][suite][name]


def test_odd_lines() -> None:
    """What systemd leaves out has its line and the reason, and nothing of its text."""
    text = "no sign here\nexport A=1\n1B=2\nC-D=3\n# end \\\nF=6\nG='open\nH=1\n"
    parsed = parse(text.encode())
    assert parsed.odd == [
        Odd(1, "no assignment"),
        Odd(2, "export"),
        Odd(3, "name"),
        Odd(4, "name"),
        Odd(6, "after a comment that ends in a backslash"),
        Odd(7, "quote not closed"),
    ]
    assert [one.key for one in parsed.assignments] == ["F", "G"]


def test_what_systemd_refuses() -> None:
    """A NUL byte, or a value that is no UTF-8, and systemd takes nothing of the file."""
    assert parse(b"A=1\0\n").refused == "it holds a NUL byte"
    assert parse(b"A=1\nB=\xff\n") == ([], [], "line 2: it is not UTF-8")
    assert parse(b"# \xff\nA=1\n").refused is None


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_under_any_name_stays(name: str) -> None:
    """No value of it leaves: only a fingerprint under the run's key, and a class of length."""
    row = Describer(Fingerprints("k")).row(Assignment(1, name, SECRETS[name]))
    assert "value" not in row
    assert FINGERPRINT.fullmatch(row["fingerprint"])
    assert set(row) <= {"line", "key", "fingerprint", "length", "looks", "url"}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_value_under_its_name_leaves(name: str) -> None:
    row = Describer(Fingerprints("k")).row(Assignment(1, name, HARMLESS[name]))
    assert row["value"] == HARMLESS[name]


def test_urls_give_only_harmless_parts() -> None:
    """Scheme, host and port where harmless; the password's fingerprint is that of the password."""
    describer = Describer(Fingerprints("k"))
    url = describer.row(Assignment(1, "DATABASE_URL", SECRETS["DATABASE_URL"]))
    assert url["url"] == {
        "scheme": "postgres",
        "host": "localhost",
        "port": 5432,
        "words": [],
        "password": Fingerprints("k").of("S3cr3tPw"),
    }
    assert url["looks"] == "url with password"
    far = describer.row(Assignment(1, "BASE_URL", "https://testnet.binancefuture.example/x"))
    assert far["url"] == {"scheme": "https", "host": None, "port": None, "words": ["testnet"]}


def test_names_that_look_like_secrets_stay() -> None:
    """The last line of a key block, or a TOTP seed with its padding, looks like an assignment."""
    describer = Describer(Fingerprints("k"))
    for key in ("k8s9fGhQ2LmN7xYz", "JBSWY3DPEHPK3PXP", "MIIEvQIBADANBgkqhkiG9w0BAQ", "x" * 65):
        row = describer.row(Assignment(1, key, "="))
        assert row["key"] is None
        assert key not in json.dumps(row)
    for key in ("NHITS_WEIGHT", "P28A3_WINDOW", "RL_V2_SEED", "xgboostPath", "_PRIVATE", "A"):
        assert describer.row(Assignment(1, key, "?"))["key"] == key


def test_fingerprints_tell_equality_and_nothing_else(tmp_path: Path) -> None:
    """Equal values in two files, however quoted, have one fingerprint under one key."""
    (tmp_path / "a.env").write_text("API_KEY=abc def\nOTHER_KEY=zzz\n")
    (tmp_path / "b.env").write_text('TOKEN="abc \\\ndef"\n')

    def prints(key: str | None) -> list[str]:
        asked = probe(tmp_path / "a.env", tmp_path / "b.env")
        request = {"probes": [{"description": "A test.", **asked}], "fingerprint_key": key}
        answer = collect(request)
        (record,) = answer["evidence"]
        return [row["fingerprint"] for row in rows(record) if "of" in row]

    one, other, again = prints("k")
    assert one == again != other
    assert one == Fingerprints("k").of("abc def")
    assert prints("k") == prints("k") != prints("j")
    assert prints(None) != prints(None)


def test_rows(look: Look, tmp_path: Path) -> None:
    """Assignments, the file's metadata, its odd lines; then the folder."""
    file = tmp_path / "a.env"
    file.write_text("MODE=live\nnothing\nMODE=shadow\n")
    file.chmod(0o640)
    record = look(probe(file, beside=True))["it"]
    first, second, entry, folder = rows(record)
    assert (first["of"], first["line"], first["key"], first["value"]) == (
        str(file), 1, "MODE", "live",
    )  # fmt: skip
    assert (second["line"], second["value"]) == (3, "shadow")
    assert entry["mode"] == "0640"
    assert entry["assignments"] == 2
    assert entry["odd"] == [{"line": 2, "why": "no assignment"}]
    assert entry["target"] is None
    assert folder["folder"] == str(tmp_path)
    assert folder["entries"] == 1
    assert record["command"] == f"ls -la {tmp_path}; cut -d= -f1 {file}"


def test_what_lies_beside(look: Look, tmp_path: Path) -> None:
    """Files named like environment files, and copies of those that were read; nothing else."""
    wanted = (".env", ".env.2024", "a.env", "a.env.bak", "b.env~", "#c.env#", "main.conf.old")
    samples = (".env.example", "env.sample", ".env.dist")
    for name in (*wanted, *samples, "main.conf", "environment.py", "notes.txt", "seven"):
        (tmp_path / name).write_text("A=1\n")
    (tmp_path / "env" / "bin").mkdir(parents=True)
    seen = files(look(probe(tmp_path / "main.conf", beside=True))["it"])
    assert set(seen) == {str(tmp_path / name) for name in (*wanted, "main.conf")}
    declared = files(look(probe(folders=[str(tmp_path)]))["it"])
    assert set(declared) == {str(tmp_path / name) for name in wanted if "conf" not in name}


def test_folders_all_share_are_not_searched(look: Look) -> None:
    record = look(probe("/etc/default/none.env", "/usr/lib/none.env", beside=True))["it"]
    assert [row.get("file") for row in rows(record)] == [
        "/etc/default/none.env",
        "/usr/lib/none.env",
    ]


def test_patterns(look: Look, tmp_path: Path) -> None:
    """A pattern gives the files it matches, in the order systemd reads them."""
    for name in ("b.env", "a.env"):
        (tmp_path / name).write_text("A=1\n")
    found = rows(look(probe(f"{tmp_path}/*.env", f"{tmp_path}/*.none"))["it"])
    patterns = [row for row in found if "pattern" in row]
    assert patterns[0]["files"] == [f"{tmp_path}/a.env", f"{tmp_path}/b.env"]
    assert patterns[1]["files"] == []


def test_hostile_files(look: Look, tmp_path: Path) -> None:
    """No device, fifo or folder is opened, nothing large is read, no loop followed."""
    os.mkfifo(tmp_path / "fifo.env")
    (tmp_path / "folder.env").mkdir()
    (tmp_path / "loop.env").symlink_to(tmp_path / "loop.env")
    (tmp_path / "dangling.env").symlink_to(tmp_path / "nowhere")
    (tmp_path / "zero.env").symlink_to("/dev/zero")
    (tmp_path / "line.env").write_bytes(b"A=" + b"x" * 10_000_000)
    (tmp_path / "binary.env").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "fine.env").write_bytes(b"A=" + b"y\\\n" * 200_000 + b"z\nB=true\n")
    (tmp_path / "name.env\n").write_text("A=1\n")
    begun = time.monotonic()
    seen = files(look(probe(folders=[str(tmp_path)]))["it"])
    assert time.monotonic() - begun < 10
    errors = {Path(name).name: row.get("error") for name, row in seen.items()}
    outcomes = {Path(name).name: row.get("outcome") for name, row in seen.items()}
    assert "fifo" in str(errors["fifo.env"])
    assert "folder.env" not in errors  # a folder, such as a virtual environment, is no file
    assert "character device" in str(errors["zero.env"])
    assert errors["loop.env"] == "Too many levels of symbolic links"
    assert outcomes["dangling.env"] == "absent"
    assert "larger than" in str(errors["line.env"])
    assert errors["binary.env"] == "systemd refuses it: it holds a NUL byte"
    assert errors["fine.env"] is None


def test_symlinks_show_what_they_lead_to(look: Look, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link.env").symlink_to("real")
    row = files(look(probe(tmp_path / "link.env"))["it"])[str(tmp_path / "link.env")]
    assert (row["target"], row["mode"], row["type"]) == ("real", "0600", "file")


def test_without_rights(look_as_nobody: Callable[..., Records], tmp_path: Path) -> None:
    """What may not be read says so, with its path; the rest is read."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "b.env").write_text("A=1\n")
    (tmp_path / "secret.env").write_text("A=1\n")
    (tmp_path / "secret.env").chmod(0o600)
    (tmp_path / "open.env").write_text("MODE=live\n")
    asked = probe(
        tmp_path / "closed" / "b.env", tmp_path / "secret.env", tmp_path / "open.env", beside=True
    )
    found = rows(look_as_nobody(asked)["it"])
    by_name = {row.get("file", row.get("folder")): row for row in found if "of" not in row}
    for path in ("closed/b.env", "secret.env", "closed"):
        row = by_name[str(tmp_path / path)]
        assert (row["outcome"], row["error"]) == ("denied", "Permission denied")
    assert by_name[str(tmp_path / "secret.env")]["mode"] == "0600"
    assert [row["value"] for row in found if "of" in row] == ["live"]


def test_whether_others_can_get_at_a_file(look: Look, tmp_path: Path) -> None:
    """The first folder on the way that others may not enter is named, with its mode."""
    (tmp_path / "closed").mkdir(mode=0o750)
    (tmp_path / "closed" / "a.env").write_text("A=1\n")
    row = next(iter(files(look(probe(tmp_path / "closed" / "a.env"))["it"]).values()))
    assert row["closed_by"]["mode"][-1] in "0246"


def test_planted_secrets_are_nowhere_in_the_answer(tmp_path: Path) -> None:
    """Not as they are, nor in parts, nor as a digest that needs no key."""
    quoted = "".join(f"{name}='{value}'\n" for name, value in SECRETS.items())
    (tmp_path / "a.env").write_text(quoted + "hunter2 is no assignment\n")
    (tmp_path / "a.env.bak").write_text(quoted + "MIIEvQIBADANBgkqhkiG9w0==\n")
    asked = {"description": "A test.", **probe(tmp_path / "a.env", beside=True)}
    answer = json.dumps(collect({"probes": [asked], "fingerprint_key": None}))
    for value in (*SECRETS.values(), "hunter2", "MIIEvQ", "S3cr3tPw", "an0therPw", "corp-secret"):
        if len(value) > 4:
            assert value not in answer
            assert json.dumps(value)[1:-1] not in answer
