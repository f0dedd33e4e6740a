"""Changes the user's ``settings.toml``, and leaves all else in it as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_tui.core.errors import UsageError
from wandb_tui.core.saved_view import SavedView
from wandb_tui.services.disk.paths import private_folder

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table


def save_views(path: Path, views: Sequence[SavedView]) -> None:
    """Replace the ``[[views]]`` sections. Settings at their defaults are left out.

    Raises:
        UsageError: The file cannot be read or written, or is not valid TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        # A link, as those who keep their settings under version control have, stays one.
        target = path.resolve()
        text = target.read_text(encoding="utf-8-sig") if target.exists() else ""
        document = tomlkit.parse(text)
        _put(document, views)
        private_folder(target.parent)
        new = target.with_name(f".{target.name}.new")
        new.write_text(tomlkit.dumps(document), encoding="utf-8")
        if target.exists():
            new.chmod(target.stat().st_mode & 0o777)
        new.replace(target)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from None
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Correct it, then save the view again.") from None


def _put(document: TOMLDocument, views: Sequence[SavedView]) -> None:
    import tomlkit

    sections = tomlkit.aot()
    for view in views:
        sections.append(_section(view))
    if views:
        document["views"] = sections
    else:
        document.pop("views", None)


def _section(view: SavedView) -> Table:
    import tomlkit

    section = tomlkit.table()
    for field in fields(SavedView):
        value = getattr(view, field.name)
        if value != field.default:
            section[field.name] = list(value) if isinstance(value, tuple) else value
    return section
