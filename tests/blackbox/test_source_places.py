"""Every combination of a source, a port and a target can be a connection, and none is one to itself."""
import contextlib
import itertools
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

from clients import GREETING, IPV4, IPV6
from kernel import sysctl
from misbehaving import says, target_of, waits_then_says
from programs import environment

# Ten ports, inside of what the kernel chooses from or not. They differ: a connection from a port that
# the kernel chose keeps others from binding to it, also in TIME_WAIT.
OTHERS = "50000 60999"
UNUSED = itertools.count(10000)  # ports that nobody here has or had: one in TIME_WAIT cannot be bound to
WAYS = {"inside": (range(40000, 40010), "20000 60999"), "outside": (range(30000, 30010), OTHERS)}

IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE = 24, 51  # of linux/in.h


@pytest.fixture(params=WAYS)
def ports(request):
    chosen, kernel_range = WAYS[request.param]
    with sysctl("net.ipv4.ip_local_port_range", kernel_range):
        yield chosen


@pytest.fixture
def peer(peer):
    """A server at a port that is not one of the ten: nobody else could connect from that one, also for the minute in
    which the server remembers its clients (TIME_WAIT)."""

    def start(*args, **options):
        with sysctl("net.ipv4.ip_local_port_range", OTHERS):
            return peer(*args, **options)

    return start


@pytest.fixture
def source_ports(ports):
    return ("--source-ports", f"{ports.start}-{ports.stop - 1}")


class Holders:
    """Servers that greet nobody until as many as `count` have come to all of them together."""

    def __init__(self, peer, families, count):
        self.peers = []

        all_here = threading.Event()

        def answer(connection):
            if sum(len(one.accepted_at) for one in self.peers) >= count:
                all_here.set()
            if all_here.wait(5):  # else those that have come have given up
                connection.sendall(GREETING)

        for family in families:
            self.peers.append(peer(answer, family, at_once=True))

    @property
    def targets(self):
        return [one.target for one in self.peers]


def on(address):
    return IPV4._replace(loopback=address)


@pytest.mark.parametrize("threads, count", [(1, 40), (2, 40), (3, 36)])
def test_each_target_can_be_reached_from_each_port(report, engine, peer, source_ports, threads, count):
    """As far as the threads, each with its share, go evenly round the targets."""
    one = Holders(peer, [IPV4, IPV4, on("127.0.0.2"), IPV6], count)
    measured = report("-n", count, "-c", count, "-t", threads, "-e", engine, *source_ports, *one.targets)
    assert (measured.ok, measured.errors) == (count, {})


@pytest.mark.parametrize("threads", [1, 2])
def test_each_port_of_each_source_too(report, engine, peer, source_ports, threads):
    """60 places: three sources, ten ports, two targets."""
    one = Holders(peer, [IPV4, on("127.0.0.2")], 60)
    measured = report("-n", 60, "-c", 60, "-t", threads, "-e", engine, *source_ports,
                  "--source", "127.0.0.5,127.0.0.8/31", *one.targets)
    assert (measured.ok, measured.errors) == (60, {})


def test_weights_take_from_the_places_of_their_target_only(report, engine, peer, source_ports):
    one = Holders(peer, [IPV4, on("127.0.0.2")], 12)
    first, second = one.targets
    measured = report("-n", 12, "-c", 12, "-e", engine, *source_ports, f"{first}=5", second)
    assert (measured.ok, measured.errors) == (12, {})
    assert [len(one.accepted_at) for one in one.peers] == [10, 2]


def test_more_connections_than_places_lack_a_port_and_no_others(report, engine, peer, source_ports):
    """Those that have one hold it until they time out."""
    one, two = Holders(peer, [IPV4, IPV4], 1000).targets
    measured = report("-n", 50, "-c", 50, "-e", engine, "--timeout", "700ms", *source_ports, one, two)
    assert measured.errors == {("greeting", "timeout"): 20, ("connect", "no_port"): 30}


