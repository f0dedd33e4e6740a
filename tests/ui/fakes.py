"""Scripted services for the dashboard's tests: answers come when a test says so."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

from wandb_tui.core.account import AccountState, Credentials, Source
from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_order import BranchFinding
from wandb_tui.core.catalogue import ListedRun, ResultPage, RunQuery
from wandb_tui.core.checks import Check, PendingCheck
from wandb_tui.core.console import ConsolePage, ConsolePosition
from wandb_tui.core.details import (
    STEP,
    MetricSeries,
    OriginSource,
    RunFacts,
    RunForks,
    RunOrigin,
    SampleQuery,
    Versions,
)
from wandb_tui.core.errors import UsageError
from wandb_tui.core.live_query import QueryNews
from wandb_tui.core.persistence import StoredRun, StoreSnapshot
from wandb_tui.core.ports import Identity, Services, Visit, VisitBacklog
from wandb_tui.core.probe import ArtifactVersion, Probe, ProbeOutcome, RunInfo
from wandb_tui.core.project_query import ProjectQuery
from wandb_tui.core.schedule import PollPolicy
from wandb_tui.core.server_info import KnownServer, ServerInfo
from wandb_tui.sandbox.history import sample
from wandb_tui.ui.runtime.backend import Backend

NOT_YET = Probe(ProbeOutcome.NOT_YET)
SIGNED_IN = AccountState("me@lab.org", Source.KEYRING, Source.KEYRING)


def address(run_id: str) -> RunAddress:
    return RunAddress("lab", "forks", run_id)


def there(version: int = 3, name: str = "") -> Probe:
    return Probe(ProbeOutcome.FOUND, ArtifactVersion(version), RunInfo(name))


def done(value):
    future = Future()
    future.set_result(value)
    return future


def broken(error):
    future = Future()
    future.set_exception(error)
    return future


class FakeProber:
    """Answers as scripted for each run; a run without a script is never answered."""

    def __init__(self, answers: dict[str, list[Probe]] | None = None, default: Probe | None = None) -> None:
        self.answers = {run: list(probes) for run, probes in (answers or {}).items()}
        self.default = default
        self.asked = defaultdict(int)
        self.open: dict[str, list[Future]] = defaultdict(list)
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def limiting(self):
        return 0.0

    def probe(self, run, *, coverage=False):
        with self._lock:
            self.asked[run.run_id] += 1
            self.threads.add(threading.get_ident())
            script = self.answers.get(run.run_id)
            if script:
                return done(script.pop(0) if len(script) > 1 else script[0])
            if self.default is not None:
                return done(self.default)
            future = Future()
            self.open[run.run_id].append(future)
            return future

    def answer(self, run_id: str, probe: Probe) -> None:
        for future in self.open.pop(run_id, []):
            if future.set_running_or_notify_cancel():
                future.set_result(probe)

    def close(self):
        pass


class FakeQueries:
    """Looks at no server: a test tells which runs have joined."""

    def __init__(self) -> None:
        self.followed = {}

    def follow_query(self, query, known, *, interval, until_ended, report):
        self.followed[query] = (set(known), report)

    def unfollow_query(self, query):
        self.followed.pop(query, None)

    def tell(self, query, *run_ids, error=None, infos=()):
        _, report = self.followed[query]
        report(QueryNews(query, tuple(map(address, run_ids)), dict(infos), whole=error is None, error=error))


class FakeVisitor:
    """Signs in and visits as scripted."""

    def __init__(self, *, signed_in: bool = True, sign_in=None, visit=None) -> None:
        self._signed_in = signed_in
        self.refusal = sign_in
        self._visit = visit
        self.visits: list[str] = []
        self.waiting: list[Future] = []
        self.line = VisitBacklog()

    def signed_in(self):
        return self._signed_in

    def sign_in(self):
        if self.refusal is not None:
            return broken(self.refusal)
        self._signed_in = True
        return done(Identity("me@lab.org"))

    def backlog(self):
        return self.line

    def credentials_changed(self):
        future = Future()
        self.waiting.append(future)
        return future

    def fix(self):
        self.refusal = None
        for future in self.waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(None)
        self.waiting.clear()

    def visit(self, run, opened=lambda: None):
        self.visits.append(run.run_id)
        opened()
        if self._visit is not None:
            return self._visit(run)
        return done(Visit(1.2, "run data loaded"))

    def close(self):
        pass


class FakeAccount:
    """Remembers what it is given."""

    def __init__(self, state: AccountState = SIGNED_IN, error: Exception | None = None) -> None:
        self._state = state
        self.error = error
        self.saved: list[tuple[Credentials | None, str | None, bool]] = []
        self.without = False
        self.allowed: list[str] = []
        self.after = lambda: None
        self.threads: set[int] = set()

    def state(self):
        self.threads.add(threading.get_ident())
        return self._state

    def save(self, credentials, api_key, *, remember):
        self.threads.add(threading.get_ident())
        self.saved.append((credentials, api_key, remember))
        self.after()
        if self.error is not None:
            raise self.error
        self._state = SIGNED_IN

    def allow(self, origin):
        self.allowed.append(origin)
        self._state = replace(self._state, unknown_origin="")
        self.after()

    def continue_signed_out(self):
        self.without = True


class FakeStore:
    """A list in memory, in order."""

    warning = ""

    def __init__(
        self, rows: list[StoredRun] = (), fails: Exception | None = None, view=None, logs=None, queries=()
    ) -> None:
        self.queries = {one.query: one for one in queries}
        self.rows = {row.run: row for row in rows}
        self.fails = fails
        self.view = dict(view or {})
        self.logs = {run: list(lines) for run, lines in (logs or {}).items()}
        self.others: list[StoreSnapshot] = []
        self.threads: set[int] = set()

    def _work(self):
        self.threads.add(threading.get_ident())
        if self.fails:
            raise self.fails

    def load(self):
        self._work()
        return list(self.rows.values())

    def load_queries(self):
        return list(self.queries.values())

    def write(self, changes, queries=()):
        self._work()
        for change in queries:
            before = self.queries.pop(change.query, None)
            if change.row is not None and (change.added or before):
                run_ids = (*(before.run_ids if before else ()), *change.joined)
                self.queries[change.query] = replace(change.row, run_ids=run_ids)
        for change in changes:
            if change.row is None or change.replace:
                self.rows.pop(change.run, None)
            if change.row is not None and (change.added or change.run in self.rows):
                self.rows[change.run] = change.row
                self.logs.setdefault(change.run, []).extend(change.lines)

    def external_changes(self, *, again=False):
        self._work()
        if again:
            return StoreSnapshot(tuple(self.rows.values()), queries=tuple(self.queries.values()))
        return self.others.pop(0) if self.others else None

    def lines(self, run):
        self._work()
        return list(self.logs.get(run, []))

    def load_view(self):
        return dict(self.view)

    def save_view(self, key, value):
        self._work()
        self.view[key] = value


class FakeAddresses:
    """Reads entity/project/run_id, or a run id alone unless in `trouble`; blocks as long as `gate` is not set."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.trouble, self.asked = None, 0

    def parse(self, text):
        self.gate.wait(5)
        if self.trouble is not None and "/" not in text:
            self.asked += 1
            raise self.trouble
        if text == "boom":
            raise UsageError("“boom” is not the address of a run.", "Give entity/project/run_id.")
        return RunAddress.parse(text, entity="lab", project="forks", app_url="https://forge.coreweave.com/wandb")

    def parse_query(self, text):
        self.gate.wait(5)
        return ProjectQuery.parse(text, app_url="https://forge.coreweave.com/wandb")


