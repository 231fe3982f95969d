"""hello-load: what it sees, counts and says, against servers that misbehave in known ways."""
import contextlib
import errno
import os
import re
import select
import socket
import struct
import threading

import pytest

from clients import GREETING, IPV4, IPV6
from kernel import refusal, sysctl
from programs import limits, run, totals, wait_until


class Peer:
    """A server in a thread of the test: `answer` is given each connection, then it is closed."""

    def __init__(self, family, answer):
        self.sock = socket.socket(family.number)
        self.sock.bind((family.loopback, 0))
        self.sock.listen(1000)
        self.answer = answer
        self.target = f"{family.loopback}:{self.port}" if family is IPV4 else f"[::1]:{self.port}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    @property
    def port(self):
        return self.sock.getsockname()[1]

    def _serve(self):
        with contextlib.suppress(OSError):  # accept fails once the test is over
            while True:
                connection, _ = self.sock.accept()
                with contextlib.suppress(OSError):
                    self.answer(connection)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.sock.close()


@pytest.fixture
def peer():
    started = []

    def start(answer, family=IPV4):
        started.append(Peer(family, answer))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def says(data):
    def answer(connection):
        with connection:
            connection.sendall(data)

    return answer


def resets_after(data):
    def answer(connection):
        with connection:
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def hello_load(*args, **options):
    return run(os.environ["HELLO_LOAD"], *args, **options)


def complaint(*args, code=2, **options):
    result = hello_load(*args, **options)
    assert (result.returncode, result.stdout) == (code, ""), result
    assert re.fullmatch(r"hello-load: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


# What it sees


def test_it_makes_as_many_connections_as_asked_for(server, load, engine, family):
    one = server()
    for count in (1, 2, 999):
        result = load("-n", count, "-c", 7, "-e", engine, family.flag, one.target(family))
        assert (result.code, result.started, result.ok) == (0, count, count)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1002)


def test_it_goes_on_for_as_long_as_asked_for(server, load, engine):
    one = server()
    result = load("-d", "1s", "-c", 50, "-e", engine, one.target(IPV6))
    assert result.failures == {}
    assert 0.9 < result.seconds < 5
    assert result.connections_per_s == pytest.approx(result.ok / result.seconds, rel=0.05)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=result.ok)


@pytest.mark.parametrize(
    "answer, kind",
    [
        (says(b""), "short"),
        (says(GREETING[:-1]), "short"),
        (says(b"hellO\n"), "mismatch"),
        (says(b"goodbye"), "mismatch"),
        (says(GREETING + b"!"), "extra"),
        (says(GREETING * 20_000), "extra"),
        (resets_after(b""), "reset"),
        (resets_after(b"hel"), "reset"),
    ],
    ids=["nothing", "cut", "other byte", "other words", "one more", "many more", "reset",
         "reset within"],
)
def test_each_failure_is_counted_by_its_kind(load, peer, engine, family, answer, kind):
    result = load("-n", 100, "-c", 10, "-e", engine, peer(answer, family).target)
    assert (result.code, result.failures, result.ok) == (3, {kind: 100}, 0)


def test_what_is_right_is_counted_beside_what_is_wrong(load, peer, engine):
    answers = [says(GREETING), says(GREETING), says(b"hell")] * 100
    one = peer(lambda connection: answers.pop()(connection))
    result = load("-n", 300, "-c", 10, "-e", engine, one.target)
    assert (result.code, result.ok, result.failures) == (3, 200, {"short": 100})


def test_a_greeting_in_pieces_is_the_same_greeting(load, peer, engine):
    def in_pieces(connection):
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in GREETING:
                connection.sendall(bytes([byte]))

    result = load("-n", 100, "-e", engine, peer(in_pieces).target)
    assert (result.code, result.ok) == (0, 100)


def test_nobody_at_the_port_is_counted_as_refused(load, peer, engine, family):
    gone = peer(says(b""), family)
    with socket.socket(family.number) as unused:
        unused.bind((family.loopback, 0))
        target = gone.target.replace(str(gone.port), str(unused.getsockname()[1]))
        result = load("-n", 50, "-e", engine, target)
    assert (result.code, result.failures) == (3, {"refused": 50})


@pytest.mark.parametrize("first", [b"", b"hel", GREETING], ids=["silent", "slow", "no EOF"])
def test_a_server_that_takes_too_long_is_counted_as_timeout(load, peer, engine, first):
    held = []

    def holds(connection):
        held.append(connection)
        connection.sendall(first)

    result = load("-n", 20, "-c", 20, "--timeout", "300ms", "-e", engine, peer(holds).target)
    assert (result.code, result.failures) == (3, {"timeout": 20})
    for connection in held:
        connection.close()


