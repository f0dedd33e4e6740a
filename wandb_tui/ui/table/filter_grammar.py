"""The grammar of the filter: words, fields, comparisons, `and`, `or`, `not`, brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark, Token

_GRAMMAR = r"""
?start: any
?any: all (_OR all)*
?all: one (_AND? one)*
?one: (_NOT | _BANG) one -> no
    | _OPEN any _CLOSE
    | COMPARISON
    | HALF
    | TERM

_AND.4: /and(?=[\s()]|$)/i
_OR.4: /or(?=[\s()]|$)/i
_NOT.4: /not(?=[\s()]|$)/i
_BANG.4: /!/
_OPEN.4: /\(/
_CLOSE.4: /\)/
HALF.6: /(?:"[^"]+"|[A-Za-z_][\w.\/\-]*)\s*(?:>=|<=|!=|==?|>|<)\s*$/
COMPARISON.5: /(?:"[^"]+"|[A-Za-z_][\w.\/\-]*)\s*(?:>=|<=|!=|==?|>|<)\s*(?:"[^"]*"?|[^\s()"=<>!][^\s()"]*)/
TERM.3: /(?:\w+:)?\/(?:\\.|[^\\\/])*(?:\/(?=[\s)]|$)|\\?$)|(?:\w+:)?"[^"]*(?:"|$)|[^\s()!"][^\s()]*/

%ignore /\s+/
"""
_COMPARED = re.compile(r'("[^"]+"|[\w./\-]+)\s*(>=|<=|!=|==?|>|<)\s*(.*)', re.DOTALL)
_FIELD = re.compile(r"(?:(?P<field>\w+):)?(?P<body>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """A text or a regular expression to find.

    Attributes:
        text: The text to find; for a regular expression, the part between the slashes.
        field: The part before the colon, or empty.
        regex: Whether it is a regular expression.
        start: Where it begins in the filter.
        end: Where it ends.
    """

    text: str
    field: str = ""
    regex: bool = False
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of a value of the run.

    Attributes:
        name: The value's name.
        operator: ``>=``, ``<=``, ``!=``, ``=``, ``>`` or ``<``.
        value: The value to compare with, as typed.
        start: Where it begins in the filter.
        end: Where it ends.
    """

    name: str
    operator: str
    value: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Combination:
    """Conditions of which all must hold, or any.

    Attributes:
        parts: The conditions.
        every: Whether all of them must hold.
    """

    parts: tuple[Condition, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold.

    Attributes:
        part: The condition.
    """

    part: Condition


Condition = Term | Comparison | Combination | Negation


class FilterSyntaxError(Exception):
    """A filter that cannot be read.

    Attributes:
        start: Where the word that does not fit begins.
        end: Where it ends.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start, self.end = start, end


def parse(text: str) -> Condition | None:
    """Read a filter; None for an empty one.

    The end may be half typed: a last `and`, `or`, `not` or comparison without its other side is left out, and missing
    closing brackets are added.

    Raises:
        FilterSyntaxError: A word stands where none can.
    """
    if not text.strip():
        # Most starts of the dashboard have no filter, and need no parser.
        return None
    from lark import Token, UnexpectedToken

    tokens = _complete(list(_parser().lex(text)))
    if not tokens:
        return None
    reader = _parser().parse_interactive()
    try:
        for token in tokens:
            reader.feed_token(token)
        tree = reader.feed_token(Token.new_borrow_pos("$END", "", tokens[-1]))
    except UnexpectedToken as error:
        token = error.token
        start, end = token.start_pos or 0, token.end_pos or len(text)
        raise FilterSyntaxError(f"“{text[start:end]}” does not fit here", start, end) from None
    return _condition(tree)


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


def _complete(tokens: list[Token]) -> list[Token]:
    """The tokens without what is not typed to its end yet, and with the closing brackets that are missing."""
    from lark import Token

    while tokens and tokens[-1].type in {"_AND", "_OR", "_NOT", "_BANG", "_OPEN", "HALF"}:
        tokens = tokens[:-1]
    depth = sum((token.type == "_OPEN") - (token.type == "_CLOSE") for token in tokens)
    return tokens + [Token.new_borrow_pos("_CLOSE", ")", tokens[-1]) for _ in range(depth)]


def _condition(tree: Any) -> Condition:
    from lark import Token

    if isinstance(tree, Token):
        return _comparison(tree) if tree.type == "COMPARISON" else _term(tree)
    parts = tuple(_condition(child) for child in tree.children)
    return Negation(parts[0]) if tree.data == "no" else Combination(parts, tree.data == "all")


def _comparison(token: Token) -> Comparison:
    found = _COMPARED.match(token)
    name, operator, value = found.groups() if found else (str(token), "=", "")
    operator = "=" if operator == "==" else operator
    return Comparison(name.strip('"'), operator, value.strip('"'), token.start_pos or 0, token.end_pos or 0)


def _term(token: Token) -> Term:
    return term(str(token), token.start_pos or 0)


def term(text: str, start: int = 0) -> Term:
    """Read one word, phrase or regular expression, with its field."""
    found = _FIELD.match(text)
    field, body = (found["field"] or "", found["body"]) if found else ("", text)
    regex = len(body) > 1 and body[0] == "/" and (body[-1] == "/" or "/" not in re.sub(r"\\.", "", body[1:]))
    if regex:
        body = body[1:].removesuffix("/")
    elif body.startswith('"'):
        body = body.strip('"')
    return Term(body, field.casefold(), regex, start, start + len(text))