class FakeCatalogue:
    """Two entities; runs in one project, three at a time."""

    PAGE = 3

    def __init__(self, runs: list[ListedRun] = (), entities=("lab", "me"), error: Exception | None = None) -> None:
        self.listed = list(runs)
        self.names = list(entities)
        self.error = error
        self.threads: set[int] = set()
        self.queries: list[RunQuery] = []

    def entities(self):
        return list(self._asked(self.names))

    def projects(self, entity, after=""):
        return self._asked(ResultPage(("forks", "other"), "") if not after else ResultPage(()))

    def runs(self, entity, project, query, after=""):
        self.queries.append(query)
        found = [run for run in self.listed if self._fits(run, query)] if project == "forks" else []
        start = int(after or 0)
        more = str(start + self.PAGE) if start + self.PAGE < len(found) else ""
        return self._asked(ResultPage(tuple(found[start : start + self.PAGE]), more, len(found)))

    def _fits(self, run, query):
        named = (("state", query.state), ("group", query.group), ("sweep", query.sweep))
        words = query.search.split()
        return all(getattr(run, key) == value for key, value in named if value) and all(
            word in f"{run.name} {run.run_id}" for word in words
        )

    def _asked(self, answer):
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return answer


class FakeInspector:
    """Tells what it is given, by the name of the call; an error is raised, and `gate` holds everything back."""

    def __init__(self, **answers) -> None:
        self.answers = {
            "facts": RunFacts(),
            "facts_of": {},
            "versions": Versions(),
            "covered": {},
            "metrics_of": {},
            "curves": {},
        } | answers
        self.asked: list[str] = []
        self.queries: list[list[SampleQuery]] = []
        self.missing: set[str] = set()
        self.threads: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()

    def facts(self, run):
        return self._answer("facts")

    def facts_of(self, runs):
        facts = self._answer("facts_of")
        return {run: facts[run.run_id] for run in runs if run.run_id in facts}

    def versions(self, run):
        return self._answer("versions")

    def covered(self, run, versions):
        return self._answer("covered")

    def metrics_of(self, runs):
        metrics = self._answer("metrics_of")
        return {run: metrics[run.run_id] for run in runs if run.run_id in metrics}

    def samples(self, queries):
        """The points under the metric's name, or under the run's id and the metric's name."""
        self.queries.append(list(queries))
        answers = self._answer("curves")
        return [None if query.run.run_id in self.missing else self._sample(answers, query) for query in queries]

    def _sample(self, answers, query):
        points = answers.get((query.run.run_id, query.metric), answers.get(query.metric, ()))
        first, last = query.first or 0, math.inf if query.last is None else query.last
        points = [point for point in points if first <= point[0] <= last]
        points = sample(points, query.samples)
        across = () if query.across == STEP else tuple(10.0 * step for step, _ in points)
        return MetricSeries(query.metric, tuple(points), across)

    def _answer(self, part):
        self.asked.append(part)
        self.threads.add(threading.get_ident())
        self.gate.wait(5)
        answers = self.answers[part]
        if isinstance(answers, Exception):
            raise answers
        return answers


