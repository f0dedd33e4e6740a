r"""The address of a run: parse what people type and paste, print it back.

The limits on names are W&B's own: a project has at most 128 characters and none of ``/\#?%:``; a run id is not
empty, has no space at either end and none of ``:;,#?/'``. An entity's name is up to the server, spaces and dots
included; only characters that an address cannot contain are refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

from wandb_tui.core.errors import UsageError
from wandb_tui.core.lookalikes import lookalike, strip_invisible
from wandb_tui.core.page_address import EXPECTED, OTHER_PAGES, as_url, page_path, shortened

MAX_ARTIFACT_NAME = 128
"""The longest artifact name W&B accepts, in characters."""

MAX_RUN_ID = MAX_ARTIFACT_NAME - len("run--history")
"""The longest run id that can have a history artifact, in characters."""

_PROSE_WORDS = 4
_GENERATED_ID_CHARS = 8
_SEPARATORS = re.compile(r"[\s,;]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


@dataclass(frozen=True, slots=True, order=True)
class RunAddress:
    """One run, as ``entity/project/run_id``, which is also its text.

    Attributes:
        entity: The user or team that the project belongs to.
        project: The project.
        run_id: The run's id, which is not its display name.
    """

    entity: str
    project: str
    run_id: str

    def __post_init__(self) -> None:
        _check_entity(self.entity)
        _check_project(self.project)
        _check_run_id(self.run_id)

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.run_id}"

    def __hash__(self) -> int:
        # Of all three it would be computed at each look-up; the run id remembers its own.
        return hash(self.run_id)

    @property
    def project_path(self) -> str:
        """``entity/project``."""
        return f"{self.entity}/{self.project}"

    @property
    def collection(self) -> str:
        """The name of the run's history artifact, without entity, project and version."""
        return f"run-{self.run_id}-history"

    @property
    def history_artifact(self) -> str:
        """``entity/project/run-<id>-history``, without a version."""
        return f"{self.project_path}/{self.collection}"

    def page(self, app_url: str) -> str:
        """The address of the run's page.

        Args:
            app_url: Base address of the server's pages.
        """
        path = "/".join(quote(part, safe="") for part in (self.entity, self.project, "runs", self.run_id))
        return f"{app_url.rstrip('/')}/{path}"

    @classmethod
    def parse(
        cls, text: str, *, entity: str | None = None, project: str | None = None, app_url: str = ""
    ) -> RunAddress:
        """Parse an address as typed or pasted.

        Args:
            text: A path (``entity/project/run_id``, ``project/run_id``, ``run_id``) or the address of a page.
            entity: Completes a path without an entity.
            project: Completes a path without a project.
            app_url: Base address of the chosen server's pages; a page of another server is refused. By default, pages
                of any server are accepted.

        Raises:
            UsageError: The text is not the address of a run, or belongs to another server.
        """
        text = strip_invisible(text)
        if not text:
            raise UsageError("The address of a run is empty.", f"Give {EXPECTED}.")
        if _control_character(text):
            raise UsageError("The address of a run contains control characters.", f"Give {EXPECTED}.")
        try:
            _check_short(text)
            pasted = as_url(text, app_url)
            if pasted:
                found = cls(*_from_page(page_path(pasted, app_url), text))
            else:
                found = cls(*_from_path(text, entity, project))
        except UsageError as error:
            if (inside := address_inside(text)) and inside != text:
                raise UsageError(error.message, f"Did you mean {inside}?") from None
            raise
        for what, name in (
            ("entity's name", found.entity),
            ("project's name", found.project),
            ("run id", found.run_id),
        ):
            if misleading := lookalike(name):
                raise UsageError(
                    f"The {what} “{shortened(name)}” contains {misleading}.", "Type it instead of pasting it."
                )
        return found


def _check_short(text: str) -> None:
    """Refuse text that only looks like a short address, such as HTML, a sentence or a word of one."""
    if is_short(text) and (re.search(r"[<>\"“”`(){}\[\]|*!\s]", text) or re.search(r"[.…]$", text)):
        raise UsageError(
            f"“{shortened(text)}” does not look like a run's address.",
            "If it is one, write all of entity/project/run_id.",
        )


def address_inside(text: str) -> str:
    """A full address inside a text, such as a link in HTML or a run in a sentence; empty if there is none.

    Args:
        text: Any text of one line.
    """
    for pattern in (r"https?://[^\s\"'<>()]+", r"(?<![\w/.-])[\w.-]+/[\w.-]+/[\w-]+(?:\.[\w-]+)*(?![\w/-])"):
        for found in re.findall(pattern, text):
            try:
                parts = _from_page(page_path(found, ""), found) if "://" in found else tuple(found.split("/"))
                RunAddress(*parts)
            except UsageError:
                continue
            return str(found)
    return ""


def split_addresses(line: str, *, short_ok: bool = True) -> list[str]:
    """The addresses in one line: separated by white space, commas or semicolons.

    A line that is a valid address as a whole is one, since names may contain spaces, commas and semicolons. A sentence
    or HTML stays whole as well, so that it is refused as one, rather than waited for word by word.

    Args:
        line: The line as typed or pasted, without a goal.
        short_ok: Whether the line may contain several addresses without an entity, such as ``forks/abc forks/def``.
    """
    line = strip_invisible(line)
    words = [word for word in _SEPARATORS.split(line) if word]
    if _is_prose(words) or _TAG.search(line):
        return [line]
    if len(words) < 2 or not _is_whole(line):  # noqa: PLR2004 - one word is one address
        return words
    heads = {word.partition("/")[0] for word in words}
    same_project = len(heads) == 1 and all(word.count("/") == 1 for word in words)
    return words if short_ok and same_project else [line]


