"""Clients of every kind get the greeting and a clean end."""
import shutil
import socket
import subprocess

import pytest

from clients import (
    FAMILIES, GREETING, connect, crowd, late_client, read_to_end, talkative_client,
    wait_until_acknowledged,
)
from programs import totals

TALK = {
    "one-byte": b"?",
    "64-KiB": bytes(65536),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n",
    "PROXY-header": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\xc0\0\x07\x38",
}


@pytest.fixture(params=TALK)
def words(request):
    return TALK[request.param]


# The clients that people have


def tool(*command, stdin=subprocess.DEVNULL):
    """Run a client program to its end: its exit code, and what it shows."""
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=-1) as process:
        try:
            process.wait(10)
            return process.returncode, process.stdout.read()
        finally:
            process.kill()


def test_nc_shows_the_greeting(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    assert tool("nc", family.flag, family.loopback, str(one.port)) == (0, GREETING)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1)


def test_telnet_shows_the_greeting(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    _, output = tool("telnet", family.loopback, str(one.port), stdin=subprocess.PIPE)
    assert output.splitlines()[-1] == b"hello"
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1)


def test_curl_shows_the_greeting(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    assert tool("curl", "-sN", "telnet://" + one.target(family))[1] == GREETING
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1)


def test_a_web_client_sees_the_greeting_and_no_error(server, engine, family):
    one = server("--engine", engine, "--close", "linger")
    code, output = tool("curl", "-s", "--http0.9", "http://" + one.target(family))
    assert (code, output) == (0, GREETING)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1)


# Talkative clients


def test_linger_greets_whoever_talks(server, engine, words):
    """10,000 of 10,000, half of them over each family."""
    one = server("--engine", engine, "--close", "linger")
    for family in FAMILIES:
        outcomes = crowd(one.address(family), 5000, talkative_client(words))
        assert outcomes == {"greeted": 5000}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=10_000)


def test_linger_greets_whoever_talks_late(server, engine):
    one = server("--engine", engine, "--close", "linger")
    for family in FAMILIES:
        outcomes = crowd(one.address(family), 5000, late_client(b"hello yourself", pause_s=0.05))
        assert outcomes == {"greeted": 5000}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=10_000)


def test_whoever_talked_before_the_accept_is_greeted(server, engine, close, words):
    """The server sleeps while a batch of clients connects and talks, so that all of it is there."""
    one = server("--engine", engine, "--close", close)
    for number in range(8):
        family = FAMILIES[number % 2]
        with one.paused():
            batch = [connect(one.address(family)) for _ in range(500)]
            for sock in batch:
                sock.sendall(words)
            for sock in batch:
                wait_until_acknowledged(sock)
        assert [read_to_end(sock) for sock in batch] == [GREETING] * 500
    one.wait_until_idle()
    assert one.stop() == totals(greeted=4000)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_linger_greets_through_a_proxy_that_sends_its_header_first(server, load, engine, version):
    """10,000 of 10,000 with each version, half of them over each family."""
    one = server("--engine", engine, "--close", "linger")
    for family in FAMILIES:
        result = load("-n", 5000, "--proxy-protocol", version, family.flag, one.target(family))
        assert (result.code, result.ok) == (0, 5000)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=10_000)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_swift_resets_a_proxy_whose_header_came_too_late_and_does_no_other_harm(
        server, load, engine, version):
    """Which is why docs/fly/proxy-protocol.toml asks for linger."""
    one = server("--engine", engine, "--close", "swift")
    result = load("-n", 5000, "--proxy-protocol", version, one.target(FAMILIES[0]))
    assert set(result.failures) <= {"reset"}
    assert result.ok > 0
    one.wait_until_idle()
    assert one.stop()["failed"] == 0


def test_a_client_that_half_closes_first_is_greeted(server, engine, family, close):
    one = server("--engine", engine, "--close", close)
    with one.paused():
        batch = [connect(one.address(family)) for _ in range(200)]
        for sock in batch:
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
    assert [read_to_end(sock) for sock in batch] == [GREETING] * 200
    one.wait_until_idle()
    assert one.stop() == totals(greeted=200)


@pytest.mark.parametrize("urgent", ["first", "last"])
def test_a_client_that_sent_urgent_data_is_greeted(server, engine, family, close, urgent):
    """One read ends at the urgent byte (tcp(7)), with more to be thrown away behind it."""
    one = server("--engine", engine, "--close", close)
    with one.paused():
        batch = [connect(one.address(family)) for _ in range(200)]
        for sock in batch:
            if urgent == "last":
                sock.sendall(b"words")
            sock.send(b"!", socket.MSG_OOB)
            if urgent == "first":
                sock.sendall(b"words")
            wait_until_acknowledged(sock)
    assert [read_to_end(sock) for sock in batch] == [GREETING] * 200
    one.wait_until_idle()
    assert one.stop() == totals(greeted=200)


def test_a_client_that_never_stops_talking_is_cut_off(server, engine, family):
    """The linger timeout is a limit on the whole, not on each silence."""

    def chatterbox(sock):
        while True:
            try:
                sock.send(b"and another thing, ")
            except BlockingIOError:
                pass
            yield 0.01

    one = server("--engine", engine, "--linger-timeout", "300ms")
    outcomes = crowd(one.address(family), 20, chatterbox)
    assert set(outcomes) <= {"ECONNRESET", "EPIPE"} and sum(outcomes.values()) == 20
    one.wait_until_idle()
    assert one.stop() == totals(expired=20)


def test_a_client_that_sends_a_flood_does_not_starve_the_others(server, engine):
    one = server("--engine", engine, "--workers", 1, "--linger-timeout", "1s")
    address = one.address(FAMILIES[0])

    def flood(sock):
        while True:
            try:
                sock.send(bytes(1 << 16))
            except BlockingIOError:
                yield
            else:
                yield 0.0001

    def mixed():
        numbers = iter(range(1_000_000))

        def script(sock):
            if next(numbers) < 4:
                try:
                    yield from flood(sock)
                except OSError:
                    return "flooded"
            return (yield from talkative_client(b"x")(sock))

        return script

    assert crowd(address, 504, mixed(), in_flight=20) == {"flooded": 4, "greeted": 500}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=500, expired=4)
