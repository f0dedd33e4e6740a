"""Renders the page templates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("wandb_tui.sandbox"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from its template; the header of each needs ``account``."""
    sandbox: SandboxContext = request.app.state.sandbox
    defaults: dict[str, Any] = {"account": None, "here": request.url.path, "error": None}
    text = _templates().get_template(template).render(defaults | values, sign_in=sandbox.config.sign_in)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