def _is_prose(words: list[str]) -> bool:
    """Whether words look like a sentence: several without entity, of letters alone, not all as long as W&B's ids."""
    return (
        len(words) >= _PROSE_WORDS
        and all(re.fullmatch(r"[^\W\d_]+(/[^\W\d_]+)?", word) for word in words)
        and len({word.partition("/")[0] for word in words if "/" in word}) != 1
        and not all(len(word.rpartition("/")[2]) == _GENERATED_ID_CHARS for word in words)
    )


def _is_whole(line: str) -> bool:
    """Whether a line is one full address."""
    if line.count("://") > 1:
        return False
    try:
        RunAddress.parse(line)
    except UsageError:
        return False
    # In an address copied from a browser only the names of entity and project may contain spaces.
    return "://" not in line or not _SEPARATORS.search(line.partition("/runs/")[2])


def is_short(text: str) -> bool:
    """Whether `text` is a path that names no entity: ``run_id`` or ``project/run_id``."""
    text = text.strip().strip("/")
    return bool(text) and not as_url(text) and text.count("/") <= 1


def _from_page(path: str, text: str) -> tuple[str, str, str]:
    parts = [unquote(part) for part in path.split("/") if part]
    match parts:
        case [entity, project, "runs", run_id, *_]:
            return entity, project, run_id
        case [entity, project, "artifacts", _, name, *_] if history := re.fullmatch(
            r"run-(.+)-(?:history|events)", name
        ):
            return entity, project, history[1]
        case [_, _, "groups", *_] if "runs" in parts[3:-1]:
            return parts[0], parts[1], parts[parts.index("runs", 3) + 1]
        case [_, _] | [_, _, "runs"]:
            raise UsageError(
                f"“{shortened(text)}” is a project, not a run.", "Open one of its runs and copy that page's address."
            )
        case [_, _, kind, *_]:
            what = OTHER_PAGES.get(kind, "another kind of page")
            raise UsageError(f"“{shortened(text)}” is {what}, not a run.", f"Give {EXPECTED}.")
        case _:
            raise UsageError(f"“{shortened(text)}” is not the address of a run.", f"Give {EXPECTED}.")


def _from_path(text: str, entity: str | None, project: str | None) -> tuple[str, str, str]:
    path, _, _ = text.partition("?")
    parts = path.strip("/").split("/")
    match parts:
        case [first, second, "runs", *rest] if rest:
            return _from_page("/".join((first, second, "runs", *rest)), text)
        case [first, second, third]:
            return _decoded(first), _decoded(second), third
        case [first, second]:
            if not entity:
                raise UsageError(
                    f"“{shortened(text)}” has no entity.", "Write entity/project/run_id, or set WANDB_ENTITY."
                )
            return entity, _decoded(first), second
        case [only]:
            if not (entity and project):
                missing = "project" if entity else "entity" if project else "entity and project"
                raise UsageError(
                    f"“{shortened(text)}” has no {missing}.",
                    "Write entity/project/run_id, or set WANDB_ENTITY and WANDB_PROJECT.",
                )
            return entity, project, only
        case [first, second, kind, *_] if kind in OTHER_PAGES:
            return _from_page(path, text)
        case _:
            raise UsageError(f"“{shortened(text)}” has too many parts for a run's address.", f"Give {EXPECTED}.")


def _decoded(name: str) -> str:
    # Entities and projects contain no percent sign, so it is always URL encoding.
    return unquote(name) if "%" in name else name


def _quoted(character: str) -> str:
    return f"“{character}”" if character.isprintable() else repr(character)


def _check_entity(entity: str) -> None:
    if not entity or entity != entity.strip():
        raise UsageError("The entity's name is empty or has a space at an end.", f"Give {EXPECTED}.")
    if len(entity) > MAX_ARTIFACT_NAME:
        raise UsageError(f"The entity's name has {len(entity)} characters; W&B allows {MAX_ARTIFACT_NAME}.")
    if bad := re.search(r"[/\\#?%:]", entity) or _control_character(entity):
        raise UsageError(f"An entity's name cannot contain {_quoted(bad[0])}.", f"Give {EXPECTED}.")


def _check_project(project: str) -> None:
    if not project.strip():
        raise UsageError("The project's name is empty.", f"Give {EXPECTED}.")
    if len(project) > MAX_ARTIFACT_NAME:
        raise UsageError(f"The project's name has {len(project)} characters; W&B allows {MAX_ARTIFACT_NAME}.")
    if bad := re.search(r"[/\\#?%:]", project) or _control_character(project):
        raise UsageError(f"A project's name cannot contain {_quoted(bad[0])}.", f"Give {EXPECTED}.")


def _check_run_id(run_id: str) -> None:
    if not run_id or run_id != run_id.strip():
        raise UsageError("The run id is empty or has a space at an end.", f"Give {EXPECTED}.")
    if bad := re.search(r"[:;,#?/']", run_id) or _control_character(run_id):
        raise UsageError(f"A run id cannot contain {_quoted(bad[0])}.", f"Give {EXPECTED}.")
    if len(run_id) > MAX_RUN_ID:
        raise UsageError(
            f"The run id has {len(run_id)} characters; above {MAX_RUN_ID} a run has no history artifact.",
            "Such a run cannot be waited for: its artifact's name would be too long for W&B.",
        )


def _control_character(text: str) -> re.Match[str] | None:
    # Hundreds of stored addresses are checked at a start.
    if text.isprintable():
        return None
    found = next((c for c in text if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}), None)
    return re.search(re.escape(found), text) if found else None
