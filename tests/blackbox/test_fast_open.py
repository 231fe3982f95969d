"""Clients that speak with their SYN (TCP Fast Open, RFC 7413).

The server does not ask for it: it speaks first, so it gains nothing. What such a client says then
comes behind the handshake, as that of any other who speaks first. A system can switch it on for all
listeners, though (net.ipv4.tcp_fastopen), and then words come before the handshake is over."""
import socket
import struct

import pytest

from clients import GREETING, read_to_end
from kernel import Counters, sysctl
from programs import DEADLINE_S, totals

FOR_CLIENTS, FOR_ALL_LISTENERS = 0x1, 0x1 | 0x2 | 0x400
WORDS = b"GET / HTTP/1.0\r\n\r\n"


def visit_with_words(address, family):
    sock = socket.socket(family.number)
    patience = struct.pack("ll", DEADLINE_S, 0)  # not settimeout: the call shall send and connect
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
    sock.sendto(WORDS, socket.MSG_FASTOPEN, address)
    return read_to_end(sock)


@pytest.mark.parametrize(
    "close, setting",
    [("linger", FOR_CLIENTS), ("linger", FOR_ALL_LISTENERS), ("swift", FOR_ALL_LISTENERS)],
    ids=["linger, for clients", "linger, for listeners", "swift, for listeners"],
)
def test_who_speaks_with_the_SYN_is_greeted(server, engine, family, close, setting):
    with sysctl("net.ipv4.tcp_fastopen", setting):
        one = server("--engine", engine, "--close", close)
        counters = Counters()
        got = [visit_with_words(one.address(family), family) for _ in range(200)]
        assert got == [GREETING] * 200
        if setting == FOR_ALL_LISTENERS:  # the first one only gets its cookie
            assert counters["TcpExtTCPFastOpenPassive"] >= 198
        one.wait_until_idle()
        assert one.stop() == totals(greeted=200)
