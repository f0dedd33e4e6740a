"""Brings pages and pictures that stand outside ``docs/`` into the documentation (a hook of mkdocs)."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {"changelog.md": "CHANGELOG.md", "examples.md": "examples/README.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    outside = {page: ROOT / source for page, source in PAGES.items()}
    outside |= {f"screenshots/{path.name}": path for path in (ROOT / "screenshots").glob("*.svg")}
    for name, path in outside.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Point at the places that the pictures and pages from outside have in the built documentation."""
    return markdown.replace("../screenshots/", "screenshots/").replace("../examples/README.md", "examples.md")
