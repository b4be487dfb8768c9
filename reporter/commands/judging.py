"""What commands share that judge an archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from reporter import archive as archives
from reporter import outputs
from reporter import report as reports
from reporter.commands.exits import FINDINGS, INCOMPLETE, OK, USAGE, complain
from reporter.commands.options import options_of
from reporter.commands.publishing import publish_option
from reporter.diff.gate import any_new
from reporter.diff.reading import load_side
from reporter.diff.side import Side, side_of
from reporter.errors import InputError
from reporter.findings import SEVERITIES
from reporter.locale import LANGUAGES
from reporter.profile_schema import PREFIX
from reporter.render import summary_v1
from reporter.waivers import NO_WAIVERS, Waivers, load_waivers

__all__ = [
    "FAIL_ON",
    "PROFILE",
    "WAIVERS",
    "exit_code",
    "language_option",
    "load",
    "profiles_of",
    "report_options",
    "side_of_path",
    "summarise",
    "waivers_of",
]

_FORMATS = click.Choice(list(outputs.FORMATS))
_THRESHOLDS = click.Choice([*SEVERITIES, "unknown"])


PROFILE = click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="YAML file with truthmap_app_* profiles to judge by, instead of the archive's own.",
)
WAIVERS = click.option(
    "--waivers",
    type=click.Path(path_type=Path),
    help="YAML file of findings that are accepted for a while: they stay in the report, marked, "
    "and count for no threshold.",
)
FAIL_ON = click.option(
    "--fail-on",
    type=_THRESHOLDS,
    help="Exit with 2 if a finding is this severe or worse. An unknown finding counts as the "
    "worst its rule could have found; `unknown` counts any finding that is unknown or has a "
    "severity.",
)
language_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of what a person reads: English or Norwegian (bokmål). What programs read has "
    "none.",
)

report_options = options_of(
    click.option(
        "--format",
        "formats",
        type=_FORMATS,
        multiple=True,
        help="What to render; may be given several times.  [default: text]",
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="File or folder to write to, instead of stdout. Of csv and parquet a file is the "
        "table of findings.",
    ),
    publish_option,
    language_option,
    PROFILE,
    WAIVERS,
    FAIL_ON,
    click.option(
        "--new-since",
        type=click.Path(path_type=Path),
        metavar="OLD",
        help="With --fail-on: only findings count that are new, or worse, since this archive or "
        "JSON report.",
    ),
    click.option(
        "--min-coverage",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Exit with 4 if fewer probes of a host gave an answer.",
    ),
    click.option(
        "--summary",
        type=click.Path(path_type=Path),
        help="File for the totals of the report, as one small JSON object.",
    ),
)


def load(
    paths: Sequence[Path], profiles: dict[str, Any] | None, waivers: Waivers = NO_WAIVERS
) -> reports.Report:
    """Load and judge; raises `InputError` only where no host at all can be reported."""
    loaded = archives.load(paths)
    for problem in loaded.problems:
        complain(str(problem))
    if not loaded.bundles and loaded.problems:
        raise click.exceptions.Exit(USAGE)
    return reports.build(loaded, profiles, waivers)


def side_of_path(
    path: Path | None, profiles: dict[str, Any] | None, waivers: Waivers, fail_on: str | None
) -> Side | None:
    """Read what `--new-since` names; raises `InputError` where it cannot be used.

    A baseline some of which cannot be read makes more findings count, not fewer: it is named.
    """
    if path is None:
        return None
    if fail_on is None:
        raise click.UsageError("--new-since needs --fail-on: it says which findings count.")
    side = load_side([path], profiles, waivers)
    for problem in side.problems:
        complain(problem)
    return side


def waivers_of(path: Path | None) -> Waivers:
    """Read the waivers of a file, none without one; raises `InputError` if it cannot be read."""
    return NO_WAIVERS if path is None else load_waivers(path)


def profiles_of(path: Path | None) -> dict[str, Any] | None:
    """Read the profiles of a file, by application; None without a file.

    Raises `InputError` if the file cannot be read or holds none.
    """
    if path is None:
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a YAML file of profiles") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    found = {
        str(key).removeprefix(PREFIX): value
        for key, value in (content.items() if isinstance(content, dict) else ())
        if str(key).startswith(PREFIX)
    }
    if not found:
        raise InputError(f"{path}: no profile in it; give variables named {PREFIX}<application>")
    return found


def summarise(report: reports.Report, path: Path | None) -> None:
    """Write the report's totals, if a file is named."""
    if path is not None:
        outputs.write_whole(path, summary_v1.render(report))


def exit_code(
    report: reports.Report,
    fail_on: str | None,
    min_coverage: float | None,
    since: Side | None = None,
) -> int:
    """Return the exit code the report and the caller's thresholds call for.

    With `since` only findings count that are new or worse since that side.
    """
    if report.problems:
        return USAGE
    if fail_on and _reached(report, fail_on, since):
        return FINDINGS
    low = min_coverage is not None and any(
        host.coverage.percent < min_coverage for host in report.hosts
    )
    return INCOMPLETE if report.incomplete or low else OK


def _reached(report: reports.Report, fail_on: str, since: Side | None) -> bool:
    if since is not None:
        return any_new(since, side_of(report), fail_on)
    return any(reports.reaches(item, fail_on) for item in report.all_findings)
