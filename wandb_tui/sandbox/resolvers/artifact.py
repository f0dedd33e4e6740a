"""History artifacts: collections, versions, memberships and files."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.exports import artifact_id
from wandb_tui.sandbox.resolvers.context import timestamp
from wandb_tui.sandbox.resolvers.filters import fits
from wandb_tui.sandbox.resolvers.paging import connection

if TYPE_CHECKING:
    from wandb_tui.sandbox.exports import ExportFile, Version
    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Project, Run

_LATEST = "latest"
_REPEATED = 20
"""Entries of a page that repeats the first one."""


def split_name(name: str) -> tuple[str, str]:
    """``collection:alias``, or the collection alone, which means its latest version."""
    collection, _, alias = name.partition(":")
    return collection, alias or _LATEST


class CollectionView:
    """The versions of one run's history under one name."""

    def __init__(self, context: ResolverContext, run: Run, versions: list[Version]) -> None:
        self._context = context
        self._run = run
        self._versions = versions
        self.name = versions[0].collection
        self.type = versions[0].type
        self.id = _identifier("ArtifactCollection", f"{run.key}:{self.name}")
        self.description = None
        self.state = "READY"
        self.digest_algorithm = "MD5"
        self.created_at = timestamp(versions[0].started_at)
        self.updated_at = timestamp(versions[-1].visible_at)

    @classmethod
    def find(cls, context: ResolverContext, project: Project, name: str) -> CollectionView | None:
        """The collection of this name; None without a version."""
        exports = context.sandbox.exports
        if context.sandbox.faults.get("history-elsewhere"):
            return None
        for run_name in exports.run_names_of(name):
            run = context.sandbox.state.run(project, run_name)
            versions = exports.versions(run, name) if run else []
            if run and versions:
                return cls(context, run, versions)
        return None

    @classmethod
    def of_run(cls, context: ResolverContext, run: Run) -> list[CollectionView]:
        """The collections that hold one run's history."""
        found = [context.sandbox.exports.versions(run, name) for name in context.sandbox.exports.names_of(run)]
        return [cls(context, run, versions) for versions in found if versions]

    def project(self) -> object:
        """Its project."""
        if elsewhere := self._context.sandbox.faults.get("history-elsewhere"):
            state, entity = self._context.sandbox.state, self._run.project.entity
            return self._context.view(state.ensure_project(entity, elsewhere.text("project"))[0])
        return self._context.view(self._run.project)

    def default_artifact_type(self) -> ArtifactTypeView:
        """Its type."""
        return ArtifactTypeView(self._context, self._run.project, self.type)

    def tags(self) -> dict[str, Any]:
        """No tags here."""
        return connection([])

    def aliases(self, **page: Any) -> dict[str, Any]:
        """All aliases of all its versions."""
        return connection([alias for version in self._versions for alias in self.aliases_of(version)], **page)

    def artifacts(self, first: int | None = None, after: str | None = None, **_: Any) -> dict[str, Any]:
        """The versions, newest first."""
        views = [ArtifactView(self._context, self, version) for version in reversed(self._versions)]
        page = connection(views, first=first, after=after)
        for edge in page["edges"]:
            edge["version"] = f"v{edge['node'].version_index}"
        return page

    def artifact_membership(self, alias_name: str) -> MembershipView | None:
        """The version that an alias or a version's name means."""
        for version in reversed(self._versions):
            if alias_name in (f"v{version.number}", *self._names(version)):
                return MembershipView(self._context, self, version)
        return None

    def run(self) -> object:
        """The run whose history it is."""
        return self._context.view(self._run)

    def aliases_of(self, version: Version) -> list[dict[str, Any]]:
        """The aliases of one version: ``latest`` for the newest."""
        return [
            {"id": _identifier("ArtifactAlias", f"{self.name}:{name}"), "alias": name, "artifact_collection": self}
            for name in self._names(version)
        ]

    def _names(self, version: Version) -> list[str]:
        faults = self._context.sandbox.faults
        latest = self._versions[0 if faults.get("latest-stays-behind") else -1].number
        return [_LATEST] if version.number == latest and not faults.get("no-latest-alias") else []


