"""What impacket reads of an endpoint mapper, in the words of epm_client.

    python3 impacket_client.py ADDRESS map UUID VERSION [UUID VERSION...]
    python3 impacket_client.py ADDRESS lookup PAGE

Of a lookup, one line an endpoint: interface, version, binding, annotation, between tabs. Of a map,
one line an interface: its binding, or "not registered".
"""

import sys

from impacket.dcerpc.v5 import epm, transport
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import bin_to_string, uuidtup_to_bin

NOT_REGISTERED = 0x16C9A0D6


def connect(address):
    mapper = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{address}[135]").get_dce_rpc()
    mapper.connect()
    mapper.bind(epm.MSRPC_UUID_PORTMAP)
    return mapper


def lookup(address, page):
    """As epm.hept_lookup, which drops the entries that come along with the last status."""
    mapper = connect(address)
    request = epm.ept_lookup()
    request["inquiry_type"] = epm.RPC_C_EP_ALL_ELTS
    request["object"] = request["Ifid"] = epm.NULL
    request["vers_option"] = epm.RPC_C_VERS_ALL
    request["max_ents"] = page
    answer = None
    while answer is None or answer["status"] == 0:
        answer = mapper.request(request, checkError=False)
        request["entry_handle"] = answer["entry_handle"]
        for entry in answer["entries"]:
            print_entry(entry)
    if answer["status"] != NOT_REGISTERED:
        raise SystemExit(f"status {answer['status']:#010x}")


def print_entry(entry):
    floors = epm.EPMTower(b"".join(entry["tower"]["tower_octet_string"]))["Floors"]
    interface = floors[0]
    print(bin_to_string(interface["InterfaceUUID"]).lower(),
          f"{interface['MajorVersion']}.{interface['MinorVersion']}",
          epm.PrintStringBinding(floors),
          b"".join(entry["annotation"]).decode().rstrip("\0"), sep="\t")


def ask(address, interface, version):
    try:
        return epm.hept_map(address, uuidtup_to_bin((interface, version)), protocol="ncacn_ip_tcp")
    except DCERPCException as failure:
        if failure.get_error_code() != NOT_REGISTERED:
            raise
        return "not registered"


if __name__ == "__main__":
    target, what, *words = sys.argv[1:]
    if what == "lookup":
        lookup(target, int(words[0]))
    else:
        for asked in zip(words[::2], words[1::2]):
            print(ask(target, *asked))
