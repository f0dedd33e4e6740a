"""The poller's requests: one at a time, as fast as the server allows, in the dialect that it understands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wandb_tui.core.address import RunAddress
from wandb_tui.core.probe import Probe, ProbeOutcome
from wandb_tui.core.schedule import Clock
from wandb_tui.services.wandb_api.dialect import Dialect
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply
from wandb_tui.services.wandb_api.probe_query import ProbeRequest, compose, compose_files
from wandb_tui.services.wandb_api.probe_response import read_files
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps
from wandb_tui.services.wandb_api.sdk_prober import SdkProber
from wandb_tui.services.wandb_api.throttle import Throttle

log = logging.getLogger(__name__)


class DialectClient:
    """Sends the poller's requests; the SDK takes its place at a server that does not understand our queries.

    Attributes:
        dialect: The fields that the server understands, as far as known.
        throttle: When the next request may go out.
    """

    def __init__(
        self, client: GraphQL, sdk: SdkProber | None, gaps: SchemaGaps, clock: Clock, closed: threading.Event
    ) -> None:
        """Make a client that sends nothing yet.

        Args:
            client: The GraphQL client, for the poller's thread alone.
            sdk: The SDK; None for no fallback.
            gaps: The known gaps in the server's API.
            clock: Seconds on a clock that never goes back.
            closed: Ends the wait for the next request.
        """
        self._client = client
        self._sdk = sdk
        self._sdk_turn = threading.Lock()
        self._gaps = gaps
        self._closed = closed
        self.dialect = Dialect()
        self.throttle = Throttle(clock)

    @property
    def refusal(self) -> Probe | None:
        """The answer while no request may go out; None if one may."""
        wait = self.throttle.hold
        if wait <= 0:
            return None
        cause = self.throttle.cause
        return Probe(
            ProbeOutcome.UNAVAILABLE,
            message=cause.message,
            retry_after=wait,
            limited=cause.limited,
            persistence=cause.persistence,
        )

    def send(self, query: str, variables: Mapping[str, object]) -> Reply:
        """Send a query as soon as the server allows it."""
        self._closed.wait(max(0.0, self.throttle.gap))
        reply = self._client.execute(query, variables)
        self.throttle.observe(reply)
        return reply

    def probe(self, requests: Sequence[ProbeRequest]) -> Reply:
        """Send probes in the richest dialect that the server understands."""
        while True:
            reply = self.send(*compose(requests, self.dialect))
            simpler = self.dialect.simpler(reply)
            if simpler is None or (not simpler.plain and self._sdk is None):
                return reply
            log.info("The server does not know a field; continuing without it: %s", simpler)
            self._gaps.learn_dialect(self.dialect, simpler, reply)
            self.dialect = self._known_dialect()
            if not self.dialect.plain:
                return reply

    def find_files(self, versions: list[tuple[RunAddress, int]]) -> dict[RunAddress, list[str]]:
        """The URLs of the files of these versions; none of the runs if the server does not report them."""
        if not self.dialect.files:
            return {}
        reply = self.send(*compose_files(versions))
        if reply.data is None and reply.problem is not ProbeOutcome.UNAVAILABLE:
            log.info("The server does not report where files are: %s", reply.message)
            simpler = replace(self.dialect, files=False)
            self.dialect = self._gaps.learn_dialect(self.dialect, simpler, reply)
        return {run: read_files(reply, number) for number, (run, _) in enumerate(versions)}

    def fallback(self) -> SdkProber | None:
        """The SDK, if it has to ask because the server does not understand our queries."""
        self.dialect = self._known_dialect()
        return None if self.dialect.plain else self._sdk

    def probe_by_sdk(self, run: RunAddress, sdk: SdkProber) -> Probe:
        """Probe one run through the SDK, from any thread."""
        with self._sdk_turn:
            if (refusal := self.refusal) is not None:
                return refusal
            self._closed.wait(max(0.0, self.throttle.gap))
            self.throttle.count_request()
        probe = sdk.probe(run)
        self.throttle.observe(
            Reply(
                problem=probe.outcome if probe.outcome is ProbeOutcome.UNAVAILABLE else None,
                message=probe.message,
                limited=probe.limited,
            )
        )
        if probe.outcome is ProbeOutcome.INVALID_RESPONSE:
            log.info("The server does not understand the SDK either; returning to plain queries")
            self._sdk, self.dialect = None, replace(self.dialect, plain=True)
        return probe

    def files_by_sdk(self, run: RunAddress, version: int) -> list[str]:
        """The URLs of the files of a version through the SDK, from any thread; none without it."""
        return [] if self._sdk is None else self._sdk.file_urls(run, version)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _known_dialect(self) -> Dialect:
        """The fields that the server understands, as far as known to all who ask it."""
        known = self._gaps.dialect
        return known if self._sdk is not None else replace(known, plain=True)
