"""A dispatch centre that only counts: the least that can stand at the other end, so that the sender is what is measured."""

import asyncio
import json
import signal
import sys

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Counter:
    """Every event by its id."""

    def __init__(self) -> None:
        self.seen, self.repeated = set[bytes](), 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection until it is closed."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = _header(head, b"content-length")
                await reader.readexactly(int(length or b"0"))
                self._count(_header(head, b"webhook-id"))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _count(self, id: bytes) -> None:
        if id:
            self.repeated += id in self.seen
            self.seen.add(id)


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


async def main() -> None:
    """Serve until told to stop, then tell what was counted."""
    counter, stop = Counter(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(counter.serve, "127.0.0.1", int(sys.argv[1]))
    await stop.wait()
    server.close()
    print(json.dumps({"taken": len(counter.seen), "repeated": counter.repeated}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
