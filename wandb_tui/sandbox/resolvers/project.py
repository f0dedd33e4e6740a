"""Projects and their contents."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.exports import EVENTS_TYPE, HISTORY_TYPE
from wandb_tui.sandbox.resolvers.artifact import (
    ArtifactTypeView,
    CollectionView,
    MembershipView,
    collections,
    split_name,
)
from wandb_tui.sandbox.resolvers.context import timestamp
from wandb_tui.sandbox.resolvers.filters import matches, ordered
from wandb_tui.sandbox.resolvers.paging import connection
from wandb_tui.sandbox.resolvers.people import EntityView, UserView
from wandb_tui.sandbox.resolvers.run import RunView

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.artifact import ArtifactView
    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Project, Run


class SweepView:
    """A sweep, as known from its runs."""

    def __init__(self, name: str, runs: list[Run]) -> None:
        running = any(run.live_state == "running" for run in runs)
        self.id = base64.b64encode(f"Sweep:v1:{name}:{runs[0].project.name}:{runs[0].project.entity}".encode()).decode()
        self.name = name
        self.display_name = None
        self.method = "random"
        self.state = "RUNNING" if running else "FINISHED"
        self.description = None
        self.best_loss = None
        self.config = "method: random\n"
        self.created_at = timestamp(min(run.created_at for run in runs))
        self.updated_at = timestamp(max(run.heartbeat_at for run in runs))
        self.run_count = len(runs)
        self.run_count_expected = None


class ProjectView:
    """A project that the caller may see."""

    def __init__(self, context: ResolverContext, project: Project) -> None:
        self._context = context
        self._project = project
        self.id = base64.b64encode(f"Project:v1:{project.name}:{project.entity}".encode()).decode()
        self.internal_id = base64.b64encode(f"ProjectInternalId:{project.key}".encode()).decode()
        self.name = project.name
        self.entity_name = project.entity
        self.description = None
        self.created_at = timestamp(project.created_at)
        self.is_benchmark = False
        self.access = "USER_READ" if project.public else "PRIVATE"
        self.views = None

    def entity(self) -> EntityView:
        """The entity that owns it."""
        return EntityView(self._context, self.entity_name)

    def user(self) -> UserView:
        """The user who made it."""
        return UserView(self._context)

    def read_only(self) -> bool:
        """Whether the caller has read access only."""
        return self._project.entity not in self._context.caller.entities

    # Sweeps

    def total_sweeps(self) -> int:
        """The number of sweeps."""
        return len(self._sweeps())

    def sweeps(self, filters: str | None = None, **page: Any) -> dict[str, Any]:
        """The sweeps, newest first; filters are not supported, as on older servers."""
        del filters
        return connection(list(reversed(self._sweeps().values())), **page)

    def sweep(self, sweep_name: str) -> SweepView | None:
        """One sweep by its id."""
        return self._sweeps().get(sweep_name)

    def _sweeps(self) -> dict[str, SweepView]:
        """A sweep exists if a run names it; there are no agents here that could start one."""
        found: dict[str, list[Run]] = {}
        for run in self._context.sandbox.state.runs(self._project):
            if run.sweep:
                found.setdefault(run.sweep, []).append(run)
        return {name: SweepView(name, runs) for name, runs in found.items()}

    # Runs

    def run(self, name: str) -> RunView | None:
        """One run by its id."""
        run = self._context.visible_run(self._project, name)
        return RunView(self._context, run) if run else None

    def bucket(self, name: str, missing_ok: bool | None = None) -> RunView | None:
        """The older name of ``run``; without ``missingOk`` a missing run is an error."""
        found = self.run(name)
        if found is None and not missing_ok:
            raise LookupError(f"could not find run {self.entity_name}/{self.name}/{name}")
        return found

    def run_count(self, filters: str | None = None) -> int:
        """The number of runs that meet the filters."""
        return len(self._filtered(filters))

    def total_runs(self) -> int:
        """The number of runs."""
        return len(self._filtered(None))

    def runs(
        self,
        filters: str | None = None,
        order: str | None = None,
        **page: Any,
    ) -> dict[str, Any]:
        """The runs that meet the filters, in order, one page of them."""
        page.pop("before", None)
        page.pop("last", None)
        since = _since(filters, order)
        if since is not None and self._context.sandbox.faults.get("feed-runs-silent") is None:
            return self._latest(since, **page)
        found = ordered(self._filtered(filters), order)
        return connection([RunView(self._context, run) for run in found], **page)

    def _latest(self, since: float, **page: Any) -> dict[str, Any]:
        """One page of the runs with a heartbeat since a time: of thousands, the others need not be read."""
        state = self._context.sandbox.state
        found = connection(state.keys_by_heartbeat(self._project, since), **page)
        for edge in found["edges"]:
            run = state.run_by_key(edge["node"])
            edge["node"] = RunView(self._context, run) if run else None
        return found

    def _filtered(self, filters: str | None) -> list[Run]:
        wanted = json.loads(filters) if filters else {}
        runs = self._context.sandbox.state.runs(self._project)
        if self._context.sandbox.faults.get("feed-runs-silent") is not None:
            runs = [replace(run, heartbeat_at=run.created_at) for run in runs]
        return [run for run in runs if matches(run, wanted)]

    # Artifacts

    def artifact_collection_membership(self, name: str) -> MembershipView | None:
        """The version that ``collection:alias`` means."""
        if self._context.sandbox.faults.get("membership-null"):
            collection, alias = split_name(name)
            found = CollectionView.find(self._context, self._project, collection)
            hidden = (
                found and found.artifact_membership(alias) and self._context.sandbox.faults.strike("membership-null")
            )
            if hidden:
                return None
        collection, alias = split_name(name)
        view = CollectionView.find(self._context, self._project, collection)
        return view.artifact_membership(alias) if view else None

    def artifact(self, name: str, enable_tracking: bool | None = None) -> ArtifactView | None:
        """The same for older SDKs."""
        del enable_tracking
        membership = self.artifact_collection_membership(name)
        return membership.artifact() if membership else None

    def artifact_collection(self, name: str) -> CollectionView | None:
        """All versions under one name."""
        return CollectionView.find(self._context, self._project, name)

    def artifact_collections(self, first: int | None = None, after: str | None = None, **_: Any) -> dict[str, Any]:
        """Every collection of the project."""
        return connection(collections(self._context, self._project), first=first, after=after)

    def artifact_type(self, name: str) -> ArtifactTypeView | None:
        """A type of artifact in this project."""
        known = name in (HISTORY_TYPE, EVENTS_TYPE)
        return ArtifactTypeView(self._context, self._project, name) if known else None

    def artifact_types(self, **page: Any) -> dict[str, Any]:
        """Every type that occurs here."""
        found = {collection.type for collection in collections(self._context, self._project)}
        return connection([ArtifactTypeView(self._context, self._project, name) for name in sorted(found)], **page)


def _since(filters: str | None, order: str | None) -> float | None:
    """The time that a query for the latest heartbeats names, 0 for none; None for another query."""
    wanted = json.loads(filters) if filters else {}
    condition = wanted.pop("heartbeatAt", {"$gte": None})
    if order != "-heartbeat_at" or wanted or not isinstance(condition, dict) or set(condition) != {"$gte"}:
        return None
    since = condition["$gte"]
    return datetime.fromisoformat(since).timestamp() if since else 0.0
