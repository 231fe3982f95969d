"""A stop where the kernel or a sandbox does not give what it rests on: it ends by itself all the same,
nearly nobody notices, and one line says so."""
import errno
import socket
import threading
import time

import pytest

from clients import GREETING, IPV4, IPV6, connect, read_exactly, read_to_end, visit
from kernel import refusal, sysctl
from programs import run, server_path, totals, wait_until

NETLINK = 16  # AF_NETLINK
NO_FILTER = "hello-server: warning: cannot block new connections"
NO_DIAG = "hello-server: warning: the kernel does not report handshakes in progress"


@pytest.fixture
def no_filters():
    """No memory is left for socket filters."""
    with sysctl("net.core.optmem_max", 0):
        with socket.socket() as sock, pytest.raises(OSError):
            sock.setsockopt(socket.SOL_SOCKET, 26, b"\1" + bytes(15))  # SO_ATTACH_FILTER
        yield


@pytest.mark.timed
@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_under_load_ends_without_a_filter_of_SYNs(
    server, load, engine, no_filters, workers
):
    one = server("--engine", engine, "--workers", workers, "--shutdown-timeout", "1h")
    results = []
    thread = threading.Thread(target=lambda: results.append(
        load("-d", "4s", "-r", 1000, "--timeout", "20s", one.target(IPV4))
    ))
    thread.start()
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 300, "the load to be under way")
    start = time.monotonic()
    counts = one.stop(within=60, warnings=1, all_accepted=False)
    assert time.monotonic() - start < 2.5
    thread.join()
    assert one.stderr()[0].startswith(NO_FILTER)
    assert one.stderr()[0].endswith("; raise net.core.optmem_max")
    assert counts == totals(greeted=counts["accepted"])
    assert set(results[0].failures) <= {"refused", "reset"}
    assert results[0].failures.get("reset", 0) < 20, "of those who were about to connect"


def test_without_a_filter_whoever_waits_is_served(server, engine, no_filters):
    one = server("--engine", engine)
    with one.paused():
        clients = [connect(one.address(family)) for family in (IPV4, IPV6) for _ in range(200)]
        one.process.send_signal(15)
    assert [read_to_end(sock) for sock in clients] == [GREETING] * 400
    assert one.finish(warnings=1) == totals(greeted=400)


def test_without_a_filter_it_does_not_wait_for_room_for_ever(server, engine, no_filters):
    """Others come all the time, as far as it knows: it cannot wait for ever to be rid of them."""
    one = server("--engine", engine, "--workers", 1, "--max-connections", 1,
                 "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    holder = connect(one.address(IPV4))
    assert read_exactly(holder, len(GREETING)) == GREETING
    waiting = connect(one.address(IPV4))
    one.process.send_signal(15)
    with waiting, pytest.raises(ConnectionResetError):
        waiting.recv(1)
    assert one.process.poll() is None
    holder.close()
    assert one.finish(warnings=None, all_accepted=False) == totals(greeted=1)


@pytest.mark.parametrize("error", [errno.EAFNOSUPPORT, errno.EPERM])
def test_without_sock_diag_it_stops_and_says_so(server, engine, error):
    one = server("--engine", engine, "--workers", 3, "--shutdown-timeout", "1h",
                 before=refusal("socket", error, NETLINK))
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop(warnings=1) == totals(greeted=1)
    assert one.stderr()[0].startswith(NO_DIAG)
    assert one.stderr()[0].endswith("; allow AF_NETLINK sockets in the sandbox")


def test_without_sock_diag_a_port_in_use_is_still_reported():
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run(server_path(), "--listen", "127.0.0.1", other.getsockname()[1],
                     before=refusal("socket", errno.EPERM, NETLINK))
    assert result.returncode == 1
    assert "in use; something uses that port" in result.stderr
