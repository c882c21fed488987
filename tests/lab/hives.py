"""Hives of Windows NT, written by libhivex (Debian: python3-hivex) into an empty one made here."""

import struct

import hivex

HEADER = 4096
REG_SZ, REG_DWORD, REG_MULTI_SZ = 1, 4, 7


def _cell(content):
    size = (len(content) + 4 + 7) // 8 * 8
    return (struct.pack("<i", -size) + content).ljust(size, b"\0")


def _root_key(security):
    name = b"$$$PROTO.HIV"
    fields = (0, 0, 0xFFFFFFFF,  # time in two halves is 0 below; no parent's number
              0, 0, 0xFFFFFFFF, 0xFFFFFFFF,  # keys below
              0, 0xFFFFFFFF,  # values
              security, 0xFFFFFFFF,  # no class
              0, 0, 0, 0, 0)
    return (b"nk" + struct.pack("<HI", 0x2C, 0) + struct.pack("<16I", *fields)
            + struct.pack("<HH", len(name), 0) + name)


def empty_hive():
    """A header and one page with a root key and its (empty) security descriptor."""
    first = 32  # behind the page's own header
    security = first + len(_cell(_root_key(0)))
    cells = _cell(_root_key(security))
    cells += _cell(b"sk\0\0" + struct.pack("<4I", security, security, 1, 20)
                   + b"\1\0\4\x80".ljust(20, b"\0"))
    free = HEADER - first - len(cells)
    page = (b"hbin" + struct.pack("<2I", 0, HEADER)).ljust(first, b"\0")
    page += cells + struct.pack("<i", free).ljust(free, b"\0")
    header = bytearray(HEADER)
    struct.pack_into("<4s2I", header, 0, b"regf", 1, 1)
    struct.pack_into("<4I", header, 0x14, 1, 3, 0, 1)  # version 1.3: NT 4.0 and 2000
    struct.pack_into("<3I", header, 0x24, first, HEADER, 1)
    checksum = 0
    for (word,) in struct.iter_unpack("<I", header[:0x1FC]):
        checksum ^= word
    struct.pack_into("<I", header, 0x1FC, checksum)
    return bytes(header) + page


def text(value):
    return REG_SZ, value.encode("utf-16-le") + b"\0\0"


def number(value):
    return REG_DWORD, struct.pack("<I", value)


def write_hive(path, keys):
    """`keys`: {path: {name: (type, bytes)}}."""
    path.write_bytes(empty_hive())
    hive = hivex.Hivex(str(path), write=True)
    for key, values in keys.items():
        node = hive.root()
        for part in key.split("\\"):
            node = hive.node_get_child(node, part) or hive.node_add_child(node, part)
        hive.node_set_values(node, [{"key": name, "t": kind, "value": data}
                                    for name, (kind, data) in values.items()])
    hive.commit(None)
