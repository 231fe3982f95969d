"""Clients that reset, or never finish their handshake, are counted and cost nobody anything."""
import ctypes
import errno
import signal
import socket
import struct
import time

from clients import (
    FAMILIES, GREETING, close_all, connect, crowd, read_exactly, read_to_end, reset, silent_client, socket_for,
)
from programs import ServiceManager, totals, wait_until

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
REPEATED_AFTER_S = 1  # the kernel's answer to a SYN
TRIES = 10


def serves_on(one):
    """The server is none the worse for it: it holds nothing, and greets whoever comes."""
    one.wait_until_idle()
    for family in FAMILIES:
        assert crowd(one.address(family), 100) == {"greeted": 100}
    one.wait_until_idle()


def test_resets_before_the_accept(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    with one.paused():
        for _ in range(500):
            reset(connect(one.address(family)))
        kept = connect(one.address(family))
    assert read_to_end(kept) == GREETING
    serves_on(one)
    assert one.stop() == totals(greeted=201, reset=500)


def test_resets_before_the_accept_after_some_words(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    with one.paused():
        for _ in range(500):
            sock = connect(one.address(family))
            sock.sendall(b"never mind")
            reset(sock)
    serves_on(one)
    assert one.stop() == totals(greeted=200, reset=500)


def test_resets_right_after_the_handshake(server, engine, family, close):
    """Whether the greeting was quicker is chance, so only the sum is certain."""
    one = server("--engine", engine, "--close", close)
    for _ in range(1000):
        reset(connect(one.address(family)))
    serves_on(one)
    counts = one.stop()
    assert counts["greeted"] + counts["reset"] == counts["accepted"] == 1200, counts


def test_resets_after_the_greeting(server, engine, family):
    one = server("--engine", engine, "--linger-timeout", "1h")
    for _ in range(500):
        sock = connect(one.address(family))
        read_exactly(sock, len(GREETING))
        reset(sock)
    serves_on(one)
    assert one.stop() == totals(greeted=200, reset=500)


def test_resets_after_the_end(server, engine, family):
    one = server("--engine", engine, "--linger-timeout", "1h")
    for _ in range(500):
        sock = connect(one.address(family))
        assert read_exactly(sock, len(GREETING)) == GREETING
        assert sock.recv(1) == b""
        reset(sock)
    serves_on(one)
    assert one.stop() == totals(greeted=200, reset=500)


def test_resets_by_clients_that_leave_the_greeting_unread(server, engine, family):
    """Closing a socket with unread input is a reset, too (RFC 2525 2.17)."""
    one = server("--engine", engine, "--linger-timeout", "1h")
    clients = [connect(one.address(family)) for _ in range(300)]
    wait_until(lambda: one.open_connections() == 300, "all to be greeted")
    for sock in clients:
        sock.recv(1, socket.MSG_PEEK)
        sock.close()
    serves_on(one)
    assert one.stop() == totals(greeted=200, reset=300)


# Half-open connections


DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: keep 0 bytes


def deafen(sock):
    """Let the kernel drop all that comes in for this socket, so that it never answers a SYN-ACK."""
    program = struct.pack("HL", 1, ctypes.addressof(DROP_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def half_open(address):
    sock = socket_for(address)
    deafen(sock)
    sock.setblocking(False)
    assert sock.connect_ex(address) == errno.EINPROGRESS
    return sock


def is_established(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 2  # SYN-SENT


def test_half_open_connections_cost_nobody_anything(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    halves = [half_open(one.address(family)) for _ in range(2000)]
    assert crowd(one.address(family), 2000, silent_client()) == {"greeted": 2000}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=2000)
    for sock in halves:
        sock.close()


def test_a_half_open_connection_that_comes_to_life_is_greeted(server, engine, family):
    one = server("--engine", engine)
    halves = [half_open(one.address(family)) for _ in range(50)]
    for sock in halves:
        sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        sock.settimeout(20)  # the SYN is repeated after a second
    wait_until(lambda: all(map(is_established, halves)), "the handshakes to complete", within=20)
    assert [read_to_end(sock) for sock in halves] == [GREETING] * 50
    one.wait_until_idle()
    assert one.stop() == totals(greeted=50)


def stop_amid_handshakes(server, engine, family, tmp_path):
    """A server that stops, and 50 who could not hear its answer till now, and from then on can. None where this
    machine took so long that the answer was repeated to the deaf."""
    tmp_path.mkdir()
    with ServiceManager(tmp_path) as manager:
        one = server("--engine", engine, env=manager.environment)
        manager.expect("READY=1")
        began = time.monotonic()
        halves = [half_open(one.address(family)) for _ in range(50)]
        one.process.send_signal(signal.SIGTERM)
        manager.expect("STOPPING=1")
    for sock in halves:
        sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        sock.settimeout(20)
    if time.monotonic() - began < REPEATED_AFTER_S:
        return one, halves
    close_all(halves)
    one.finish(warnings=None, all_accepted=False)
    return None


def test_a_handshake_under_way_when_a_stop_begins_is_let_end(server, engine, family, tmp_path):
    """The server has answered, the answer is lost, and is repeated after a second: a stop waits for 1.5 s."""
    tries = (stop_amid_handshakes(server, engine, family, tmp_path / str(n)) for n in range(TRIES))
    one, halves = next(filter(None, tries))
    wait_until(lambda: all(map(is_established, halves)), "the handshakes to complete", within=20)
    assert [read_to_end(sock) for sock in halves] == [GREETING] * 50
    assert one.finish() == totals(greeted=50)


def test_a_handshake_that_never_ends_does_not_put_off_a_stop(server, engine):
    one = server("--engine", engine)
    halves = [half_open(one.address(FAMILIES[0])) for _ in range(50)]
    assert one.stop(within=4) == totals()
    for sock in halves:
        sock.close()