def test_a_source_whose_ports_are_taken_leaves_the_others(report, engine, peer, ports, source_ports):
    """A program beside has all ports of one source on the way to the target."""
    one = peer(says(GREETING))
    kernel_chooses = ports is WAYS["inside"][0]
    with contextlib.ExitStack() as held:
        for port in ports:
            other = held.enter_context(socket.socket())
            if kernel_chooses:
                other.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                other.setsockopt(socket.SOL_IP, IP_LOCAL_PORT_RANGE,
                                 struct.pack("I", port | port << 16))
            else:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.5", 0 if kernel_chooses else port))
            other.connect(one.address)
            other.recv(100)
        measured = report("-n", 40, "-c", 1, "-e", engine, *source_ports, "--source",
                      "127.0.0.5,127.0.0.6", "--close", "rst", one.target)
    assert (measured.ok, measured.errors) == (40, {})


def test_a_port_that_another_program_has_alone_is_passed_over(report, engine, peer):
    one = Holders(peer, [IPV4], 9)
    with sysctl("net.ipv4.ip_local_port_range", OTHERS), socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 31004))
        other.listen(1)
        measured = report("-n", 9, "-c", 9, "-e", engine, "--source-ports", "31000-31009", *one.targets)
    assert (measured.ok, measured.errors) == (9, {})


def test_ports_in_time_wait_are_taken_on_the_way_to_their_target_only(report, engine, peer,
                                                                      source_ports):
    """Our side closes first, and without timestamps the kernel must wait."""
    first = peer(waits_then_says(0, b"x", 0.2), at_once=True)
    second = peer(says(GREETING))
    with sysctl("net.ipv4.tcp_tw_reuse", 0), sysctl("net.ipv4.tcp_timestamps", 0):
        for target, expected in ((first, {("greeting", "mismatch"): 10}), (second, {}),
                                 (first, {("connect", "no_port"): 10})):
            measured = report("-n", 10, "-c", 10, "-e", engine, *source_ports, target.target)
            assert measured.errors == expected


# A connection to itself


@pytest.fixture(params=["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def missing(request):
    """The address of a service that is not there, and options that make connections come from it."""
    host = request.param
    source = () if "ffff" in host else ("--source", host)
    return host, next(UNUSED), source


@pytest.mark.parametrize("options", [(), ("--send", "hello\\n"), ("--proxy-protocol", "v1")],
                         ids=["silent", "speaks", "proxy"])
def test_a_connection_that_meets_itself_is_refused(report, engine, missing, options):
    host, port, source = missing
    began = time.monotonic()
    measured = report("-n", 20, "-c", 1, "-e", engine, "--source-ports", f"{port}-{port}", *source, *options,
                  target_of((host, port)))
    assert measured.errors == {("connect", "refused"): 20}
    assert time.monotonic() - began < 9  # none waited for its timeout


def test_a_dead_service_at_a_port_that_the_kernel_chooses_is_refused(report, engine):
    """Of ten ports one is the service's own, so the kernel chooses it soon."""
    with sysctl("net.ipv4.ip_local_port_range", "32000 32009"):
        measured = report("-d", "1s", "-c", 4, "-e", engine, "--source", "127.0.0.1", "127.0.0.1:32005")
    assert set(measured.errors) == {("connect", "refused")}


def test_a_service_can_begin_while_it_is_asked_for(start, server, engine):
    """Its port is free again, whoever was connected to it."""
    run = start("-d", "3s", "-c", 4, "-e", engine, "--source", "127.0.0.1", "--source-ports",
                "33005-33006", "127.0.0.1:33005")
    began = time.monotonic()
    one = None
    while one is None and time.monotonic() - began < 2.5:
        one = _server_at(33005)
    assert one, "the port was never free"
    try:
        measured = run.report()
    finally:
        one.terminate()
        one.wait()
        one.stdout.close()
    assert measured.ok > 0 and set(measured.errors) <= {("connect", "refused"), ("connect", "no_port")}


def _server_at(port):
    """A hello-server that listens there, or None."""
    process = subprocess.Popen([os.environ["HELLO_SERVER"], "-w", "1", "-l", f"127.0.0.1:{port}"],
                               env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if process.stdout.readline():
        return process
    process.wait()
    process.stdout.close()
    return None
