"""SIGTERM and SIGINT: whoever was there is served, then the end, in time and with totals."""
import signal
import socket
import threading
import time

import pytest

from clients import (
    FAMILIES, GREETING, IPV4, close_all, connect, count_with_data, crowd, read_exactly,
    read_to_end, refuses,
)
from kernel import listening_ports
from programs import ServiceManager, totals, wait_until

by_signal = pytest.mark.parametrize(
    "signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"]
)


def holders_of(one, family, count):
    """Clients who were greeted and do not go."""
    socks = [connect(one.address(family)) for _ in range(count)]
    assert [read_exactly(sock, len(GREETING)) for sock in socks] == [GREETING] * count
    return socks


@by_signal
def test_an_idle_server_stops_at_once(server, engine, signum):
    one = server("--engine", engine, "--shutdown-timeout", "1h")
    assert one.stop(signum) == totals()


@by_signal
def test_it_finishes_what_is_open(server, engine, family, signum):
    one = server("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    socks = holders_of(one, family, 50)
    one.process.send_signal(signum)
    wait_until(lambda: one.port not in listening_ports(), "the server to stop listening")
    assert refuses(one.address(family))
    assert one.process.poll() is None
    assert [read_to_end(sock) for sock in socks] == [b""] * 50
    assert one.finish() == totals(greeted=50)


def test_whoever_waits_in_the_accept_queue_is_served(server, engine, close):
    one = server("--engine", engine, "--close", close)
    with one.paused():
        clients = [connect(one.address(FAMILIES[n % 2])) for n in range(500)]
        one.process.send_signal(signal.SIGTERM)
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 500
    assert one.finish() == totals(greeted=500)


def test_more_than_may_be_open_at_once_are_served_too(server, engine):
    one = server("--engine", engine, "--workers", 1, "--max-connections", 10,
                 "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    with one.paused():
        clients = [connect(one.address(IPV4)) for _ in range(100)]
        one.process.send_signal(signal.SIGTERM)
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 100
    assert one.finish(warnings=None) == totals(greeted=100)


@pytest.mark.parametrize(
    "family, signum", zip(FAMILIES, (signal.SIGTERM, signal.SIGINT)), ids=["ipv4-SIGTERM", "ipv6-SIGINT"])
def test_under_full_load_every_accepted_connection_is_greeted(
    server, load, engine, family, close, signum, pauses
):
    """A client sees the whole greeting, or that nobody listens: nothing in between."""
    one = server("--engine", engine, "--close", close, "--workers", 2)
    results = []
    thread = threading.Thread(target=lambda: results.append(
        load("-n", 20_000, "-c", 200, "--timeout", "20s", family.flag, one.target(family))
    ))
    thread.start()
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 1000, "the load to be under way")
    start = time.monotonic()
    counts = one.stop(signum, within=10)
    assert time.monotonic() - start < 5.5 + pauses.total_s
    thread.join()
    assert counts == totals(greeted=counts["accepted"])
    assert results[0].ok == counts["greeted"]
    assert set(results[0].failures) <= {"refused"}, results[0].failures


def test_once_a_stop_has_begun_no_new_connection_begins(server, engine, family, tmp_path):
    """Not even while the accept queue is emptied: else a crowd could put the end off for ever."""
    with ServiceManager(tmp_path) as manager:
        one = server("--engine", engine, env=manager.environment)
        manager.expect("READY=1")
        one.process.send_signal(signal.SIGTERM)
        manager.expect("STOPPING=1")
    with pytest.raises(ConnectionRefusedError):
        connect(one.address(family))
    assert one.finish() == totals()


def test_that_a_service_manager_cannot_be_told_is_warned_of(server, tmp_path):
    one = server(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert one.stop(warnings=2) == totals()
    assert one.stderr() == [
        f"hello-server: warning: cannot send {state} to $NOTIFY_SOCKET: No such file or directory"
        for state in ("READY=1", "STOPPING=1")]


def test_what_is_still_open_after_the_shutdown_timeout_is_abandoned(server, engine, family, pauses):
    one = server("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "500ms")
    socks = holders_of(one, family, 20)
    start = time.monotonic()
    assert one.stop() == totals(abandoned=20)
    assert 0.5 <= time.monotonic() - start < 3 + pauses.total_s
    close_all(socks)


@pytest.mark.timed
def test_a_shutdown_timeout_of_0_does_not_wait(server, engine):
    one = server("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "0")
    socks = holders_of(one, IPV4, 20)
    assert one.stop(within=3) == totals(abandoned=20)
    close_all(socks)


def test_those_who_still_wait_at_the_shutdown_timeout_delay_nothing(server, engine):
    """Ten hold the only places, so that the others are never accepted and never counted."""
    one = server("--engine", engine, "--workers", 1, "--max-connections", 10,
                 "--linger-timeout", "1h", "--shutdown-timeout", "300ms")
    socks = [connect(one.address(IPV4)) for _ in range(30)]
    wait_until(lambda: count_with_data(socks) == 10, "the places to be taken")
    assert one.stop(within=5, warnings=None, all_accepted=False) == totals(abandoned=10)
    close_all(socks)


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(server, engine, tmp_path, first, second):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        one = server("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "1h",
                     env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        socks = holders_of(one, IPV4, 20)
        one.process.send_signal(first)
        while b"STOPPING=1" not in manager.recv(4096):
            pass
    assert one.process.poll() is None
    assert one.stop(second, within=3) == totals(abandoned=20)
    close_all(socks)


def test_holders_that_expire_while_it_stops_are_counted_as_such(server, engine):
    one = server("--engine", engine, "--linger-timeout", "500ms", "--shutdown-timeout", "1h")
    socks = holders_of(one, IPV4, 20)
    assert one.stop() == totals(expired=20)
    close_all(socks)


def test_other_signals_do_not_stop_it(server, engine):
    one = server("--engine", engine)
    for signum in (signal.SIGPIPE, signal.SIGWINCH, signal.SIGCONT, signal.SIGCHLD):
        one.process.send_signal(signum)
    assert crowd(one.address(IPV4), 100) == {"greeted": 100}
    assert one.stop(all_accepted=True) == totals(greeted=100)
