"""Listening sockets that a service manager passes: sd_listen_fds(3)."""
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from clients import FAMILIES, GREETING, IPV4, connect, read_to_end, visit
from faults import ERRORS, WAITS, Fault
from handovers import ASK, CLIENTS, CONTROL, DESCRIPTORS, MANAGED, OFFER, Chain, asking, receive, send
from kernel import threads
from programs import DEADLINE_S, START_LINE, environment, run, server_path

SO_ATTACH_FILTER = 26


def listening(port=0, family=socket.AF_INET6, host="::", group=True, backlog=64):
    sock = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, group)
    sock.bind((host, port))
    sock.listen(backlog)
    return sock


class Managed:
    """A server that is given sockets, as descriptors 3 and up."""

    def __init__(self, socks, *options, pid=None, names=None, before=None, count=None, env=None):
        def pass_on():
            saved = [os.dup2(sock.fileno(), 100 + n) for n, sock in enumerate(socks)]
            for n, fd in enumerate(saved):
                os.dup2(fd, 3 + n)
            os.environ["LISTEN_PID"] = str(os.getpid() if pid is None else pid)
            if before:
                before()

        # The shell knows its process id, which Popen's environment cannot; the server takes its place.
        script = 'LISTEN_PID=${PID:-$$} exec "$@"'
        variables = {**(env or {}), "LISTEN_FDS": str(len(socks) if count is None else count)}
        if names is not None:
            variables["LISTEN_FDNAMES"] = names
        if pid is not None:
            variables["PID"] = str(pid)
        self.process = subprocess.Popen(
            ["sh", "-c", script, "sh", server_path(), *map(str, options)], env=environment(variables),
            preexec_fn=pass_on, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def start(self):
        line = self.process.stdout.readline()
        match = START_LINE.fullmatch(line)
        assert match, line + self.process.stderr.read()
        return match

    def end(self):
        """(exit code, standard error)"""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors


@pytest.fixture
def managed():
    """managed(sockets, *options) starts a server that is given sockets, see Managed."""
    started = []

    def start(*args, **options):
        started.append(Managed(*args, **options))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def refuse_all(sock):
    """Attach a filter of one instruction: drop it (bpf(4))."""
    program = ctypes.create_string_buffer(b"\x06\0\0\0\0\0\0\0")
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(Filter(1, ctypes.addressof(program))))


def refusal(managed, socks, *options, **others):
    """What a server says that does not start."""
    one = managed(socks, *options, **others)
    out, errors = one.process.communicate(timeout=DEADLINE_S)
    assert (one.process.returncode, out) == (1, ""), errors
    return errors


