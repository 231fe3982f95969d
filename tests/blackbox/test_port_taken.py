"""A port that cannot be had: who has it, and what only seems to have it."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from clients import GREETING, IPV4, connect, read_exactly, reset, visit
from kernel import listening_ports, sysctl
from programs import free_port, full_pipe, run, running, server_path, totals, wait_until

ROUNDS = 8  # of what may go well by chance
IN_USE = r"hello-server: cannot listen on '{}': (bind|listen): Address already in use; "


def complaint(*args, **options):
    """What is said about a port, after the address and the errno."""
    result = run(server_path(), *args, **options)
    assert (result.returncode, result.stdout) == (1, ""), result
    match = re.fullmatch(IN_USE.format(r"[^']*") + r"([^\n]+)\n", result.stderr)
    assert match, result.stderr
    return match[2]


def connection(port=0, reuse=False):
    """A client's socket with a port of its own, and the server's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        client.bind(("127.0.0.1", port))
        client.connect(listener.getsockname())
        return client, listener.accept()[0]


# What is left of a server that has ended


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("listen", ["127.0.0.1", "[::]"])
def test_after_a_kill_the_next_server_has_the_port_at_once(server, engine, listen, workers):
    options = ("--engine", engine, "--workers", workers, "--listen", listen)
    one = server(*options)
    for _ in range(ROUNDS):
        client = connect(one.address(IPV4))
        one.kill()
        client.close()
        one = server(*options, port=one.port)
    assert visit(one.address(IPV4)) == GREETING


@pytest.mark.parametrize("end", ["timeout", "second signal"])
def test_when_a_server_has_ended_nothing_listens_any_more(server, engine, end):
    """Not even for a moment, however it came to its end."""
    timeout = "0" if end == "timeout" else "1h"
    for _ in range(ROUNDS):
        one = server("--engine", engine, "--workers", 2, "--shutdown-timeout", timeout,
                     "--linger-timeout", "1h")
        client = connect(one.address(IPV4))
        assert read_exactly(client, len(GREETING)) == GREETING
        one.wait_until_asleep()  # a second signal while it starts is an end like a SIGKILL
        one.process.send_signal(signal.SIGTERM)
        if end == "second signal":
            one.process.send_signal(signal.SIGINT)
        one.process.wait()
        assert one.port not in listening_ports()
        client.close()


def test_two_signals_before_anybody_read_the_start_line_end_it_as_well(hello_server, engine):
    """Clients are greeted while the line waits for its reader: from then on a stop is an orderly one."""
    port = free_port()
    with full_pipe() as (_, writer), \
            running(hello_server, "--engine", engine, "--linger-timeout", "1h", port, stdout=writer) as process:
        wait_until(lambda: port in listening_ports(), "it to listen")
        with connect((IPV4.loopback, port)) as client:
            assert read_exactly(client, len(GREETING)) == GREETING
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert (process.wait(), process.stderr.read()) == (0, b"")
            assert port not in listening_ports()


def test_clients_that_are_abandoned_hear_of_it_before_the_end(server, engine):
    for _ in range(ROUNDS):
        one = server("--engine", engine, "--shutdown-timeout", "0", "--linger-timeout", "1h")
        client = connect(one.address(IPV4))
        assert read_exactly(client, len(GREETING)) == GREETING
        one.stop()
        client.settimeout(0)
        assert client.recv(1) == b""
        client.close()


def test_a_connection_that_ends_in_a_moment_is_waited_for(server):
    client, peer = connection()
    port = client.getsockname()[1]
    ending = threading.Timer(0.2, reset, [client])
    ending.start()
    one = server("--listen", "127.0.0.1", port=port)
    ending.join()
    assert visit(one.address(IPV4)) == GREETING
    peer.close()


# Who has it


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"])
def test_a_listener_is_named_by_its_process(listen):
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = complaint("--listen", listen, other.getsockname()[1])
    name = open("/proc/self/comm", encoding="utf-8").read().strip()
    assert said == (f"{name} (pid {os.getpid()}) listens there already (see 'ss -ltnp');"
                    " stop it or choose another port")


def test_a_hello_server_there_can_also_be_replaced(server):
    one = server()
    assert complaint(one.port) == (
        f"hello-server (pid {one.pid}) listens there already (see 'ss -ltnp'); stop it or choose another port; to replace it"
        " while it serves, start both with the same --handover PATH")


def test_a_process_with_a_name_that_is_no_text_stays_on_the_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        code = r"open('/proc/self/comm', 'wb').write(b'a\nb\x1b[1m'); input()"
        with subprocess.Popen(
            [sys.executable, "-c", "print(flush=True);" + code], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, pass_fds=[other.fileno()],
        ) as holder:
            holder.stdout.readline()
            port = other.getsockname()[1]
            other.close()
            said = complaint("--listen", "127.0.0.1", port)
            holder.communicate(b"\n")
    assert f"(pid {holder.pid}) listens there already" in said
    assert "\x1b" not in said and "\n" not in said


def test_a_listener_of_another_user_is_something():
    """Whose descriptors may not be looked at."""
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    try:
        run(server_path(), "--version", before=nobody)
    except PermissionError:
        pytest.skip("the program is where only its owner may start it")
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = complaint("--listen", "127.0.0.1", other.getsockname()[1], before=nobody)
    assert said.startswith("something listens there already")


def nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


@pytest.mark.timed
def test_a_listener_is_not_waited_for():
    """Waiting would take a second each time."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        times = []
        for _ in range(5):
            start = time.monotonic()
            complaint("--listen", "127.0.0.1", port)
            times.append(time.monotonic() - start)
    assert min(times) < 1


def test_a_connection_differs_from_a_listener():
    client, peer = connection()
    with client, peer:
        host, port = client.getpeername()
        said = complaint("--listen", "[::]", client.getsockname()[1])
    assert f"(pid {os.getpid()}) uses that port for a connection to {host}:{port} " in said
    assert "listens there" not in said


def test_a_connection_that_has_ended_differs_from_a_listener():
    client, peer = connection()
    port = client.getsockname()[1]
    client.close()  # first, so that this end waits
    peer.close()
    said = complaint("--listen", "127.0.0.1", port)
    assert "TIME-WAIT" in said and "listens there" not in said


def test_an_address_beside_it_is_free(server):
    with socket.create_server(("127.0.0.2", 0)) as other:
        one = server("--listen", "127.0.0.1", port=other.getsockname()[1])
    assert one.stop() == totals()


def test_that_no_port_is_free_is_reported_as_such():
    with sysctl("net.ipv4.ip_local_port_range", "40000 40000"):
        with socket.create_server(("127.0.0.1", 40000)):
            said = complaint("--listen", "127.0.0.1", "0")
    assert said.startswith("no port of net.ipv4.ip_local_port_range is free")
