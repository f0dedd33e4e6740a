"""The root of all queries."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.exports import version_key
from wandb_tui.sandbox.resolvers.artifact import ArtifactView, CollectionView
from wandb_tui.sandbox.resolvers.paging import connection
from wandb_tui.sandbox.resolvers.people import EntityView, ServerInfoView, UserView
from wandb_tui.sandbox.resolvers.project import ProjectView

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ResolverContext


class QueryView:
    """The root of all queries. Anything that the caller may not see is null, as if it did not exist."""

    def __init__(self, context: ResolverContext) -> None:
        self._context = context

    def viewer(self) -> UserView | None:
        """The signed-in user; null for signed-out callers."""
        unknown = self._context.caller.account is None or self._context.sandbox.faults.get("viewer-null")
        return None if unknown else UserView(self._context)

    def server_info(self) -> ServerInfoView:
        """The server's features."""
        return ServerInfoView(self._context)

    def entity(self, name: str) -> EntityView | None:
        """One of the caller's entities."""
        return EntityView(self._context, name) if name in self._context.caller.entities else None

    def project(self, name: str | None = None, entity_name: str | None = None) -> ProjectView | None:
        """One project."""
        project = self._context.visible_project(entity_name, name)
        return ProjectView(self._context, project) if project else None

    def model(self, name: str | None = None, entity_name: str | None = None) -> ProjectView | None:
        """The older name of ``project``."""
        return self.project(name, entity_name)

    def models(
        self, entity_name: str | None = None, first: int | None = None, after: str | None = None, **_: Any
    ) -> Any:
        """The projects of an entity."""
        projects = self._context.visible_projects(entity_name)
        return connection([ProjectView(self._context, project) for project in projects], first=first, after=after)

    def artifact(self, id: str) -> ArtifactView | None:  # noqa: A002 - named by the API
        """A version by its opaque id."""
        return artifact_by_id(self._context, version_key(id))

    def artifact_collection(self, id: str) -> CollectionView | None:  # noqa: A002 - named by the API
        """A collection by its opaque id."""
        try:
            _, run_key, name = base64.b64decode(id).decode().split(":", 2)
            run = self._context.sandbox.state.run_by_key(int(run_key))
        except ValueError:
            return None
        found = run and self._context.caller.may_see(run.project)
        return CollectionView.find(self._context, run.project, name) if run and found else None

    def organization(self, name: str) -> dict[str, Any] | None:
        """There are no organisations here, and so none of their features."""
        return {"id": name, "name": name, "feature_flags": []} if name in self._context.caller.entities else None


def artifact_by_id(context: ResolverContext, key: int) -> ArtifactView | None:
    """The version that the database knows by this key, if the caller may see it."""
    version = context.sandbox.exports.version_by_key(key)
    run = context.sandbox.state.run_by_key(version.run) if version else None
    if version is None or run is None or not context.caller.may_see(run.project):
        return None
    visible = context.sandbox.exports.versions(run, version.collection)
    return ArtifactView(context, CollectionView(context, run, visible), version) if version in visible else None
