"""For operators: alive, ready, and figures."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBE_WITHIN = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing we lean on; ``probe`` raises when it is away, without ``required`` we still serve."""

    name: str
    probe: Callable[[], Awaitable[object]]
    required: bool = False


class Health:
    """Answers operators from a list of checks and a registry of figures."""

    def __init__(self, checks: Sequence[Check], registry: CollectorRegistry) -> None:
        self._checks, self._registry = tuple(checks), registry
        labels = ("method", "route", "status")
        self._requests = Counter("huying_http_requests_total", "Requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "huying_http_request_seconds", "Time to answer", ("route",), registry=registry
        )

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the operators' routes."""
        return (
            web.get("/healthz", self.alive),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.figures),
        )

    async def alive(self, request: web.Request) -> web.Response:
        """Say that the process answers."""
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """Say 200 with what is degraded while requests can be served, else 503."""
        up = await asyncio.gather(*(is_up(check) for check in self._checks))
        down = [check for check, is_up in zip(self._checks, up, strict=True) if not is_up]
        missing = [check.name for check in down if check.required]
        body = {"status": "unavailable" if missing else "ready", "degraded": [check.name for check in down]}
        return web.json_response(body, status=503 if missing else 200)

    async def figures(self, request: web.Request) -> web.Response:
        """Return the figures in Prometheus's text format."""
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    def middleware(self) -> Middleware:
        """Return a middleware that counts and times every request by its route, never by its address."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.perf_counter()
            status = 500
            try:
                response = await handler(request)
                status = response.status
                return response
            finally:
                resource = request.match_info.route.resource
                route = resource.canonical if resource is not None else "none"
                self._requests.labels(request.method, route, str(status)).inc()
                if status != HTTPStatus.SWITCHING_PROTOCOLS:  # a socket lasts as long as its page
                    self._seconds.labels(route).observe(time.perf_counter() - began)

        return count


async def is_up(check: Check) -> bool:
    """Tell whether ``check`` passes within ``PROBE_WITHIN``."""
    # Whatever a probe raises means the same here: that thing is away.
    try:
        await asyncio.wait_for(check.probe(), PROBE_WITHIN)
    except Exception:  # noqa: BLE001  # the reason is above
        return False
    return True
