"""SIGHUP: the greeting file is read again while clients are greeted, and each gets one greeting only."""
import collections
import errno
import os
import re
import signal
import threading

import pytest

from clients import GREETING, IPV4, connect, crowd, read_exactly, read_to_end, reading, refuses, visit
from faults import Fault
from kernel import sysctl, threads_are, waits_for_fifo
from programs import Load, ended, free_port, running, totals, wait_until
from syscalls import WAKE_UPS, Calls

OLD, NEW = b"old\n", b"the new greeting\n"
LARGE_OLD, LARGE_NEW = b"o" * 65536, b"N" * 60001
HANGUP_S = 0.05
VISITORS = 100
SLOW_VISITORS = 40
HANGUPS_MIN = 20
ROUNDS_MAX = 1000  # of visitors, far more than it takes

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def response(greeting):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            % len(greeting)) + greeting


class File:
    """A greeting file, which is replaced as a whole."""

    def __init__(self, directory, content):
        self.path = directory / "greeting"
        self.put(content)

    def put(self, content):
        """In one step, so that nobody reads a part of it."""
        other = self.path.with_suffix(".new")
        other.write_bytes(content)
        os.rename(other, self.path)


@pytest.fixture
def file(tmp_path):
    return File(tmp_path, OLD)


def hang_up(one, lines=1):
    """Send SIGHUP and wait until so many more lines say what came of it. Returns the last."""
    before = len(one.stderr())
    one.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(one.stderr()) >= before + lines, "it to say what came of it")
    return one.stderr()[-1]


def says_new(file, count):
    return f"hello-server: file '{file.path}' was read again: new clients get its greeting of {count} bytes"


# What it does


def test_who_comes_after_it_gets_the_new_greeting(server, engine, close, family, file):
    one = server("--engine", engine, "--close", close, "--greeting-file", file.path)
    assert visit(one.address(family)) == OLD
    file.put(NEW)
    assert visit(one.address(family)) == OLD
    assert hang_up(one) == says_new(file, len(NEW))
    assert [visit(one.address(family)) for _ in range(20)] == [NEW] * 20
    assert one.stop(warnings=1) == totals(greeted=22)


def test_the_same_file_again_changes_nothing(server, file):
    one = server("--greeting-file", file.path)
    assert hang_up(one) == (f"hello-server: file '{file.path}' was read again: it has the same greeting as "
                            "before, of 4 bytes")
    assert visit(one.address(IPV4)) == OLD
    assert one.stop(warnings=1) == totals(greeted=1)


def test_an_empty_file_is_an_empty_greeting_as_at_the_start(server, file):
    one = server("--greeting-file", file.path)
    file.put(b"")
    assert hang_up(one) == says_new(file, 0)
    assert visit(one.address(IPV4)) == b""
    assert one.stop(warnings=1) == totals(greeted=1)


def test_with_http_the_length_in_the_head_changes_too(server, engine, file):
    one = server("--engine", engine, "--greeting-file", file.path, "--answer", "http")

    def asks():
        sock = connect(one.address(IPV4))
        sock.sendall(GET)
        return read_to_end(sock)

    assert asks() == response(OLD)
    waiting = connect(one.address(IPV4))  # it has no answer yet, so it gets the new one
    file.put(NEW)
    hang_up(one)
    assert asks() == response(NEW)
    waiting.sendall(GET)
    assert read_to_end(waiting) == response(NEW)
    assert one.stop(warnings=1) == {**totals(greeted=3), "silent": 0}


def test_with_greet_after_it_is_the_new_one_for_who_has_not_asked(server, file):
    one = server("--greeting-file", file.path, "--greet-after", r"\n")
    sock = connect(one.address(IPV4))
    file.put(NEW)
    hang_up(one)
    sock.sendall(b"\n")
    assert read_to_end(sock) == NEW
    assert one.stop(warnings=1) == {**totals(greeted=1), "silent": 0}


def test_without_a_file_one_line_says_that_there_is_nothing_to_read(server, engine):
    one = server("--engine", engine)
    assert hang_up(one) == ("hello-server: SIGHUP: there is no file to read again; start the server with "
                            "--greeting-file to change the greeting while it serves")
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop(warnings=1) == totals(greeted=1)


def test_who_asks_for_errors_only_hears_of_what_went_wrong(hello_server, file):
    """And not of what went well: the only line is the second's."""
    port = free_port()
    with running(hello_server, "-q", "--greeting-file", file.path, port) as process:
        wait_until(lambda: not refuses((IPV4.loopback, port)), "it to listen")
        file.put(NEW)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: visit((IPV4.loopback, port)) == NEW, "the new greeting")
        os.unlink(file.path)
        process.send_signal(signal.SIGHUP)
        assert process.stderr.readline().decode() == (
            f"hello-server: the old greeting stays: cannot read file '{file.path}': No such file or directory; "
            "make it readable, and send SIGHUP again\n")
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "", "")


