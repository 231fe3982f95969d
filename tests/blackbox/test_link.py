"""What the tests of times stand on: the link between two namespaces does what it is set to.

Measured by clients of the test itself, with clocks of its own."""
import collections
import contextlib
import socket
import statistics
import threading
import time

import pytest

from clients import GREETING, IPV4, connect, read_to_end
from kernel import Counters
from misbehaving import says

pytestmark = pytest.mark.timed


def connect_times(address, count):
    times = []
    for _ in range(count):
        began = time.monotonic()
        sock = connect(address)
        times.append(time.monotonic() - began)
        assert read_to_end(sock) == GREETING
    return times


@pytest.mark.parametrize("there_ms, back_ms", [(20, 20), (40, 0), (0, 40)])
def test_each_packet_is_held_for_the_time_asked_for(link, peer, family, there_ms, back_ms):
    one = link(there_ms=there_ms, back_ms=back_ms)
    times = connect_times(peer(says(GREETING), one.far(family), link=one).address, 30)
    assert min(times) >= 0.04
    assert statistics.median(times) == pytest.approx(0.04, rel=0.05)
    assert one.stop()["lost"] == 0


def test_chosen_SYNs_are_lost_and_repeated_after_1_s_and_3_s(link, peer, family):
    one = link(lost_syns={20: 1, 40: 2})
    server = peer(says(GREETING), one.far(family), link=one)
    counters, times = Counters(), []
    threads = [
        threading.Thread(target=lambda: times.extend(connect_times(server.address, 1)))
        for _ in range(120)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collections.Counter(int(t) for t in times) == {0: 114, 1: 3, 3: 3}
    assert counters["TcpExtTCPSynRetrans"] == 3 * 1 + 3 * 2 == one.stop()["syns_lost"]


def test_a_share_of_all_packets_is_lost_by_chance(link, family):
    one = link(loss=0.1, seed=7)
    with one.entered():
        there = socket.socket(family.number, socket.SOCK_DGRAM)
    with there, socket.socket(family.number, socket.SOCK_DGRAM) as here:
        there.bind((one.far(family).loopback, 0))
        there.setblocking(False)
        arrived = 0
        for number in range(5100):
            if number < 5000:
                here.sendto(b"hello", there.getsockname())
            time.sleep(0.0001 if number < 5000 else 0.002)
            with contextlib.suppress(BlockingIOError):
                while there.recv(100):
                    arrived += 1
    assert 5000 * 0.08 < 5000 - arrived < 5000 * 0.12
    lost = one.stop()["lost"]
    assert 5000 - arrived == pytest.approx(lost, abs=10)  # the kernel sends a few of its own


def test_the_other_end_is_another_network(link, peer):
    one = link()
    server = peer(says(GREETING), one.far(IPV4), link=one)
    here, there = Counters(), one.counters()
    connect_times(server.address, 5)
    assert (here["TcpActiveOpens"], here["TcpPassiveOpens"]) == (5, 0)
    assert (there["TcpActiveOpens"], there["TcpPassiveOpens"]) == (0, 5)
