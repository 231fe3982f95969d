"""A worker whose engine breaks while it serves: it continues with another, and nobody notices. If there is
none, those who wait are greeted, the others serve on, and only the end of the last one ends all."""
import errno
import os
import signal
import socket
import subprocess

import pytest

from clients import (
    GREETING, IPV4, connect, crowd, read_exactly, read_to_end, refuses, visit,
)
from faults import ERRORS, WAITS, Fault
from firewall import firewall
from kernel import command, io_uring_error, sysctl, threads, waits_of_engines
from programs import DEADLINE_S, OUTCOMES, STOP_LINE, ended, environment, running, totals, wait_until
from scraping import Metrics
from syscalls import WAKE_UPS, Calls

CALLS = {"epoll": "epoll_", "uring": "io_uring_enter"}
OPENS = {"epoll": "epoll_create1", "uring": "io_uring_submit_and_wait_timeout"}


def worker_threads(one):
    """The threads of its workers: behind that which waits and those with names of their own."""
    return [thread for thread in threads(one.pid)[1:] if command(thread) == command(one.pid)]


class Breaking:
    """A server whose workers break when a test wants them to."""

    def __init__(self, server, engine, directory, *args, more="", **options):
        self.engine = engine
        self.fault = Fault(WAITS[engine] + more, directory)
        self.one = server("--engine", engine, *args, env=self.fault.environment, **options)

    def break_worker(self, number, calls=-1):
        """The engine of a worker fails when it is waited for next, so many times; -1: always."""
        self.fault.begin(ERRORS[self.engine], calls, worker_threads(self.one)[number])

    def lines(self, words):
        return [line for line in self.one.stderr() if words in line]


def holders_of(one, count):
    """Clients who were greeted and do not go."""
    socks = [connect(one.address(IPV4)) for _ in range(count)]
    assert [read_exactly(sock, len(GREETING)) for sock in socks] == [GREETING] * count
    return socks


def handshakes(port):
    """How many are under way at a port."""
    listed = subprocess.run(["ss", "-Htn", "state", "syn-recv", f"sport = :{port}"],
                            capture_output=True, text=True, check=True)
    return len(listed.stdout.splitlines())


def listeners(port):
    """Who listens at a port."""
    return subprocess.run(["ss", "-Htln", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout


# There is another engine


def test_a_worker_whose_engine_breaks_goes_on_with_a_fresh_one_and_nobody_notices(
        server, engine, close, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 2, "--close", close, "--linger-timeout", "1h")
    holders = holders_of(it.one, 50)
    if close == "linger":
        wait_until(lambda: waits_of_engines(it.one.pid) == 50, "the holders to be waited for")
    with it.one.paused():
        waiting = [connect(it.one.address(IPV4)) for _ in range(200)]
        it.break_worker(0, calls=1)
    assert [read_to_end(sock) for sock in waiting] == [GREETING] * 200
    wait_until(it.one.stderr, "a line that says so")
    assert [read_to_end(sock) for sock in holders] == [b""] * 50
    assert crowd(it.one.address(IPV4), 500) == {"greeted": 500}
    it.one.wait_until_idle()
    assert it.one.stop(warnings=1) == totals(greeted=750)
    line = it.one.stderr()[0]
    assert line.startswith(f"hello-server: worker 0: engine {engine} broke: {CALLS[engine]}"), line
    assert f"({errno.errorcode[ERRORS[engine]]}); it continues with a fresh engine {engine}" in line


def test_a_greeting_that_is_under_way_comes_whole(server, engine, tmp_path):
    greeting = os.urandom(1 << 16)
    (tmp_path / "greeting").write_bytes(greeting)
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):  # so that it does not fit at once
        it = Breaking(server, engine, tmp_path, "--workers", 2, "--greeting-file", tmp_path / "greeting",
                      "--linger-timeout", "1h")
        break_both_while_greeting(it, greeting)
    it.one.wait_until_idle()
    counts = it.one.stop(warnings=2)
    assert counts == totals(greeted=counts["accepted"])


def break_both_while_greeting(it, greeting):
    slow = [connect(it.one.address(IPV4), window_bytes=4096) for _ in range(20)]
    for sock in slow:
        assert read_exactly(sock, 1) == greeting[:1]
    it.one.wait_until_asleep()
    for number in range(2):
        it.break_worker(number, calls=1)
        wait_until(lambda: read_something(it.one, greeting) and it.lines(f"worker {number}:"),
                   "a line that says so")
    assert [read_to_end(sock) for sock in slow] == [greeting[1:]] * 20


def read_something(one, greeting):
    return visit(one.address(IPV4)) == greeting


def test_auto_goes_on_with_the_next_engine(server, tmp_path):
    if io_uring_error():
        pytest.skip(f"no io_uring here: {io_uring_error()}")
    fault = Fault(WAITS["uring"], tmp_path)
    one = server("--workers", 1, env=fault.environment)
    assert one.engine == "uring"
    holders = holders_of(one, 10)
    fault.begin(errno.EPERM)
    assert crowd(one.address(IPV4), 500) == {"greeted": 500}
    assert [read_to_end(sock) for sock in holders] == [b""] * 10
    one.wait_until_idle()
    assert one.stop(warnings=1) == totals(greeted=510)
    assert "engine uring broke: io_uring_enter: " in one.stderr()[0]
    assert "it continues with engine epoll" in one.stderr()[0]


def test_its_clients_do_not_wait_until_it_is_reported(server, engine, tmp_path):
    """The thread that prints cannot be woken: it does so once it is woken by something else."""
    calls = Calls(["write"])
    it = Breaking(server, engine, tmp_path, "--workers", 1, before=calls.before)
    it.one.wait_until_asleep()
    refused = calls.begin("write", errno.EPERM, where=WAKE_UPS)
    it.break_worker(0, calls=1)
    assert [visit(it.one.address(IPV4)) for _ in range(2)] == [GREETING] * 2
    assert refused.hits == 1
    calls.end()
    it.one.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: it.lines("it continues with a fresh engine"), "a line that says so")
    assert it.one.stop(warnings=2) == totals(greeted=2)
    calls.stop()