def test_what_nohup_starts_does_not_read_it_again(server, file):
    one = server("--greeting-file", file.path, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    file.put(NEW)
    one.process.send_signal(signal.SIGHUP)
    assert visit(one.address(IPV4)) == OLD
    one.process.send_signal(signal.SIGUSR1)
    wait_until(one.stderr, "the totals so far")
    assert "so far accepted=1 " in one.stderr()[0]
    assert visit(one.address(IPV4)) == OLD
    assert one.stop(warnings=1) == totals(greeted=2)


def test_during_a_stop_it_is_no_second_signal(server, file):
    one = server("--greeting-file", file.path, "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    sock = connect(one.address(IPV4))
    assert read_exactly(sock, len(OLD)) == OLD
    one.process.send_signal(signal.SIGTERM)
    wait_until(lambda: one.counters["TcpPassiveOpens"] == 1, "the client")
    one.process.send_signal(signal.SIGHUP)
    assert read_to_end(sock) == b""
    assert one.finish() == totals(greeted=1)


# What cannot be read


def spoil_by_removal(file):
    os.unlink(file.path)
    return (f"cannot read file '{file.path}': No such file or directory; make it readable, and send SIGHUP again")


def spoil_by_a_folder(file):
    os.unlink(file.path)
    os.mkdir(file.path)
    return f"cannot read file '{file.path}': Is a directory; make it readable, and send SIGHUP again"


def spoil_by_size(file):
    file.put(bytes(65537))
    return (f"file '{file.path}' must be 0 to 65536 bytes (64 KiB) long; shorten it, and send SIGHUP again")


@pytest.mark.parametrize("spoil", [spoil_by_removal, spoil_by_a_folder, spoil_by_size])
def test_a_bad_file_leaves_the_greeting_as_it_is(server, engine, file, spoil):
    one = server("--engine", engine, "--greeting-file", file.path)
    why = spoil(file)
    assert hang_up(one) == f"hello-server: the old greeting stays: {why}"
    assert visit(one.address(IPV4)) == OLD
    if file.path.is_dir():
        os.rmdir(file.path)
    file.put(NEW)
    assert hang_up(one) == says_new(file, len(NEW))
    assert visit(one.address(IPV4)) == NEW
    assert one.stop(warnings=2) == totals(greeted=2)


def test_without_memory_for_it_the_greeting_is_as_it_was(server, file, tmp_path):
    fault = Fault("calloc", tmp_path)
    one = server("--greeting-file", file.path, env=fault.environment)
    file.put(NEW)
    fault.begin(errno.ENOMEM)
    assert re.fullmatch(f"hello-server: the old greeting stays: cannot keep that of file '{file.path}': "
                        "Cannot allocate memory; [^\\n]+", hang_up(one))
    fault.end()
    assert visit(one.address(IPV4)) == OLD
    assert hang_up(one) == says_new(file, len(NEW))
    assert one.stop(warnings=2) == totals(greeted=1)


def test_workers_that_cannot_be_woken_greet_with_it_all_the_same(server, engine, file):
    """Only the wake-up of who sleeps is lost: who comes is one."""
    calls = Calls(["write"])
    one = server("--engine", engine, "--workers", 1, "--greeting-file", file.path, before=calls.before)
    file.put(NEW)
    calls.begin("write", errno.EPERM, after=1, where=WAKE_UPS)  # the reader of signals makes the first
    assert hang_up(one) == says_new(file, len(NEW))
    assert visit(one.address(IPV4)) == NEW
    calls.end()
    assert one.stop(warnings=1) == totals(greeted=1)
    calls.stop()


def let_it_wait_for_a_fifo(one, file):
    """Nobody writes to what is now where the file was, and the server opens it."""
    os.unlink(file.path)
    os.mkfifo(file.path)
    one.process.send_signal(signal.SIGHUP)
    wait_until(lambda: waits_for_fifo(one.pid), "it to wait for the FIFO")


def test_a_file_that_keeps_its_reader_waiting_keeps_nobody_else(server, engine, file):
    """A FIFO that nobody writes to, where the file was: clients and a stop do not wait with its reader."""
    one = server("--engine", engine, "--greeting-file", file.path)
    let_it_wait_for_a_fifo(one, file)
    assert visit(one.address(IPV4)) == OLD
    one.process.send_signal(signal.SIGUSR1)
    wait_until(one.stderr, "the totals so far")
    assert one.stop(warnings=1) == totals(greeted=1)


def test_a_file_that_comes_late_is_taken_then(server, file):
    one = server("--greeting-file", file.path)
    let_it_wait_for_a_fifo(one, file)
    file.path.write_bytes(NEW)
    wait_until(one.stderr, "it to say what it read")
    assert one.stderr() == [says_new(file, len(NEW))]
    assert visit(one.address(IPV4)) == NEW
    assert one.stop(warnings=1) == totals(greeted=1)


def test_who_asks_again_while_it_is_still_read_hears_that(server, file):
    one = server("--greeting-file", file.path)
    let_it_wait_for_a_fifo(one, file)

    def is_told():
        one.process.send_signal(signal.SIGHUP)
        return one.stderr()

    wait_until(is_told, "it to say so")
    assert one.stderr()[0] == (f"hello-server: the old greeting stays: file '{file.path}' is still being read since"
                               " an earlier SIGHUP; make it readable to its end, or start the server again")
    assert one.stop(warnings=None) == totals()


# One greeting for each client


def test_a_client_keeps_the_greeting_that_it_began_with(server, engine, family, file):
    """The kernel has not taken all of it when the other one is in force."""
    file.put(LARGE_OLD)
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        one = server("--engine", engine, "--greeting-file", file.path)
        slow = connect(one.address(family), window_bytes=4096)
        start = read_exactly(slow, 1)
        file.put(LARGE_NEW)
        hang_up(one)
        assert visit(one.address(family)) == LARGE_NEW
        assert start + read_to_end(slow) == LARGE_OLD
        assert one.stop(warnings=1) == totals(greeted=2)


def test_as_many_greetings_as_clients_are_sent_at_once_and_no_more(server, file):
    """Each has a client who does not read it; the next one waits for an end of one of them."""
    places = 16
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        file.put(b"A" * 65536)
        one = server("--workers", 1, "--greeting-file", file.path, "--linger-timeout", "1h")
        slow = []
        for i in range(places):
            greeting = bytes([ord("A") + i]) * 65536
            if i > 0:
                file.put(greeting)
                assert hang_up(one) == says_new(file, 65536)
            slow.append((greeting, connect(one.address(IPV4), window_bytes=4096)))
            assert read_exactly(slow[-1][1], 1) == greeting[:1]
        file.put(NEW)
        assert hang_up(one) == ("hello-server: the old greeting stays: clients are still being sent 16 earlier "
                                "ones; send SIGHUP again later")
        for greeting, sock in slow:
            assert read_to_end(sock) == greeting[1:]
        one.wait_until_idle()
        assert hang_up(one) == says_new(file, len(NEW))
        assert visit(one.address(IPV4)) == NEW
        assert one.stop(warnings=None) == totals(greeted=places + 1)


class Hangups:
    """The file has one content and then the other, and SIGHUP is sent each time."""

    def __init__(self, one, file, contents):
        self.one, self.file, self.contents = one, file, contents
        self.count, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.over.wait(HANGUP_S):
            self.count += 1
            self.file.put(self.contents[self.count % 2])
            self.one.process.send_signal(signal.SIGHUP)

    def suffice(self, got):
        """There were enough, and clients got both."""
        return self.count >= HANGUPS_MIN and len(got) > 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def one_of(*greetings, pause_s=0, bite=1 << 16):
    """A client that says which of these it got, whole and then the end."""

    def script(sock):
        got = b""
        while part := (yield from reading(sock, bite)):
            got += part
            if pause_s:
                yield pause_s
        return greetings.index(got) if got in greetings else f"{len(got)} bytes, {got[:1]!r} to {got[-1:]!r}"

    return script


def test_under_load_each_client_gets_wholly_one_of_two(server, engine, close, file):
    one = server("--engine", engine, "--close", close, "--greeting-file", file.path)
    runs, got = [], collections.Counter()
    load = threading.Thread(target=lambda: runs.append(
        Load("-r", "2k/s", "-d", "3s", "--expect", "any", one.target(IPV4))))
    with Hangups(one, file, (OLD, NEW)) as hangups:
        load.start()
        for _ in range(ROUNDS_MAX):
            got.update(crowd(one.address(IPV4), VISITORS, one_of(OLD, NEW)))
            if hangups.suffice(got) and not load.is_alive():
                break
        load.join()
    assert set(got) == {0, 1}, got
    (run,) = runs
    assert run.ok > 0 and not run.failures
    counted = one.stop(warnings=None)  # on a busy machine some of hello-load's do not end with its run
    assert (counted["failed"], counted["abandoned"]) == (0, 0) and counted["greeted"] > 0


def test_slow_readers_get_wholly_one_of_two_large_ones(server, engine, file):
    file.put(LARGE_OLD)
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        one = server("--engine", engine, "--greeting-file", file.path, "--linger-timeout", "1m")
        with Hangups(one, file, (LARGE_OLD, LARGE_NEW)) as hangups:
            got = collections.Counter()
            script = one_of(LARGE_OLD, LARGE_NEW, pause_s=0.01, bite=8192)
            for _ in range(ROUNDS_MAX):
                got.update(crowd(one.address(IPV4), SLOW_VISITORS, script, in_flight=10, window_bytes=8192))
                if hangups.suffice(got):
                    break
        assert set(got) == {0, 1}, got
        assert one.stop(warnings=None)["greeted"] == sum(got.values())


def test_many_signals_leave_nothing_behind(server, engine, file):
    """No descriptor, no thread, no greeting: and then it sleeps."""
    one = server("--engine", engine, "--greeting-file", file.path)
    threads = len(os.listdir(f"/proc/{one.pid}/task"))
    for i in range(100):
        file.put(b"%d\n" % i)
        assert hang_up(one) == says_new(file, len(b"%d\n" % i))
    assert visit(one.address(IPV4)) == b"99\n"
    one.wait_until_idle()
    assert len(os.listdir(f"/proc/{one.pid}/task")) == threads
    wait_until(lambda: threads_are(one.pid, "S"), "the threads to fall asleep")
    assert one.stop(warnings=100) == totals(greeted=1)