@contextlib.contextmanager
def several(count, **options):
    """Sockets of one group."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(listening(**options))
        port = first.getsockname()[1]
        yield [first] + [stack.enter_context(listening(port, **options)) for _ in range(count - 1)]


@pytest.mark.parametrize("workers", [2, 4])
def test_sockets_are_used_and_more_are_opened_for_more_workers(managed, engine, workers):
    with several(2) as socks:
        port = socks[0].getsockname()[1]
        one = managed(socks, "--workers", workers, "--engine", engine)
        match = one.start()
        assert (int(match["port"]), int(match["workers"])) == (port, workers)
        assert [visit((family.loopback, port)) for family in FAMILIES * 20] == [GREETING] * 40
        assert one.end() == (0, "")


def test_there_is_a_worker_for_each_socket(managed):
    """One that is closed would lose who waits there."""
    with several(3) as socks:
        one = managed(socks, "--workers", 1)
        assert int(one.start()["workers"]) == 3
        assert one.end() == (0, "hello-server: warning: workers=3 instead of 1, one for each socket that was passed\n")


def test_two_processes_that_follow_each_other_lose_nobody(managed, start, engine):
    """The manager keeps the sockets, so clients wait meanwhile."""
    with several(2) as socks:
        port = socks[0].getsockname()[1]
        one = managed(socks, "--engine", engine)
        one.start()
        client = start("-d", "6s", "-r", 1000, "--family", "both", "--timeout", "20s", f"localhost:{port}")
        while client.process.poll() is None:
            time.sleep(0.2)
            assert one.end() == (0, "")
            one = managed(socks, "--engine", engine)
            one.start()
        measured = client.report()
        assert (measured.ok, measured.errors) == (measured.started, {})


def test_a_process_that_takes_over_learns_which_sockets_the_manager_keeps(managed, tmp_path):
    with several(2) as socks:
        managed(socks, "--workers", 3, "--handover", tmp_path / "path").start()
        with asking(tmp_path / "path") as channel:
            send(channel, ASK)
            messages = [receive(channel) for _ in range(4)]
        assert [(kind, role, flags, len(fds)) for kind, role, flags, _, fds in messages] == [
            (DESCRIPTORS, CONTROL, 0, 1), (DESCRIPTORS, CLIENTS, MANAGED, 2), (DESCRIPTORS, CLIENTS, 0, 1),
            (OFFER, 0, MANAGED, 0)]
        for fd in sum((fds for *_, fds in messages), []):
            os.close(fd)


def test_an_admin_port_of_the_manager_goes_from_process_to_process(managed, tmp_path):
    """It stays open, so it is served, whether or not the next process asks for it."""
    with several(1) as socks, listening(host="127.0.0.1", family=socket.AF_INET) as admin, contextlib.ExitStack() as stack:
        port = admin.getsockname()[1]
        path = tmp_path / "path"
        first = managed([*socks, admin], "--workers", 1, "--handover", path, names="clients:admin").start()
        one = Chain(path, port=first["port"])
        stack.callback(one.kill)
        for _ in range(2):  # it learns from the first that it is the manager's
            assert f" admin=127.0.0.1:{port} " in one.start().start_line
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=DEADLINE_S).read() == b"ok\n"
        result = run(server_path(), "--handover", path, "--admin", "127.0.0.2:0")
        assert (result.returncode, result.stderr) == (
            1, "hello-server: cannot listen on '127.0.0.2:0' for --admin: the socket of the service manager is on"
            f" '127.0.0.1:{port}'; ask for that address, or for none\n")


def test_a_filter_that_the_last_owner_left_is_removed(managed, engine):
    """A process of another kind may have refused clients at the end (SO_ATTACH_FILTER)."""
    with several(1) as socks:
        refuse_all(socks[0])
        one = managed(socks, "--engine", engine, "--workers", 1)
        one.start()
        assert visit((IPV4.loopback, socks[0].getsockname()[1])) == GREETING


def test_the_variables_of_another_process_are_not_for_it(managed):
    with several(1) as socks:
        port = socks[0].getsockname()[1]
        one = managed(socks, "0", pid=1)
        assert int(one.start()["port"]) != port
        assert one.end() == (0, "")


def test_no_child_gets_them(managed):
    with several(1) as socks:
        one = managed(socks)
        one.start()
        flags = open(f"/proc/{one.process.pid}/fdinfo/3", encoding="ascii").read().split("flags:")[1].split()[0]
        assert int(flags, 8) & os.O_CLOEXEC


def test_sockets_that_take_no_others_decide_how_many_workers_there_are(managed):
    """A group is for the sockets of one user; a manager's are root's."""
    with several(1, group=False) as socks:
        one = managed(socks, "--engine", "epoll", "--cpus", "none")
        assert int(one.start()["workers"]) == 1
        code, errors = one.end()
    assert code == 0
    assert errors in ("", "hello-server: warning: workers=1, a socket each, because the sockets of the service manager"
                          " take no others; for more, see ListenStream= and ReusePort= in systemd.socket(5)\n")


def test_workers_that_were_asked_for_need_sockets(managed):
    with several(1, group=False) as socks:
        assert refusal(managed, socks, "--workers", 3) == (
            "hello-server: 3 workers need a socket each, but 1 were passed, and the sockets of the service manager take"
            " no others; have the service manager pass more (a ListenStream= line each, and ReusePort=yes), or lower"
            " --workers\n")


def test_a_worker_that_is_lost_ends_all_and_the_next_process_serves_its_socket(managed, engine, tmp_path):
    """The manager keeps the socket, so the kernel goes on giving it clients."""
    fault = Fault(WAITS[engine], tmp_path)
    with several(2) as socks:
        port = socks[0].getsockname()[1]
        one = managed(socks, "--engine", engine, "--workers", 3, env=fault.environment)
        one.start()
        fault.begin(ERRORS[engine], thread=threads(one.process.pid)[2])
        clients = [connect((IPV4.loopback, port)) for _ in range(40)]
        one.process.wait(DEADLINE_S)
        clients += [connect((IPV4.loopback, port)) for _ in range(40)]
        code, errors = one.end()
        assert code == 1
        assert ", so it ends after it has served the clients that wait; all workers stop, because the service manager keeps" \
            " its socket, which the next process serves; " in errors
        assert re.search(r"^hello-server: worker 0: engine .*; start it again$", errors.splitlines()[-1]), errors
        managed(socks, "--engine", engine).start()
        assert [read_to_end(client) for client in clients] == [GREETING] * len(clients)


# What is not usable is named


def test_a_socket_that_does_not_listen(managed):
    with socket.socket() as sock:
        assert refusal(managed, [sock]) == (
            "hello-server: cannot use descriptor 3 of the service manager: a connection, not a listening socket (Invalid"
            " argument); pass listening TCP sockets\n")


def test_a_file(managed, tmp_path):
    with open(tmp_path / "file", "w", encoding="ascii") as file:
        assert refusal(managed, [file]) == (
            "hello-server: cannot use the sockets of the service manager: descriptor 3 is not an open socket; see"
            " sd_listen_fds(3)\n")


def test_a_datagram_socket(managed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert "descriptor 3 of the service manager: not a TCP socket" in refusal(managed, [sock])


def test_a_unix_socket(managed, tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "x"))
        sock.listen()
        assert "descriptor 3 of the service manager: not a socket of IPv4 or IPv6" in refusal(managed, [sock])


def test_sockets_of_two_ports(managed):
    with listening() as one, listening() as two:
        ports = [sock.getsockname()[1] for sock in (one, two)]
        assert refusal(managed, [one, two]) == (
            f"hello-server: cannot use descriptor 4 of the service manager: its port is {ports[1]}, that of the first is"
            f" {ports[0]}; pass sockets of one port\n")


def test_a_port_that_was_not_asked_for(managed):
    with listening() as one:
        port = one.getsockname()[1]
        assert refusal(managed, [one], port - 1) == (
            f"hello-server: cannot listen on '[::]:{port - 1}': the sockets of the service manager are on '[::]:{port}';"
            " ask for that address, or for none\n")


@pytest.mark.parametrize("count, problem", [
    ("x", "LISTEN_FDS 'x' is not a number up to 1024"),
    ("-1", "LISTEN_FDS '-1' is not a number up to 1024"),
    ("2000", "LISTEN_FDS '2000' is not a number up to 1024"),
    ("2", "descriptor 4 is not an open socket"),
])
def test_a_number_of_sockets_that_cannot_be(managed, count, problem):
    with listening() as one:
        assert refusal(managed, [one], count=count) == (
            f"hello-server: cannot use the sockets of the service manager: {problem}; see sd_listen_fds(3)\n")
