"""Servers that misbehave in known ways: each way is one counter of hello-load, in one phase."""
import contextlib
import ctypes
import os
import re
import resource
import socket
import subprocess
import time

import pytest

from clients import GREETING, IPV4, IPV6
from kernel import sysctl
from misbehaving import (
    Listener, resets_after, says, says_in_pieces, target_of, waits_then_says,
)
from programs import limits, run, wait_until

HALF, REST = GREETING[:3], GREETING[3:]
TIMEOUT = ("--timeout", "400ms")
PAUSE_S = 0.05  # long enough for a client to see what came before it

# Both loops, and both families
LOOPS = {
    "closed": (IPV4, ("-c", 20, "-n", 20)),
    "open": (IPV6, ("-r", "200/s", "-n", 20)),
}


def without_privileged_ports():
    """A preexec_fn: drop CAP_NET_BIND_SERVICE for what is executed (PR_CAPBSET_DROP, prctl(2))."""
    ctypes.CDLL(None).prctl(24, 10, 0, 0, 0)


@contextlib.contextmanager
def route(kind, address):
    subprocess.run(["ip", "route", "add", kind, address], check=True)
    yield
    subprocess.run(["ip", "route", "del", kind, address], check=True)


@pytest.fixture(params=LOOPS)
def loop(request):
    return request.param


@pytest.fixture
def outcome(report, engine, loop):
    """outcome(target, *options): how 20 connections to it ended, {(phase, kind): count}."""

    def outcome_of(target, *options):
        measured = report(*LOOPS[loop][1], "-t", 1, "-e", engine, *options, target)
        assert measured.started == 20
        return {**measured.errors, **({"ok": measured.ok} if measured.ok else {})}

    return outcome_of


@pytest.fixture
def answering(peer, loop):
    """answering(answer): the target of a server that answers so."""
    return lambda answer: peer(answer, LOOPS[loop][0], at_once=True).target


def says_then_holds(peer_of, data):
    """The connection is never closed: an answer that needs to know its server, peer_of[0]."""

    def answer(connection):
        connection.sendall(data)
        peer_of[0].hold(connection)

    return answer


@pytest.fixture
def holding(peer, loop):
    def start(data):
        peer_of = []
        peer_of.append(peer(says_then_holds(peer_of, data), LOOPS[loop][0]))
        return peer_of[0].target

    return start


# What a server sends


@pytest.mark.parametrize(
    "answer, expected",
    [
        (says(b""), ("greeting", "short")),
        (says(HALF), ("greeting", "short")),
        (says(b"hellO\n"), ("greeting", "mismatch")),
        (says(b"j"), ("greeting", "mismatch")),
        (says(b"goodbye, and many more words"), ("greeting", "mismatch")),
        (says(GREETING + b"!"), ("close", "extra")),
        (says(GREETING * 2), ("close", "extra")),
        (waits_then_says(0, GREETING, PAUSE_S), "ok"),
        (says_in_pieces(GREETING), "ok"),
        (says_in_pieces(GREETING + b"!", PAUSE_S / 10), ("close", "extra")),
        (resets_after(b"", PAUSE_S), ("greeting", "reset")),
        (resets_after(HALF, PAUSE_S), ("greeting", "reset")),
        (resets_after(GREETING, PAUSE_S), ("close", "reset")),
    ],
    ids=["nothing", "half of it", "another byte", "another letter", "other words", "one byte more",
         "twice", "EOF later", "in pieces", "one byte more in pieces", "reset",
         "reset after half of it", "reset after it"],
)
def test_what_a_server_sends_is_one_outcome(outcome, answering, answer, expected):
    assert outcome(answering(answer)) == {expected: 20}


def test_what_is_right_is_counted_beside_what_is_wrong(report, engine, peer):
    answers = [says(GREETING), says(GREETING), says(HALF)] * 100
    one = peer(lambda connection: answers.pop()(connection))
    measured = report("-n", 300, "-c", 10, "-e", engine, one.target)
    assert (measured.code, measured.ok, measured.errors) == (3, 200, {("greeting", "short"): 100})


