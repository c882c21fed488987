#!/usr/bin/python3
"""Writes the seeds of the fuzz targets, tests/fuzz/corpus, out of what the repository has itself.

The binary ones come from tests/unit/proto/rpc/captures.h and from the writers of tests/lab/exchange_disk.py.
Run it again after a change of those or of this file; it is not part of the build.
"""

import json
import random
import re
import struct
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).resolve().parent / "corpus"
sys.path.insert(0, str(ROOT))
from tests.lab import exchange_disk, hives  # noqa: E402

BEGAN = datetime(1999, 11, 22, 10, 45, 23, tzinfo=timezone.utc)


def put(target, seeds):
    """Makes `seeds`, a dict of texts or bytes, all that the folder of a target holds."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in seeds:
            old.unlink()
    for name, content in seeds.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def descriptors():
    """Security descriptors as Windows gives them, with an owner alone."""
    def sid(authority, *parts):
        return struct.pack("<BB5xB", 1, len(parts), authority) + b"".join(struct.pack("<I", part) for part in parts)

    def of(owner, offset=20):
        return struct.pack("<BxHIIII", 1, 0x8000, offset, 0, 0, 0) + owner

    system = sid(5, 18)
    return {"system": of(system), "administrators": of(sid(5, 32, 544)), "users": of(sid(5, 32, 545)),
            "somebody": of(sid(5, 21, 1, 2, 3, 500)), "everyone": of(sid(1, 0)), "longest": of(sid(5, *range(15))),
            "none": of(b"", 0), "in_the_head": of(system, 4), "behind": of(system, 33), "cut": of(system)[:-1],
            "too_many_parts": of(system[:1] + b"\x10" + system[2:] + bytes(60)), "padded": of(system) + bytes(224)}


def captures():
    """The arrays of captures.h, by name."""
    text = (ROOT / "tests/unit/proto/rpc/captures.h").read_text()
    arrays = re.findall(r"static const uint8_t (\w+)\[\] = \{(.*?)\};", text, re.DOTALL)
    return {name: bytes(int(byte, 16) for byte in re.findall(
        r"0x([0-9a-f]{2})", re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)))
        for name, body in arrays}


def streams(pdu):
    """What the servers of a probe say, one after the other, the last byte telling the pieces."""
    one_by_one = b"\xff"
    return {
        "mta": pdu["bind_ack"] + pdu["map_mta_found"] + pdu["bind_ack"] + one_by_one,
        "not_registered": pdu["bind_ack"] + pdu["map_mta_missing"] + one_by_one,
        "bind_nak": pdu["bind_nak"] + one_by_one,
        "rejected": pdu["bind_unknown"] + one_by_one,
        "fault": pdu["bind_ack"] + pdu["fault_opnum"] + one_by_one,
        "mta_refuses": pdu["bind_ack"] + pdu["map_mta_found"] + pdu["bind_unknown"] + one_by_one,
        "big_endian_lookup": pdu["be_bind_ack"] + pdu["be_map_missing"] + pdu["be_lookup_one"]
                             + one_by_one,
        "big_endian_fault": pdu["be_bind_ack"] + pdu["be_fault_opnum"] + one_by_one,
        "lsarpc_instead": pdu["be_bind_ack"] + pdu["be_map_lsarpc"] + b"\xf0",
        "banner": b"SSH-2.0-OpenSSH_9.2p1\r\n\x00",
    }


def programs():
    good = exchange_disk.executable("5.5.2653.23")
    no_resource = bytearray(good)
    no_resource[64 + 24 + 96 + 16:64 + 24 + 96 + 24] = bytes(8)
    plus = bytearray(good)
    plus[64 + 24:64 + 26] = b"\x0b\x02"  # the magic of PE32+ over fields of PE32
    return {
        "good": good,
        "newer": exchange_disk.executable("5.5.2654.54"),
        "cut_in_resource": good[:0x260],
        "headers_only": good[:0x200],
        "no_resource": bytes(no_resource),
        "confused_plus": bytes(plus),
        "dos": b"MZ" + bytes(62),
        "ne": b"MZ" + bytes(58) + b"\x40\0\0\0" + b"NE" + bytes(62),
    }


def event_logs():
    def at(minutes):
        return BEGAN + timedelta(minutes=minutes)
    events = [
        (at(0), 9298, ("5.5 (build 2653.23)", "BASE IL MAIN BASE", "1", "0", "16")),
        (at(5), 9299, ()),
        (at(9), 9321, ("11004", "", "BASE IL MAIN BASE", "1", "504", "14")),
        (at(9), 9266, ("4", "BASE IL MAIN BASE", "1", "173", "16")),
        (at(10), 9318, ("\u00c4\U0001f4e7", "")),
    ]
    whole = exchange_disk.event_log(events, "EXCH1")
    records = whole[48:-40]
    dirty = bytearray(whole)
    dirty[16:28] = (48).to_bytes(4, "little") * 2 + (1).to_bytes(4, "little")
    dirty[36] = 1
    corrupt = bytearray(whole)
    corrupt[48 + 3] = 0x7f  # the length of the first record
    second = int.from_bytes(records[:4], "little")
    # A ring whose oldest record is the third: the file's end lies inside the last one.
    return {
        "whole": whole,
        "empty": exchange_disk.event_log([], "EXCH1"),
        "dirty": bytes(dirty),
        "corrupt": bytes(corrupt),
        "cut": whole[:-100],
        "header": whole[:48],
        "records": records,
        "records_from_the_middle": records[second + 4:],
        "foreign_source": whole.replace("MSExchangeMTA".encode("utf-16-le"),
                                        "MSExchangeMTB".encode("utf-16-le")),
        "wrapped": wrapped(records),
    }


def wrapped(records):
    """The same records as a ring: the last one goes on behind the header, before the end record."""
    places = [0]
    while places[-1] < len(records):
        places.append(places[-1] + int.from_bytes(records[places[-1]:places[-1] + 4], "little"))
    last = records[places[-2]:]
    split = 60
    tail = last[split:]
    first = 48 + len(tail) + 40  # where the oldest record lies
    count = len(places) - 1
    body = records[:places[-2]] + last[:split]
    numbers = [48 + len(tail), count + 1, 1]
    size = first + len(body)

    def words(*values):
        return b"".join(value.to_bytes(4, "little") for value in values)
    header = words(48, 0x654C664C, 1, 1, first, *numbers, size, 2, 0, 48)
    end = words(40, 0x11111111, 0x22222222, 0x33333333, 0x44444444, first, *numbers, 40)
    return header + tail + end + body


def exports():
    text = exchange_disk.REGISTRY.format(server="EXCH1", organization="ACME", site="LAB")
    text = text.replace("\n", "\r\n")
    wide = text.replace("REGEDIT4", "Windows Registry Editor Version 5.00")
    wide += ('"Bind"=hex(7):65,00,31,00,00,00,\\\r\n  65,00,32,00,00,00,00,00\r\n'
             '"Expand"=hex(2):25,00,53,00,00,00\r\n@="\u00fc\U0001f4e7"\r\n')
    narrow = ('REGEDIT4\r\n\r\n; remark\r\n[HKEY_LOCAL_MACHINE\\A]\r\n@="x"\r\n'
              '"List"=hex(7):65,31,00,\\\r\n  65,32,00,00\r\n"Raw"=hex:01,02\r\n'
              '"Escapes \\"\\\\"="a\\\\b\\"c"\r\n"Lines"="one\r\ntwo"\r\n'
              '"Word"=hex(4):01,00,00,00\r\n[HKEY_CURRENT_USER\\B]\r\n"Name"="kept out"\r\n')
    return {
        "regedit4.reg": text,
        "version5.reg": b"\xff\xfe" + wide.encode("utf-16-le"),
        "version5_utf8.reg": b"\xef\xbb\xbf" + wide.encode(),
        "forms.reg": narrow,
        "ansi.reg": narrow.replace("one", "\u00e9\u20ac").encode("cp1252"),
        "offline.reg": narrow.replace("HKEY_LOCAL_MACHINE\\A", "\\ControlSet001\\A"),
        "loaded.reg": narrow.replace("LOCAL_MACHINE\\A", "USERS\\OLD\\Microsoft\\A"),
        "hivex.reg": 'Windows Registry Editor Version 5.00\n[\\Select]\n"a"=str(1):"b"\n"c"=str(2)\n',
        "cp932.reg": narrow.replace("one", "\u8868").encode("cp932"),
        "cp932_path.reg": b'REGEDIT4\n[HKLM\\A]\n"a"="C:\\\\\x95\\\\\\bin"\n"\x95\\"="b"\n',
        "big_endian.reg": b"\xfe\xff" + narrow.encode("utf-16-be"),
        "nonsense.reg": 'REGEDIT4\n[HKLM\\A\n"a"=hex:zz,\\\n 01\nwhat\n"b"=dword:1\n',
        "deletion.reg": 'REGEDIT4\n[-HKEY_LOCAL_MACHINE\\A]\n',
        "unclosed.reg": 'REGEDIT4\n[HKEY_LOCAL_MACHINE\\A]\n"a"="b\n',
    }


def requests():
    host = "Host: collector:8285\r\n"

    def post(*fields, body=""):
        return "POST /v1/reports HTTP/1.1\r\n" + host + "".join(
            field + "\r\n" for field in fields) + "\r\n" + body
    return {
        "get": f"GET /v1/servers?verdict=exposed&site=A%20B HTTP/1.1\r\n{host}\r\n",
        "head_absolute": f"HEAD http://collector/healthz HTTP/1.1\r\n{host}\r\n",
        "http10": "GET / HTTP/1.0\r\n\r\n",
        "post": post("Content-Type: application/json", "Content-Length: 2", body="{}"),
        "chunked": post("Transfer-Encoding: chunked",
                        body="5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"),
        "too_large": post("Content-Length: 70", body="0123456789" * 7),
        "chunked_too_large": post("Transfer-Encoding: chunked",
                                  body="46\r\n" + "0123456789" * 7 + "\r\n0\r\n\r\n"),
        "continue": post("Expect: 100-continue", "Content-Length: 3", body="abc"),
        "expectation": post("Expect: 200-ok", "Content-Length: 0"),
        "pipelined": f"GET /1 HTTP/1.1\r\n{host}\r\n" + post("Content-Length: 1", body="x")
                     + "\r\nDELETE /v1/servers/x HTTP/1.1\r\n" + host
                     + "Connection: close\r\n\r\nrest",
        "both_lengths": post("Content-Length: 3", "Transfer-Encoding: chunked",
                             body="0\r\n\r\n"),
        "two_lengths": post("Content-Length: 3", "Content-Length: 4", body="abcd"),
        "gzip_coding": post("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"),
        "chunk_of_bad_size": post("Transfer-Encoding: chunked", body="fffffffffffffffff\r\n"),
        "folded": f"GET / HTTP/1.1\r\n{host}X: a\r\n b\r\n\r\n",
        "folded_and_many": f"GET / HTTP/1.1\r\n{host}X: a\r\n b\r\n" + "a:\r\n" * 70 + "\r\n",
        "many_and_folded": f"GET / HTTP/1.1\r\n{host}" + "a:\r\n" * 70 + " b\r\n\r\n",
        "no_name": f"GET / HTTP/1.1\r\n{host}: x\r\n\r\n",
        "no_host": "GET / HTTP/1.1\r\n\r\n",
        "two_hosts": f"GET / HTTP/1.1\r\n{host}{host}\r\n",
        "space_before_colon": "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "many_fields": f"GET / HTTP/1.1\r\n{host}" + "a:\r\n" * 70 + "\r\n",
        "bare_newlines": "GET / HTTP/1.1\nHost: x\n\n",
        "connect": f"CONNECT collector:443 HTTP/1.1\r\n{host}\r\n",
        "upgrade": f"GET / HTTP/1.1\r\n{host}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "version": f"GET / HTTP/2.0\r\n{host}\r\n",
        "fragment": f"GET /a#b HTTP/1.1\r\n{host}\r\n",
        "options": f"OPTIONS * HTTP/1.1\r\n{host}\r\n",
    }


def reports():
    found = {path.name: path.read_bytes()
             for path in sorted((ROOT / "tests/integration/reports").glob("*.json"))}
    minimal = found["minimal.json"].decode()
    head = minimal.rstrip().removesuffix("}")
    return found | {
        "escapes.json": minimal.replace("exch9", r"\u00e4\ud83d\ude00\/\"\\\b\f\n\r\t"),
        "lone_surrogate.json": minimal.replace("exch9", r"\ud83d"),
        "nul.json": minimal.replace("exch9", r"a\u0000b"),
        "twice.json": head + ', "sequence": 1}',
        "numbers.json": head + ', "duration_ms": 1.5e3, "age_s": 9007199254740991, "x": -0.0}',
        "offsets.json": minimal.replace("23Z", "23.1234-12:30"),
        "deep.json": head + ', "x": ' + "[" * 33 + "]" * 33 + "}",
        "empty_members.json": head + ', "exchange": {}, "adapters": [{}], "mta": {'
                              '"last_start": {}}, "probes": [{}], "files": [], "bindings": {}}',
    }


def answers():
    whole = ('{"accepted": 7, "verdict": "exposed", "interval_s": 300, "peers": [\n'
             ' {"name": "EXCH2", "addresses": ["10.0.0.2", "192.168.7.2", "127.0.0.1"]},\n'
             ' {"name": "EXCH3", "addresses": []}]}')
    return {
        "answer.json": whole,
        "no_peers.json": '{"accepted":0,"verdict":"clear","interval_s":1,"peers":[]}',
        "unknown_members.json": whole.replace('"peers"', '"more": {"a": [1, null, true]}, "peers"'),
        "problem.json": '{"type": "about:blank", "title": "Gone", "status": 410,'
                        ' "detail": "\\u00e4"}',
        "enrolled.json": '{"id": "6f1c0000-0000-4000-8000-00000000000a"}',
        "title.json": '{"title": "Bad Request"}',
        "behind_the_end.json": whole + "x",
        "twice.json": whole.replace('"accepted": 7', '"accepted": 7, "accepted": 8'),
        "fraction.json": whole.replace("300", "300.5"),
        "deep.json": "[" * 17 + "]" * 17,
        "proxy.html": "<html><body>407 Proxy Authentication Required</body></html>",
    }


def message_tables():
    """The id that is looked for, then MESSAGE_RESOURCE_DATA (winnt.h): one block, two messages."""
    entries = b"".join(struct.pack("<2H", 4 + len(text), unicode) + text for text, unicode in (
        (b"A fatal error. Reboot. [%1 %2!d!] (%99)%0\r\n\0\0", 0),
        ("NT Error: %1. 100%% %n\u00fc\r\n\0".encode("utf-16-le"), 1)))
    table = struct.pack("<4I", 1, 0x80002469, 0x8000246A, 16) + entries
    return {
        "ansi": struct.pack("<I", 0x80002469) + table,
        "utf16": struct.pack("<I", 0x8000246A) + table,
        "other_severity": struct.pack("<I", 0xC0002469) + table,
        "cut": struct.pack("<I", 0x8000246A) + table[:-9],
        "pattern": b"\0\0\0\0%2%3%1 %% %. %b%t%r\xc2\x85\xe2\x80\xa8%4!s!%",
    }


def configurations():
    """Configuration files, and single values of settings."""
    pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    return {
        "all": "\ufeff# the agent of EXCH1\r\ncollector = https://c.example\r\n"
               "collector-fallback=https://d.example:8443/x\nca-file = C:\\ca.pem\n"
               f"pin = {pin},{pin}\nclient-cert = c.pem\nclient-key = k.pem\n"
               "proxy = http://proxy:3128\nproxy-user = exch1\nproxy-password-file = p.txt\nallow-plain = no\n"
               "enroll-secret-file = \\\\share\\secret.txt\n\n"
               "; peers\npeer = EXCH2=10.0.0.6,10.0.0.7;EXCH3=10.0.0.8\npeer = exch2=10.0.0.9\n"
               "allow-peers = 131.107.0.0/16, 192.0.2.7\n"
               "probe-limit = 60\ninterval = 86400\nstate-dir = /var/lib/x\nlog-file = \u00fc.log\n"
               "log-level = Warning\nlog-max-kb = 64\nwindows-root = /mnt\ndisk-only = yes\n",
        "unknown_key": "interval = 60\nonce = yes\n",
        "no_value": "interval\n",
        "out_of_bounds": "interval = 86401\n",
        "password": "proxy = http://user:password@proxy:3128\n",
        "url": "https://collector.example",
        "number": "60",
        "level": "error",
        "peers": "EXCH2=10.0.0.6;EXCH3=10.0.0.7,10.0.0.8",
        "peers_and_none": "EXCH2=10.0.0.6;",
        "pins": f"{pin},{pin}",
    }


def record(kind, body, version=0x0301):
    return struct.pack(">BHH", kind, version, len(body)) + body


def client_hello(*extensions, version=0x0303):
    """RFC 8446, 4.1.2, with ECDHE-ECDSA-AES128-GCM-SHA256 and TLS_AES_128_GCM_SHA256."""
    tail = b"".join(struct.pack(">HH", number, len(body)) + body for number, body in extensions)
    body = (struct.pack(">H", version) + bytes(range(32)) + b"\0" + b"\0\4\xc0\x2b\x13\x01" + b"\1\0"
            + struct.pack(">H", len(tail)) + tail)
    return b"\1" + len(body).to_bytes(3, "big") + body


def tls_clients():
    """What fuzz_tls.c takes: the kind of client, then its bytes or how they are cut and changed."""
    groups = (10, b"\0\4\0\x17\0\x1d")
    signatures = (13, b"\0\4\4\3\x08\4")
    only_13, alpn = (43, b"\2\3\4"), (16, b"\0\x09\x08http/1.1")
    hello = client_hello(groups, signatures, (11, b"\1\0"), (35, b""), alpn)
    hello_13 = client_hello(groups, signatures, only_13, (51, b"\0\0"))
    whole, one_by_one = b"\0\xff", b"\0\0"
    return {
        "hello": whole + record(22, hello), "hello_bytewise": one_by_one + record(22, hello),
        "hello_retry": whole + record(22, hello_13) + record(20, b"\1") + record(22, hello_13),
        "hello_in_records": b"\0\x20" + record(22, hello[:20]) + record(22, hello[20:]),
        "old_version": whole + record(22, client_hello(groups, version=0x0302)),
        "alert": whole + record(22, hello) + record(21, b"\2\x30"),
        "data_first": whole + record(23, b"GET / HTTP/1.1\r\n"), "empty_record": whole + record(22, b""),
        "large_record": whole + b"\x16\3\1\xff\xff" + bytes(64),
        "ssl2": whole + b"\x80\x2e\1\3\1\0\x15\0\0\0\x10" + bytes(37),
        "http": whole + b"GET / HTTP/1.1\r\nHost: c\r\n\r\n", "ssh": whole + b"SSH-2.0-OpenSSH_9.2p1\r\n",
        "real_12": b"\2", "real_13": b"\3", "real_12_bytewise": b"\2" + bytes(700),
        "real_13_bytewise": b"\3" + bytes(700), "real_13_sixes": b"\3" + b"\5" * 120,
        "replaced": b"\3\x64\xf0\x41\x10", "left_out": b"\2\x10\xf1\x10", "put_in": b"\3\x05\xf2\x00\x10",
        "tampered_text": b"\3" + b"\xef" * 2 + b"\x50\x1a\xf0\0", "tampered_key": b"\2\xef\x30\xf0\xff",
    }


def packed_reports():
    """Bodies as the store has them: encoding, base, zstd frames (RFC 8878) of one block."""
    def frame(kind, block, size, header=0x60):
        # Magic, single segment with two bytes of size (less 256), the last block.
        return (struct.pack("<IBH", 0xfd2fb528, header, size - 256)
                + struct.pack("<I", len(block) << 3 | kind << 1 | 1)[:3] + block)

    text = b'{"schema":"mtawatch.report/1"}' * 10
    run = struct.pack("<IBH", 0xfd2fb528, 0x60, 1000 - 256) + struct.pack("<I", 1000 << 3 | 3)[:3] + b"x"
    based = struct.pack("<BH", 2, len(text)) + text
    return {"text": b"\0\0\0" + text, "raw": b"\1\0\0" + frame(0, text, len(text)), "run": b"\1\0\0" + run,
            "delta": based + frame(0, text, len(text)), "delta_without_base": b"\2\0\0" + run,
            "cut": b"\1\0\0" + frame(0, text, len(text))[:-20], "unknown": b"\3\0\0x",
            "too_large": b"\1\0\0" + struct.pack("<IBI", 0xfd2fb528, 0xa0, 2**20 + 1) + b"\3\0\0x"}


def json_texts():
    """What there is in JSON, and what only cJSON takes."""
    return {
        "all": r'{"a":[true,false,null,-1.5e+3,0,"\ud83d\udce7\n\u00e9"],"b":{},"c":[]}',
        "white": " \t\r\n[ 1 , 2 ] \n", "white_of_cjson": "\x01[\x02]\x03", "mark": "\ufeff{}",
        "control": '"a\x01b"', "not_utf8": b'"\xff"', "twice": '{"a":1,"\\u0061":2}', "zero": "[01]",
        "point": "[1.]", "half": "[-.5]", "nul": '"\\u0000x"', "surrogate": '"\\ud83d"', "behind": "[]x",
        "deep": "[" * 33 + "]" * 33, "number": "1" * 63, "long_number": "1" * 64, "huge": "[1e999,-1e999]",
    }


def kept_notification(reason, alert, more):
    """A notification as the outbox keeps it; versions before knew fewer members."""
    return json.dumps({
        "id": "1", "hook": "ops", "group": "ACME/HQ/mta_11004", "organization": "ACME", "site": "HQ",
        "cause": "mta_11004", "url": "https://c/", "status": "firing", "reason": reason,
        "at": "2026-11-24T09:05:00Z", "truncated": 0, "alerts": [{
            "id": "7", "fingerprint": "00ff00ff00ff00ff", "condition": "failing", "status": "firing",
            "server": "EXCH1", "organization": "ACME", "site": "HQ", "adapter": "", "verdict": "failing",
            "reason": "mta_11004", "text": "The MTA is not running.", "remedy": "Disable it.",
            "url": "https://c/?server=EXCH1", "since": "2026-11-24T09:00:00Z",
            "fired_at": "2026-11-24T09:05:00Z", "resolved_at": None, "flapping": False} | alert]} | more)


def written_texts():
    text = "# Zürich\r\nMSExchangeMTA stopped 2140\r\n"
    return {
        "utf8": text, "utf8_mark": text.encode("utf-8-sig"), "line_feeds": text.replace("\r", ""),
        "returns": text.replace("\n", ""), "no_last_end": text.rstrip(), "ctrl_z": text + "\x1a",
        "code_page": text.encode("cp1252"), "utf16": text.encode("utf-16"),
        "utf16_be": b"\xfe\xff" + text.encode("utf-16-be"), "utf16_no_mark": text.encode("utf-16-le"),
        "utf16_cut": text.encode("utf-16")[:-1], "utf32": text.encode("utf-32"),
        "excel": b"PK\x03\x04\x14\0\x06\0", "binary": b"regf\1\0\0\0", "word": "\r\n secret \r\n",
    }


def hive(keys):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hive"
        hives.write_hive(path, keys)
        return path.read_bytes()


def hive_files():
    """Hives as libhivex writes them; what stands in their keys is what the agent looks for."""
    mta = "ControlSet002\\Services\\MSExchangeMTA"
    system = hive({
        "Select": {"Current": hives.number(2)},
        "ControlSet002\\Control\\ComputerName\\ComputerName": {"ComputerName": hives.text("EXCH1")},
        mta: {"Start": hives.number(2), "ImagePath": (2, "%SystemRoot%\\emsmta.exe\0".encode("utf-16-le"))},
        mta + "\\Parameters": {"X500 DN": hives.text("/o=ACME/ou=LAB/cn=EXCH1")},
        "ControlSet002\\Services\\Tcpip\\Linkage": {
            "Bind": (hives.REG_MULTI_SZ, "\\Device\\El90x1\0\\Device\\El90x2\0\0".encode("utf-16-le"))}})
    dirty = bytearray(system)
    dirty[8] ^= 1  # the second of its two numbers
    return {
        "system": system, "software": hive({"Microsoft\\Exchange\\Setup": {
            "Services": hives.text("C:\\exchsrvr"), "NewestBuild": hives.number(2653)}}),
        "empty": hives.empty_hive(), "dirty": bytes(dirty), "cut": system[:6000], "header": system[:4096],
        "odd_text": hive({"Select": {"Current": (hives.REG_SZ, b"x\0y")}}), "text": "REGEDIT4\r\n",
    }


def service_lists():
    ours = "# EXCH1\r\nMSExchangeMTA stopped 2140\r\nMSExchangeIS running\r\n"
    query = ("\r\nSERVICE_NAME: MSExchangeMTA\r\nDISPLAY_NAME: Microsoft Exchange Message Transfer Agent\r\n"
             "        TYPE               : 10  WIN32_OWN_PROCESS \r\n        STATE              : 1  STOPPED \r\n"
             "        WIN32_EXIT_CODE    : 1066  (0x42a)\r\n        SERVICE_EXIT_CODE  : 2140  (0x85c)\r\n")
    started = ("These Windows 2000 services are started:\r\n\r\n   Event Log\r\n"
               "   Microsoft Exchange Message Transfer Agent\r\n\r\nThe command completed successfully.\r\n")
    return {
        "ours": ours, "upper": ours.upper(), "mark": ours.encode("utf-8-sig"), "utf16": ours.encode("utf-16"),
        "query": query, "query_utf16": query.encode("utf-16"), "started": started, "no_state": "MSExchangeMTA\n",
        "no_code": "MSExchangeMTA stopped x\n", "empty": "", "returns": ours.replace("\n", ""),
    }


def kept_notifications():
    ways = [{"steps": [{"text": "Disable <it> & *go*", "verdict_after": "clear"}, {"text": "x" * 700}]}] * 3
    fires = {"before": "exposed", "now": "", "event": 9321, "event_at": "2026-11-24T09:01:00Z", "options": ways,
             "text": "\u4e2d \u202e<!channel> \"\\ since 2026-11-24T09:01:00.123Z", "flapping": True}
    looked_after = fires | {"acknowledged": {"by": "ann", "at": "2026-11-24T09:06:00Z", "comment": "on it"}}
    over = {"status": "resolved", "resolved_at": "2026-11-24T10:00:00Z", "now": "clear: it is disabled"}
    owned = fires | {"owner": {"name": "Mail <team>", "by": "token ops", "at": "2026-11-20T09:00:00Z", "of": "server"},
                     "note": {"text": "rack 3\ncall first", "by": "user ada", "at": "2026-11-20T09:00:00Z", "of": "site"}}
    fleet = {"servers": 300, "fixed": 96, "silent": 4, "not_monitored": 1}
    sums = {"since": "2026-11-24T09:00:00Z", "opened": 212, "resolved": 6, "next": "2026-11-24T09:10:00Z", "more_sites": 20,
            "sites": [{"organization": "ACME", "site": "HQ <&>", "firing": {"failing": 1, "silent": 9}},
                      {"organization": "", "site": "", "firing": {"disk": 1}}], "fleet": None}
    firing = {"firing": {"failing": 1, "disk": 1, "hook": 2, "silent": 199, "unknown": 3}}
    return {
        "escalated": kept_notification("escalated", fires, {"firing": {"failing": 1, "exposed": 2}}),
        "acknowledged": kept_notification("acknowledged", looked_after, {}), "test": kept_notification("test", {}, {}),
        "owned": kept_notification("escalated", owned, {}),
        "resolved": kept_notification("resolved", over, {"status": "resolved"}), "none": kept_notification("eased", {}, {"alerts": []}),
        "storm": kept_notification("summary", fires, firing | {"summary": sums, "truncated": 142}),
        "calm": kept_notification("summary", {}, {"alerts": [], "summary": sums | {"opened": 0}}),
        "storm_is_over": kept_notification("summary", {}, {"alerts": [], "summary": sums | {"opened": 0, "resolved": 0}}),
        "digest": kept_notification("digest", looked_after, firing | {"summary": sums | {"sites": []}}),
        "daily_report": kept_notification("daily report", over, {"summary": sums | {"fleet": fleet}, "test": True}),
        "nothing_is_wrong": kept_notification("daily report", {}, {"alerts": [], "summary": sums | {"fleet": fleet}}),
        "disk": kept_notification("still open", {"condition": "disk", "server": ""}, {"site": "", "url": ""}),
        "unknown": kept_notification("eased", fires | {"condition": "unknown"}, {"truncated": 9}),
        "long_key": kept_notification("opened", {}, {"group": "k" * 300, "site": "s" * 1000}),
    }


def zone_file(changes=(), types=((3600, 0, 0), (7200, 1, 4)), names=b"CET\0CEST\0", rule="CET-1CEST,M3.5.0,M10.5.0/3"):
    """A TZif of version 2; `changes` are pairs of seconds and a type."""
    def block(width):
        head = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, len(changes), len(types), len(names))
        times = b"".join(struct.pack(">i" if width == 4 else ">q", at) for at, _ in changes)
        return head + times + bytes(t for _, t in changes) + b"".join(struct.pack(">iBB", *t) for t in types) + names
    return block(4) + block(8) + f"\n{rule}\n".encode()


def zones():
    return {
        "berlin": zone_file([(-1693706400, 1), (354675600, 1), (370400400, 0)]), "rule_only": zone_file(),
        "utc": zone_file((), ((0, 0, 0),), b"UTC\0", "UTC0"), "no_rule": zone_file([(0, 1)], rule=""),
        "south": zone_file((), rule="<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45"), "cut": zone_file()[:-1],
        "days": zone_file((), rule="AAA0BBB,J60/0,300/-167"), "type": zone_file([(0, 9)]), "order": zone_file([(5, 0), (5, 1)]),
        "version_1": zone_file().replace(b"TZif2", b"TZif\0"), "text": "CET-1CEST,M3.5.0,M10.5.0/3", "empty": "",
    }


def report_files():
    one = '{"schema": "mtawatch-report/1", "host": {"name": "EXCH1"}}'
    pretty = '{\n  "schema": "mtawatch-report/1",\n  "host": {"name": "} {"}\n}\n'
    return {
        "one": one, "lines": f"{one}\n{one}\r\n\r\n{one}", "pretty": pretty, "mark": pretty.encode("utf-8-sig"),
        "utf16": pretty.encode("utf-16"), "utf16_no_mark": one.encode("utf-16-be"), "cut": one[:-1], "empty": "",
        "blank": " \r\n\x1a", "quote": '{"a": "\\"}\n{"', "utf32": one.encode("utf-32"),
    }


def main():
    pdu = captures()
    put("pdu", pdu | {"answers": pdu["bind_ack"] + pdu["map_mta_found"]})
    put("dialog", streams(pdu))
    put("pe_version", programs())
    put("eventlog", event_logs())
    put("regfile", exports())
    put("hive", hive_files())
    put("services", service_lists())
    put("report_source", report_files())
    put("http", requests())
    put("report", reports())
    put("answer", answers())
    put("json", json_texts())
    put("http_date", {
        "fixdate": "Sun, 06 Nov 1994 08:49:37 GMT",
        "leap_day": "Thu, 29 Feb 1996 23:59:60 GMT",
        "no_month": "Sun, 06 Foo 1994 08:49:37 GMT",
        "rfc850": "Sunday, 06-Nov-94 08:49:37 GMT",
    })
    put("message", message_tables())
    put("config", configurations())
    put("arguments", {
        "plain": "mtawatch-agent.exe run --collector https://c.example",
        "quoted": '"C:\\Program Files\\mtawatch\\mtawatch-agent.exe" run --log-file "C:\\a b\\\\"',
        "escapes": 'a "ab\\"c" "\\\\" d a\\\\\\b d"e f"g h "b""c d"',
        "lines": "one\n\ntwo words\n\\\n\"\n\\\"\\\\",
    })
    put("tls", tls_clients())
    agent = b"03dcba4b-0b96-477c-a510-5f629d2f07dd." + b"a1" * 32
    ours, session = b"http://collector.example:8285", b"theme=dark; mtawatch_session=5e5510"
    put("access", {
        "empty": b"", "agent": b"Bearer " + agent, "agent_unknown": b"Bearer " + agent[:-1] + b"2",
        "agent_cut": b"Bearer " + agent[:36], "token": b"bearer  mtw_v0", "basic": b"Basic bXR3X3YwOg==",
        "dots": b"Bearer ..." + b"a" * 100, "cookie": b"\n" + session, "cookie_cut": b"\nmtawatch_session",
        "cookie_long": b"\nmtawatch_session=" + b"0" * 500 + b"; mtawatch_session=5e5510",
        "ours": b"\n" + session + b"\n" + ours, "other": b"\n" + session + b"\nhttp://evil.example",
        "fetch_ours": b"\n" + session + b"\n" + ours + b"\nsame-origin",
        "fetch_other": b"\n" + session + b"\n" + ours + b"\ncross-site",
        "user": b"\n\n" + ours + b"\nsame-origin\nalice\nx, readers",
        "user_other": b"\n\n" + ours + b"\ncross-site\nalice\nreaders"})
    put("inventory", {
        "names": "EXCH1\nexch2.acme.example\n\n# a comment\n EXCH3 \t\n",
        "csv": "name,organization,site\r\nEXCH1,ACME,HQ\r\nEXCH2,\"A, \"\"B\"\"\",\r\n",
        "mark": "\N{ZERO WIDTH NO-BREAK SPACE}server\nE\N{LATIN SMALL LETTER E WITH ACUTE}\n",
        "twice": "EXCH1\nexch1.b\n", "columns": "a,b,c,d\n", "open": "\"a\n", "behind": "\"a\"b\n",
        "long": "x" * 256, "control": "a\x01b\n", "dot": ".a\n", "words": "E1\nE,Name,org\n",
        "apostrophe": "\\\\'@na\n",
    })
    put("owner", descriptors())
    put("pack", packed_reports())
    put("transcript", {
        "login": b"\1AUTH LOGIN dQ==\r\ncHc=\r\n", "challenge": b"\x00" + b"334 VXNlcm5hbWU6\r\n235 welcome\r\n",
        "http": b"\1POST /a?k=v HTTP/1.1\r\nAuthorization: Basic czNjcmV0\r\n\r\n{}",
        "terminal": b"\x00HTTP/1.1 200 \x1b[2J\xff\r\n", "empty": b"\1",
    })
    put("mail", {
        "plain": "\0".join(["EXCH1", "ACME", "HQ", "El90x2", "Adapter El90x2 reaches none of 2 peers.",
                            "Disable it.", "https://collector.example/", "ACME/HQ"]),
        "lines": "a\r\nBcc: b@c\r\n\r\nd\0\n\n.\nFrom x\0From y\0 \0  two  blanks ",
        "long": "x" * 300 + "\0" + "w " * 200, "encoded": "=?utf-8?B?SGk=?=\0a=b",
        "utf8": "K\u00f6ln \u4e2d\u6587 \U0001f600\u202e\0" + "\u00e4" * 200, "empty": "",
        "bytes": b"\xff\xc3\0\x80\x1b[31m",
        "kept": kept_notification("escalated", {
            "before": "exposed", "now": "", "event": 9321, "event_at": "2026-11-24T09:01:00Z",
            "options": [{"steps": [{"text": "Disable it.", "verdict_after": "clear"}]}],
            "acknowledged": {"by": "ann", "at": "2026-11-24T09:06:00Z", "comment": "on it"}},
            {"firing": {"failing": 1, "exposed": 2}}),
        "kept_by_version_12": kept_notification("new alerts added", {}, {}),
    } | {f"kept_{name}": text for name, text in kept_notifications().items()})
    put("query", {
        "pairs": "verdict=exposed&site=A%20B&site=c+d", "empty": "&&=&a=&=b&a",
        "cut": "a=%4", "not_hex": "a=%zz", "nul": "a=%00", "utf8": "name=%C3%A4&%61=%41",
        "many": "&".join("a" * 33),
        "servers": "verdict=exposed&verdict=not_monitored&site=HQ&organization=ACME&silent=true&q=a&limit=7",
        "order": "sort=-since&cursor=by%3D-since%26rank%3D1%26key%3Da%26organization%3D%26site%3D",
        "site_order": "sort=site&cursor=by%3Dsite%26rank%3D0%26key%3Da%26organization%3DA%2520B%26site%3D%2526",
        "other_order": "sort=build&cursor=by%3Dsite%26rank%3D0%26key%3Da%26organization%3D%26site%3D",
        "long_rank": "cursor=by%3Dverdict%26rank%3D99999999999999999999%26key%3Da%26organization%3D%26site%3D",
        "accept": "text/csv;q=0.5, text/*;q=1, */*;q=0",
    })
    put("webhook", kept_notifications())
    put("site_index", {
        "empty": b"", "one_report": b"\0\1\2\3\4\5\6\7" * 8, "silent": b"\x3b" * 200,
        **{f"site_{seed}": random.Random(seed).randbytes(2000) for seed in (1, 2, 3, 4, 5, 100)}})
    put("text_file", written_texts())
    put("time_zone", zones())
    put("text", {
        "time": "2026-11-22T10:45:23Z", "fraction": "2026-11-22T10:45:23.123456+05:30",
        "leap": "1998-12-31T23:59:60Z", "leap_day": "2000-02-29t00:00:00z",
        "last": "9999-12-31T23:59:59.999Z", "first": "0000-01-01T00:00:00Z",
        "too_late": "9999-12-31T23:59:60Z", "too_early": "0000-01-01T00:00:00+00:01",
        "version": "5.5.2654.54", "short_version": "5.5", "large_version": "65535.65535.0.65536",
        "address": "192.168.1.255", "prefix": "10.0.0.5/24", "zero": "0.0.0.0/0",
        "name": "/o=ACME/ou=LAB/cn=Configuration/cn=Servers/cn=EXCH1/cn=Microsoft MTA",
    })


if __name__ == "__main__":
    main()