def test_a_stop_goes_on_with_a_fresh_engine(server, engine, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 1, "--linger-timeout", "1h",
                  "--shutdown-timeout", "1h")
    holders = holders_of(it.one, 10)
    with it.one.paused():
        it.one.process.send_signal(signal.SIGTERM)
        it.break_worker(0, calls=1)
    wait_until(it.one.stderr, "a line that says so")
    assert it.one.process.poll() is None
    assert [read_to_end(sock) for sock in holders] == [b""] * 10
    assert it.one.finish(warnings=1) == totals(greeted=10)


def test_a_stop_goes_on_with_a_fresh_engine_where_the_listener_is_closed_already(server, engine, tmp_path):
    """Its number may be another file's by then, or nobody's."""
    it = Breaking(server, engine, tmp_path, "--workers", 2, "--linger-timeout", "1h",
                  "--shutdown-timeout", "1h")
    holders = holders_of(it.one, 40)
    wait_until(lambda: waits_of_engines(it.one.pid) == 40, "the holders to be waited for")
    it.one.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not listeners(it.one.port), "it to close its listeners")
    it.break_worker(1, calls=1)
    for count in range(40, 0, -1):
        holders.pop().close()
        wait_until(lambda count=count: waits_of_engines(it.one.pid) < count or it.one.stderr(), "it to see that")
        if it.one.stderr():
            break
    assert "it continues with a fresh engine" in it.one.stderr()[0]
    assert [read_to_end(sock) for sock in holders] == [b""] * len(holders)
    assert it.one.finish(warnings=1) == totals(greeted=40)


# There is none


def test_a_worker_that_breaks_again_and_again_is_given_up_and_the_other_serves(
        server, engine, close, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 2, "--close", close, "--linger-timeout", "1h")
    holders = holders_of(it.one, 50)
    with it.one.paused():
        waiting = [connect(it.one.address(IPV4)) for _ in range(200)]
        it.break_worker(1)
    assert [read_to_end(sock) for sock in waiting] == [GREETING] * 200
    wait_until(lambda: it.lines("so it ends after"), "a line that says that it is given up")
    wait_until(lambda: len(worker_threads(it.one)) == 1, "the worker to end")
    assert [read_to_end(sock) for sock in holders] == [b""] * 50
    assert crowd(it.one.address(IPV4), 500) == {"greeted": 500}
    counts = it.one.stop(warnings=None)  # and it stops in order: the other served to the end
    assert counts == totals(greeted=counts["greeted"], abandoned=counts["abandoned"])
    assert counts["accepted"] == 750 and counts["greeted"] >= 500
    assert len(it.one.stderr()) <= 4, it.one.stderr()
    line = it.lines("so it ends after")[0]
    assert "; 1 other goes on; restart the program to replace it; " in line


def test_a_worker_that_gets_no_other_engine_greets_who_waits_for_it(server, engine, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 2, more="," + OPENS[engine])
    with it.one.paused():
        waiting = [connect(it.one.address(IPV4)) for _ in range(400)]
        it.break_worker(0)
    assert [read_to_end(sock) for sock in waiting] == [GREETING] * 400
    wait_until(lambda: len(worker_threads(it.one)) == 1, "the worker to end")
    assert crowd(it.one.address(IPV4), 100) == {"greeted": 100}
    counts = it.one.stop(warnings=1)
    assert counts == totals(greeted=counts["greeted"], abandoned=counts["abandoned"])
    assert "no engine starts to replace it (" in it.one.stderr()[0]


