"""The account, its entity, and the server's features."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.account import FULL_NAME
from wandb_tui.sandbox.resolvers.paging import connection

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ResolverContext

FEED_FEATURE = "ARTIFACT_COLLECTIONS_FILTERING_SORTING"
"""Collections may be listed in an order, or those that meet a filter."""

FEATURES = (
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    FEED_FEATURE,
)
"""The server features that the SDK may use here."""


class UserView:
    """A user: the account itself, or its name and nothing more."""

    def __init__(self, context: ResolverContext) -> None:
        account = context.sandbox.account
        self._context = context
        service = context.sandbox.faults.get("service-account") is not None
        self.id = _identifier("User", account.username)
        self.name = "Robot" if service else FULL_NAME
        self.username = f"service-{account.username}" if service else account.username
        self.email = None if service else account.email
        self.entity = account.entity
        self.admin = False
        self.flags = "{}"
        self.account_type = "SERVICE" if service else "MEMBER"
        self.photo_url = None
        self.deleted_at = None

    def default_entity(self) -> EntityView:
        """The default entity."""
        return EntityView(self._context, self.entity)

    def teams(self, **page: Any) -> dict[str, Any]:
        """The entities that the user belongs to."""
        return connection([EntityView(self._context, self.entity)], **page)

    def api_keys(self) -> dict[str, Any]:
        """The account's keys by name; never the keys themselves."""
        key = {"id": _identifier("ApiKey", "1"), "name": "first key", "description": None}
        return connection([key])


class EntityView:
    """A team or a user's own space."""

    def __init__(self, context: ResolverContext, name: str) -> None:
        self._context = context
        self.id = _identifier("Entity", name)
        self.name = name
        self.available = False
        self.is_team = name == context.sandbox.account.entity
        self.entity_type = "team" if self.is_team else "user"
        self.read_only = False
        self.default_access = "PRIVATE"
        self.is_paid = True
        self.organization = None
        self.xxhash_digests_enabled = False

    def user(self) -> UserView | None:
        """The user whose own space this is."""
        return None if self.is_team else UserView(self._context)

    def projects(self, **page: Any) -> dict[str, Any]:
        """The entity's projects that the caller may see."""
        return connection([self._context.view(one) for one in self._context.visible_projects(self.name)], **page)


class ServerInfoView:
    """The server's features."""

    latest_local_version_info = None
    cli_version_info: dict[str, str] = {"max_cli_version": "99.0.0", "min_cli_version": "0.10.0"}  # noqa: RUF012

    def __init__(self, context: ResolverContext) -> None:
        older = context.sandbox.faults.get("no-feed") is not None
        names = [name for name in FEATURES if not (older and name == FEED_FEATURE)]
        self.features = tuple({"name": name, "is_enabled": True} for name in names)


def _identifier(kind: str, key: str) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()
