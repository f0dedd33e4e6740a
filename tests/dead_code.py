"""Code of the package that nothing uses, found by vulture: ``python -m tests.dead_code``.

Code that only a test uses is dead as well, except in the sandbox, whose users are tests. pyproject.toml
lists the names that frameworks call; the fields of the sandbox's GraphQL schema are read from the schema, and the names
that the program itself looks up (kinds of goals, notification channels) from the program.
"""

from __future__ import annotations

import contextlib
import re
import sys
from dataclasses import fields
from pathlib import Path

from vulture import Vulture
from vulture.config import make_config

from wandb_tui.core.goal import GoalKind
from wandb_tui.services.disk.settings import Notify

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "wandb_tui"
SANDBOX = PACKAGE / "sandbox"


def main() -> int:
    with contextlib.chdir(ROOT):
        config = make_config([])
    found = [item for item in unused(config, PACKAGE, ROOT / "examples") if SANDBOX not in item.filename.parents]
    found += [item for item in unused(config, PACKAGE, ROOT / "tests") if SANDBOX in item.filename.parents]
    for item in found:
        print(item.get_report())
    return len(found)


def unused(config: dict, *folders: Path) -> list:
    """All that is never used in these folders."""
    names = [*config["ignore_names"], *graphql_names(), *looked_up_names()]
    vulture = Vulture(ignore_names=names, ignore_decorators=config["ignore_decorators"])
    vulture.scavenge(folders)
    return vulture.get_unused_code(min_confidence=config["min_confidence"])


def graphql_names() -> set[str]:
    """The names of the schema's fields as the resolvers write them."""
    fields = re.findall(r"^\s+(\w+)[(:]", (SANDBOX / "schema.graphql").read_text(), re.MULTILINE)
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field).lower() for field in fields}


def looked_up_names() -> set[str]:
    """The kinds of goals, and the settings of the notification channels."""
    return {*GoalKind.__members__, *(field.name for field in fields(Notify))}


if __name__ == "__main__":
    sys.exit(main())
