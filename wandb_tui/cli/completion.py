"""``wandb-tui completion``: what a shell needs to complete our commands, options and goals."""

from __future__ import annotations

import click

_PROGRAM, _VARIABLE = "wandb-tui", "_WANDB_TUI_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script with which your shell completes commands, options and goals.

    \b
    Examples, each for the shell's own start-up file:
      bash  eval "$(wandb-tui completion bash)"    in ~/.bashrc
      zsh   eval "$(wandb-tui completion zsh)"     in ~/.zshrc
      fish  wandb-tui completion fish | source     in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
