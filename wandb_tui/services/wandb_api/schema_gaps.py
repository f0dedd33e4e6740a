"""Sends queries without the fields and arguments that a server does not know, and remembers them.

A field can be left out if its line of the query holds all of it; a line that opens a block cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from wandb_tui.services.wandb_api.graphql import Reply

_ARGUMENT = re.compile(r"argument\s+\W?(\w+)\W?\s+on\s+field\s+\W?(?:\w+\.)?(\w+)", re.IGNORECASE)
_FIELD = re.compile(r"field\s+\W?([A-Za-z_]\w*)", re.IGNORECASE)

Execute = Callable[[str, Mapping[str, object]], Reply]
"""Sends one query with its variables."""


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """The part of a query that a server understands, as far as known.

    Attributes:
        text: The query.
        unknown: The fields that were left out.
    """

    text: str
    unknown: tuple[str, ...] = ()

    def takes(self, variable: str) -> bool:
        """Whether the query still uses a variable."""
        return re.search(rf"\${variable}\b", self.text) is not None

    def simpler(self, reply: Reply) -> KnownQuery | None:
        """The query to try after this reply; None if the server knows all of it that can be left out."""
        if reply.data is not None:
            return None
        found = self
        for message in (str(error.get("message", "")) for error in reply.errors):
            for argument, field in _ARGUMENT.findall(message):
                found = found.without_argument(field, argument)
            for field in _FIELD.findall(_ARGUMENT.sub("", message)):
                found = found.without_field(field)
        return None if found == self else found

    def without_field(self, field: str) -> KnownQuery:
        """The query without the lines that hold this field and nothing around it."""
        lines = self.text.splitlines()
        left = [line for line in lines if not (re.match(rf"\s*{field}\b", line) and line.count("{") == line.count("}"))]
        if left == lines:
            return self
        return KnownQuery("\n".join(left), (*self.unknown, field))

    def without_argument(self, field: str, argument: str) -> KnownQuery:
        """The query without an argument of a field, and without the variables that only it used."""
        text = re.sub(rf"(\b{field}\([^)]*?)\b{argument}: \$\w+(?:, )?", r"\1", self.text)
        text = text.replace(", )", ")").replace("()", "")
        # A variable that is declared but not used is an error as well.
        for declaration, name in re.findall(r"(\$(\w+): [^,)]+(?:, )?)", text):
            if len(re.findall(rf"\${name}\b", text)) == 1:
                text = text.replace(declaration, "").replace(", )", ")")
        return replace(self, text=text)


class SchemaGaps:
    """Remembers, query by query, what one server does not know. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, KnownQuery] = {}

    def known(self, query: str) -> KnownQuery:
        """The part of a query that the server understands, as far as known."""
        return self._known.get(query) or KnownQuery(query)

    def execute(self, execute: Execute, query: str, variables: Mapping[str, object]) -> Reply:
        """Send a query, and again without what the server turns out not to know."""
        while True:
            known = self.known(query)
            reply = execute(known.text, {name: value for name, value in variables.items() if known.takes(name)})
            simpler = known.simpler(reply)
            if simpler is None:
                return reply
            self._known[query] = simpler
