"""Whatever the network loses, a client that does not give up gets the whole greeting and EOF."""
import contextlib
import errno
import itertools
import signal
import socket
import time

import pytest

import kernel
import loss
import programs
from clients import (
    FAMILIES, GREETING, IPV4, close_all, connect, read_exactly, read_to_end, socket_for,
)
from programs import totals, wait_until

LARGE = bytes(range(256)) * 256  # 64 KiB
MEDIUM_BYTES = 6_000  # a few packets
PATIENCE_S = 100  # in which the kernel repeats what is lost, as often as it takes

ENGINES = programs.ENGINES[1:] if kernel.io_uring_error() else programs.ENGINES
MODES = list(itertools.product(ENGINES, ["linger", "swift"]))

OUTAGES_S = {1: 1, 2: 2, 3: 4, 4: 8}  # by the number of the client's address
LOSSES_PERCENT = {1: 1, 2: 5, 3: 10, 4: 20, 5: 30}
LOSS_S = 20  # how long packets are lost by chance: below the delivery timeout
CLIENTS = 3  # of each server, family and loss


@pytest.fixture
def network():
    with loss.network() as one:
        yield one


@pytest.fixture
def quick_repeats():
    """Let the kernel repeat what is lost at least once a second, where it has a setting for it (Linux
    6.15), and as often as it takes: by default it counts repeats, not time."""
    settings = {"tcp_syn_retries": 100, "tcp_synack_retries": 100, "tcp_retries2": 100,
                "tcp_orphan_retries": 100, "tcp_congestion_control": "reno"}
    with contextlib.ExitStack() as changes:
        for name, value in settings.items():
            changes.enter_context(kernel.sysctl("net.ipv4." + name, value))
        with contextlib.suppress(FileNotFoundError):
            kernel.sysctl_read("net.ipv4.tcp_rto_max_ms")
            changes.enter_context(kernel.sysctl("net.ipv4.tcp_rto_max_ms", 1000))
        yield


@pytest.fixture
def large_file(tmp_path):
    path = tmp_path / "greeting"
    path.write_bytes(LARGE)
    return path


@pytest.fixture
def servers(server, tmp_path):
    """servers(bytes) starts servers of all engines and close modes, side by side, with the usual
    greeting and with one of so many bytes."""

    def start(large_bytes):
        path = tmp_path / "greeting"
        path.write_bytes(LARGE[:large_bytes])
        return [
            server("--engine", engine, "--close", close, "--workers", 1, *options)
            for engine, close in MODES
            for options in [(), ("--greeting-file", path)]
        ]

    return start


def from_address(one, family, number):
    """A socket that begins to connect to a server, from the client address of this number."""
    sock = socket_for(one.address(family))
    sock.bind((loss.address(family, number), 0))
    sock.setblocking(False)
    assert sock.connect_ex(one.address(family)) in (0, errno.EINPROGRESS)
    sock.settimeout(PATIENCE_S)
    return sock


def connected(one, family, number):
    sock = from_address(one, family, number)
    assert sock.getpeername()[1] == one.port  # over loopback a handshake is over at once
    return sock


def ending(sock):
    """What a client got, in words."""
    try:
        got = read_to_end(sock)
    except OSError as error:
        return errno.errorcode.get(error.errno, repr(error))
    whole = got in (GREETING, LARGE, LARGE[:MEDIUM_BYTES])
    return "greeted" if whole else f"EOF after {len(got)} bytes"


def endings(clients):
    """What became of clients: {(who, ending): how many}, without those who were greeted."""
    results = [(who, ending(sock)) for who, sock in clients]
    return {result: results.count(result) for result in results if result[1] != "greeted"}


def who(one, number, *more):
    return (one.engine, one.close, number, *more)


def assert_all_were_greeted(one, count):
    """Those whose test came late to read were let go, which they could not distinguish from a greeting."""
    one.wait_until_idle()
    counts = one.stop(all_accepted=False)  # the others' connections count there, too
    assert counts["greeted"] + counts["expired"] == counts["accepted"] == count, counts


def test_an_outage_delays_the_greeting_and_costs_nobody_it(network, servers):
    """The clients are connected when all packets begin to be lost, and greeted into it. Some have
    spoken before, some have half-closed; those of linger may also speak while nothing arrives."""
    servers, clients = servers(len(LARGE)), []

    def enter(one, family, number, manner):
        sock = connected(one, family, number)
        if manner in ("talkative", "half-closed"):
            sock.sendall(b"words")
        if manner == "half-closed":
            sock.shutdown(socket.SHUT_WR)
        clients.append((who(one, f"{OUTAGES_S[number]} s", family.name, manner), sock))

    manners = {"swift": ["silent", "talkative", "half-closed"],
               "linger": ["silent", "talkative", "half-closed", "late"]}
    with contextlib.ExitStack() as paused:
        for one in servers:
            paused.enter_context(one.paused())
        for number, one, family in itertools.product(OUTAGES_S, servers, FAMILIES):
            for manner in manners[one.close]:
                enter(one, family, number, manner)
        for number, seconds in OUTAGES_S.items():
            network.outage(number, seconds)
    for one in (one for one in servers if one.close == "linger"):
        wait_until(lambda: one.open_connections() > 0, "the clients to be greeted")
    for name, sock in clients:
        if name[-1] == "late":
            sock.sendall(b"words")
    assert endings(clients) == {}
    for one in servers:
        assert_all_were_greeted(one, 2 * len(OUTAGES_S) * len(manners[one.close]))