class FakeConsole:
    """Gives the pages it has, by run; the last one again and again. An error is raised."""

    def __init__(self, **pages) -> None:
        self.pages = {run: list(found) for run, found in pages.items()}
        self.asked: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self.pausing = 0.0

    def pause(self):
        return self.pausing

    def read(self, run, position):
        self.threads.add(threading.get_ident())
        self.asked.append((run.run_id, position.cursor))
        pages = self.pages.get(run.run_id, [ConsolePage((), ConsolePosition())])
        page = pages.pop(0) if len(pages) > 1 else pages[0]
        if isinstance(page, Exception):
            raise page
        return page


class FakeServers:
    """Knows some servers; addresses without a dot are none."""

    def __init__(self, *known: KnownServer) -> None:
        self.servers = known
        self.prepared: list[str] = []
        self.threads: set[int] = set()

    def known(self):
        self.threads.add(threading.get_ident())
        return self.servers

    def prepare(self, address):
        self.threads.add(threading.get_ident())
        if "." not in address:
            raise UsageError(f"“{address}” is not the address of a server.")
        self.prepared.append(address)
        return address not in {server.address for server in self.servers if server.here}


class FakeLineage:
    """Tells the origins it is given: for each run its parent's id and the step; or raises an error."""

    def __init__(self, parents=(), error=None) -> None:
        self.parents = dict(parents)
        self.error = error
        self.asked: list[list[RunAddress]] = []

    def of_runs(self, runs):
        self.asked.append(list(runs))
        if self.error is not None:
            raise self.error
        found, pending = {}, list(runs)
        while pending:
            run = pending.pop()
            if run not in found:
                found[run] = self._origin(run)
                pending += [found[run].parent] if found[run].parent else []
        return found

    def forks_of(self, run):
        children = [address(child) for child, (parent, _) in self.parents.items() if parent == run.run_id]
        return RunForks(tuple(sorted(map(self._origin, children), key=lambda origin: origin.step)))

    def _origin(self, run):
        parent, step = self.parents.get(run.run_id, (None, None))
        if parent is None:
            return RunOrigin(run, state="finished")
        return RunOrigin(run, "", "finished", address(parent), step, BranchKind.FORK, OriginSource.CONFIG)


