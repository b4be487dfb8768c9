"""The command: exit codes, what goes to stdout and what to stderr, errors of one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.builders import bundle, record, run_folder
from tests.schemas import published

COMMAND = Path(sys.executable).parent / "truthmap"
OFFLINE = [record("systemd_state", stderr="System has not been booted with systemd", exit_code=1)]


def truthmap(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a user would."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=120,
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_folder(tmp_path / "run", [bundle(OFFLINE, host="web1")])


def test_a_report_goes_to_stdout_and_exits_0(run: Path) -> None:
    """Nothing asked, nothing wrong with the archive: 0."""
    done = truthmap("report", run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("web1 - Total System Forensics & Truth Map\n")
    assert done.stderr == ""


def test_json_follows_its_schema(run: Path) -> None:
    """The JSON report is one document with the announced schema."""
    done = truthmap("report", run, "--format", "json")
    assert json.loads(done.stdout)["schema"] == "truthmap/report/1"


def test_findings_at_the_threshold_exit_2(run: Path) -> None:
    """What is unknown passes no gate: its rule could have found a P1."""
    assert truthmap("report", run, "--fail-on", "P1").returncode == 2
    assert truthmap("report", run, "--fail-on", "unknown").returncode == 2


def test_an_incomplete_collection_exits_4(tmp_path: Path) -> None:
    """A host nobody reached, a cut one, an interrupted run, low coverage: 4."""
    unreached = run_folder(
        tmp_path / "a", [bundle(OFFLINE)], failed={"web9": ("unreachable", "no route")}
    )
    cut = run_folder(tmp_path / "b", [bundle(OFFLINE, complete=False)])
    interrupted = run_folder(tmp_path / "c", [bundle(OFFLINE)], complete=False)
    low = run_folder(tmp_path / "d", [bundle(OFFLINE, probes=["systemd_state", "host_kernel"])])
    for folder in (unreached, cut, interrupted):
        done = truthmap("report", folder)
        assert done.returncode == 4, (folder, done.stderr)
    assert "web9: no route" in truthmap("report", unreached).stdout
    assert "INTERRUPTED RUN" in truthmap("report", interrupted).stdout
    assert truthmap("report", low, "--min-coverage", "90").returncode == 4
    assert truthmap("report", low, "--min-coverage", "50").returncode == 0


def test_bad_input_exits_3_and_the_good_host_is_reported(run: Path, tmp_path: Path) -> None:
    """One line on stderr for the bad bundle, the report of the good one on stdout."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"schema": "trut')
    done = truthmap("report", bad, run)
    assert done.returncode == 3
    assert done.stdout.startswith("web1 - ")
    assert done.stderr.count("\n") == 1
    assert str(bad) in done.stderr


def test_3_comes_before_2_and_2_before_4(run: Path, tmp_path: Path) -> None:
    """Where several exit codes hold, the design's order decides."""
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    interrupted = run_folder(tmp_path / "c", [bundle(OFFLINE, host="web2")], complete=False)
    assert truthmap("report", bad, interrupted, "--fail-on", "P1").returncode == 3
    assert truthmap("report", interrupted, "--fail-on", "P1").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report"], "Missing argument"),
        (["report", "nowhere"], "no such file or folder"),
        (["report", "x", "--format", "docx"], "is not one of"),
        (["frobnicate"], "No such command"),
        (["run", "-i", "nowhere.yml"], "no such inventory"),
        (["import", "nowhere"], "No such file"),
        (["rules", "service_stat"], "did you mean service_state?"),
        (["collect", "--forks", "0"], "--forks"),
    ],
)
def test_bad_usage_exits_3_with_one_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    """What is wrong and what to do, in one line, nothing on stdout, nothing written."""
    done = truthmap(*arguments, cwd=tmp_path)
    assert done.returncode == 3, done
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("truthmap: ")
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_profile_names_place_and_nearest_key(run: Path, tmp_path: Path) -> None:
    """A typo in a profile is bad usage."""
    profile = tmp_path / "profile.yml"
    profile.write_text("truthmap_app_shop:\n  unit: ['shop-*']\n")
    done = truthmap("report", run, "--profile", profile)
    assert done.returncode == 3
    assert "truthmap_app_shop: unknown key 'unit'; did you mean 'units'?" in done.stderr


