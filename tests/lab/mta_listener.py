"""Stands in for the message transfer agent, which cannot be had: the RPC interface it listens on.

It answers as the run-time library of a real RPC server does before any call: it acknowledges the
bind of the MTA's interface, version 2.0, and rejects every other one. It implements no call: each
request gets the fault "operation out of range". What it hears goes to standard output, one line
each, so that a test can tell whether anybody went further than the bind.

    python3 mta_listener.py PORT
"""

import asyncio
import struct
import sys
import uuid

# C706 chapter 12: PDU types, and the common header up to the call id.
REQUEST, FAULT, BIND, BIND_ACK, BIND_NAK = 0, 3, 11, 12, 13
HEADER = struct.Struct("<BBBBLHHL")
LITTLE_ENDIAN = 0x00000010  # data representation: integers little-endian, ASCII, IEEE
FIRST_AND_LAST = 3
MAX_FRAGMENT = 5840

MTA = (uuid.UUID("9e8ee830-4459-11ce-979b-00aa005ffebe").bytes_le, 2, 0)
NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<L", 2)

ACCEPTED = struct.pack("<HH", 0, 0) + NDR
NO_SUCH_INTERFACE = struct.pack("<HH20x", 2, 1)
NO_SUCH_SYNTAX = struct.pack("<HH20x", 2, 2)

PROTOCOL_VERSION_NOT_SUPPORTED = struct.pack("<HBBBxxx", 4, 1, 5, 0)
NCA_OP_RNG_ERROR = 0x1C010002


def pdu(kind, call_id, body):
    size = HEADER.size + len(body)
    return HEADER.pack(5, 0, kind, FIRST_AND_LAST, LITTLE_ENDIAN, size, 0, call_id) + body


def judge_context(body, at):
    """The result for the presentation context at an offset, and where the next one starts."""
    _, transfers = struct.unpack_from("<HB", body, at)
    interface = struct.unpack_from("<16sHH", body, at + 4)
    at += 24
    offered = [body[i:i + 20] for i in range(at, at + 20 * transfers, 20)]
    at += 20 * transfers
    if interface != MTA:
        return NO_SUCH_INTERFACE, at
    return (ACCEPTED if NDR in offered else NO_SUCH_SYNTAX), at


def answer_bind(body, port, call_id):
    """The bind_ack, and whether one of the contexts was accepted."""
    transmit, receive, _, contexts = struct.unpack_from("<HHLB", body)
    results, at = [], 12
    for _ in range(contexts):
        result, at = judge_context(body, at)
        results.append(result)
    endpoint = str(port).encode() + b"\0"
    head = struct.pack("<HHLH", receive, transmit, 0x4D54, len(endpoint)) + endpoint
    head += bytes(-(HEADER.size + len(head)) % 4)
    answer = head + struct.pack("<Bxxx", len(results)) + b"".join(results)
    return pdu(BIND_ACK, call_id, answer), ACCEPTED in results


def answer_request(body, call_id):
    _, context, opnum = struct.unpack_from("<LHH", body)
    return pdu(FAULT, call_id, struct.pack("<LHBxLL", 0, context, 0, NCA_OP_RNG_ERROR, 0)), opnum


def answer(header, body, port):
    """The answer to one PDU, or None to hang up, and what to say about it."""
    major, _, kind, flags, representation, _, _, call_id = header
    if major != 5:
        return pdu(BIND_NAK, call_id, PROTOCOL_VERSION_NOT_SUPPORTED), f"nak version {major}"
    if flags & FIRST_AND_LAST != FIRST_AND_LAST or representation != LITTLE_ENDIAN:
        return None, "hang up: fragments or a foreign data representation"
    if kind == BIND:
        reply, accepted = answer_bind(body, port, call_id)
        return reply, "bind accepted" if accepted else "bind rejected"
    if kind == REQUEST:
        reply, opnum = answer_request(body, call_id)
        return reply, f"request opnum {opnum}"
    return None, f"hang up: PDU type {kind}"


async def converse(reader, writer, port):
    while True:
        header = HEADER.unpack(await reader.readexactly(HEADER.size))
        size = header[5]
        if not HEADER.size <= size <= MAX_FRAGMENT:
            return
        body = await reader.readexactly(size - HEADER.size)
        reply, what = answer(header, body, port)
        print(what, "from", writer.get_extra_info("peername")[0], flush=True)
        if reply is None:
            return
        writer.write(reply)
        await writer.drain()


async def serve(port):
    async def on_connection(reader, writer):
        try:
            await converse(reader, writer, port)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the peer went away, as it may at any time
        except struct.error:
            print("hang up: a truncated PDU", flush=True)
        finally:
            writer.close()

    server = await asyncio.start_server(on_connection, "0.0.0.0", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
