"""The details of one run, part by part. Only the fields that a server has turned out not to know are remembered."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import MetricSeries, RunFacts, SampleQuery, VersionCoverage, Versions
from wandb_tui.core.errors import RunNotFoundError
from wandb_tui.core.probe import Coverage, Probe, ProbeOutcome
from wandb_tui.services.wandb_api.coverage import NO_PYARROW, verified
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply
from wandb_tui.services.wandb_api.probe_query import HISTORY_TYPE, ONLY_COMMITTED, ProbeRequest, compose, compose_files
from wandb_tui.services.wandb_api.probe_response import interpret, read_files
from wandb_tui.services.wandb_api.response import error_from, json_object, json_scalar
from wandb_tui.services.wandb_api.run_queries import (
    FACTS_QUERY,
    ROWS_QUERY,
    VERSIONS_QUERY,
    alias,
    compose_facts,
    compose_metrics,
    compose_samples,
    read_facts,
    read_metrics,
    read_samples,
    read_versions,
)
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps
from wandb_tui.services.wandb_api.step_files import StepFileError, StepFiles

_MAX_VERSIONS = 20
"""The number of versions listed; the newest ones."""

_NO_FILES = "the server lists no files for it"
_NOT_REPORTED = "the server does not report it"


class GraphQLInspector:
    """Implements `ui.runtime.ports.Inspector`; queries that run at the same time have a connection each."""

    def __init__(self, client: Callable[[], GraphQL], files: StepFiles, gaps: SchemaGaps | None = None) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: Makes a client.
            files: Reads which steps exported files hold.
            gaps: The known gaps in the server's API; None if nothing is known of it.
        """
        self._make_client = client
        self._files = files
        self._idle: queue.SimpleQueue[GraphQL] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._gaps = gaps or SchemaGaps()

    def facts(self, run: RunAddress) -> RunFacts:
        """The run itself, its summary, and the names of what it has logged."""
        reply = self._gaps.execute(self._execute, FACTS_QUERY, _run_variables(run))
        unknown = self._gaps.known(FACTS_QUERY).unknown
        return read_facts(_run(_project(run, reply, partial=True), run), unknown)

    def facts_of(self, runs: Sequence[RunAddress]) -> Mapping[RunAddress, RunFacts]:
        """The facts of many runs, without their metrics; those that the server does not know are left out."""
        query, variables = compose_facts(runs)
        found = self._of_runs(runs, query, variables)
        unknown = self._gaps.known(query).unknown
        return {run: read_facts(answer, unknown) for run, answer in found.items()}

    def _of_runs(
        self, runs: Sequence[RunAddress], query: str, variables: Mapping[str, str]
    ) -> dict[RunAddress, dict[str, Any]]:
        """The server's answer for each of these runs that it knows."""
        reply = _require_answer(self._gaps.execute(self._execute, query, variables))
        return {run: answer for run, answer in zip(runs, _answers(reply, len(runs)), strict=True) if answer}

    def versions(self, run: RunAddress) -> Versions:
        """The newest versions of its history artifact."""
        variables = {
            "entity": run.entity,
            "project": run.project,
            "type": HISTORY_TYPE,
            "collection": run.collection,
            "perPage": _MAX_VERSIONS,
            "filters": ONLY_COMMITTED,
        }
        return read_versions(_project(run, self._gaps.execute(self._execute, VERSIONS_QUERY, variables)))

    def covered(self, run: RunAddress, versions: Sequence[int]) -> Mapping[int, VersionCoverage]:
        """The steps of each version by its files; of the newest one also by what the server reports."""
        if not versions:
            return {}
        probe = self._probe(run)
        newest = probe.artifact.version if probe.artifact else None
        return {
            version: _merge(covers, probe.coverage if version == newest else None)
            for version, covers in self._coverage_by_files(run, versions)
        }

    def metrics_of(self, runs: Sequence[RunAddress]) -> dict[RunAddress, tuple[str, ...]]:
        """The metrics of many runs that are numbers; runs of which the server does not tell them are left out."""
        if not runs:
            return {}
        found = self._of_runs(runs, *compose_metrics(runs))
        return {run: metrics for run, answer in found.items() if (metrics := read_metrics(answer)) is not None}

    def samples(self, queries: Sequence[SampleQuery]) -> list[MetricSeries | None]:
        """The samples asked for, in one request; None for a run that the server does not know."""
        if not queries:
            return []
        reply = self._execute(*compose_samples(queries))
        answers = _answers(reply, len(queries))
        if reply.problem is not None or (reply.errors and not any(answers)):
            raise error_from(reply, retry_key="r")
        return [read_samples(answer, query) if answer else None for query, answer in zip(queries, answers, strict=True)]

    def rows(self, run: RunAddress, first: int, stop: int) -> list[dict[str, Any]] | None:
        """The rows that were logged at some steps.

        Args:
            run: The run.
            first: The first step.
            stop: The step after the last one.

        Returns:
            The rows as logged, with ``_step``; None where the server does not report them.

        Raises:
            WandbTuiError: There is no such run, or the server cannot be asked.
        """
        variables = {**_run_variables(run), "minStep": first, "maxStep": stop, "pageSize": stop - first}
        found = _run(_project(run, self._execute(ROWS_QUERY, variables)), run).get("history")
        if not isinstance(found, list):
            return None
        return [json_object(json_scalar(row)) for row in found]

    def close(self) -> None:
        """Close the idle connections; those in use close after their query."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _execute(self, query: str, variables: Mapping[str, object]) -> Reply:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._make_client()
        try:
            return client.execute(query, variables)
        finally:
            self._idle.put(client)
            if self._closed.is_set():
                self.close()

    def _probe(self, run: RunAddress) -> Probe:
        """Probe like a monitor that needs the coverage, in the dialect that the server understands."""
        question = [ProbeRequest(run, coverage=True)]
        dialect = self._gaps.dialect
        while True:
            reply = _require_answer(self._execute(*compose(question, dialect)))
            simpler = dialect.simpler(reply)
            if simpler is None or not simpler.plain:
                return interpret(question, reply, dialect)[0]
            dialect = self._gaps.learn_dialect(dialect, simpler, reply)

    def _coverage_by_files(self, run: RunAddress, versions: Sequence[int]) -> Iterator[tuple[int, VersionCoverage]]:
        if not self._files.usable:
            yield from ((version, VersionCoverage(why_not=NO_PYARROW)) for version in versions)
            return
        reply = _require_answer(self._execute(*compose_files([(run, version) for version in versions])))
        for number, version in enumerate(versions):
            yield version, self._coverage_of(read_files(reply, number))

    def _coverage_of(self, urls: Sequence[str]) -> VersionCoverage:
        if not urls:
            return VersionCoverage(why_not=_NO_FILES)
        try:
            return VersionCoverage(self._files.read(urls).last)
        except StepFileError as error:
            return VersionCoverage(why_not=str(error))


def _answers(reply: Reply, count: int) -> list[dict[str, Any]]:
    """The runs in a reply about several; empty for one that the server does not know."""
    projects = [json_object((reply.data or {}).get(alias(number))) for number in range(count)]
    return [json_object(project.get("run")) for project in projects]


def _require_answer(reply: Reply) -> Reply:
    """The reply, if the server answered; that it does not understand the query is an answer, too."""
    if reply.problem in {ProbeOutcome.UNAUTHORIZED, ProbeOutcome.UNAVAILABLE}:
        raise error_from(reply, retry_key="r")
    return reply


def _merge(files: VersionCoverage, claimed: Coverage | None) -> VersionCoverage:
    """The coverage of a version by its files, else as the server reports it, which it does for the newest one only."""
    if claimed is None:
        return files
    if files.last is None:
        return VersionCoverage(
            claimed.covered,
            claimed.complete,
            "" if claimed.covered is not None else files.why_not or _NOT_REPORTED,
        )
    found = verified(claimed, files.last)
    return VersionCoverage(found.covered, found.complete)


def _run_variables(run: RunAddress) -> dict[str, str]:
    return {"entity": run.entity, "project": run.project, "name": run.run_id}


def _project(run: RunAddress, reply: Reply, *, partial: bool = False) -> dict[str, Any]:
    """The project in the reply; with `partial`, a reply with errors will do if the run is in it."""
    project = (reply.data or {}).get("project")
    whole = not reply.errors or (partial and bool(json_object(project).get("run")))
    if reply.problem is not None or not whole:
        raise error_from(reply, retry_key="r")
    if not isinstance(project, dict):
        raise RunNotFoundError(f"There is no project {run.project_path}, or this API key may not see it.")
    return project


def _run(project: dict[str, Any], run: RunAddress) -> dict[str, Any]:
    found = project.get("run")
    if not isinstance(found, dict):
        raise RunNotFoundError(f"There is no run {run.run_id} in {run.project_path}, or this API key may not see it.")
    return found
