"""The command `truthmap`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

import truthmap_collector
from reporter.commands.exits import INTERNAL, INTERRUPTED, OK, USAGE, complain
from reporter.errors import ReportError
from reporter.tracebacks import portable_traceback

__all__ = ["entry", "main"]

_COMMANDS = {
    "collect": ("collect", "collect"),
    "completion": ("completion", "completion"),
    "diff": ("diff", "diff"),
    "explain": ("explain", "explain"),
    "import": ("import_answers", "import_command"),
    "profile": ("profile", "profile"),
    "probes": ("probes", "probes"),
    "report": ("report", "report"),
    "rules": ("rules", "rules"),
    "run": ("run", "run"),
    "verify": ("verify", "verify"),
}
"""Name of the command: its module in `reporter.commands`, and its name there."""


class Commands(click.Group):
    """Imports a command when it is called: collecting needs no renderer, rendering no Ansible."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None if there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        found = getattr(importlib.import_module(f"reporter.commands.{module}"), name)
        if not isinstance(found, click.Command):
            raise TypeError(f"reporter.commands.{module}.{name} is no command")
        return found


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
        complain(f"{error.format_message()} See `{where} --help`.")
        return USAGE
    except click.ClickException as error:
        complain(error.format_message())
        return USAGE
    except ReportError as error:
        complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read us has seen enough; keep the interpreter from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # noqa: BLE001 - the last resort: one line, exit code 1
        complain(f"internal error: {portable_traceback(error)}")
        return INTERNAL
    return code if isinstance(code, int) else OK


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(truthmap_collector.VERSION, prog_name="truthmap")
def main() -> None:
    """Collect what hosts really show, and report it as a careful auditor would.

    Start with `truthmap run`: it looks at this machine and changes nothing on it. With an Ansible
    inventory (`-i`) it looks at a fleet. `truthmap explain` shows the raw evidence of a finding.

    \b
    Exit codes: 0 fine, 1 internal error, 2 findings at or above --fail-on, 3 bad usage or
    unusable input, 4 collection incomplete, 130 interrupted.
    """
