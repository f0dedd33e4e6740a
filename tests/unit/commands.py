"""All commands of the program, imported."""

from wandb_tui.cli import cli

COMMANDS = {name: cli.get_command(None, name) for name in cli.list_commands(None)}
SHOWN = [name for name, command in COMMANDS.items() if not command.hidden]
"""The names of those that the help lists."""
