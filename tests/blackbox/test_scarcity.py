"""Out of descriptors, or of room in the accept queue: clients wait, and nobody is lost."""
import resource
import threading
import time

import pytest

from clients import FAMILIES, GREETING, IPV4, close_all, connect, count_with_data, crowd, read_to_end, visit
from kernel import descriptors, sysctl
from programs import Server, limits, totals, wait_until

CLIENTS = 200
TRIES_PER_S = 12  # whether there are more descriptors: every 100 ms, and a few wake-ups more
VISITS = 20  # more than accepts are asked for at a time


@pytest.fixture
def clients():
    """Fill this list; what is in it is closed at the end."""
    socks = []
    yield socks
    close_all(socks)


def set_soft_limit(one, limit):
    _, hard = resource.prlimit(one.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (min(limit, hard), hard))


def starve(one, left):
    """Lower the limit of a running server with one worker, so that it gets only `left` more. Returns how many
    clients that took: io_uring goes by the limit of when a request to accept was made, so use those up first."""
    set_soft_limit(one, descriptors(one.pid) + left)
    visits = VISITS if one.engine == "uring" else 0
    for _ in range(visits):
        assert visit(one.address(IPV4)) == GREETING
        one.wait_until_idle()
    return visits


def feed(one):
    set_soft_limit(one, 1 << 20)


# ulimit -n 64


def test_a_low_descriptor_limit_makes_clients_wait(server, engine, family, clients):
    one = server("--engine", engine, "--workers", 2, "--linger-timeout", "1h",
                 before=limits(NOFILE=64))
    clients += [connect(one.address(family)) for _ in range(CLIENTS)]
    wait_until(one.stderr, "a line that says so")
    assert one.wakes_per_s() <= TRIES_PER_S * one.workers
    greeted = count_with_data(clients)
    assert 20 <= greeted < 64
    assert len(one.stderr()) <= one.workers  # each can report it once

    # It resumes by itself, and nobody was dropped.
    waiting = list(clients)
    while waiting:
        wait_until(lambda: count_with_data(waiting), "some more to be greeted")
        for sock in [sock for sock in waiting if count_with_data([sock])]:
            assert read_to_end(sock) == GREETING
            waiting.remove(sock)
    one.wait_until_idle()
    wait_until(lambda: len(one.stderr()) % 2 == 0, "a line that says that it is over")
    assert len(one.stderr()) <= 2 * one.workers
    assert one.stop(warnings=None) == totals(greeted=CLIENTS)


def test_a_low_descriptor_limit_serves_a_crowd(server, engine, family, close):
    one = server("--engine", engine, "--close", close, "--workers", 2, before=limits(NOFILE=64))
    assert crowd(one.address(family), 5000) == {"greeted": 5000}
    one.wait_until_idle()
    assert one.stop(warnings=None) == totals(greeted=5000)


def test_a_descriptor_limit_that_is_too_low_to_serve_is_refused():
    """It needs some for itself; below that the start fails with advice, or at last it serves."""
    started = refused = 0
    for limit in range(4, 65, 3):
        try:
            one = Server("--workers", 2, before=limits(NOFILE=limit))
        except AssertionError as failure:
            assert "ended with 1 " in str(failure), failure
            assert str(failure).count("hello-server: ") == 1, failure
            assert not started, f"started with less than {limit}"
            refused += 1
            continue
        try:
            assert visit(one.address(IPV4)) == GREETING
            one.wait_until_idle()
            assert one.stop(warnings=None) == totals(greeted=1)
        finally:
            one.kill()
        started += 1
    assert started and refused


# Descriptors that run out later than at start: the server counted on more.


@pytest.fixture
def server_to_starve(server, engine):
    def start(*args):
        return server("--engine", engine, "--workers", 1, "--max-connections", 1000, *args)

    return start


@pytest.mark.parametrize("family, left", zip(FAMILIES, (1, 8)), ids=["ipv4-1", "ipv6-8"])
def test_descriptors_that_run_out_make_clients_wait(server_to_starve, family, left, clients):
    one = server_to_starve("--linger-timeout", "1h")
    visits = starve(one, left)
    clients += [connect(one.address(family)) for _ in range(CLIENTS)]
    wait_until(one.stderr, "a line that says so")
    assert one.wakes_per_s() <= TRIES_PER_S * one.workers
    assert count_with_data(clients) == left
    assert len(one.stderr()) == 1 and "descriptor" in one.stderr()[0]

    # It goes on when descriptors become free, and says nothing more, as it is still short of them.
    for sock in clients[:left]:
        assert read_to_end(sock) == GREETING
    wait_until(lambda: count_with_data(clients[left:]) == left, "the next to be greeted")
    assert len(one.stderr()) == 1

    # It goes on when the limit is raised, without anything else that would wake it.
    feed(one)
    wait_until(lambda: count_with_data(clients[left:]) == CLIENTS - left, "all to be greeted")
    assert [read_to_end(sock) for sock in clients[left:]] == [GREETING] * (CLIENTS - left)
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    one.wait_until_idle()
    assert one.stop(warnings=2)["greeted"] == CLIENTS + visits


def test_scarcity_that_comes_again_within_a_minute_is_reported_as_a_count(
        server_to_starve, clients):
    one, visits = server_to_starve(), 0
    for _ in range(3):
        visits += starve(one, left=4)
        clients += [connect(one.address(IPV4)) for _ in range(20)]
        wait_until(lambda: count_with_data(clients) == 4, "as many to be greeted as can be")
        wait_until(one.stderr, "a line that says so")
        time.sleep(0.3)  # it is tried ten times a second whether there are more
        feed(one)
        assert [read_to_end(sock) for sock in clients] == [GREETING] * 20
        clients.clear()
        wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
        one.wait_until_idle()
        time.sleep(1.2)  # it is over
    assert one.stop(warnings=3) == totals(greeted=3 * 20 + visits)
    assert "cannot accept" in one.stderr()[2] and "over now)" in one.stderr()[2]


def test_a_stop_while_starved_serves_those_who_wait(server_to_starve, clients):
    one = server_to_starve("--linger-timeout", "100ms", "--shutdown-timeout", "20s")
    visits = starve(one, left=4)
    clients += [connect(one.address(IPV4)) for _ in range(20)]
    wait_until(one.stderr, "a line that says so")
    assert one.stop(warnings=None) == totals(greeted=visits, expired=20)
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 20


# The accept queue


def test_an_accept_queue_that_overflows_recovers(server, engine, family):
    """Two clients fit into the queue. Five more get no answer, and ask again after a second.

    With SYN cookies, on by default, the kernel has answered such a client already, and then forgets
    it: it waits for a greeting from nobody until it says something. No server can help that, other
    than by a backlog so large that it does not come to this."""
    outcomes = {}
    with sysctl("net.ipv4.tcp_syncookies", 0):
        one = server("--engine", engine, "--workers", 1, "--backlog", 1)
        late = threading.Thread(target=lambda: outcomes.update(crowd(one.address(family), 5)))
        with one.paused():
            early = [connect(one.address(family)) for _ in range(2)]
            late.start()
            wait_until(lambda: one.counters["TcpExtListenOverflows"] >= 5, "an overflow")
        assert [read_to_end(sock) for sock in early] == [GREETING] * 2
        late.join()
        assert outcomes == {"greeted": 5}
        one.wait_until_idle()
        assert one.stop() == totals(greeted=7)
