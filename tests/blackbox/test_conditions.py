"""What is short, and what fails, is reported: truly, once, and never so often that it fills a log."""
import errno
import time

import pytest

from clients import GREETING, IPV4, close_all, connect, count_with_data, read_to_end, visit
from faults import Fault
from kernel import sleeps
from programs import SANITIZED, totals, wait_until

NOT_PERMITTED = "Operation not permitted"


@pytest.fixture
def clients():
    """Fill this list; what is in it is closed at the end."""
    socks = []
    yield socks
    close_all(socks)


def greeting_or_error(address):
    try:
        return visit(address)
    except OSError as error:
        return errno.errorcode[error.errno]


# --max-connections


def test_the_last_place_is_no_news_while_nobody_waits(server, engine, family, close):
    one = server("--engine", engine, "--close", close, "--workers", 1, "--max-connections", 1)
    for _ in range(5):
        assert visit(one.address(family)) == GREETING
        one.wait_until_idle()
    assert one.stop()["greeted"] == 5  # and no line


def test_a_client_that_waits_for_a_place_is_reported(server, engine, family, clients):
    """Also if he comes long after the last place was taken, when nothing else happens."""
    one = server("--engine", engine, "--workers", 1, "--max-connections", 1,
                 "--linger-timeout", "1h")
    clients.append(connect(one.address(family)))
    wait_until(lambda: count_with_data(clients) == 1, "the first to be greeted")
    one.wait_until_asleep()
    assert one.stderr() == []
    clients.append(connect(one.address(family)))
    wait_until(one.stderr, "a line that says that others wait")
    assert "worker 0 has as many connections as --max-connections allows it (1), others wait" in (
        one.stderr()[0])
    assert read_to_end(clients[0]) == GREETING
    assert read_to_end(clients[1]) == GREETING
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    assert "no client waits" in one.stderr()[1]
    one.wait_until_idle()
    before = sleeps(one.pid)
    time.sleep(1.5)
    assert SANITIZED or sleeps(one.pid) - before <= 1  # idle means no wake-ups, whatever was
    assert one.stop(warnings=2)["greeted"] == 2


def test_somebody_who_comes_and_goes_makes_two_lines_and_one_with_the_number(server, engine):
    one = server("--engine", engine, "--workers", 1, "--max-connections", 1,
                 "--linger-timeout", "1h")
    for _ in range(2):
        holder, other = (connect(one.address(IPV4)) for _ in range(2))
        time.sleep(1.3)  # it is looked once a second whether anybody waits
        assert read_to_end(holder) == GREETING
        assert read_to_end(other) == GREETING
        one.wait_until_idle()
        time.sleep(1.2)  # it is over
    wait_until(lambda: len(one.stderr()) == 2, "the lines about the first time")
    assert one.stop(warnings=None) == totals(greeted=4)
    lines = one.stderr()
    assert len(lines) == 3, lines
    assert "others wait;" in lines[0] and "no client waits" in lines[1]
    assert "others wait (1 times in " in lines[2] and "over now)" in lines[2]


# Connections that fail


@pytest.mark.parametrize("call", ["send", "shutdown"])
def test_greetings_that_fail_are_reported_with_the_call(server, engine, call, tmp_path):
    fault = Fault(call, tmp_path)
    one = server("--engine", engine, "--workers", 1, env=fault.environment)
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    fault.begin(errno.EPERM)
    for _ in range(20):
        assert greeting_or_error(one.address(IPV4)) in (b"", GREETING, "ECONNRESET")
    wait_until(one.stderr, "a line that says so")
    one.wait_until_idle()
    assert len(one.stderr()) == 1
    assert f"connections fail: {call}: {NOT_PERMITTED}" in one.stderr()[0]
    assert f"allow {call}" in one.stderr()[0] and "raise" not in one.stderr()[0]

    # It says when it is over, which takes somebody who was greeted.
    fault.end()
    time.sleep(1.2)
    assert len(one.stderr()) == 1
    assert visit(one.address(IPV4)) == GREETING
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    assert "connections end well again" in one.stderr()[1]
    one.wait_until_idle()
    ends = one.stop(warnings=2)
    assert (ends["failed"], ends["greeted"]) == (20, 2)


