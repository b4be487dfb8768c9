"""`truthmap completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reporter.commands.exits import OK
from reporter.errors import InputError

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script for a shell.

    For bash: `truthmap completion bash > ~/.local/share/bash-completion/completions/truthmap`.
    """
    command = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise InputError(f"{shell}: no completion for this shell")
    click.echo(kind(command, {}, "truthmap", "_TRUTHMAP_COMPLETE").source())
    return OK
