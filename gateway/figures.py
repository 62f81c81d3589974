"""Counters of the gateway, for /metrics; no label ever comes from a citizen."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.store.links import LinkState
from hotline.turn import Turn


class Figures:
    """What is counted, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = self._counter("messages", "Messages admitted", "channel", "new")
        self._decisions = self._counter("decisions", "Decisions made", "decision")
        self._spooled = self._counter("emergencies_spooled", "Emergencies kept while storage was away")
        self._undecided = self._counter("undecided", "Messages handed to a person after a fault of ours")
        self._limits_away = self._counter("limits_away", "Rate limit checks made without Redis")
        self.backlog = Gauge("huying_effects", "Owed effects by state", ["state"], registry=self.registry)
        self._link = Gauge(
            "huying_dispatch", "The link to the dispatch centre", ["figure"], registry=self.registry
        )
        self.sockets = Gauge("huying_sockets", "Open sockets of citizens", registry=self.registry)
        self.understood = Gauge("huying_understood", "Readings by reader", ["by"], registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"huying_{name}", text, labels, registry=self.registry)

    def link(self, state: LinkState, now: datetime) -> None:
        """Show how the link to the dispatch centre stands: 1 for down and off, seconds of failing, failures."""
        failing = now - state.failing_since if state.failing_since else timedelta()
        shown = {"down": state.is_down(now), "off": state.disabled_at is not None,
                 "failing_seconds": failing.total_seconds(), "failures": state.failures}  # fmt: skip
        for figure, value in shown.items():
            self._link.labels(figure).set(value)

    def admitted(self, channel: str, *, new: bool) -> None:
        """Count a message of ``channel``, new or a retry."""
        self._messages.labels(channel, str(new).lower()).inc()

    def decided(self, turn: Turn) -> None:
        """Count the decisions of ``turn``."""
        for decision in turn.decisions:
            self._decisions.labels(type(decision).__name__).inc()

    def spooled(self) -> None:
        """Count an emergency that was kept outside the database."""
        self._spooled.inc()

    def undecided(self) -> None:
        """Count a message that our own fault put before a person."""
        self._undecided.inc()

    def limits_away(self) -> None:
        """Count a rate limit that was kept in this process because Redis was away."""
        self._limits_away.inc()