def test_outputs_go_to_files_whole(run: Path, tmp_path: Path) -> None:
    """--out names a file or a folder; several formats need one."""
    out = tmp_path / "reports"
    done = truthmap("report", run, "--format", "text", "--format", "json", "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in out.iterdir()) == ["report.json", "report.txt"]
    assert truthmap("report", run, "--format", "text", "--format", "json").returncode == 3
    single = tmp_path / "mine.txt"
    truthmap("report", run, "--out", single)
    assert single.read_text() == (out / "report.txt").read_text()
    assert single.stat().st_mode & 0o777 == 0o600


def test_an_output_that_cannot_be_written_is_bad_usage(run: Path, tmp_path: Path) -> None:
    """The path and the reason, and nothing left behind."""
    (tmp_path / "file").write_text("")
    done = truthmap("report", run, "--out", tmp_path / "file" / "report.txt")
    assert done.returncode == 3
    assert "cannot be written" in done.stderr


def test_a_report_and_an_explanation_in_another_language(run: Path, tmp_path: Path) -> None:
    """Asked for by --lang, never by the environment; only languages there are."""
    done = truthmap("report", run, "--lang", "nb")
    assert done.returncode == 0, done.stderr
    assert "\nDEL A - SYSTEM TRUTH MAP\n" in done.stdout
    page = truthmap("explain", "service_state:evidence/systemd_units", run, "--lang", "nb").stdout
    assert "\nRegelen service_state\n" in page
    out = tmp_path / "reports"
    both = ("--format", "text", "--format", "json", "--out", out)
    assert truthmap("report", run, *both, "--lang", "nb").returncode == 0
    assert (out / "report.txt").read_text() == done.stdout
    assert (out / "report.json").read_text() == truthmap("report", run, "--format", "json").stdout
    wrong = truthmap("report", run, "--lang", "de")
    assert wrong.returncode == 3
    assert "'de' is not one of 'en', 'nb'" in wrong.stderr


def test_a_summary_is_small_and_counts_everything(tmp_path: Path) -> None:
    """Totals only: no host, no finding; written whatever the exit code, following its schema."""
    bundles = [bundle(OFFLINE, host="web1"), bundle(OFFLINE, host="web2", complete=False)]
    folder = run_folder(tmp_path / "run", bundles, failed={"web9": ("unreachable", "no route")})
    written = tmp_path / "totals" / "summary.json"
    done = truthmap("report", folder, "--summary", written, "--fail-on", "P1", "--format", "json")
    assert done.returncode == 2
    totals = json.loads(written.read_text())
    jsonschema.validate(totals, published()["summary-1.schema.json"])
    expected = {"hosts": 3, "reached": 2, "unreached": 1, "cut_short": 1, "complete": True}
    assert {name: totals[name] for name in expected} == expected
    report = json.loads(done.stdout)
    for status, count in report["fleet"]["statuses"].items():
        assert totals[status] == count
    found = [item["severity"] for host in report["hosts"] for item in host["findings"]]
    assert totals["severities"] == {name: found.count(name) for name in ("P0", "P1", "P2", "P3")}
    assert totals["worst_severity"] == min(filter(None, found), default=None)
    assert totals["lowest_coverage"] == 100.0
    assert "web9" not in written.read_text()


def test_verify_says_what_holds(run: Path, tmp_path: Path) -> None:
    """Good archives exit 0; a changed byte 3; an interrupted run 4."""
    done = truthmap("verify", run)
    assert done.returncode == 0
    assert "web1: 1 records, every hash matches" in done.stdout
    interrupted = run_folder(tmp_path / "c", [bundle(OFFLINE)], complete=False)
    assert truthmap("verify", interrupted).returncode == 4
    path = run / "web1.json"
    path.write_bytes(path.read_bytes().replace(b"booted", b"bootez"))
    assert truthmap("verify", run).returncode == 3


def test_explain_shows_rule_and_raw_evidence(run: Path) -> None:
    """The documentation of the rule, the reason, and how to look by hand."""
    done = truthmap("explain", "service_state:evidence/systemd_units", run)
    assert done.returncode == 0, done.stderr
    assert "The rule service_state" in done.stdout
    wrong = truthmap("explain", "service_state:evidence/systemd_unit", run)
    assert wrong.returncode == 3
    assert "did you mean service_state:evidence/systemd_units" in wrong.stderr


def test_rules_are_listed_and_documented() -> None:
    """Every rule has a first sentence, and a page."""
    lines = truthmap("rules").stdout.splitlines()
    assert len(lines) > 5
    for line in lines:
        name, _, sentence = line.partition("  ")
        assert sentence.strip().endswith("."), line
        page = truthmap("rules", name)
        assert page.returncode == 0
        assert any(word in page.stdout for word in ("Needs ", "Uses ", "Where asked, uses "))


def test_the_probes_are_one_file(tmp_path: Path) -> None:
    """`truthmap probes` is a script sh can read, the same every time."""
    first = truthmap("probes").stdout
    assert first == truthmap("probes", cwd=tmp_path).stdout
    script = tmp_path / "collect.sh"
    script.write_text(first)
    assert subprocess.run(["/bin/sh", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(shell: str) -> None:
    """Each shell gets a script that asks the command itself."""
    assert "_TRUTHMAP_COMPLETE" in truthmap("completion", shell).stdout


def test_help_names_every_command_and_exit_code() -> None:
    """A newcomer reads one page."""
    page = truthmap("--help").stdout
    for word in ("run", "collect", "report", "explain", "rules", "verify", "probes", "import"):
        assert f"\n  {word} " in page
    for code in ("0 fine", "2 findings", "3 bad usage", "4 collection", "130 interrupted"):
        assert code in " ".join(page.split())


def test_the_same_archive_gives_the_same_bytes_anywhere(run: Path, tmp_path: Path) -> None:
    """Time zone, language, folder and date change nothing."""
    moved = tmp_path / "elsewhere" / "deep"
    moved.parent.mkdir()
    run.rename(moved)
    for name in ("text", "json"):
        first = truthmap("report", moved, "--format", name).stdout
        for env in (
            {"TZ": "Asia/Kolkata", "LANG": "nb_NO.UTF-8", "LC_ALL": "nb_NO.UTF-8"},
            {"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONHASHSEED": "7", "COLUMNS": "40"},
        ):
            again = truthmap("report", "deep", "--format", name, cwd=moved.parent, env=env)
            assert again.stdout == first
