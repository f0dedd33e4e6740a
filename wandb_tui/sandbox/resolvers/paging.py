"""Lists as GraphQL connections: a page of edges, and the cursor of the next."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PAGE_SIZE = 50


def connection(nodes: Sequence[Any], *, first: int | None = None, after: str | None = None) -> dict[str, Any]:
    """The page of ``first`` nodes that comes after the cursor ``after``."""
    start = _position(after)
    end = start + (DEFAULT_PAGE_SIZE if first is None else max(0, first))
    edges = [{"node": node, "cursor": _cursor(start + index + 1)} for index, node in enumerate(nodes[start:end])]
    page = {
        "start_cursor": edges[0]["cursor"] if edges else None,
        "end_cursor": edges[-1]["cursor"] if edges else None,
        "has_next_page": end < len(nodes),
        "has_previous_page": start > 0,
    }
    return {"edges": edges, "page_info": page, "total_count": len(nodes)}


def _cursor(position: int) -> str:
    return base64.b64encode(f"cursor:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    """The position of a cursor; 0 for an unknown one."""
    try:
        return int(base64.b64decode(cursor or "").decode().partition(":")[2] or 0)
    except ValueError:
        return 0