class FakeDoctor:
    """Reports scripted results; a check without an answer waits until `answer` has one."""

    def __init__(self, local: dict[str, Check | None], trial: dict[str, Check | None] = (), error=None) -> None:
        self.answers = {name: Future() for name in (*local, *trial)}
        self.names = {"local": list(local), "trial": list(trial)}
        self.trials: list[tuple[RunAddress, bool]] = []
        self.counts = defaultdict(int)
        self.cancelled = threading.Event()
        self.forgotten = threading.Event()
        self.installed = threading.Event()
        self.error = error
        self.lines = ("Downloading [red]Chromium[/]… 42 %",)
        self.threads: set[int] = set()
        for name, check in {**local, **dict(trial)}.items():
            if check is not None:
                self.answers[name].set_result(check)

    def answer(self, check: Check) -> None:
        if self.answers[check.name].done():
            self.answers[check.name] = Future()
        self.answers[check.name].set_result(check)

    def local_checks(self, terminal):
        return self._pending("local")

    def run_trial(self, run, *, watched):
        self.trials.append((run, watched))
        return SimpleNamespace(checks=self._pending("trial"), cancel=self.cancelled.set)

    def install_browser(self, on_line):
        self.threads.add(threading.get_ident())
        for line in self.lines:
            on_line(line)
        self.installed.wait(5)
        if self.error:
            raise self.error

    def forget_session(self):
        self.threads.add(threading.get_ident())
        self.forgotten.set()

    def _pending(self, part):
        self.threads.add(threading.get_ident())
        return [PendingCheck(name, lambda name=name: self._answer(name)) for name in self.names[part]]

    def _answer(self, name):
        self.threads.add(threading.get_ident())
        self.counts[name] += 1
        return self.answers[name].result(10)


class FakeBranches:
    """Says beforehand what it is given; orders stay as they begin."""

    def __init__(self, *findings: BranchFinding) -> None:
        self.findings = findings
        self.orders = []

    def preview(self, order):
        return iter(self.findings)

    def start(self, order, on_change):
        self.orders.append((order, on_change))

    def cancel(self, order):
        pass

    def stop(self):
        pass


class Scenario:
    """All of it together."""

    def __init__(self, prober=None, visitor=None, account=None, store=None, **options) -> None:
        self.prober = prober or FakeProber(default=NOT_YET)
        self.visitor = visitor or FakeVisitor()
        self.account = account or FakeAccount()
        self.store = store or FakeStore()
        self.addresses = FakeAddresses()
        self.queries = FakeQueries()
        self.catalogue = options.pop("catalogue", None)
        self.inspector = options.pop("inspector", None)
        self.lineage = options.pop("lineage", None)
        self.doctor = options.pop("doctor", None)
        self.closed = threading.Event()
        self.options = options

    def backend(self) -> Backend:
        return Backend(
            server=lambda: ServerInfo("https://api.forge.coreweave.com", "https://forge.coreweave.com/wandb"),
            host="forge.coreweave.com",
            services=self.options.get(
                "services", lambda: Services(self.prober, self.visitor, user_can_fix=True, queries=self.queries)
            ),
            account=self.account,
            addresses=self.addresses,
            store=self.store,
            poll_policy=self.options.get("pace", PollPolicy()),
            close=self.options.get("close", self.closed.set),
            open_sign_in=self.options.get("open_sign_in", False),
            catalogue=(lambda: self.catalogue) if self.catalogue else None,
            inspector=(lambda: self.inspector) if self.inspector else None,
            servers=self.options.get("servers"),
            console=(lambda: self.options["console"]) if "console" in self.options else None,
            lineage=(lambda: self.lineage) if self.lineage else None,
            open_window=self.options.get("open_window"),
            hooks=self.options.get("hooks"),
            commands=tuple(self.options.get("commands", ())),
            command_runner=self.options.get("command_runner"),
            views=tuple(self.options.get("views", ())),
            save_views=self.options.get("save_views"),
            notify_channels=self.options.get("notify_channels", frozenset({"toast", "bell", "terminal"})),
            senders=self.options.get("senders", {}),
            keys=self.options.get("keys", {}),
            open_page=self.options.get("open_page"),
            into_tmux=self.options.get("into_tmux"),
            save_copy=self.options.get("save_copy"),
            doctor=(lambda: self.doctor) if self.doctor else None,
            branches=self.options.get("branches"),
            persistent=self.options.get("persistent", True),
            connect_notices=self.options.get("connect_notices", lambda _: None),
        )