def test_loss_by_chance_costs_nobody_the_greeting(network, quick_repeats, servers):
    """Which packets are lost is chance, that all are greeted is not: nobody's kernel gives up, and
    the loss ends while the servers still wait, so that it must be so if all of them were lost."""
    servers = servers(MEDIUM_BYTES)
    for number, percent in LOSSES_PERCENT.items():
        network.lose(number, percent, LOSS_S)
    clients = [
        (who(one, f"{LOSSES_PERCENT[number]} %", family.name), from_address(one, family, number))
        for number in LOSSES_PERCENT
        for one, family in itertools.product(servers, FAMILIES)
        for _ in range(CLIENTS)
    ]
    assert endings(clients) == {}
    assert servers[0].counters["TcpRetransSegs"] > 0, "nothing was lost"
    for one in servers:
        assert_all_were_greeted(one, CLIENTS * 2 * len(LOSSES_PERCENT))


def into_an_outage(network, one, count):
    """Clients of address 1 that are connected and do not hear the server any more."""
    with one.paused():
        socks = [connected(one, FAMILIES[n % 2], 1) for n in range(count)]
        network.outage(1, 1000)
    return socks


def test_who_is_not_heard_keeps_a_place_for_the_linger_timeout_where_places_are_scarce(
    network, server, engine
):
    """Three times as many as there are places: the kernel goes on greeting those who lost theirs."""
    one = server("--engine", engine, "--workers", 1, "--max-connections", 10,
                 "--linger-timeout", "200ms")
    silent = into_an_outage(network, one, 30)
    began = time.monotonic()
    with connect(one.address(IPV4)) as sock:
        assert read_exactly(sock, len(GREETING)) == GREETING
    wait_until(lambda: one.open_connections() <= 5, "half of the places to be free")
    assert time.monotonic() - began < 10  # far below the delivery timeout
    network.outage_ends(1)
    assert [read_to_end(sock) for sock in silent] == [GREETING] * 30
    one.wait_until_idle()
    counts = one.stop(warnings=None)
    assert counts == totals(greeted=counts["greeted"], expired=counts["expired"],
                            orphaned=counts["orphaned"])
    assert counts["accepted"] == 31
    assert counts["orphaned"] >= 25


def test_who_is_not_heard_for_the_delivery_timeout_is_given_up(network, server, engine, close,
                                                              large_file):
    """In swift mode the greeting has to be too large for the kernel: else it is left to that."""
    with kernel.sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        one = server("--engine", engine, "--close", close, "--greeting-file", large_file,
                     "--linger-timeout", "100ms", "--delivery-timeout", "2s")
        began = time.monotonic()
        socks = into_an_outage(network, one, 20)
        wait_until(lambda: one.open_connections() == 20, "all to be accepted")
        one.wait_until_idle()
    assert time.monotonic() - began > 1.9
    assert one.stop() == totals(stalled=20)
    close_all(socks)


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_stop_in_an_outage_leaves_the_greetings_to_the_kernel(network, server, engine, close,
                                                               large_file, size):
    """Also what of a greeting the kernel had no room for until then."""
    options = ["--greeting-file", large_file] if size == "large" else []
    with kernel.sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        one = server("--engine", engine, "--close", close, *options, "--shutdown-timeout", "300ms")
        socks = into_an_outage(network, one, 20)
        wait_until(lambda: one.counters["TcpRetransSegs"] > 20, "the greetings to be repeated")
        counts = one.stop(signal.SIGTERM)
    held = size == "large" or close == "linger"
    assert counts == (totals(abandoned=20) if held else totals(greeted=20))
    network.outage_ends(1)
    assert [read_to_end(sock) for sock in socks] == [LARGE if options else GREETING] * 20


@pytest.mark.parametrize("answered", [False, True], ids=["silence", "prohibited"])
def test_the_kernel_giving_up_on_a_client_counts_as_reset(network, server, engine, answered):
    """Whether no answer came, or a firewall says so by ICMP or ICMPv6."""
    with kernel.sysctl("net.ipv4.tcp_retries2", 2):
        one = server("--engine", engine)
        with one.paused():
            socks = [connected(one, FAMILIES[n % 2], 1) for n in range(20)]
            if answered:
                network.prohibit(1)
            else:
                network.outage(1, 1000)
        wait_until(lambda: one.open_connections() == 20, "all to be accepted")
        one.wait_until_idle()
        assert one.stop() == totals(reset=20)
    close_all(socks)
