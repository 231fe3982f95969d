"""Signals: each has its meaning from the first instruction on, and nothing keeps them waiting."""
import errno
import os
import platform
import re
import resource
import signal
import socket
import termios
import time

import pytest

from clients import GREETING, IPV4, connect, read_exactly, read_to_end, visit
from kernel import blocks_signal, eventfds, stepped, waits_for_fifo
from programs import (
    DEADLINE_S, OUTCOMES, SANITIZED, STATIC, STOP_LINE, Server, ahead_of_others, ended, free_port, full_pipe,
    loaded, run_is_over, running, stopped, totals, wait_until,
)
from syscalls import WAKE_UPS, Calls

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
ASKS = (signal.SIGUSR1, signal.SIGUSR2)
# What a program says that did not wait for its orderly end, which has another code or other words.
# ThreadSanitizer takes a second to exit, in which other threads may still tell their own ends.
SECOND = re.compile(r"hello-\w+: ended by SIGINT: a second signal came\n" + ("(.+\n)*" if "thread" in SANITIZED else ""))
OWN_THREADS = 3 if "thread" in SANITIZED else 2  # of a hello-load that has no workers

WAKE_TRIES = 101  # until it gives up that a thread can be woken

by_stop = pytest.mark.parametrize("signum", STOPS, ids=lambda signum: signum.name)


def ignoring(*signals):
    """A preexec_fn: start with these ignored, as nohup(1) and shells do it."""

    def ignore():
        for signum in signals:
            signal.signal(signum, signal.SIG_IGN)

    return ignore


def send_two(process):
    """Two signals at once; the kernel gives the lower number first (signal(7))."""
    with stopped(process):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)


# What each of them means


@pytest.mark.parametrize("signum", [signum for signum in STOPS if signum != signal.SIGHUP],  # test_reload.py
                         ids=lambda signum: signum.name)
def test_the_server_stops_in_order(server, signum):
    one = server("--linger-timeout", "1h", "--shutdown-timeout", "1h")
    sock = connect(one.address(IPV4))
    assert read_exactly(sock, len(GREETING)) == GREETING
    one.process.send_signal(signum)
    assert read_to_end(sock) == b""
    assert one.finish() == totals(greeted=1)


@by_stop
def test_a_run_is_cut_short_and_marked(start, server, signum):
    run = start("-d", "1h", "-c", "1", server().target(IPV4))
    wait_until(lambda: len(os.listdir(f"/proc/{run.pid}/task")) > OWN_THREADS, "the run to be under way")
    time.sleep(0.2)  # so that something was measured
    run.process.send_signal(signum)
    assert run.report().json["run"]["cut_short"] is True


def test_what_nohup_starts_does_not_end_when_its_terminal_does(server, start):
    one = server(before=ignoring(signal.SIGHUP))
    run = start("-d", "1s", "-c", "1", one.target(IPV4), before=ignoring(signal.SIGHUP))
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 0, "the run to be under way")
    for process in (one.process, run.process):
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
    assert run.report().json["run"]["cut_short"] is False
    assert one.stop()["greeted"] > 0


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT], ids=lambda signum: signum.name)
def test_what_a_shell_starts_in_the_background_can_be_stopped_all_the_same(server, signum):
    """A shell without job control ignores them for it (POSIX, "Asynchronous Lists")."""
    one = server(before=ignoring(signal.SIGINT, signal.SIGQUIT))
    assert one.stop(signum) == totals()


def test_signals_that_say_nothing_to_them_do_nothing(server, start):
    one = server()
    run = start("-d", "1s", "-c", "1", one.target(IPV4))
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 0, "the run to be under way")
    for signum in (signal.SIGUSR2, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH):
        one.process.send_signal(signum)
        run.process.send_signal(signum)
    run.process.send_signal(signal.SIGUSR1)
    assert run.report().json["run"]["cut_short"] is False
    assert one.stop()["greeted"] > 0


def test_the_server_prints_its_totals_so_far_on_request(server, engine):
    one = server("--engine", engine, "--linger-timeout", "1h")
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    holder = connect(one.address(IPV4))
    assert read_exactly(holder, len(GREETING)) == GREETING
    one.process.send_signal(signal.SIGUSR1)
    wait_until(one.stderr, "the totals")
    counts = {"accepted": 2, **dict.fromkeys(OUTCOMES, 0), "greeted": 1, "open": 1}
    text = " ".join(f"{name}={count}" for name, count in counts.items())
    assert one.stderr() == [f"hello-server: so far {text}"]
    holder.close()
    assert one.stop(warnings=1) == totals(greeted=2)


@pytest.mark.parametrize("limit", [0, 1])  # poll(2) takes no more descriptors at once
def test_a_lower_limit_of_descriptors_keeps_no_signal_from_it(server, engine, limit):
    one = server("--engine", engine)
    with connect(one.address(IPV4)) as sock:
        assert read_exactly(sock, len(GREETING)) == GREETING
        hard = resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (limit, hard))
        one.process.send_signal(signal.SIGUSR1)
        wait_until(one.stderr, "the totals so far")
    assert "so far accepted=1 " in one.stderr()[0]
    if SANITIZED:  # LeakSanitizer opens files at the end
        resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert one.stop(warnings=None) == totals(greeted=1)
    if not SANITIZED:
        assert "sock_diag: Too many open files" in one.stderr()[1] and one.stderr()[1].endswith(
            "; raise the descriptor limit")


