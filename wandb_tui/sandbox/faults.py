"""All faults of the sandbox in one table, and those in force."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OptionValue = str | int | float | bool

_WHERE: dict[str, OptionValue] = {"path": "graphql", "who": "all", "times": 0, "after": 0}
PLACES = ("graphql", "run-page", "login", "files", "file-stream", "storage", "all")
WHO = ("all", "page", "api")


@dataclass(frozen=True)
class FaultKind:
    """One row of the table.

    Attributes:
        name: The fault's name on the command line.
        summary: Its effect, in one line.
        options: Its options with their defaults; an option takes values of its default's type.
    """

    name: str
    summary: str
    options: dict[str, OptionValue] = field(default_factory=dict)

    def usage(self) -> str:
        """The fault with all its options and defaults, as it would be typed."""
        options = ",".join(f"{name}={_written(value)}" for name, value in self.options.items())
        return f"{self.name}:{options}" if options else self.name


def _row(name: str, summary: str, /, **options: OptionValue) -> FaultKind:
    """A fault that changes what the sandbox decides. Underscores in option names become dashes."""
    return FaultKind(name, summary, {key.replace("_", "-"): value for key, value in options.items()})


def _http(name: str, summary: str, /, **options: OptionValue) -> FaultKind:
    """A fault that changes what is sent, for the requests that ``path``, ``who``, ``after`` and ``times`` pick."""
    row = _row(name, summary, **options)
    return FaultKind(row.name, row.summary, row.options | _WHERE)


_NO_HISTORY = "history not materialized yet"

_ROWS = (
    # Replies that are sent back, whatever was asked.
    _http("http-status", "answers with this HTTP status", code=503, message="Service unavailable"),
    _http(
        "rate-limit",
        "answers 429 for this many seconds, with Retry-After and RateLimit-*",
        retry_after=20,
        seconds=60.0,
    ),
    _http("rate-limit-near", "answers, but says in RateLimit-* that little is left", remaining=0, reset=5),
    _http("broken-json", "answers with half a JSON document"),
    _http("html-page", "answers HTTP 200 with a web page instead of JSON"),
    _http("empty-body", "answers HTTP 200 with nothing in it"),
    _http("graphql-error", "answers HTTP 200 with errors and no data", message="internal error"),
    _http("hang", "takes the request and never answers", seconds=3600.0),
    _http("reset", "drops the connection instead of answering"),
    _http("slow", "answers late", seconds=5.0),
    _http("narrow", "sends each answer no faster than this many megabits per second", megabits=10.0),
    _http("cut", "drops the connection after so many bytes of the answer", bytes=1000),
    _http("gateway", "answers with a gateway's own page, or with an empty body", code=403, body="page"),
    _row(
        "gateway-header",
        "a gateway answers 403 to all requests without this header",
        name="X-Access",
        value="let-me-in",
    ),
    _http("https-only", "redirects to HTTPS on the same host"),
    _http("redirect-to-login", "redirects to the sign-in page, as a proxy with its own sign-in does"),
    # Exports.
    _row("export-never", "a visit starts no export at all"),
    _row("export-fails", "the first exports fail", times=1),
    _row("export-late", "exports take this many seconds instead of the export delay", seconds=30.0),
    _row("stale-export", "exports leave out the newest steps", steps=50),
    _row("export-once", "visits after the first version export nothing newer"),
    _row(
        "export-without-visit",
        "a finished run is exported by itself after this many seconds (reported: 4 h)",
        after=14400.0,
    ),
    _row("export-by-api-key", "a request with an API key starts an export, too"),
    _row("export-by-get", "a plain GET of the run's page starts an export, too"),
    _row("export-by-any-page-query", "any GraphQL request with the cookie that asks for the run starts an export"),
    _row("visit-loads-nothing", "the run page's first queries answer without the run and start nothing", times=1),
    _row("signed-out-starts-nothing", "a signed-out visit to a public run starts no export"),
    _row("history-name-plain", "the artifact is called <run-id>-history, as some examples write it"),
    _row("fork-exports-own-rows", "the export of a fork leaves out the rows that it has from its parent"),
    # The API.
    _row("no-parquet-history", "parquetUrls and liveData are both empty"),
    _row("live-data-empty", "liveData is empty, whatever was logged after the export"),
    _row(
        "no-field",
        "fields (a+b) or arguments (runs.after) are unknown: HTTP 200, data null, errors",
        name="historyKeys",
    ),
    _row("file-digests", "the list of an artifact's files has other digests, or none (listed=none)", listed="other"),
    _row("no-latest-alias", "no version of the artifact has the alias latest"),
    _row("latest-stays-behind", "the alias latest stays at the first version"),
    _row("history-elsewhere", "the run was moved here, and its artifact stayed in another project", project="old"),
    _row("no-membership-field", "artifactCollectionMembership is an unknown field: HTTP 200, data null, errors"),
    _row("sdk-only", "all clients but the SDK get “unknown field”: HTTP 200, data null, errors"),
    _row(
        "membership-null",
        "the artifact is there but artifactCollectionMembership stays null for this many answers",
        times=3,
    ),
    _row("no-feed", "collections cannot be ordered, as on older servers, which lack the feature"),
    _row("feed-refused", "listing a project's collections is refused, while its runs are not", project="forks"),
    _row("feed-silent", "collections are listed by the time at which their run began, whatever is exported later"),
    _row("feed-unordered", "collections are listed oldest first, whatever order is asked for"),
    _row(
        "feed-clock-back",
        "the times of collections go back by this many seconds after so many lists",
        seconds=3600.0,
        lists=3,
    ),
    _row("feed-repeats", "the next page of a list of collections is the first one again"),
    _row("feed-runs-silent", "no sign of life changes the time by which runs are listed"),
    _row("ttl-null", "ttlDurationSeconds is null, so the SDK says that no artifact exists"),
    _row("viewer-null", "viewer is null although the key or the cookie is good"),
    _row("service-account", "the key belongs to a service account: no e-mail, no sign-in"),
    _row("key-refused", "every API key is refused with 401"),
    _row("key-sees-nothing", "the API key sees no project"),
    _row("identity-refused", "identity tokens are refused with 401"),
    _row("access-token-expires", "access tokens are good for this many seconds", after=300),
    # Forks.
    _row(
        "fork-refused",
        "fork_from and resume_from get this HTTP status",
        code=409,
        message="history not materialized yet",
        times=0,
    ),
    _row(
        "fork-graphql-error",
        "fork_from and resume_from get HTTP 200 with errors",
        message="history not materialized yet",
        times=0,
    ),
    _row("fork-unsupported", "the server starts an ordinary run instead of a fork"),
    # Pages and sessions.
    _row("run-page-no-graphql", "the run page asks another address than /graphql"),
    _row("page-error", "the run page answers this HTTP status at first", code=500, times=1),
    _row("page-slow", "the run page's script waits before it asks", seconds=5.0),
    _row("session-expires", "sessions are good for this many seconds only", after=10.0),
    _row("session-once", "a session is good for this many page requests only", requests=5),
    _row("cookie-name", "the session cookie has another name", name="session"),
    _row("sign-in-fails", "signing in answers HTTP 500 although the password is right", times=1),
)

FAULTS: dict[str, FaultKind] = {row.name: row for row in _ROWS}
"""The table: every fault by its name."""


@dataclass
class Fault:
    """A fault in force: its row, its options, and how often it has struck."""

    kind: FaultKind
    options: dict[str, OptionValue]
    seen: int = 0
    struck: int = 0
    first_struck: float | None = None

    def text(self, option: str) -> str:
        """An option as text."""
        return str(self.options[option])

    def number(self, option: str) -> float:
        """An option as a number."""
        return float(self.options[option])

    def whole(self, option: str) -> int:
        """An option as a whole number."""
        return int(self.options[option])

    def strike(self) -> bool:
        """Count one occasion and say whether the fault strikes now, going by ``after`` and ``times``."""
        self.seen += 1
        if self.seen <= int(self.options.get("after", 0)) and "path" in self.options:
            return False
        times = int(self.options.get("times", 0))
        if times and self.struck >= times:
            return False
        self.struck += 1
        return True


def parse_fault(text: str) -> Fault:
    """Read ``name:option=value,option=value``.

    Raises:
        ValueError: The name, an option or a value is not known; the sentence says which are.
    """
    name, _, rest = text.partition(":")
    kind = FAULTS.get(name.strip())
    if kind is None:
        raise ValueError(f"There is no fault called “{name}”. Known ones: {', '.join(FAULTS)}.")
    options = dict(kind.options)
    for item in _split(rest, kind):
        option, equals, value = item.partition("=")
        option = option.strip()
        if option not in kind.options or not equals:
            known = ", ".join(kind.options) or "none"
            raise ValueError(f"The fault {kind.name} has no option “{option}”. Its options: {known}.")
        options[option] = _typed(kind, option, value)
    return Fault(kind, options)


def _split(rest: str, kind: FaultKind) -> list[str]:
    """The options one by one; a comma inside a message belongs to the message."""
    items: list[str] = []
    for part in rest.split(",") if rest else []:
        if items and items[-1].startswith("message=") and part.partition("=")[0].strip() not in kind.options:
            items[-1] += "," + part
        else:
            items.append(part)
    return items


def _typed(kind: FaultKind, option: str, value: str) -> OptionValue:
    """The value in the type of the option's default."""
    default = kind.options[option]
    if option == "path" and value not in PLACES:
        raise ValueError(f"The fault {kind.name} takes path={'|'.join(PLACES)}, not “{value}”.")
    if option == "who" and value not in WHO:
        raise ValueError(f"The fault {kind.name} takes who={'|'.join(WHO)}, not “{value}”.")
    if isinstance(default, str):
        return value
    try:
        number = type(default)(value)
    except ValueError:
        wanted = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"The fault {kind.name} takes {wanted} for {option}, not “{value}”.") from None
    if number < 0:
        raise ValueError(f"The fault {kind.name} takes no negative {option}.")
    return number


def _written(value: OptionValue) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class FaultBoard:
    """The faults in force; may be changed while requests are being answered."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []
        self.replace(faults)

    def replace(self, faults: Iterable[str]) -> None:
        """Put these faults in force and no others. Raises ``ValueError`` before anything changes."""
        parsed = [parse_fault(text) for text in faults]
        with self._lock:
            self._active = parsed

    def get(self, name: str) -> Fault | None:
        """The fault if it is in force. Does not count as an occasion."""
        return next((fault for fault in self._active if fault.kind.name == name), None)

    def strike(self, name: str) -> Fault | None:
        """The fault if it strikes on this occasion."""
        with self._lock:
            return next((fault for fault in self._active if fault.kind.name == name and fault.strike()), None)

    def strikes_on(self, place: str, *, who: str) -> list[Fault]:
        """The faults of transport that strike a request to this place, made by ``page`` or ``api``."""
        with self._lock:
            return [
                fault
                for fault in self._active
                if "path" in fault.options
                and fault.options["path"] in (place, "all")
                and fault.options["who"] in (who, "all")
                and fault.strike()
            ]