class MembershipView:
    """The membership of a version in a collection."""

    def __init__(self, context: ResolverContext, collection: CollectionView, version: Version) -> None:
        self._context = context
        self._version = version
        self.artifact_collection = collection
        self.id = _identifier("ArtifactCollectionMembership", str(version.key))
        self.version_index = version.number
        self.created_at = timestamp(version.visible_at)
        self.aliases = collection.aliases_of(version)

    def artifact(self) -> ArtifactView:
        """The version itself."""
        return ArtifactView(self._context, self.artifact_collection, self._version)

    def files(self, **arguments: Any) -> dict[str, Any]:
        """The version's files."""
        return self.artifact().files(**arguments)


class ArtifactView:
    """One version of a history artifact."""

    def __init__(self, context: ResolverContext, collection: CollectionView, version: Version) -> None:
        self._context = context
        self._version = version
        self._files = context.sandbox.exports.files(version)
        self.artifact_sequence = collection
        self.id = artifact_id(version.key)
        self.version_index = version.number
        self.description = None
        self.metadata = "{}"
        self.ttl_duration_seconds = None if context.sandbox.faults.get("ttl-null") else -1
        self.ttl_is_inherited = True
        self.tags: list[Any] = []
        self.history_step = None
        self.state = "COMMITTED"
        self.size = sum(file.size for file in self._files)
        self.digest = hashlib.md5("".join(file.md5 for file in self._files).encode(), usedforsecurity=False).hexdigest()
        self.digest_algorithm = "MANIFEST_MD5"
        self.commit_hash = self.digest[:20]
        self.file_count = len(self._files)
        self.created_at = timestamp(version.visible_at)
        self.updated_at = self.created_at

    def artifact_type(self) -> ArtifactTypeView:
        """Its type."""
        return self.artifact_sequence.default_artifact_type()

    def aliases(self) -> list[dict[str, Any]]:
        """Its aliases."""
        return self.artifact_sequence.aliases_of(self._version)

    def created_by(self) -> object:
        """The run whose history it is."""
        return self.artifact_sequence.run()

    def used_by(self) -> dict[str, Any]:
        """Nothing used it."""
        return connection([])

    def current_manifest(self) -> dict[str, Any]:
        """The address of the list of its files."""
        url = self._context.sandbox.storage.manifest_url(self._context.origin, self._version.key)
        file = {"id": _identifier("File", self.id), "name": "wandb_manifest.json", "direct_url": url, "url": url}
        return {"id": _identifier("ArtifactManifest", str(self._version.key)), "digest": self.digest, "file": file}

    def files(
        self, names: list[str] | None = None, first: int | None = None, after: str | None = None
    ) -> dict[str, Any]:
        """Its files, or those of these names."""
        wanted = [file for file in self._files if not names or any(fnmatch.fnmatch(file.name, name) for name in names)]
        return connection([self._file(file) for file in wanted], first=first, after=after)

    def files_by_manifest_entries(
        self,
        entries: list[dict[str, Any]] | None = None,
        first: int | None = None,
        after: str | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Its files as the SDK's downloader asks for them."""
        names = [entry["name"] for entry in entries or []]
        wanted = [self._file(file) for file in self._files if file.name in names]
        return connection(wanted, first=len(wanted) if first is None else first, after=after)

    def _file(self, file: ExportFile) -> dict[str, Any]:
        url = self._context.sandbox.storage.export_file_url(self._context.origin, file)
        return {
            "id": _identifier("File", f"{file.owner}:{file.name}"),
            "name": file.name,
            "display_name": file.name,
            "url": url,
            "direct_url": url,
            "size_bytes": file.size,
            "storage_path": None,
            "mimetype": "application/vnd.apache.parquet",
            "updated_at": self.created_at,
            "digest": self._listed_digest(file),
            "md5": file.md5,
        }

    def _listed_digest(self, file: ExportFile) -> str | None:
        """A file's digest, or what a fault makes of it."""
        fault = self._context.sandbox.faults.get("file-digests")
        if fault is None:
            return file.md5
        other = hashlib.md5(file.md5.encode(), usedforsecurity=False).digest()
        return None if fault.text("listed") == "none" else base64.b64encode(other).decode()


class ArtifactTypeView:
    """A type of artifacts in one project."""

    def __init__(self, context: ResolverContext, project: Project, name: str) -> None:
        self._context = context
        self._project = project
        self.id = _identifier("ArtifactType", f"{project.key}:{name}")
        self.name = name
        self.description = None
        self.created_at = timestamp(project.created_at)

    def artifact_collection(self, name: str) -> CollectionView | None:
        """One collection of this type."""
        found = CollectionView.find(self._context, self._project, name)
        return found if found and found.type == self.name else None

    def artifact_collections(
        self,
        first: int | None = None,
        after: str | None = None,
        filters: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """The collections of this type that meet the filters, in order."""
        if order is not None and not filters:
            return CollectionFeed(self._context, self._project, self.name).page(order, first=first, after=after)
        found = [one for one in collections(self._context, self._project) if one.type == self.name]
        wanted = json.loads(filters) if filters else {}
        found = [one for one in found if all(fits(getattr(one, key), value) for key, value in wanted.items())]
        if order is not None:
            found.sort(key=lambda one: str(getattr(one, order.lstrip("+-"))), reverse=order.startswith("-"))
        return connection(found, first=first, after=after)


class CollectionFeed:
    """The collections of one type in a project by their time, of thousands only one page; with the faults of feeds."""

    def __init__(self, context: ResolverContext, project: Project, kind: str) -> None:
        self._context = context
        self._project = project
        self._kind = kind
        self._faults = context.sandbox.faults

    def page(self, order: str, *, first: int | None, after: str | None) -> dict[str, Any]:
        """One page.

        Raises:
            ValueError: They cannot be put into this order.
            PermissionError: A fault refuses the list.
        """
        refused = self._faults.get("feed-refused")
        if refused and refused.text("project") == self._project.name:
            raise PermissionError("permission denied")
        if order.lstrip("+-") != "updated_at":
            raise ValueError(f"collections cannot be ordered by {order}")
        exported = self._context.sandbox.exports.exported(self._project, self._kind)
        newest_first = order.startswith("-") and self._faults.get("feed-unordered") is None
        keys = sorted(exported, key=lambda key: (self._time(key, exported[key]), key), reverse=newest_first)
        if after is not None and self._faults.get("feed-repeats"):
            first, after = _REPEATED, None
        page = connection(keys, first=first, after=after)
        lists = self._faults.strike("feed-clock-back")
        back = lists.number("seconds") if lists and lists.struck > lists.whole("lists") else 0.0
        for edge in page["edges"]:
            key = edge["node"]
            edge["node"] = self._view(key)
            edge["node"].updated_at = timestamp(self._time(key, exported[key]) - back)
        return page

    def _view(self, key: int) -> CollectionView:
        run = self._context.sandbox.state.run_by_key(key)
        views = CollectionView.of_run(self._context, run) if run else []
        return next(view for view in views if view.type == self._kind)

    def _time(self, key: int, newest: float) -> float:
        if self._faults.get("feed-silent") is None:
            return newest
        run = self._context.sandbox.state.run_by_key(key)
        return run.created_at if run else newest


def collections(context: ResolverContext, project: Project) -> list[CollectionView]:
    """Every collection of a project that has a version."""
    return [found for run in context.sandbox.state.runs(project) for found in CollectionView.of_run(context, run)]


def _identifier(kind: str, key: str) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()
