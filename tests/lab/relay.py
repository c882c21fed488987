"""relay.py LISTEN TARGET: passes TCP connections on, between a laboratory and the machine around it.

LISTEN and TARGET are HOST:PORT, or the path of a Unix socket; a file is seen from every network
namespace, an address only from its own.
"""

import asyncio
import contextlib
import sys


async def copy(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError, RuntimeError):
        writer.write_eof()


def is_path(address):
    return "/" in address


async def connect(address):
    if is_path(address):
        return await asyncio.open_unix_connection(address)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def listen(address, on_connection):
    if is_path(address):
        return await asyncio.start_unix_server(on_connection, address)
    host, _, port = address.rpartition(":")
    return await asyncio.start_server(on_connection, host, int(port))


async def relay(listen_to, target):
    async def on_connection(reader, writer):
        try:
            with contextlib.suppress(OSError):
                there_reader, there_writer = await connect(target)
                await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))
                there_writer.close()
        finally:
            writer.close()

    server = await listen(listen_to, on_connection)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(relay(sys.argv[1], sys.argv[2]))