def test_a_second_signal_is_read_while_no_thread_can_be_woken(server, engine):
    calls = Calls(["write"])
    one = server("--engine", engine, before=calls.before)
    one.wait_until_asleep()
    calls.begin("write", errno.EPERM, where=WAKE_UPS)
    send_two(one.process)
    assert one.process.wait(DEADLINE_S) == 1
    calls.stop()
    assert one.stderr() == ["hello-server: ended by SIGINT: a second signal came"]


def test_totals_that_cannot_be_asked_for_end_nothing(server, engine):
    calls = Calls(["write"])
    one = server("--engine", engine, before=calls.before)
    one.wait_until_asleep()
    refused = calls.begin("write", errno.EPERM, where=WAKE_UPS)
    one.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: refused.hits == WAKE_TRIES, "it to give up")
    assert visit(one.address(IPV4)) == GREETING
    refused = calls.begin("write", errno.EPERM, where=WAKE_UPS)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(DEADLINE_S) == 1
    assert refused.hits == WAKE_TRIES
    calls.stop()
    assert one.stderr() == ["hello-server: ended by SIGTERM: a thread cannot be woken"]


def test_a_worker_that_cannot_be_woken_ends_it_all_the_same(server, engine):
    calls = Calls(["write"])
    one = server("--engine", engine, "--workers", 1, before=calls.before)
    one.wait_until_asleep()  # who is awake learns of the stop without being woken
    calls.begin("write", errno.EPERM, where={**WAKE_UPS, 0: max(eventfds(one.pid))})  # opened last: its own
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(DEADLINE_S) == 1
    calls.stop()
    assert one.stderr() == ["hello-server: ended by SIGTERM: a thread cannot be woken"]


# From the first instruction on


if STATIC and platform.machine() == "x86_64":  # where its first instructions are ours
    @pytest.mark.parametrize("program", ["hello_server", "hello_load"])
    def test_a_static_program_begins_by_blocking_its_signals(program, request):
        """With 8 instructions, and long before it has relocated itself."""
        program = request.getfixturevalue(program)
        with stepped(program, instructions=0) as pid:
            assert not any(blocks_signal(pid, signum) for signum in (*STOPS, *ASKS))
        with stepped(program, instructions=10) as pid:
            assert all(blocks_signal(pid, signum) for signum in (*STOPS, *ASKS))


@pytest.mark.parametrize("as_pid_1", [False, True], ids=["ordinary", "PID 1"])
def test_a_signal_ends_it_while_it_waits_for_a_file(hello_server, hello_load, tmp_path, inside, as_pid_1):
    """A FIFO that nobody writes to, where the greeting should be: the first ends it soon."""
    fifo = tmp_path / "greeting"
    os.mkfifo(fifo)
    for command in ((hello_server, "--greeting-file", fifo, "0"), (hello_load, "--expect", f"@{fifo}", "::1")):
        with inside(*command) if as_pid_1 else running(*command) as process:
            pid = process.inner() if as_pid_1 else process.pid
            wait_until(lambda: waits_for_fifo(pid), "it to wait for the FIFO")
            os.kill(pid, signal.SIGTERM)
            _, _, errors = ended(process)
            assert re.fullmatch(r"hello-\w+: ended by SIGTERM: [^\n]+\n", errors), errors


def test_a_second_signal_ends_it_at_once_while_it_waits_for_a_file(hello_server, hello_load, tmp_path):
    fifo = tmp_path / "greeting"
    os.mkfifo(fifo)
    for command in ((hello_server, "--greeting-file", fifo, "0"),
                    (hello_load, "--expect", f"@{fifo}", "::1"),
                    (hello_load, "--hlog", fifo, "-n", "1", "::1")):
        with running(*command) as process:
            wait_until(lambda: blocks_signal(process.pid, signal.SIGTERM), "it to begin")
            send_two(process)
            code, out, errors = ended(process)
            assert (code, out) == (1, "") and SECOND.fullmatch(errors), errors


def test_as_pid_1_it_loses_no_signal_before_it_serves(hello_server, hello_load, tmp_path, inside):
    """What comes while it waits for its greeting is obeyed once it has that, with its totals."""
    fifo = tmp_path / "greeting"
    os.mkfifo(fifo)
    with inside(hello_server, "--greeting-file", fifo, "0") as process:
        pid = process.inner()
        wait_until(lambda: waits_for_fifo(pid), "it to wait for the FIFO")
        os.kill(pid, signal.SIGTERM)
        fifo.write_bytes(b"hi\n")
        code, out, errors = ended(process)
        assert (code, errors) == (0, "")
        assert STOP_LINE.search(out), out


