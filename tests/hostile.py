"""A host that chose its words to harm whoever reads its report.

It is the recorded reference host, whose unit descriptions, stream, group, log line, env key and
remote say something else, and whose profile and name do. Evidence is valid: only what it says is
hostile.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

import msgspec

from reporter.archive import load
from reporter.evidence import Bundle, Record
from reporter.report import Report, Unreachable, host_report
from tests.builders import sealed

__all__ = ["EVIL", "GOLDEN", "hidden_in", "hostile_bundle", "hostile_report"]

GOLDEN = next((Path(__file__).parent / "golden").glob("reference.exit-*.json.zst"))

EVIL = {
    "stream": '=HYPERLINK("http://evil.example/s","a")|x\\|y``` <img onerror=alert(1)>\x1b[31m',
    "group": "+cmd|' /C calc'!A0 [link](http://evil.example/g) ![i](http://evil.example/i.png)",
    "log": "@octocat octo/repo#1 GH-1 http://evil.example www.evil.example \u202e\u2066`a`\x9b1m",
    "key": "-2+3|__bold__ **b** ~~s~~ :smile: $x^2$ <script>alert(1)</script> &lt;b&gt;\t\r",
    "remote": "https://user@evil.example/a|b.git [x]: http://evil.example/ref\x1b]0;owned\x07",
    "description": "\t=1+1 </code></pre><script>alert(1)</script> \u200b\u2028# heading",
    "application": "\r=2+2 | <svg onload=alert(1)> {0} [a](http://evil.example/p) {% raw %}",
    "host": '@evil"}\n1<b>\ud800\u202e|`=x',
}
"""What it says, by where."""

_SAID = (
    ("redis_servers[127.0.0.1:6379]", "quantum:stream:bsc.events", "stream"),
    ("redis_servers[127.0.0.1:6379]", "apply_recon", "group"),
    (
        "journal_failing[quantum-rl-trainer.service]",
        "quantum-rl-trainer.service: Failed at step EXEC",
        "log",
    ),
    ("config_env_files", "WINDOW_SECONDS", "key"),
    ("repository_checkouts", "https://git.example.org/quantum/trader.git", "remote"),
)
"""Record, what it holds, and what it shall say instead: these records are lines of JSON."""


@cache
def hostile_bundle() -> Bundle:
    """Return the bundle, each record with the hash it must have."""
    (original,) = load([GOLDEN]).bundles.values()
    applications = json.loads(json.dumps(original.applications))
    applications["quantum"]["title"] = EVIL["application"]
    applications["quantum"]["components"]["capital-allocation"]["title"] = EVIL["group"]
    return msgspec.structs.replace(
        original,
        host=EVIL["host"],
        applications=applications,
        evidence=[_hostile(record) for record in original.evidence],
    )


def _hostile(record: Record) -> Record:
    said = record.stdout.data
    for name, token, what in _SAID:
        if record.id == name:
            assert token in said, f"{name} of the golden archive holds no {token} any more"
            said = said.replace(token, json.dumps(EVIL[what])[1:-1])
    if record.id == "systemd_units":
        words = EVIL["description"].replace("\n", " ")
        said = re.sub(r"(?m)^Description=", lambda _: f"Description={words}", said)
    if said == record.stdout.data:
        return record
    data = msgspec.to_builtins(record)
    data["stdout"] = {**data["stdout"], "data": said, "size": len(said.encode())}
    return msgspec.convert(sealed(data), Record)


@cache
def hostile_report() -> Report:
    """Return the report over that host, beside one that was not reached."""
    host = host_report(hostile_bundle())
    unreachable = (Unreachable(f"{EVIL['host']}2", EVIL["log"]),)
    return Report("0" * 64, EVIL["log"], complete=True, hosts=(host,), unreachable=unreachable)


def hidden_in(content: str, allowed: str = "\n") -> set[str]:
    """Return the control, format and other invisible characters of a text."""
    kinds = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {one for one in content if one not in allowed and unicodedata.category(one) in kinds}
