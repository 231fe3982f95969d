"""Clients that do not go: they cost others nothing, and are gone after the linger timeout."""
import statistics
import time

import pytest

from clients import (
    FAMILIES, GREETING, IPV4, close_all, connect, count_with_data, need_descriptors, read_exactly,
    read_to_end, visit,
)
from kernel import rss_bytes
from programs import DEADLINE_S, SANITIZED, totals, wait_until

HOLDERS = 10_000
LINGER_S = 5


def median_visits_seconds(*servers):
    """What a visit to each takes. They take turns, so that whatever else runs here delays them alike."""
    times = [[] for _ in servers]
    for n in range(100):
        for one, seconds in zip(servers, times):
            start = time.monotonic()
            assert visit(one.address(FAMILIES[n % 2])) == GREETING
            seconds.append(time.monotonic() - start)
    return map(statistics.median, times)


def test_ten_thousand_holders_delay_nobody(server, engine):
    """Beside a server of the same kind that nobody holds."""
    need_descriptors(HOLDERS + 500)
    one, empty = (server("--engine", engine, "--workers", 2, "--linger-timeout", "1h") for _ in range(2))
    rss_before = rss_bytes(one.pid)
    holders = [connect(one.address(FAMILIES[n % 2])) for n in range(HOLDERS)]
    wait_until(lambda: one.open_connections() == HOLDERS, "the holders to be greeted")
    among_holders_s, alone_s = median_visits_seconds(one, empty)
    assert among_holders_s < 3 * alone_s + 0.005
    assert all(read_exactly(sock, len(GREETING)) == GREETING for sock in holders)
    if not SANITIZED:
        assert rss_bytes(one.pid) - rss_before < 2 << 20
    close_all(holders)
    one.wait_until_idle()
    empty.wait_until_idle()
    assert one.stop(all_accepted=False) == totals(greeted=100 + HOLDERS)
    assert empty.stop(all_accepted=False) == totals(greeted=100)


def test_ten_thousand_holders_are_let_go_in_time(server, engine):
    """All were greeted, and none was let go early or late."""
    need_descriptors(HOLDERS + 500)
    one = server("--engine", engine, "--workers", 2, "--linger-timeout", f"{LINGER_S}s")
    start = time.monotonic()
    holders = [connect(one.address(FAMILIES[n % 2])) for n in range(HOLDERS)]
    wait_until(lambda: count_with_data(holders) == HOLDERS, "the holders to be greeted")
    assert one.open_connections() == HOLDERS or time.monotonic() - start > LINGER_S
    one.wait_until_idle(within=LINGER_S + DEADLINE_S)
    assert time.monotonic() - start > LINGER_S
    close_all(holders)
    assert one.stop() == totals(expired=HOLDERS)


def test_memory_that_holders_took_is_used_again(server, engine):
    need_descriptors(3000)
    one = server("--engine", engine, "--workers", 1, "--linger-timeout", "200ms")
    rss = []
    for _ in range(10):
        with one.paused():  # so that all are open at once, each time
            holders = [connect(one.address(IPV4)) for _ in range(2000)]
        wait_until(lambda: count_with_data(holders) == 2000, "everybody to be greeted")
        one.wait_until_idle()
        rss.append(rss_bytes(one.pid))
        close_all(holders)
    if not SANITIZED:
        assert rss[-1] - rss[4] <= 64 << 10, rss
    assert one.stop() == totals(expired=20_000)


def test_swift_lets_nobody_hold(server, engine, family):
    one = server("--engine", engine, "--close", "swift", "--linger-timeout", "1h")
    holders = [connect(one.address(family)) for _ in range(1000)]
    wait_until(lambda: count_with_data(holders) == 1000, "everybody to be greeted")
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1000)
    assert all(read_to_end(sock) == GREETING for sock in holders)


@pytest.mark.parametrize("timeout_s", [0.1, 1.0])
def test_a_holder_is_let_go_after_the_linger_timeout(server, engine, family, timeout_s, pauses):
    one = server("--engine", engine, "--linger-timeout", f"{round(timeout_s * 1000)}ms")
    start = time.monotonic()
    with connect(one.address(family)) as sock:
        assert read_exactly(sock, len(GREETING)) == GREETING
        one.wait_until_idle()
    assert timeout_s <= time.monotonic() - start + 0.01 < timeout_s + 2 + pauses.total_s
    assert one.stop() == totals(expired=1)


def test_a_burst_that_keeps_the_server_longer_than_the_linger_timeout_is_greeted(
    server, engine, family, close
):
    """The timeout is for clients that are slow, not for what the server itself is late with."""
    one = server("--engine", engine, "--close", close, "--workers", 1, "--linger-timeout", "1ms")
    with one.paused():
        clients = [connect(one.address(family)) for _ in range(3000)]
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 3000
    one.wait_until_idle()
    counts = one.stop()
    assert counts["greeted"] + counts["expired"] == counts["accepted"] == 3000, counts


# --max-connections


def test_more_clients_than_max_connections_wait_and_are_served_later(server, engine, family):
    one = server("--engine", engine, "--workers", 1, "--max-connections", 10,
                 "--linger-timeout", "1h")
    clients = [connect(one.address(family)) for _ in range(35)]
    served = 0
    while clients:
        now, clients = clients[:10], clients[10:]
        wait_until(lambda: count_with_data(now) == len(now), "the next ten to be greeted")
        served += len(now)
        assert one.open_connections() <= 10
        assert count_with_data(clients) == 0, "more were greeted than may be open"
        for sock in now:
            assert read_to_end(sock) == GREETING
    one.wait_until_idle()
    assert served == 35
    assert one.stop(warnings=None) == totals(greeted=35)


def test_waiting_for_room_costs_no_cpu_and_one_line(server, engine):
    one = server("--engine", engine, "--workers", 1, "--max-connections", 10,
                 "--linger-timeout", "1h")
    clients = [connect(one.address(IPV4)) for _ in range(200)]
    wait_until(lambda: count_with_data(clients) == 10, "as many as possible to be greeted")
    wait_until(one.stderr, "a line that says so")
    # It is looked once a second whether anybody waits. The first window may contain other wake-ups.
    wait_until(lambda: one.wakes_per_s() <= 3, "the server to wake no more than once a second")
    assert count_with_data(clients) == 10
    assert len(one.stderr()) == 1 and "--max-connections" in one.stderr()[0]

    # Others get their turn as soon as one goes; this is still the same scarcity.
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 200
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    assert one.stop(warnings=2) == totals(greeted=200)


def test_max_connections_holds_over_all_workers(server, engine):
    one = server("--engine", engine, "--workers", 2, "--max-connections", 20,
                 "--linger-timeout", "1h")
    clients = [connect(one.address(FAMILIES[n % 2])) for n in range(200)]
    wait_until(lambda: one.open_connections() == 20, "the places to be taken")
    assert count_with_data(clients) == 20
    for sock in clients:
        sock.settimeout(None)
    remaining = clients
    while remaining:
        ready = [sock for sock in remaining if count_with_data([sock])]
        assert one.open_connections() <= 20
        for sock in ready:
            assert read_to_end(sock) == GREETING
        remaining = [sock for sock in remaining if sock.fileno() >= 0]
    assert one.stop(warnings=None) == totals(greeted=200)
