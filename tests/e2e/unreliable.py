"""A proxy as bad as a phone's network: ``python -m tests.e2e.unreliable PORT SEED SERVER…``.

Goes to the first server that takes a connection. Of the frames of sockets it loses some and holds up others, in order;
uploads go through slowly; what breaks on one side breaks on the other.
"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientWebSocketResponse, WSMsgType, web

LOST, HELD = 0.05, 0.05  #: shares of the frames
LONGEST_HOLD = 0.4  #: seconds
CHUNK, PAUSE = 64 * 1024, 0.03  #: of an upload
HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})


class Proxy:
    """Passes requests and sockets on to ``servers``."""

    def __init__(self, http: ClientSession, servers: list[str], chance: random.Random) -> None:
        self._http, self._servers, self._chance = http, servers, chance

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one request, or break its connection as the server's broke."""
        for server in self._servers:
            try:
                if "Upgrade" in request.headers:
                    return await self._socket(request, server + request.path_qs)
                return await self._plain(request, server + request.path_qs)
            except ClientConnectorError:
                continue
            except (ClientError, ConnectionError):
                break
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def _plain(self, request: web.Request, url: str) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        data = _slowly(request) if request.can_read_body else None
        async with self._http.request(
            request.method, url, headers=headers, data=data, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP]
            return web.Response(status=answer.status, body=await answer.read(), headers=dict(kept))

    async def _socket(self, request: web.Request, url: str) -> web.WebSocketResponse:
        protocols = request.headers.get("Sec-WebSocket-Protocol", "").replace(" ", "").split(",")
        headers = {
            name: request.headers[name] for name in ("Cookie", "Sec-Fetch-Site") if name in request.headers
        }
        async with self._http.ws_connect(url, protocols=protocols, headers=headers) as server:
            client = web.WebSocketResponse(protocols=protocols)
            await client.prepare(request)
            both = [asyncio.create_task(self._pass(*way)) for way in ((client, server), (server, client))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await client.close()
            return client

    async def _pass(
        self,
        source: web.WebSocketResponse | ClientWebSocketResponse,
        target: web.WebSocketResponse | ClientWebSocketResponse,
    ) -> None:
        async for message in source:
            luck = self._chance.random()
            if message.type is not WSMsgType.TEXT or luck < LOST:
                continue
            if luck < LOST + HELD:
                await asyncio.sleep(self._chance.random() * LONGEST_HOLD)
            await target.send_str(message.data)


async def _slowly(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(CHUNK):
        yield chunk
        await asyncio.sleep(PAUSE)


async def serve(port: int, seed: int, servers: list[str]) -> None:
    """Serve until it is ended."""
    # Chromium sees one address for all servers, as behind any balancer.
    async with ClientSession(auto_decompress=False) as http:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", Proxy(http, servers, random.Random(seed)).handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
