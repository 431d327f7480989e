"""A service: takes connections at its ports and passes them on to a pod that is ready. Runs in a container.

Arguments: ports. ``/endpoints/PORT`` holds a line ``ADDRESS PORT`` for each pod, and may change at any time.
"""

import asyncio
import random
import sys
from pathlib import Path


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, and pass the end on."""
    try:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def serve(port: int) -> None:
    """Listen at a port for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other = None
        try:
            lines = Path(f"/endpoints/{port}").read_text().splitlines()
            if lines:
                address, _, at = random.choice(lines).partition(" ")
                from_pod, other = await asyncio.open_connection(address, int(at))
                await asyncio.gather(relay(reader, other), relay(from_pod, writer))
        except OSError as error:
            print(f"{port}: {error}", file=sys.stderr, flush=True)
        finally:
            for one in (writer, other):
                if one is not None:
                    # Without a pod that is ready, whoever connected is reset rather than served nothing.
                    one.close() if other is not None else one.transport.abort()

    server = await asyncio.start_server(connected, "0.0.0.0", port, backlog=512)
    async with server:
        await server.serve_forever()


async def main() -> None:
    """Serve all ports."""
    await asyncio.gather(*(serve(int(port)) for port in sys.argv[1:]))


if __name__ == "__main__":
    asyncio.run(main())