def test_ports_that_run_out_are_counted_as_no_port(load, peer, engine):
    held = []
    one = peer(held.append)
    with sysctl("net.ipv4.ip_local_port_range", "40000 40009"):
        result = load("-n", 50, "-c", 50, "--timeout", "500ms", "-e", engine, one.target)
    assert result.failures["no_port"] > 0 and result.code == 3
    assert set(result.failures) == {"no_port", "timeout"}


def test_descriptors_that_run_out_are_told(load, peer, engine):
    """Either it says at once that so many cannot be in flight, or it counts those that failed."""
    held = []
    one = peer(held.append)
    args = ("-n", 100, "-c", 100, "-t", 1, "--timeout", "500ms", "-e", engine, one.target)
    result = hello_load(*args, before=limits(NOFILE=32))
    if result.returncode == 1:
        assert re.fullmatch(r"hello-load: [^\n]*descriptor[^\n]*\n", result.stderr), result.stderr
    else:
        assert result.returncode == 3 and re.search(r" no_descriptor=[1-9]", result.stdout), result


def test_it_keeps_as_many_in_flight_as_asked_for(peer, load, engine):
    held = []
    most = 0

    def answers_when_all_are_there(connection):
        nonlocal most
        held.append(connection)
        if len(held) == 30:
            one_too_many = bool(select.select([one.sock], [], [], 0.02)[0])
            most = max(most, len(held) + one_too_many)
            for waiting in held:
                says(GREETING)(waiting)
            held.clear()

    one = peer(answers_when_all_are_there)
    result = load("-n", 300, "-c", 30, "-e", engine, one.target)
    assert (result.code, result.ok, most) == (0, 300, 30)


# What it is asked


@pytest.mark.parametrize(
    "text, data", [("hi", b"hi"), (r"a\r\n\x00\\", b"a\r\n\0\\"), ("", b"")],
    ids=["plain", "escapes", "empty"],
)
def test_it_expects_what_it_is_told_to(load, peer, text, data):
    result = load("-n", 10, "--expect", text, peer(says(data)).target)
    assert (result.code, result.ok) == (0, 10)


def test_it_expects_64_KiB_when_told_to(server, load, engine, family):
    one = server("--greeting", "x" * 65536)
    result = load("-n", 500, "-e", engine, "--expect", "x" * 65536, one.target(family))
    assert (result.code, result.ok) == (0, 500)


def test_a_name_is_looked_up_in_the_family_asked_for(peer, family):
    one = peer(says(GREETING), family)
    result = hello_load("-n", 1, family.flag, f"localhost:{one.port}")
    if result.returncode != 0:  # this machine does not know the name in this family
        assert result.returncode == 1
        assert re.fullmatch(r"hello-load: [^\n]*'localhost'[^\n]*\n", result.stderr), result


def test_an_address_that_is_not_of_the_family_asked_for_is_refused():
    assert "-6" in complaint("-6", "127.0.0.1:1") or "ipv" in complaint("-6", "127.0.0.1:1").lower()
    assert complaint("-4", "[::1]:1")


@pytest.mark.parametrize(
    "args, named",
    [
        ([], "HOST"),
        (["127.0.0.1:70000"], "127.0.0.1:70000"),
        (["127.0.0.1:1", "127.0.0.1:2"], "127.0.0.1:2"),
        (["-c", "0", "127.0.0.1"], "0"),
        (["-n", "many", "127.0.0.1"], "many"),
        (["-d", "5", "127.0.0.1"], "5"),
        (["--timeout", "never", "127.0.0.1"], "never"),
        (["-e", "kqueue", "127.0.0.1"], "kqueue"),
        (["-t", "0", "127.0.0.1"], "0"),
        (["--expect", r"\q", "127.0.0.1"], r"\q"),
        (["--conections", "3", "127.0.0.1"], "--conections"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_refused_in_one_line_that_names_the_value(args, named):
    assert named in complaint(*args)


def test_help_and_version(engine):
    for option in ("--help", "-h", "--version", "-V"):
        result = hello_load(option)
        assert (result.returncode, result.stderr) == (0, "") and result.stdout


def test_an_engine_that_is_asked_for_and_refused_ends_it():
    line = complaint("-e", "uring", "-n", "1", "127.0.0.1:9", code=1,
                     before=refusal("io_uring_setup", errno.EPERM))
    assert "EPERM" in line or os.strerror(errno.EPERM) in line


def test_an_unreachable_network_is_counted_and_ends_the_run(load, engine):
    result = load("-n", 20, "-c", 5, "-e", engine, "192.0.2.1:1")
    assert result.code == 3 and sum(result.failures.values()) == 20


def test_threads_share_the_work(server, load, engine):
    one = server()
    result = load("-n", 1001, "-c", 10, "-t", 2, "-e", engine, one.target(IPV4))
    assert (result.code, result.ok) == (0, 1001)
    wait_until(lambda: one.open_connections() == 0, "the last to end")
    assert one.stop() == totals(greeted=1001)
