"""The mutations: requests that change the sandbox's state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.exports import version_key
from wandb_tui.sandbox.resolvers.context import RefusedError
from wandb_tui.sandbox.resolvers.forks import branch_point, inherit, parent_for, rewind
from wandb_tui.sandbox.resolvers.project import ProjectView
from wandb_tui.sandbox.resolvers.query import artifact_by_id
from wandb_tui.sandbox.resolvers.run import RunView, parse_run_id, run_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Project, Run

_COLUMNS = {
    "display_name": "display_name",
    "notes": "notes",
    "description": "description",
    "group_name": "run_group",
    "job_type": "job_type",
    "job_program": "program",
    "program": "program",
    "host": "host",
    "commit": "git_commit",
    "sweep": "sweep",
    "tags": "tags",
}


class MutationView:
    """The root of all mutations. Signed-out callers are refused."""

    def __init__(self, context: ResolverContext) -> None:
        self._context = context

    def upsert_bucket(self, **arguments: Any) -> dict[str, Any]:
        """Begin a run, resume it, fork it, or change what is known of it."""
        self._require_member()
        fields = arguments["input"]
        config = json.loads(fields["config"]) if fields.get("config") else None
        found = self._existing(fields)
        if found is not None:
            run, inserted = found, False
        else:
            run, inserted = self._begin(fields, config or {}), True
        self._write(run, fields, config)
        fresh = self._context.sandbox.state.run_by_key(run.key)
        return {
            "bucket": RunView(self._context, fresh) if fresh else None,
            "inserted": inserted,
            "server_settings": {"server_messages": []},
        }

    def upsert_model(self, **arguments: Any) -> dict[str, Any]:
        """Make a project or change who may see it."""
        self._require_member()
        fields = arguments["input"]
        project, inserted = self._project(fields.get("entity_name"), fields.get("name"))
        if access := fields.get("access"):
            public = access in ("USER_READ", "USER_WRITE", "PUBLIC")
            self._context.sandbox.state.set_public(project.entity, project.name, public=public)
        view = ProjectView(self._context, project)
        return {"project": view, "model": view, "inserted": inserted}

    def create_run_files(self, **arguments: Any) -> dict[str, Any]:
        """Addresses to upload files to."""
        run = self._run(arguments["input"])
        storage, origin = self._context.sandbox.storage, self._context.origin
        files = [
            {"id": f"{run.key}:{name}", "name": name, "upload_url": storage.run_file_url(origin, run, name)}
            for name in arguments["input"]["files"]
        ]
        return {"run_id": run_id(run), "upload_headers": [], "files": files}

    def mark_run_files_uploaded(self, **arguments: Any) -> dict[str, Any]:
        """Files that were uploaded are known already."""
        self._run(arguments["input"])
        return {"success": True}

    def stop_run(self, **arguments: Any) -> dict[str, Any]:
        """Mark a run as killed."""
        run = self._run_by_id(arguments["input"]["id"])
        self._context.sandbox.state.update_run(run, state="killed")
        return {"success": True}

    def delete_run(self, **arguments: Any) -> dict[str, Any]:
        """Forget a run and its exports."""
        run = self._run_by_id(arguments["input"]["id"])
        self._context.sandbox.histories.forget(run)
        self._context.sandbox.state.delete_run(run)
        return {"client_mutation_id": None}

    def rewind_run(self, **arguments: Any) -> dict[str, Any]:
        """Cut a run's history after a step, so that logging continues from there under the same id."""
        self._require_member()
        fields = arguments["input"]
        if fields["metric_name"] != "_step":
            raise RefusedError(400, f"cannot rewind to a value of {fields['metric_name']}")
        project = self._context.visible_project(fields.get("entity_name"), fields.get("project_name"))
        run = self._context.sandbox.state.run(project, fields["run_name"]) if project else None
        if run is None:
            raise RefusedError(404, f"could not find run {fields['run_name']} to rewind")
        rewind(self._context, run, int(fields["metric_value"]))
        fresh = self._context.sandbox.state.run_by_key(run.key)
        return {"rewound_run": RunView(self._context, fresh) if fresh else None}

    def update_artifact(self, **arguments: Any) -> dict[str, Any]:
        """History artifacts belong to the server; changes are taken and not kept."""
        self._require_member()
        return {"artifact": artifact_by_id(self._context, version_key(arguments["input"]["artifact_id"]))}

    def notify_scriptable_run_alert(self, **arguments: Any) -> dict[str, Any]:
        """Accept an alert and drop it."""
        self._run(arguments["input"])
        return {"success": True}

    def _existing(self, fields: Mapping[str, Any]) -> Run | None:
        """The run that is meant, if there is one."""
        state = self._context.sandbox.state
        if identifier := fields.get("id"):
            return self._run_by_id(identifier)
        project, _ = self._project(fields.get("entity_name"), fields.get("model_name"))
        return state.run(project, str(fields.get("name") or ""))

    def _begin(self, fields: Mapping[str, Any], config: dict[str, Any]) -> Run:
        """A new run, forked if the configuration says so."""
        project, _ = self._project(fields.get("entity_name"), fields.get("model_name"))
        point = branch_point(config)
        parent = parent_for(self._context, project, point) if point else None
        state = self._context.sandbox.state
        run = state.create_run(project, str(fields.get("name") or ""), fields.get("display_name"))
        if parent and point:
            inherit(self._context, parent, run, point[1])
        return run

    def _write(self, run: Run, fields: Mapping[str, Any], config: dict[str, Any] | None) -> None:
        """Write what the request tells about the run."""
        columns = {column: fields[name] for name, column in _COLUMNS.items() if fields.get(name) is not None}
        if config is not None:
            # The public API writes a configuration without the SDK's own part, which must not get lost by that.
            own = {"_wandb": run.config["_wandb"]} if "_wandb" in run.config else {}
            columns["config"] = own | config
        if fields.get("summary_metrics") is not None:
            columns["summary"] = json.loads(fields["summary_metrics"])
        # A run that is being logged names itself; the public API, which only edits, sends nothing but the opaque id.
        if fields.get("state") or fields.get("name"):
            columns |= {"state": fields.get("state") or "running", "finished_at": None, "exit_code": None}
        self._context.sandbox.state.update_run(run, **columns)

    def _project(self, entity: str | None, name: str | None) -> tuple[Project, bool]:
        """The project to write to, made if need be; only the account's own entities have room for one."""
        entity = entity or self._context.sandbox.account.entity
        if entity not in self._context.caller.entities:
            raise RefusedError(404, f"entity {entity} not found, or it is not yours to write to")
        return self._context.sandbox.state.ensure_project(entity, name or "uncategorized")

    def _run(self, fields: Mapping[str, Any]) -> Run:
        """The run that a request about its files names."""
        self._require_member()
        project = self._context.visible_project(fields["entity_name"], fields["project_name"])
        run = self._context.sandbox.state.run(project, fields["run_name"]) if project else None
        if run is None:
            raise RefusedError(404, "run not found")
        return run

    def _run_by_id(self, identifier: str) -> Run:
        self._require_member()
        entity, project_name, name = parse_run_id(identifier)
        project = self._context.visible_project(entity, project_name) if name else None
        run = self._context.sandbox.state.run(project, name) if project else None
        if run is None:
            raise RefusedError(404, "run not found")
        return run

    def _require_member(self) -> None:
        if self._context.caller.account is None:
            raise RefusedError(401, "user is not logged in")
