"""The command `truthmap`."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

import truthmap_collector
from reporter import archive as archives
from reporter import byhand, outputs, verify
from reporter import explain as explanations
from reporter import report as reports
from reporter.errors import InputError, ReportError
from reporter.findings import SEVERITIES
from reporter.render import summary_v1
from reporter.render.terminal import safe
from reporter.tracebacks import portable_traceback

__all__ = ["entry", "main"]

OK, INTERNAL, FINDINGS, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130
_FORMATS = click.Choice(list(outputs.FORMATS))
_THRESHOLDS = click.Choice([*SEVERITIES, "unknown"])


def entry() -> None:
    """Run the command and exit with the code of the design."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; an error is one line on stderr."""
    try:
        code = main.main(list(arguments), prog_name="truthmap", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "truthmap"
        _complain(f"{error.format_message()} See `{where} --help`.")
        return USAGE
    except click.ClickException as error:
        _complain(error.format_message())
        return USAGE
    except ReportError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read us has seen enough; keep the interpreter from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # noqa: BLE001 - the last resort: one line, exit code 1
        _complain(f"internal error: {portable_traceback(error)}")
        return INTERNAL
    return code if isinstance(code, int) else OK


def _complain(message: str) -> None:
    click.echo(f"truthmap: {safe(message)}", err=True)


def _options(*decorators: Callable[..., Any]) -> Callable[..., Any]:
    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_report_options = _options(
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
        help="File or folder to write to, instead of stdout.",
    ),
    click.option(
        "--profile",
        type=click.Path(path_type=Path),
        help="YAML file with truthmap_app_* profiles to judge by, instead of the archive's own.",
    ),
    click.option(
        "--fail-on",
        type=_THRESHOLDS,
        help="Exit with 2 if a finding is this severe or worse. An unknown finding counts as the "
        "worst its rule could have found; `unknown` counts any finding that is unknown or has a "
        "severity.",
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

_collect_options = _options(
    click.option(
        "-i",
        "--inventory",
        help="Ansible inventory: a file, a folder, or a list such as 'web1,web2,'.  "
        "[default: this machine]",
    ),
    click.option("-l", "--limit", help="Only these hosts or groups of the inventory."),
    click.option(
        "--archive",
        "folder",
        type=click.Path(path_type=Path),
        help="Folder for this run's archive; must be new or empty.  [default: runs/<run id>]",
    ),
    click.option("-t", "--tags", help="Only these domains of probes, such as 'host,systemd'."),
    click.option("-u", "--user", help="Log in as this user."),
    click.option(
        "-k", "--ask-pass", is_flag=True, help="Ask for the login password (needs sshpass)."
    ),
    click.option("--private-key", type=click.Path(), help="Log in with this key."),
    click.option("-b", "--become", is_flag=True, help="Collect as another user (root)."),
    click.option("--become-user", help="The user to become.  [default: root]"),
    click.option("--become-method", help="How: sudo, su, doas, ...  [default: sudo]"),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password of --become."),
    click.option("-c", "--connection", help="Ansible connection plugin.  [default: ssh]"),
    click.option("--ssh-common-args", help="Arguments for every ssh of the run."),
    click.option("-f", "--forks", type=click.IntRange(1), help="Hosts at the same time."),
    click.option(
        "-e",
        "--extra-vars",
        multiple=True,
        help="Ansible variables: name=value, JSON, or @file.",
    ),
    click.option("--vault-password-file", type=click.Path(), help="Password file of a vault."),
    click.option("-v", "--verbose", count=True, help="Show what Ansible says; more v, more of it."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(truthmap_collector.VERSION, prog_name="truthmap")
def main() -> None:
    """Collect what hosts really show, and report it as a careful auditor would.

    Start with `truthmap run`: it looks at this machine and changes nothing on it. With an Ansible
    inventory (`-i`) it looks at a fleet. `truthmap explain` shows the raw evidence of a finding.

    \b
    Exit codes: 0 fine, 1 internal error, 2 findings at or above --fail-on, 3 bad usage or
    unusable input, 4 collection incomplete, 130 interrupted.
    """


@main.command()
@_collect_options
@_report_options
def run(
    formats: tuple[str, ...],
    out: Path | None,
    profile: Path | None,
    fail_on: str | None,
    min_coverage: float | None,
    summary: Path | None,
    **options: Any,
) -> int:
    """Collect from an inventory (this machine if none), and report.

    The archive and the reports stay in the run's folder; the report also goes to stdout.
    """
    profiles = _profiles(profile)
    folder, interrupted = _collect(options)
    if interrupted:
        return _interrupted(folder)
    loaded = archives.load([folder])
    report = reports.build(loaded, profiles)
    written = outputs.write(report, formats or tuple(outputs.FORMATS), out or folder / "report")
    if out is None:
        shown = formats[0] if len(formats) == 1 else "text"
        click.echo(outputs.render(report, shown), nl=False)
    click.echo("", err=True)
    click.echo(f"Archive: {folder}", err=True)
    for path in written:
        click.echo(f"Report:  {path}", err=True)
    _summarise(report, summary)
    return _exit_code(report, fail_on, min_coverage)


@main.command()
@_collect_options
def collect(**options: Any) -> int:
    """Only collect; print the path of the archive."""
    folder, interrupted = _collect(options)
    if interrupted:
        return _interrupted(folder)
    click.echo(str(folder))
    loaded = archives.load([folder])
    for problem in loaded.problems:
        _complain(str(problem))
    if loaded.problems:
        return USAGE
    short = loaded.unreached or loaded.partial or not loaded.complete
    return INCOMPLETE if short else OK


@main.command()
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
@_report_options
def report(
    archive: tuple[Path, ...],
    formats: tuple[str, ...],
    out: Path | None,
    profile: Path | None,
    fail_on: str | None,
    min_coverage: float | None,
    summary: Path | None,
) -> int:
    """Render a report from archives; no host is touched.

    ARCHIVE is a run's folder, a single bundle, or a tar file (.tar, .tar.gz, .tar.zst) of either.
    """
    if len(formats) > 1 and out is None:
        raise click.UsageError("Several --format need --out, a folder.")
    built = _load(archive, _profiles(profile))
    chosen = formats or ("text",)
    if out is None:
        click.echo(outputs.render(built, chosen[0]), nl=False)
    else:
        for path in outputs.write(built, chosen, out):
            click.echo(f"Report: {path}", err=True)
    _summarise(built, summary)
    return _exit_code(built, fail_on, min_coverage)


@main.command()
@click.argument("id")
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
@click.option("--host", help="Only this host's finding.")
@click.option("--profile", type=click.Path(path_type=Path), help="Judge by this profile file.")
def explain(id: str, archive: tuple[Path, ...], host: str | None, profile: Path | None) -> int:
    """Explain the finding ID: its rule, the raw evidence, how to repeat it by hand.

    ID is what the reports show as rule:subject, such as service_state:ssh.service.
    """
    built = _load(archive, _profiles(profile))
    click.echo(explanations.explain(built, id, host), nl=False)
    return USAGE if built.problems else OK


@main.command()
@click.argument("id", required=False)
def rules(id: str | None) -> int:
    """List the rules, or show the documentation of the rule ID."""
    page = explanations.rule_page(id) if id else explanations.rule_catalogue()
    click.echo(page, nl=False)
    return OK


@main.command(name="verify")
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
def verify_command(archive: tuple[Path, ...]) -> int:
    """Check archives: every hash, the schema, and whether the run was completed."""
    loaded = archives.load(archive)
    click.echo(verify.summary(loaded), nl=False)
    for problem in loaded.problems:
        _complain(str(problem))
    if loaded.problems:
        return USAGE
    return OK if loaded.complete and not loaded.unreached and not loaded.partial else INCOMPLETE


@main.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write to, instead of stdout.")
def probes(out: Path | None) -> int:
    """Print the collector with all probes as one file, to be run by hand.

    For a host nobody may reach: its administrator runs `sh FILE > answer` and sends the answer,
    which `truthmap import` makes an archive.
    """
    content = byhand.script()
    if out is None:
        click.echo(content, nl=False)
    else:
        outputs.write_whole(out, content)
        click.echo(f"Collector: {out}", err=True)
    return OK


@main.command(name="import")
@click.argument(
    "answer", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ANSWER..."
)
@click.option("--host", help="The host's name.  [default: what it calls itself]")
@click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder for the archive; must be new or empty.  [default: runs/<run id>]",
)
@click.option("--profile", type=click.Path(path_type=Path), help="Profiles to keep with it.")
def import_command(
    answer: tuple[Path, ...], host: str | None, folder: Path | None, profile: Path | None
) -> int:
    """Make an archive of the answers the collector gave by hand; print its path."""
    from reporter.collect import new_folder  # noqa: PLC0415 - beside its only other use

    target = folder or new_folder(Path("runs"))
    byhand.import_answers(answer, target, host, _profiles(profile) or {})
    click.echo(str(target))
    return OK


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script for a shell.

    For bash: `truthmap completion bash > ~/.local/share/bash-completion/completions/truthmap`.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - rarely asked for

    kind = get_completion_class(shell)
    if kind is None:
        raise InputError(f"{shell}: no completion for this shell")
    click.echo(kind(main, {}, "truthmap", "_TRUTHMAP_COMPLETE").source())
    return OK


def _load(paths: Sequence[Path], profiles: dict[str, Any] | None) -> reports.Report:
    """Load and judge; raises `InputError` only where no host at all can be reported."""
    loaded = archives.load(paths)
    for problem in loaded.problems:
        _complain(str(problem))
    if not loaded.bundles and loaded.problems:
        raise click.exceptions.Exit(USAGE)
    return reports.build(loaded, profiles)


def _profiles(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a YAML file of profiles") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    prefix = "truthmap_app_"
    found = {
        str(key).removeprefix(prefix): value
        for key, value in (content.items() if isinstance(content, dict) else ())
        if str(key).startswith(prefix)
    }
    if not found:
        raise InputError(f"{path}: no profile in it; give variables named {prefix}<application>")
    return found


def _summarise(report: reports.Report, path: Path | None) -> None:
    if path is not None:
        outputs.write_whole(path, summary_v1.render(report))


def _exit_code(report: reports.Report, fail_on: str | None, min_coverage: float | None) -> int:
    if report.problems:
        return USAGE
    if fail_on and any(
        reports.reaches(item, fail_on) for host in report.hosts for item in host.findings
    ):
        return FINDINGS
    low = min_coverage is not None and any(
        host.coverage.percent < min_coverage for host in report.hosts
    )
    return INCOMPLETE if report.incomplete or low else OK


def _collect(options: dict[str, Any]) -> tuple[Path, bool]:
    from reporter import collect as collecting  # noqa: PLC0415 - rendering needs no Ansible
    from reporter.progress import Progress  # noqa: PLC0415 - likewise

    folder = options["folder"] or collecting.new_folder(Path("runs"))
    arguments, passwords = _ansible_arguments(options)
    request = collecting.Request(
        folder=folder,
        inventory=options["inventory"],
        limit=options["limit"],
        arguments=arguments,
        passwords=passwords,
        forks=options["forks"],
        verbosity=options["verbose"],
    )
    with Progress(options["verbose"]) as progress:
        done = collecting.collect(request, progress)
    return done.folder, done.interrupted


def _interrupted(folder: Path) -> int:
    hint = f"; what it holds: truthmap report {folder}" if folder.exists() else ""
    _complain(f"interrupted{hint}")
    return INTERRUPTED


def _ansible_arguments(options: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return what ansible-playbook is handed, and the answers to its prompts."""
    named = ("tags", "user", "become_user", "become_method", "connection", "ssh_common_args")
    paths = ("private_key", "vault_password_file")
    words = [f"{_option(name)}={options[name]}" for name in named if options[name]]
    words += [
        f"{_option(name)}={Path(options[name]).expanduser().absolute()}"
        for name in paths
        if options[name]
    ]
    words += [f"--extra-vars={_absolute(value)}" for value in options["extra_vars"]]
    if options["become"]:
        words.append("--become")
    passwords = {}
    if options["ask_pass"]:
        words.append("--ask-pass")
        passwords[r"SSH password:\s*?$"] = getpass.getpass("SSH password: ")
    if options["ask_become_pass"]:
        words.append("--ask-become-pass")
        passwords[r"BECOME password.*:\s*?$"] = getpass.getpass("BECOME password: ")
    return tuple(words), passwords


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _absolute(value: str) -> str:
    """Return extra variables with the path of an @file made absolute: Ansible runs elsewhere."""
    return f"@{Path(value[1:]).expanduser().absolute()}" if value.startswith("@") else value