@pytest.mark.parametrize("ends_first", [False, True], ids=["reset", "FIN and reset"])
def test_a_reset_at_once_is_one_of_the_greeting(outcome, answering, ends_first):
    """Even where the client learns of it together with the connection."""

    def answer(connection):
        if ends_first:
            connection.shutdown(socket.SHUT_WR)
        resets_after(b"")(connection)

    found = outcome(answering(answer))
    assert set(found) <= {("greeting", "reset"), *([("greeting", "short")] if ends_first else [])}
    assert sum(found.values()) == 20


# A server that does not wait for what the client sends


@pytest.fixture
def small_buffers():
    """What is sent waits in the program when the kernel holds 4 KiB of it."""
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"), sysctl("net.ipv4.tcp_rmem", "4096 4096 4096"):
        yield


def ends_its_words(data, pause_s=PAUSE_S):
    """Says them and its FIN; then it closes, which resets since it has not read all."""

    def answer(connection):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        time.sleep(pause_s)

    return answer


@pytest.mark.parametrize(
    "answer, expected",
    [
        (ends_its_words(GREETING), "ok"),
        (ends_its_words(HALF), ("greeting", "short")),
        (ends_its_words(GREETING * 2), ("close", "extra")),
        (ends_its_words(b"jello\n"), ("greeting", "mismatch")),
        (resets_after(b"", PAUSE_S), ("greeting", "reset")),
        (resets_after(HALF, PAUSE_S), ("greeting", "reset")),
        (resets_after(GREETING, PAUSE_S), ("close", "reset")),
        (resets_after(GREETING * 2, PAUSE_S), ("close", "extra")),
    ],
    ids=["greeting", "half of it", "twice", "other words", "reset", "reset after half of it",
         "reset after it", "reset after it twice"],
)
def test_what_a_server_says_counts_though_it_does_not_listen(outcome, answering, small_buffers,
                                                             tmp_path, answer, expected):
    words = tmp_path / "words"
    words.write_bytes(b"x" * 65536)
    assert outcome(answering(answer), "--send", f"@{words}") == {expected: 20}


# How long it takes


@pytest.mark.parametrize(
    "data, expected",
    [(b"", ("greeting", "timeout")), (HALF, ("greeting", "timeout")),
     (GREETING, ("close", "timeout")), (b"jello\n", ("greeting", "mismatch"))],
    ids=["silence", "half of it", "no EOF", "other words, no EOF"],
)
def test_a_server_that_never_ends_is_a_timeout_of_the_phase_it_is_in(outcome, holding, data,
                                                                    expected):
    assert outcome(holding(data), *TIMEOUT) == {expected: 20}


@pytest.mark.timed
def test_one_byte_each_100_ms_is_fine_if_there_is_time(report, engine, answering, loop):
    target = answering(says_in_pieces(GREETING, 0.1))
    measured = report(*LOOPS[loop][1], "-e", engine, target)
    assert (measured.errors, measured.ok) == ({}, 20)
    assert measured.time("greeting", "50") == pytest.approx(0.5, abs=0.1)
    assert measured.time("total", "min") >= 0.6
    assert measured.time("close", "50") == pytest.approx(0.1, abs=0.05)


@pytest.mark.timed
def test_one_byte_each_100_ms_is_a_timeout_if_there_is_not(outcome, answering):
    target = answering(says_in_pieces(GREETING, 0.1))
    assert outcome(target, "--timeout", "250ms") == {("greeting", "timeout"): 20}


# No connection at all


def test_nobody_at_the_port_is_refused(outcome, loop):
    with Listener(LOOPS[loop][0]) as nobody:
        assert outcome(nobody.target) == {("connect", "refused"): 20}


def test_an_accept_queue_that_stays_full_is_a_timeout_of_the_handshake(outcome, loop):
    with Listener(LOOPS[loop][0], backlog=1) as full:
        full.fill()
        expected = {("connect", "connect_timeout"): 20}
        assert outcome(full.target, "--connect-timeout", "300ms") == expected


def test_a_network_without_a_route_is_unreachable(outcome, loop):
    address = {"closed": "192.0.2.1", "open": "2001:db8::1"}[loop]
    assert outcome(target_of((address, 9))) == {("connect", "unreachable"): 20}


@pytest.mark.parametrize("kind", ["unreachable", "prohibit"])
def test_a_route_that_leads_nowhere_is_unreachable(outcome, loop, kind):
    address = {"closed": "192.0.2.1", "open": "2001:db8::1"}[loop]
    with route(kind, address):
        assert outcome(target_of((address, 9))) == {("connect", "unreachable"): 20}