def test_such_a_worker_is_no_longer_counted(server, engine, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 2, "--admin", "127.0.0.1:0", more="," + OPENS[engine])
    assert Metrics(it.one)["hello_workers"] == 2
    it.break_worker(1)  # the first of these threads is that of the admin port
    wait_until(lambda: visit(it.one.address(IPV4)) == GREETING and it.lines("so it ends after"),
               "a line that says that it is given up")
    assert Metrics(it.one)["hello_workers"] == 1


def test_who_waits_for_a_place_of_such_a_worker_is_greeted_too(server, engine, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", 2, "--max-connections", 4,
                  "--linger-timeout", "1h", more="," + OPENS[engine])
    with it.one.paused():
        waiting = [connect(it.one.address(IPV4)) for _ in range(40)]
        it.break_worker(0)
    wait_until(lambda: it.lines("so it ends after"), "a line that says that it is given up")
    assert [read_to_end(sock) for sock in waiting] == [GREETING] * 40
    wait_until(lambda: len(worker_threads(it.one)) == 1, "the worker to end")
    it.one.wait_until_idle()
    counts = it.one.stop(warnings=None)
    assert counts == totals(greeted=counts["greeted"], abandoned=counts["abandoned"])


@pytest.mark.parametrize("workers", [1, 2])
def test_when_no_worker_is_left_it_ends_by_itself_and_says_so(server, engine, workers, tmp_path):
    it = Breaking(server, engine, tmp_path, "--workers", workers)
    one = it.one
    with one.paused():
        waiting = [connect(one.address(IPV4)) for _ in range(100)]
        it.fault.begin(ERRORS[engine])
    assert [read_to_end(sock) for sock in waiting] == [GREETING] * 100
    while workers > 1 and one.process.poll() is None and not refuses(one.address(IPV4)):
        pass  # which wakes whoever still sleeps
    assert one.process.wait(15) == 1
    assert refuses(one.address(IPV4))
    match = STOP_LINE.fullmatch(one.process.stdout.read().decode())
    counts = list(map(int, match.groups()))
    assert counts[0] == sum(counts[1:]) >= 100
    assert counts[0] == counts[1 + OUTCOMES.index("greeted")] + counts[1 + OUTCOMES.index("abandoned")]
    lines = one.stderr()
    assert len(it.lines("so it ends after")) == workers
    assert lines[-1].startswith("hello-server: no worker is left, the last was worker "), lines
    assert lines[-1].endswith("; start it again"), lines
    assert len(lines) <= 4 * workers + 1


def test_a_handshake_that_does_not_end_delays_the_end_for_a_limited_time(server, engine, tmp_path):
    """The kernel would wait for its last acknowledgement for a minute (tcp_synack_retries)."""
    it = Breaking(server, engine, tmp_path, "--workers", 1, more="," + OPENS[engine])
    with it.one.paused():
        waiting = connect(it.one.address(IPV4))
        answers = f"tcp sport {it.one.port} tcp flags & (syn | ack) == syn | ack drop"
        with firewall(answers), socket.socket() as half:
            half.setblocking(False)
            assert half.connect_ex(it.one.address(IPV4)) == errno.EINPROGRESS
            wait_until(lambda: handshakes(it.one.port) == 1, "the handshake to begin")
            it.fault.begin(ERRORS[engine])
            it.one.process.send_signal(signal.SIGCONT)
            assert read_to_end(waiting) == GREETING
            assert it.one.process.wait(DEADLINE_S) == 1  # the kernel's minute is longer than that
    assert it.lines("so it ends after")


# The generator


def test_a_generator_that_breaks_is_reported_at_once_and_ends_the_run(engine, peer, tmp_path):
    held = peer(lambda connection: held.hold(connection))
    fault = Fault(WAITS[engine], tmp_path)
    with open(tmp_path / "stderr", "w+b") as errors, running(
            os.environ["HELLO_LOAD"], "--engine", engine, "-t", "2", "-c", "4", "-d", "1h",
            "--timeout", "1h", held.target, stderr=errors,
            env=environment(fault.environment)) as process:
        wait_until(lambda: len(held.held) == 4, "the connections to be made")
        fault.begin(ERRORS[engine], calls=1)
        for connection in held.held[:1]:
            connection.close()
        wait_until(lambda: os.fstat(errors.fileno()).st_size > 0, "a line that says so")
        assert process.poll() is None, "the others have not ended yet"
        assert ended(process)[:2] == (1, "")
        errors.seek(0)
        lines = errors.read().decode().splitlines()
    assert len(lines) == 2, lines
    for line in lines:
        assert f"engine {engine} broke: {CALLS[engine]}" in line
    assert "all workers stop" in lines[0] and lines[1].endswith("; start it again")
