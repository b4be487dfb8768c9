"""Whole reports beside the archives they come from.

An archive here is a recorded bundle, `NAME.exit-N.json.zst`, N being the exit code of
`truthmap report --fail-on P2`. `python -m tests.golden` records them from lab hosts, and
`pytest tests/golden --rewrite` writes the reports anew: read the diff before you believe it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.archive import load
from reporter.cli import run_command
from reporter.outputs import FORMATS, render
from reporter.report import build, host_report
from tests.ablation import violations

FOLDER = Path(__file__).parent
ARCHIVES = sorted(FOLDER.glob("*.json.zst"))
SMALL = frozenset({"bookworm"})
GOLDEN: dict[str, frozenset[str] | None] = {
    "text": None,
    "markdown": None,
    "json": None,
    "openmetrics": None,
    "junit": SMALL,
}
"""Format -> the archives whose reports are kept here, None for all. Tables are many files and not
all text, and of SARIF most is the rules' documentation: their own tests hold them."""


def kept() -> list[tuple[Path, str]]:
    """The archives with each format kept of them."""
    return [
        (archive, name)
        for archive in ARCHIVES
        for name, only in GOLDEN.items()
        if only is None or _title(archive) in only
    ]


def _title(archive: Path) -> str:
    return archive.name.partition(".")[0]


@pytest.mark.parametrize(
    ("archive", "name"), [pytest.param(*one, id=f"{_title(one[0])}-{one[1]}") for one in kept()]
)
def test_the_report_is_the_one_we_read(
    archive: Path, name: str, pytestconfig: pytest.Config
) -> None:
    """Every byte of the report is as it was when somebody read it."""
    shown = render(build(load([archive])), name)
    expected = archive.with_name(f"{_title(archive)}.{FORMATS[name][0]}")
    if pytestconfig.getoption("--rewrite"):
        expected.write_text(shown, encoding="utf-8")
    assert shown == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def test_the_exit_code_is_the_one_in_the_name(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate `--fail-on P2` ends as the file's name says."""
    code = run_command(["report", str(archive), "--fail-on", "P2"])
    assert f".exit-{code}." in archive.name
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def test_ablation_of_every_record(archive: Path) -> None:
    """The promises of the design hold for every record of a recorded archive."""
    (bundle,) = load([archive]).bundles.values()
    whole = host_report(bundle)
    broken = [line for item in bundle.evidence for line in violations(bundle, item.id, whole)]
    assert broken == []