def test_input_that_cannot_be_drained_is_reported(server, tmp_path):
    fault = Fault("recv", tmp_path)
    one = server("--engine", "epoll", "--workers", 1, env=fault.environment)
    fault.begin(errno.EPERM)
    for _ in range(5):
        assert greeting_or_error(one.address(IPV4)) in (b"", GREETING, "ECONNRESET")
    wait_until(one.stderr, "a line that says so")
    assert "connections fail: recv: Operation not permitted" in one.stderr()[0]
    fault.end()
    assert one.stop(warnings=None)["failed"] == 5


def test_sockets_that_cannot_be_closed_are_reported(server, engine, tmp_path):
    fault = Fault("close", tmp_path)
    one = server("--engine", engine, "--close", "swift", "--workers", 1, env=fault.environment)
    fault.begin(errno.EPERM, calls=3)
    holders = [connect(one.address(IPV4)) for _ in range(3)]
    wait_until(one.stderr, "a line that says so")
    assert f"sockets cannot be closed: close: {NOT_PERMITTED}" in one.stderr()[0]
    fault.end()
    close_all(holders)
    assert one.stop(warnings=None)["greeted"] == 3


def test_memory_that_is_short_for_a_greeting_is_reported_and_nobody_is_lost(
        server, engine, tmp_path):
    fault = Fault("send", tmp_path)
    one = server("--engine", engine, "--workers", 1, env=fault.environment)
    fault.begin(errno.ENOBUFS, calls=3)
    assert [visit(one.address(IPV4)) for _ in range(3)] == [GREETING] * 3
    assert "connections are delayed: send: No buffer space available" in one.stderr()[0]
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    one.wait_until_idle()
    assert one.stop(warnings=2)["greeted"] == 3


# Accepting


@pytest.mark.parametrize(
    "error, words",
    [(errno.ENOSPC, "fs.epoll.max_user_watches"), (errno.ENOMEM, "memory"),
     (errno.EPERM, "allow epoll_ctl")],
    ids=lambda value: errno.errorcode.get(value, ""))
def test_accepting_that_cannot_begin_is_reported_and_tried_again(
        server, tmp_path, error, words, clients):
    fault = Fault("epoll_ctl", tmp_path)
    one = server("--engine", "epoll", "--workers", 1, "--max-connections", 1,
                 env=fault.environment)
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    fault.begin(error)
    clients.append(connect(one.address(IPV4)))  # accepting pauses, and cannot begin again
    assert read_to_end(clients[0]) == GREETING
    clients.append(connect(one.address(IPV4)))
    wait_until(lambda: "cannot accept" in " ".join(one.stderr()), "a line that says so")
    assert one.wakes_per_s(0.5) <= 110  # it is tried again after 10 ms
    lines = [line for line in one.stderr() if "cannot accept" in line]
    assert len(lines) == 1 and "epoll_ctl: " in lines[0] and words in lines[0], lines
    fault.end()
    assert read_to_end(clients[1]) == GREETING
    wait_until(lambda: any("accepting works again" in line or "memory any more" in line
                           for line in one.stderr()), "a line that says that it is over")
    one.wait_until_idle()
    assert one.stop(warnings=None)["accepted"] == 3


@pytest.mark.parametrize(
    "error, words",
    [(errno.EMFILE, "descriptor"), (errno.ENFILE, "fs.file-max"), (errno.ENOBUFS, "memory"),
     (errno.EPERM, "allow accept4"), (errno.EIO, "accept4(2)")],
    ids=lambda value: errno.errorcode.get(value, ""))
def test_an_accept_that_fails_is_reported_and_tried_again(server, tmp_path, error, words):
    fault = Fault("accept4", tmp_path)
    one = server("--engine", "epoll", "--workers", 1, env=fault.environment)
    fault.begin(error)
    client = connect(one.address(IPV4))
    wait_until(one.stderr, "a line that says so")
    assert "cannot accept" in one.stderr()[0] and words in one.stderr()[0]
    fault.end()
    assert read_to_end(client) == GREETING
    wait_until(lambda: len(one.stderr()) == 2, "a line that says that it is over")
    one.wait_until_idle()
    assert one.stop(warnings=2)["greeted"] == 1
