"""Files: whole or not at all, private, under their names; what is missing is said before."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

from reporter import outputs
from reporter.archive import load
from reporter.cli import run_command
from reporter.errors import InputError
from reporter.messages import Catalogue
from reporter.report import Report, build, host_report
from tests.builders import bundle, record, run_folder
from tests.hostile import GOLDEN

ROOT = Path(__file__).resolve().parents[2]
REPORT = Report(
    "0" * 64,
    "run",
    complete=True,
    hosts=(host_report(bundle([record("systemd_state", "running\n")])),),
    unreachable=(),
)


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class Truthmap:
    """The command, in this process: what it printed is bytes."""

    def __init__(self, printed: pytest.CaptureFixture[bytes]) -> None:
        self._printed = printed

    def __call__(self, *arguments: str | Path) -> tuple[int, bytes, str]:
        """Return exit code, stdout and stderr."""
        code = run_command([str(one) for one in arguments])
        out, err = self._printed.readouterr()
        return code, out, err.decode()


@pytest.fixture
def truthmap(capsysbinary: pytest.CaptureFixture[bytes]) -> Truthmap:
    return Truthmap(capsysbinary)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_folder(tmp_path / "run", [bundle([record("systemd_state", "running\n")])])


def test_every_format_at_once(truthmap: Truthmap, run: Path, tmp_path: Path) -> None:
    """Each file under its name, private, nothing beside them; and the main ones are told."""
    out = tmp_path / "a" / "reports"
    words = [word for name in outputs.FORMATS for word in ("--format", name)]
    code, _, err = truthmap("report", run, *words, "--out", out)
    assert code == 0, err
    tables = {"hosts", "findings", "units", "timers", "listeners", "streams", "groups", "drift"}
    assert below(out) == {
        *("report.txt", "report.md", "report.html", "report.json"),
        *("report.prom", "report.junit.xml", "report.sarif"),
        *(f"csv/{name}.csv" for name in tables),
        *(f"parquet/{name}.parquet" for name in tables),
    }
    assert err.splitlines() == [f"Report: {out / name}" for name, _ in outputs.FORMATS.values()]
    for path in (out, *out.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_the_documented_formats_are_those_there_are() -> None:
    """docs/outputs.md lists each with its file, in order."""
    document = (ROOT / "docs" / "outputs.md").read_text()
    shown = re.findall(r"^\| (\w+) \| `(\S+)`.* \| .+ \|$", document, re.MULTILINE)
    files = [
        (name, file.replace("findings", "<table>")) for name, (file, _) in outputs.FORMATS.items()
    ]
    assert shown == files


@pytest.mark.parametrize("name", outputs.FORMATS)
def test_stdout_and_a_file_are_the_file_that_stands_for_the_format(
    truthmap: Truthmap, run: Path, tmp_path: Path, name: str
) -> None:
    """Of tables it is that of the findings; the same bytes everywhere."""
    main = outputs.FORMATS[name][0]
    single = tmp_path / f"single{Path(main).suffix}"
    truthmap("report", run, "--format", name, "--out", single)
    truthmap("report", run, "--format", name, "--out", tmp_path / "folder")
    code, shown, err = truthmap("report", run, "--format", name)
    assert (code, err) == (0, "")
    assert shown == single.read_bytes() == (tmp_path / "folder" / main).read_bytes()


def test_a_format_given_twice_is_one(truthmap: Truthmap, run: Path) -> None:
    """No --out is asked for what is one output."""
    code, _, err = truthmap("report", run, "--format", "json", "--format", "json")
    assert code == 0, err


def test_an_output_that_fails_leaves_the_earlier_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether making or writing the second file fails: no file of it is in its place."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "one").write_text("old")

    def made(_report: Report, _catalogue: Catalogue) -> Mapping[str, str]:
        return {"one": "new", "two/file": "x"}

    monkeypatch.setitem(outputs.FORMATS, "made", ("one", made))
    (out / "two").write_text("a file where a folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        outputs.write(REPORT, ["made"], out)
    assert (out / "one").read_text() == "old"
    assert below(out) == {"one", "two"}
    (out / "two").unlink()
    outputs.write(REPORT, ["made"], out)
    assert (out / "one").read_text() == "new"
    assert (out / "two" / "file").read_text() == "x"


def test_what_goes_wrong_amid_the_files_leaves_none(tmp_path: Path) -> None:
    """Also an error that is not about files at all."""
    whole = outputs.Whole()
    whole.add(tmp_path / "one", b"1")
    error = ZeroDivisionError()
    whole.__exit__(type(error), error, None)
    assert below(tmp_path) == set()


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    """So node_exporter may read what its folder was prepared for; a link is not followed."""
    path = tmp_path / "truthmap.prom"
    outputs.write_whole(path, "first")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    outputs.write_whole(path, "second")
    assert path.stat().st_mode & 0o777 == 0o644
    link = tmp_path / "link"
    link.symlink_to(path)
    outputs.write_whole(link, "third")
    assert (link.is_symlink(), link.stat().st_mode & 0o777) == (False, 0o600)
    assert path.read_text() == "second"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write beside another user's file")
def test_another_users_mode_is_not_kept(tmp_path: Path) -> None:
    """A file somebody else prepared does not make the report readable for him."""
    path = tmp_path / "theirs"
    path.write_text("")
    path.chmod(0o666)
    os.chown(path, 65534, 65534)
    outputs.write_whole(path, "ours")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_package_is_said_before_anything_is_done(tmp_path: Path) -> None:
    """Exit 3 and the command that installs it, in one line; nothing was collected or written."""
    code = (
        "import sys\n"
        "sys.modules['pandas'] = None\n"
        "from reporter.cli import run_command\n"
        "sys.exit(run_command(sys.argv[1:]))\n"
    )
    for command in (["report", "nowhere"], ["run", "--archive", "run"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *command, "--format", "csv", "--out", "out"],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
        )
        assert done.returncode == 3
        assert done.stderr == (
            "truthmap: csv and parquet need pandas, which is not installed: "
            "pip install 'truthmap[tables]'\n"
        )
        assert list(tmp_path.iterdir()) == []


def test_the_json_report_follows_its_published_schema() -> None:
    """The file in schemas/ is what holds for the output, of a host that has everything."""
    schema = json.loads((ROOT / "schemas" / "report-1.schema.json").read_text())
    shown = json.loads(outputs.render(build(load([GOLDEN])), "json"))
    jsonschema.Draft202012Validator(schema).validate(shown)