def test_an_error_without_a_counter_is_counted_by_its_name(report, engine):
    """The kernel reports a route of the kind "blackhole" to programs as an invalid argument."""
    with route("blackhole", "192.0.2.1"):
        measured = report("-n", 20, "-c", 5, "-e", engine, "192.0.2.1:9")
    assert measured.errors == {("connect", "other"): 20}
    assert measured.all["other_errors"] == {"EINVAL": 20}


# What the generator itself lacks


def test_a_source_that_is_not_of_this_machine_is_counted(link, report, engine, server):
    """Of the block's six addresses one is there."""
    way = link()
    one = server(link=way)
    measured = report("-n", 60, "-c", 1, "-t", 1, "-e", engine, "--source", "198.18.0.0/29",
                  one.target(way.far(IPV4)))
    assert (measured.code, measured.ok, measured.errors) == (3, 10, {("connect", "no_address"): 50})


@pytest.fixture
def holder(peer):
    peer_of = []
    peer_of.append(peer(says_then_holds(peer_of, b"")))
    return peer_of[0]


def test_ports_that_run_out_are_counted_and_reported(report, engine, holder):
    """Ten ports are there, each used until its connection times out."""
    measured = report("-n", 50, "-c", 50, "--source-ports", "40000-40009", *TIMEOUT, "-e", engine,
                  holder.target)
    assert measured.errors == {("greeting", "timeout"): 10, ("connect", "no_port"): 40}
    assert re.search(r"--source\b", measured.verdicts["no_ports"])


def test_ports_that_run_out_for_the_kernel_are_counted_and_reported(report, engine, holder):
    with sysctl("net.ipv4.ip_local_port_range", "40000 40009"):
        measured = report("-n", 50, "-c", 50, *TIMEOUT, "-e", engine, holder.target)
    assert set(measured.errors) == {("greeting", "timeout"), ("connect", "no_port")}
    assert measured.errors["greeting", "timeout"] <= 10
    assert re.search(r"ip_local_port_range|--source\b", measured.verdicts["no_ports"])


def test_a_port_that_only_root_may_use_is_no_network_that_is_not_there(start, engine, server):
    measured = start("-n", 10, "-c", 1, "--source-ports", "80-89", "-e", engine, server().target(IPV4),
                 before=without_privileged_ports).report()
    assert measured.errors == {("connect", "other"): 10}
    assert measured.all["other_errors"] == {"EACCES": 10}


def test_several_sources_have_as_many_times_the_ports(report, engine, holder):
    measured = report("-n", 40, "-c", 40, "--source", "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4",
                  "--source-ports", "40000-40009", *TIMEOUT, "-e", engine, holder.target)
    assert measured.errors == {("greeting", "timeout"): 40}
    assert len(holder.held) == 40
    assert {sock.getpeername()[0] for sock in holder.held} == {f"127.0.0.{n}" for n in range(1, 5)}


def test_descriptors_that_run_out_are_counted_and_reported(start, engine, holder):
    """The limit sinks when the run has begun."""
    one = start("-r", "100/s", "-d", "2s", "-t", 1, "--timeout", "3s", "-e", engine,
                holder.target)
    wait_until(lambda: holder.held, "a first connection")
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (64, 64))
    measured = one.report()
    assert set(measured.errors) == {("greeting", "timeout"), ("connect", "no_descriptor")}
    assert measured.errors["greeting", "timeout"] < 64
    assert "descriptor" in measured.verdicts["no_descriptors"]


def test_a_limit_of_descriptors_that_is_too_low_is_reported_at_once(engine):
    result = run(os.environ["HELLO_LOAD"], "-n", 50, "-c", 50, "-e", engine, "127.0.0.1:9",
                 before=limits(NOFILE=40))
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"hello-load: [^\n]*50[^\n]*descriptors[^\n]*\n", result.stderr), result


def test_an_open_loop_takes_what_descriptors_there_are_but_not_none(engine, server):
    one = server()
    for limit, expected in ((20, (1, "--connections '1' needs 29 descriptors")), (40, (0, ""))):
        result = run(os.environ["HELLO_LOAD"], "-r", "100/s", "-n", 5, "--assert", "dropped<100%", "-e", engine,
                     one.target(IPV4), before=limits(NOFILE=limit))
        assert (result.returncode, expected[1] in result.stderr) == (expected[0], True), result
