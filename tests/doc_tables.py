"""The tables of the README and of ``docs/`` that are made from the program: ``python -m tests.doc_tables`` writes them.

Each stands between two comments with its name, in as many pages as want it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

from tests.refusals import DOCUMENTED, REFUSALS
from wandb_tui.core.exit_codes import ExitCode, code_of
from wandb_tui.core.goal import GoalKind
from wandb_tui.core.saved_view import SavedView
from wandb_tui.core.user_command import UserCommand
from wandb_tui.services.disk.settings import HookCommands, Notify, Settings
from wandb_tui.ui.input.actions import ACTIONS, Scope

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCREENS = {
    Scope.ANYWHERE: "Everywhere",
    Scope.DASHBOARD: "On the table",
    Scope.RUNS: "On the table and in the details",
    Scope.LOGS: "In the logs",
    Scope.DETAILS: "In the details",
    Scope.COMPARE: "In the plot of several runs",
}
DIALOGS = {
    Scope.ADD: "While adding",
    Scope.PICK: "While picking",
    Scope.GOAL: "While changing a goal",
    Scope.BRANCH: "While forking or rewinding",
    Scope.COLUMNS: "While choosing columns",
    Scope.VIEW: "While saving a view",
    Scope.SERVERS: "While choosing a server",
    Scope.METRIC: "While choosing a metric",
    Scope.COPY: "While choosing what to copy",
    Scope.DOCTOR: "At the doctor",
    Scope.CONFIRM: "At a question",
    Scope.SIGN_IN: "While signing in",
    Scope.HELP: "In the help",
}
BLOCK = re.compile(r"<!-- (?P<name>\w+) -->\n(?P<text>.*?)<!-- /(?P=name) -->", re.DOTALL)


def goals() -> str:
    return table("goal", "met when", ((f"`{kind.rule.example}`", kind.rule.meaning) for kind in GoalKind))


def keys() -> str:
    """A table for each place, and every action in one of them."""
    return "\n\n".join(f"## {title}\n\n{key_table(scope)}" for scope, title in (SCREENS | DIALOGS).items())


def key_table(scope: Scope) -> str:
    actions = [action for action in ACTIONS if action.where is scope and action.listed]
    return table(
        "key", "does", ((action_keys(action.all_keys), f"**{action.label}.** {action.help}") for action in actions)
    )


def action_keys(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split())


def ids() -> str:
    return table("id", "key", ((f"`{action.full_id}`", action_keys(action.all_keys)) for action in ACTIONS))


def exit_statuses() -> str:
    return table("exit status", "meaning", ((str(code), code.meaning) for code in ExitCode))


def settings() -> str:
    rows = [*rows_of(Settings, {"notify", "hooks", "keys", "commands", "views"}), *rows_of(Notify, set(), "notify.")]
    rows += [*rows_of(HookCommands, set(), "hooks."), *rows_of(UserCommand, set(), "commands.")]
    rows += rows_of(SavedView, set(), "views.")
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def rows_of(cls: type, sections: set[str], prefix: str = "") -> Iterator[str]:
    """A row for each field of a class of settings but its `sections`; the meaning is that of the docstring."""
    import griffe

    found = griffe.Docstring(cls.__doc__ or "", lineno=1).parse("google")
    [described] = [section.value for section in found if section.kind.value == "attributes"]
    meanings = {attribute.name: " ".join(attribute.description.split()).replace("``", "`") for attribute in described}
    for field in fields(cls):
        if field.name not in sections:
            default = (
                f"`{toml(field.default)}`" if isinstance(field.default, str | float | int | bool | tuple) else "none"
            )
            yield f"| `{prefix}{field.name}` | {default} | {meanings[field.name]} |"


def toml(value: object) -> str:
    """A default as `settings.toml` would say it."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case str():
            return f'"{value}"'
        case tuple():
            return "[]"
        case _:
            return str(value)


def table(first: str, second: str, rows: Iterator[tuple[str, str]]) -> str:
    return "\n".join([f"| {first} | {second} |", "| --- | --- |", *(f"| {left} | {right} |" for left, right in rows)])


def names() -> str:
    from tests.unit.test_reference import names_table

    return names_table()


def refusals() -> str:
    """The refusals of forks and rewinds: the error, its exit status, and its sentence."""
    rows = [
        (case.cause, f"`{case.error.__name__}`, {code_of(case.error('')):d}", case.after, case.says(DOCUMENTED))
        for case in REFUSALS
    ]
    return "\n".join(
        [
            "| refused | error, exit status | said | sentence |",
            "| --- | --- | --- | --- |",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )


TABLES: dict[str, Callable[[], str]] = {
    "goals": goals,
    "keys": keys,
    "ids": ids,
    "exit": exit_statuses,
    "settings": settings,
    "names": names,
    "refusals": refusals,
}


def filled(page: str) -> str:
    """A page's text with its tables as they should stand."""
    return BLOCK.sub(
        lambda block: f"<!-- {block['name']} -->\n{TABLES[block['name']]()}\n<!-- /{block['name']} -->", page
    )


def main() -> None:
    for path in PAGES:
        before = path.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            path.write_text(after, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