def test_as_pid_1_it_loses_none_from_its_first_instruction_on(hello_server, hello_load, inside):
    for _ in range(8):
        with inside(hello_server, "--engine", "epoll", "--workers", "1", "0") as process:
            pid = process.inner()
            wait_until(lambda: blocks_signal(pid, signal.SIGTERM), "its first instruction")
            os.kill(pid, signal.SIGTERM)
            code, out, _ = ended(process)
            assert code == 0 and STOP_LINE.search(out), (code, out)


def test_a_stop_while_its_port_is_taken_ends_it_with_totals(hello_server, hello_load):
    """The port may be free in a moment, so it is tried for a while; but not against a stop."""
    with socket.socket() as holder:
        holder.bind((IPV4.loopback, 0))  # does not listen: such a holder may be gone in a moment
        address = f"{IPV4.loopback}:{holder.getsockname()[1]}"
        with running(hello_server, "--listen", address, preexec_fn=ahead_of_others) as process:
            wait_until(lambda: blocks_signal(process.pid, signal.SIGTERM), "it to begin")
            process.send_signal(signal.SIGTERM)
            code, out, errors = ended(process)
    assert (code, errors) == (0, "") and STOP_LINE.fullmatch(out), (code, out, errors)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=lambda signum: signum.name)
def test_a_name_that_is_looked_up_keeps_nobody_waiting(hello_server, hello_load, tmp_path, inside, signum):
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 53))
        silent.settimeout(DEADLINE_S)
        with inside(hello_load, "-d", "1h", "silent.test", resolver=tmp_path / "resolv.conf") as process:
            silent.recv(512)
            os.kill(process.inner(), signum)  # in the end it would say what did not come
            assert ended(process) == (1, "", f"hello-load: stopped by {signum.name} before the first"
                                      " connection\n")


# While it writes


@pytest.mark.parametrize("option", ["--help", "--version", "--print-config"])
def test_a_signal_ends_it_while_nobody_reads_what_it_prints(hello_server, hello_load, option):
    for program in (hello_server, hello_load):
        if option == "--print-config" and program is hello_load:
            continue
        with full_pipe() as (_, writer), running(program, option, stdout=writer) as process:
            wait_until(lambda: blocks_signal(process.pid, signal.SIGTERM), "it to begin")
            process.send_signal(signal.SIGTERM)
            code, _, errors = ended(process)
            assert code == 1
            assert re.fullmatch(r"hello-\w+: [^\n]*SIGTERM[^\n]*\n", errors), errors


@pytest.mark.parametrize("form", ["--json", "--csv", "--no-live"])
def test_a_report_that_nobody_reads_does_not_keep_it(hello_server, hello_load, form):
    one = Server()
    try:
        with full_pipe() as (_, writer), loaded(hello_load, one, form, stdout=writer) as process:
            run_is_over(one)
            process.send_signal(signal.SIGTERM)
            code, _, errors = ended(process)
        assert code == 1
        assert re.fullmatch(r"hello-load: cannot write the report: [^\n]*SIGTERM[^\n]*\n", errors)
        with full_pipe() as (_, writer), loaded(hello_load, one, form, stdout=writer) as process:
            run_is_over(one, 20)
            wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) == OWN_THREADS,
                       "it to write")
            send_two(process)
            code, _, errors = ended(process)
        assert code == 1 and SECOND.fullmatch(errors), errors
    finally:
        one.kill()


def test_a_stopped_terminal_does_not_keep_it(hello_server, hello_load):
    """Control-S: the terminal takes nothing until Control-Q."""
    one = Server()
    master, slave = os.openpty()
    try:
        termios.tcflow(slave, termios.TCOOFF)
        with loaded(hello_load, one, "--json", stdout=slave, stderr=slave) as process:
            run_is_over(one)
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 1
        port = free_port()
        with running(hello_server, "-v", port, stdout=slave, stderr=slave) as process:
            wait_until(lambda: is_open(port), "the hello_server to listen")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
    finally:
        one.kill()
        os.close(master)
        os.close(slave)


def is_open(port):
    try:
        with socket.create_connection((IPV4.loopback, port)) as sock:
            return sock.recv(99) == GREETING
    except ConnectionRefusedError:
        return False


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
@pytest.mark.parametrize("stream, option", [("stdout", "--workers=1"), ("stderr", "--verbose")])
def test_a_start_that_nobody_reads_is_served_and_stopped(hello_server, hello_load, stream, option, blocking):
    port = free_port()
    with full_pipe(blocking) as (_, writer):
        with running(hello_server, option, port, **{stream: writer}) as process:
            wait_until(lambda: is_open(port), "the hello_server to greet")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
        with running(hello_server, option, port, **{stream: writer}) as process:
            wait_until(lambda: is_open(port), "the hello_server to greet")
            send_two(process)
            assert process.wait(DEADLINE_S) in (0, 1)  # 1: it was writing already


def test_an_error_that_nobody_reads_does_not_keep_it(hello_server, hello_load):
    for program in (hello_server, hello_load):
        with full_pipe() as (_, writer), running(program, "--no-such", stderr=writer) as process:
            assert process.wait(DEADLINE_S) == 2
