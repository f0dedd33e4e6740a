"""Tells all about one run, part by part. Nothing is remembered here but what a server has shown not to know."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import MetricSeries, RunFacts, VersionCoverage, Versions
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.core.probe import Coverage, Probe, ProbeOutcome
from wandb_tui.services.wandb_api.coverage import NO_PYARROW, verified
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply
from wandb_tui.services.wandb_api.probe_query import (
    HISTORY_TYPE,
    ONLY_COMMITTED,
    Dialect,
    ProbeRequest,
    compose,
    compose_files,
    interpret,
    read_files,
)
from wandb_tui.services.wandb_api.response import error_of, json_object
from wandb_tui.services.wandb_api.run_queries import (
    CURVES,
    FACTS,
    VERSIONS,
    read_curves,
    read_facts,
    read_versions,
    spec,
    unknown_fields,
    without,
)
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles

PAGE = 20
"""So many versions are listed; the newest ones."""

_NO_FILES = "the server names no files of it"
_UNKNOWN_TO_SERVER = "the server does not tell"


class GraphQLInspector:
    """Fulfils `ui.runtime.ports.Inspector`; each question that is under way has a connection of its own."""

    def __init__(self, client: Callable[[], GraphQL], files: StepFiles) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Makes a way to the server.
            files: Reads which steps exported files hold.
        """
        self._make = client
        self._files = files
        self._idle: queue.SimpleQueue[GraphQL] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._dialect = Dialect()

    def facts(self, run: RunAddress) -> RunFacts:
        """The run itself, its summary, and what it has logged."""
        query, untold = FACTS, list[str]()
        while True:
            reply = self._ask(query, _named(run))
            unknown = unknown_fields(query, reply)
            if not unknown:
                break
            untold += unknown
            query = without(query, unknown)
        return read_facts(_run(_project(run, reply, partial=True), run), untold)

    def versions(self, run: RunAddress) -> Versions:
        """The newest versions of its history artifact."""
        variables = {
            "entity": run.entity,
            "project": run.project,
            "type": HISTORY_TYPE,
            "collection": run.collection,
            "perPage": PAGE,
            "filters": ONLY_COMMITTED,
        }
        query = VERSIONS
        while True:
            reply = self._ask(query, variables)
            unknown = unknown_fields(query, reply)
            if not unknown:
                return read_versions(_project(run, reply))
            query = without(query, unknown)

    def covered(self, run: RunAddress, versions: Sequence[int]) -> Mapping[int, VersionCoverage]:
        """What the server tells of the newest one, and what the files of each hold."""
        if not versions:
            return {}
        probe = self._probe(run)
        newest = probe.artifact.version if probe.artifact else None
        return {
            version: _merge(covers, probe.coverage if version == newest else None)
            for version, covers in self._by_files(run, versions)
        }

    def curves(self, run: RunAddress, metrics: Sequence[str]) -> list[MetricSeries]:
        """A sample of each of these metrics."""
        if not metrics:
            return []
        reply = self._ask(CURVES, {**_named(run), "specs": [spec(metric) for metric in metrics]})
        return read_curves(_run(_project(run, reply), run), metrics)

    def close(self) -> None:
        """Close the connections; those in use are closed by whoever uses them."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _ask(self, query: str, variables: Mapping[str, object]) -> Reply:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._make()
        try:
            return client.execute(query, variables)
        finally:
            self._idle.put(client)
            if self._closed.is_set():
                self.close()

    def _probe(self, run: RunAddress) -> Probe:
        """What a monitor's question with coverage would be answered, in words that the server understands."""
        question = [ProbeRequest(run, coverage=True)]
        while True:
            reply = _answered(self._ask(*compose(question, self._dialect)))
            simpler = self._dialect.simpler(reply)
            if simpler is None or not simpler.plain:
                return interpret(question, reply)[0]
            self._dialect = simpler

    def _by_files(self, run: RunAddress, versions: Sequence[int]) -> Iterator[tuple[int, VersionCoverage]]:
        if not self._files.usable:
            yield from ((version, VersionCoverage(why_not=NO_PYARROW)) for version in versions)
            return
        reply = _answered(self._ask(*compose_files([(run, version) for version in versions])))
        for number, version in enumerate(versions):
            yield version, self._read(read_files(reply, number))

    def _read(self, urls: Sequence[str]) -> VersionCoverage:
        if not urls:
            return VersionCoverage(why_not=_NO_FILES)
        try:
            return VersionCoverage(self._files.read(urls).last)
        except StepFileError as error:
            return VersionCoverage(why_not=str(error))


def _answered(reply: Reply) -> Reply:
    """The reply, if it is one: what a server does not understand is an answer, too."""
    if reply.problem in {ProbeOutcome.UNAUTHORIZED, ProbeOutcome.UNAVAILABLE}:
        raise error_of(reply, again="r")
    return reply


def _merge(files: VersionCoverage, claimed: Coverage | None) -> VersionCoverage:
    """The coverage of a version by its files, else by the server's word, which there is for the newest one only."""
    if claimed is None:
        return files
    if files.last is None:
        return VersionCoverage(
            claimed.covered,
            claimed.complete,
            "" if claimed.covered is not None else files.why_not or _UNKNOWN_TO_SERVER,
        )
    found = verified(claimed, files.last)
    return VersionCoverage(found.covered, found.complete)


def _named(run: RunAddress) -> dict[str, str]:
    return {"entity": run.entity, "project": run.project, "name": run.run_id}


def _project(run: RunAddress, reply: Reply, *, partial: bool = False) -> dict[str, Any]:
    """The project as answered; with `partial`, an answer with holes is one as well, if the run is in it."""
    project = (reply.data or {}).get("project")
    whole = not reply.errors or (partial and bool(json_object(project).get("run")))
    if reply.problem is not None or not whole:
        raise error_of(reply, again="r")
    if not isinstance(project, dict):
        raise RunNotFoundError(f"There is no project {run.project_path}, or this API key may not see it.")
    return project


def _run(project: dict[str, Any], run: RunAddress) -> dict[str, Any]:
    found = project.get("run")
    if not isinstance(found, dict):
        raise RunNotFoundError(f"There is no run {run.run_id} in {run.project_path}, or this API key may not see it.")
    return found
