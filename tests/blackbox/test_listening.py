"""Where hello-server listens, and how it says so."""
import contextlib
import os
import re
import signal
import socket
import subprocess

import pytest

from clients import FAMILIES, GREETING, IPV4, IPV6, crowd, refuses, visit
from errno import EAFNOSUPPORT
from kernel import command, refusal, switches, sysctl, thread_cpus, threads
from programs import run, server_path, totals


def listeners(port):
    """The local addresses that ss(8) shows in state LISTEN."""
    shown = subprocess.run(
        ["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    return [line.split()[3] for line in shown.stdout.splitlines()]


def complaint(*args, code, **options):
    result = run(server_path(), *args, **options)
    assert (result.returncode, result.stdout) == (code, ""), result
    assert re.fullmatch(r"hello-server: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


@contextlib.contextmanager
def foreign_listener(family, reuse_port=False):
    with socket.socket(family.number) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
        sock.bind((family.loopback, 0))
        sock.listen()
        yield sock.getsockname()[1]


# The two lines


def test_the_start_line_says_what_holds(server, engine, close):
    one = server("--engine", engine, "--close", close, "--workers", 2)
    assert one.line == (
        f"hello-server: listening on [::]:{one.port}"
        f" engine={engine} workers=2 close={close} pid={one.pid}\n"
    )
    assert one.port != 0
    assert one.stop() == totals()  # checks that no other line came, on stdout or stderr


def test_a_connection_right_after_the_start_line_is_answered(server, engine, family):
    for _ in range(20):
        one = server("--engine", engine)
        assert visit(one.address(family)) == GREETING
        assert one.stop() == totals(greeted=1)


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_the_service_manager_is_notified_of_start_and_stop(server, tmp_path, abstract):
    name = f"hello-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if abstract else name)
        manager.settimeout(10)
        one = server(env={"NOTIFY_SOCKET": "@" + name if abstract else name})
        assert b"READY=1" in manager.recv(4096).split(b"\n")
        assert visit(one.address(IPV4)) == GREETING
        one.process.send_signal(signal.SIGTERM)
        assert b"STOPPING=1" in manager.recv(4096).split(b"\n")
        one.finish()


def test_an_unreachable_service_manager_does_not_stop_it(server):
    one = server(env={"NOTIFY_SOCKET": "/no/such/socket"})
    assert visit(one.address(IPV4)) == GREETING


def test_the_end_of_whoever_reads_its_lines_does_not_stop_it(server):
    one = server()
    one.process.stdout.close()
    assert visit(one.address(IPV4)) == GREETING
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) in (0, 1)


# Addresses


def test_one_socket_takes_both_families(server, engine):
    one = server("--engine", engine, "--workers", 1)
    assert listeners(one.port) == [f"*:{one.port}"]
    for family in FAMILIES:
        assert visit(one.address(family)) == GREETING
    assert one.stop() == totals(greeted=2)


def test_each_worker_has_a_listener(server, engine):
    one = server("--engine", engine, "--workers", 4)
    assert listeners(one.port) == [f"*:{one.port}"] * 4


@pytest.mark.parametrize(
    "listen, printed, answering",
    [
        ("[::]", "[::]", (IPV4, IPV6)),
        ("::", "[::]", (IPV4, IPV6)),
        ("[::]:0", "[::]", (IPV4, IPV6)),
        ("0.0.0.0", "0.0.0.0", (IPV4,)),
        ("127.0.0.1", "127.0.0.1", (IPV4,)),
        ("127.0.0.1:0", "127.0.0.1", (IPV4,)),
        ("[::1]", "[::1]", (IPV6,)),
        ("::1", "[::1]", (IPV6,)),
        ("[::1]:0", "[::1]", (IPV6,)),
    ],
)
def test_it_listens_on_the_address_given_and_no_other(server, engine, listen, printed, answering):
    one = server("--engine", engine, "--listen", listen)
    assert one.line.startswith(f"hello-server: listening on {printed}:{one.port} ")
    for family in FAMILIES:
        if family in answering:
            assert visit(one.address(family)) == GREETING
        else:
            assert refuses(one.address(family))
    assert one.stop() == totals(greeted=len(answering))


def test_a_port_given_with_the_address_is_taken(server):
    first = server()
    first.stop()
    again = server("--listen", f"127.0.0.1:{first.port}", port=None)
    assert again.port == first.port


def test_a_port_can_be_taken_again_right_after_a_stop(server, engine):
    """The closed connections stay behind in TIME-WAIT on the server's side."""
    first = server("--engine", engine)
    assert crowd(first.address(IPV4), 100) == {"greeted": 100}
    first.stop()
    again = server("--engine", engine, port=first.port)
    assert visit(again.address(IPV4)) == GREETING


# What cannot be had


@pytest.mark.parametrize("reuse_port", [False, True], ids=["alone", "SO_REUSEPORT"])
@pytest.mark.parametrize("listen", ["same address", "[::]"])
def test_a_port_in_use_is_refused(family, reuse_port, listen):
    with foreign_listener(family, reuse_port) as port:
        address = family.loopback if listen == "same address" else listen
        line = complaint("--listen", address, port, code=1)
    assert str(port) in line and "in use" in line.lower()


def test_a_port_that_another_hello_server_holds_is_refused(server, engine):
    """They would share it unnoticed, since both set SO_REUSEPORT."""
    one = server("--engine", engine)
    assert str(one.port) in complaint("--engine", engine, one.port, code=1)
    assert listeners(one.port) == [f"*:{one.port}"] * one.workers
    assert visit(one.address(IPV4)) == GREETING


@pytest.mark.parametrize("listen", ["192.0.2.1", "[2001:db8::1]"])
def test_an_address_of_another_machine_is_refused(listen):
    assert listen in complaint("--listen", listen, "0", code=1)


# IPv6 switched off


def test_without_IPv6_it_falls_back_to_IPv4_with_one_warning(server, engine):
    with sysctl("net.ipv6.conf.all.disable_ipv6", 1):
        one = server("--engine", engine)
        assert one.host == "0.0.0.0"
        assert "IPv6" in one.stderr()[0]
        assert visit(one.address(IPV4)) == GREETING
        assert one.stop(warnings=1) == totals(greeted=1)


def test_a_kernel_that_has_no_IPv6_means_the_same(server, engine):
    one = server("--engine", engine, before=refusal("socket", EAFNOSUPPORT, socket.AF_INET6))
    assert one.host == "0.0.0.0"
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop(warnings=1) == totals(greeted=1)


def test_without_IPv6_an_IPv6_address_that_was_asked_for_is_refused():
    before = refusal("socket", EAFNOSUPPORT, socket.AF_INET6)
    assert "[::1]" in complaint("--listen", "[::1]", "0", code=1, before=before)


def test_without_IPv6_an_IPv4_address_needs_no_warning(server):
    with sysctl("net.ipv6.conf.all.disable_ipv6", 1):
        one = server("--listen", "127.0.0.1")
        assert one.stop() == totals()


# Workers


def test_workers_share_the_connections(server, engine, family):
    one = server("--engine", engine, "--workers", 2)
    before = switches(one.pid)
    assert crowd(one.address(family), 2000) == {"greeted": 2000}
    busy = [thread for thread, count in switches(one.pid).items() if count > before[thread]]
    assert len(busy) >= 2
    assert one.stop() == totals(greeted=2000)


def pinned(one):
    """The CPU of each thread that has but one."""
    cpus = [thread_cpus(one.pid, thread) for thread in threads(one.pid)
            if thread != one.pid and command(thread) != "signals"]
    return sorted(cpu for allowed in cpus if len(allowed) == 1 for cpu in allowed)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU: no thread has a choice")
def test_there_are_as_many_workers_as_cpus_and_none_is_pinned(server, engine):
    one = server("--engine", engine)
    assert one.workers == len(os.sched_getaffinity(0))
    assert visit(one.address(IPV4)) == GREETING
    assert [] == pinned(one)


def test_cpus_that_may_not_be_used_have_no_worker(server, engine):
    last = max(os.sched_getaffinity(0))
    one = server("--engine", engine, before=lambda: os.sched_setaffinity(0, {last}))
    assert one.workers == 1
    assert visit(one.address(IPV4)) == GREETING
