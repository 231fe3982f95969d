"""Clients that must ask before they are answered: --greet-after and --answer http."""
import signal
import socket

import pytest

from clients import (
    FAMILIES, GREETING, IPV4, close_all, connect, crowd, expecting, read_to_end, sending, silent_client, visit,
    wait_until_acknowledged,
)
from programs import environment, run, server_path, totals, wait_until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"


def error(status):
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


BAD = error(b"400 Bad Request")
LATE = error(b"408 Request Timeout")
LARGE = error(b"431 Request Header Fields Too Large")


def asked(address, words, end=False):
    """What the server sends to who says this."""
    sock = connect(address)
    sock.sendall(words)
    if end:
        sock.shutdown(socket.SHUT_WR)
    return read_to_end(sock)


def in_pieces(words, piece_bytes, pause_s, greeting=GREETING):
    def script(sock):
        for at in range(0, len(words), piece_bytes):
            yield from sending(sock, words[at:at + piece_bytes])
            yield pause_s
        return (yield from expecting(sock, greeting))

    return script


# A text


def test_the_greeting_is_sent_when_the_text_has_come(server, engine, family):
    one = server("--engine", engine, "--greet-after", r"\r\n\r\n")
    sock = connect(one.address(family))
    sock.sendall(b"who\r\nis\r\n\r")
    wait_until_acknowledged(sock)
    sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        sock.recv(1)
    sock.settimeout(10)
    sock.sendall(b"\nthere?")
    assert read_to_end(sock) == GREETING
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1, silent=0)


@pytest.mark.parametrize("piece_bytes", [1, 3, 5000])
def test_the_text_may_come_in_pieces_behind_much_else(server, engine, family, piece_bytes):
    words = b"ab" * (piece_bytes * 20) + b"aab"
    one = server("--engine", engine, "--greet-after", "aab")
    outcomes = crowd(one.address(family), 300, in_pieces(words, piece_bytes, 0.002), in_flight=100)
    assert outcomes == {"greeted": 300}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=300, silent=0)


def test_thousands_ask_at_once_and_each_is_greeted(server, engine):
    one = server("--engine", engine, "--greet-after", r"\n")
    for family in FAMILIES:
        assert crowd(one.address(family), 5000, in_pieces(b"who\nmore\n", 9, 0)) == {"greeted": 5000}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=10000, silent=0)


def test_who_ends_before_the_text_is_silent_and_gets_nothing(server, engine, family):
    one = server("--engine", engine, "--greet-after", r"\n")
    assert asked(one.address(family), b"who", end=True) == b""
    assert asked(one.address(family), b"", end=True) == b""
    assert asked(one.address(family), b"who\n", end=True) == GREETING
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1, silent=2)


def test_who_does_not_ask_in_time_is_silent_and_gets_nothing(server, engine, family):
    one = server("--engine", engine, "--greet-after", r"\n", "--request-timeout", "200ms")
    assert crowd(one.address(family), 50, silent_client(b"")) == {"greeted": 50}  # with nothing
    assert asked(one.address(family), b"who") == b""
    one.wait_until_idle()
    assert one.stop() == totals(silent=51)


def test_input_that_never_ends_and_never_asks_does_not_keep_a_client(server, engine):
    one = server("--engine", engine, "--greet-after", r"\n", "--request-timeout", "300ms")
    sock = connect(one.address(IPV4))
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(1_000_000):
            sock.sendall(bytes(65536))
    sock.close()
    one.wait_until_idle()
    assert one.stop() == totals(silent=1)


def test_who_asks_when_the_server_stops_is_abandoned_and_gets_nothing(server, engine):
    one = server("--engine", engine, "--greet-after", r"\n", "--request-timeout", "1h", "--shutdown-timeout", "200ms")
    sock = connect(one.address(IPV4))
    wait_until(lambda: one.open_connections() == 1, "the client to be accepted")
    assert one.stop() == totals(abandoned=1, silent=0)
    assert read_to_end(sock) == b""


def test_who_asks_while_the_server_stops_is_greeted(server, engine):
    one = server("--engine", engine, "--greet-after", r"\n", "--request-timeout", "1h", "--shutdown-timeout", "1h")
    sock = connect(one.address(IPV4))
    wait_until(lambda: one.open_connections() == 1, "the client to be accepted")
    one.process.send_signal(signal.SIGTERM)
    sock.sendall(b"\n")
    assert read_to_end(sock) == GREETING
    assert one.finish() == totals(greeted=1, silent=0)


def test_the_totals_so_far_count_who_was_silent(server):
    one = server("--greet-after", r"\n")
    assert asked(one.address(IPV4), b"", end=True) == b""

    def counted():
        one.process.send_signal(signal.SIGUSR1)
        return any(line.endswith(" abandoned=0 silent=1 open=0") for line in one.stderr())

    wait_until(counted, "the totals that count it")
    assert one.stop(warnings=None) == totals(silent=1)


# Slow ones


@pytest.mark.parametrize("answer", [("--greet-after", r"\n"), ("--answer", "http")], ids=["text", "http"])
def test_as_many_slow_clients_as_there_are_places_leave_others_served(server, engine, answer):
    """Each sends a byte now and then, and its time would be over in an hour."""
    places = 100
    one = server("--engine", engine, *answer, "--workers", 1, "--max-connections", places, "--request-timeout", "1h")
    slow = [connect(one.address(IPV4)) for _ in range(places)]
    words, greeting = (b"\n", GREETING) if answer[0] == "--greet-after" else (b"GET / HTTP/1.1\r\n\r\n", HEAD + GREETING)
    greeted = 0
    for turn in range(20):
        for sock in slow:
            try:
                sock.sendall(b"a")
            except OSError:  # it was given up
                slow[slow.index(sock)] = connect(one.address(IPV4))
        outcomes = crowd(one.address(IPV4), 20, in_pieces(words, 100, 0, greeting), in_flight=10)
        assert outcomes == {"greeted": 20}, turn
        greeted += 20
    close_all(slow)
    one.wait_until_idle()
    counts = one.stop(warnings=None)
    assert (counts["greeted"], counts["failed"]) == (greeted, 0), counts


# HTTP


@pytest.mark.parametrize(
    "words, answer",
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HEAD + GREETING),
        (b"GET /some/path?and=query HTTP/1.0\n\n", HEAD + GREETING),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", HEAD),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", HEAD + GREETING),
        (b"GET / HTTP/1.1\r\n\r\n" * 3, HEAD + GREETING),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
         HEAD + GREETING),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", HEAD + GREETING),
        (b"GET /\r\n", BAD),
        (b"hello\r\n", BAD),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BAD),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 16384, LARGE),
        (b"GET /" + b"a" * 16384, LARGE),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * (16384 - 23) + b"\r\n\r\n", HEAD + GREETING),
    ],
    ids=["GET", "1.0", "HEAD", "POST", "pipelined", "smuggled", "empty line", "0.9", "no HTTP", "2", "TLS", "large",
         "long path", "largest"],
)
def test_a_request_is_answered_and_the_connection_ends(server, engine, family, words, answer):
    one = server("--engine", engine, "--answer", "http")
    assert asked(one.address(family), words) == answer
    one.wait_until_idle()
    is_error = answer in (BAD, LARGE)
    assert one.stop() == totals(greeted=1 - is_error, silent=int(is_error))


def test_a_body_of_any_length_does_not_cost_the_answer(server, engine, family):
    one = server("--engine", engine, "--answer", "http")
    words = b"POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000)
    outcomes = crowd(one.address(family), 20, in_pieces(words, len(words), 0, HEAD + GREETING), in_flight=5)
    assert outcomes == {"greeted": 20}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=20, silent=0)


def test_who_asked_half_is_told_that_it_is_late_and_who_asked_nothing_is_not(server, engine):
    one = server("--engine", engine, "--answer", "http", "--request-timeout", "200ms")
    assert asked(one.address(IPV4), b"GET / HTTP/1.1\r\nHost: a\r\n") == LATE
    assert visit(one.address(IPV4)) == b""
    one.wait_until_idle()
    assert one.stop() == totals(silent=2)


def test_the_response_has_the_greeting_and_its_type(server, tmp_path):
    path = tmp_path / "greeting"
    path.write_bytes(bytes(range(256)) * 256)
    one = server("--answer", "http", "--greeting-file", path, "--content-type", "application/octet-stream")
    answer = asked(one.address(IPV4), b"GET / HTTP/1.1\r\n\r\n")
    head, _, content = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/octet-stream" in head.split(b"\r\n")
    assert b"Content-Length: 65536" in head.split(b"\r\n")
    assert content == path.read_bytes()


def test_hello_load_measures_it_and_agrees(server, report, engine):
    one = server("--engine", engine, "--answer", "http")
    result = report("--send", r"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "--expect",
                    (HEAD + GREETING).decode().replace("\r", r"\r").replace("\n", r"\n"),
                    "-n", 3000, "-c", 50, one.target(IPV4))
    assert result.json["result"]["all"]["ok"] == 3000
    one.wait_until_idle()
    assert one.stop() == totals(greeted=3000, silent=0)


# What is said about it


@pytest.mark.parametrize("options, said", [
    (("--answer", "http"), " answer=http"),
    (("--greet-after", r"\r\n"), r" greet-after='\r\n'"),
    (("--greet-after", "please wait"), " greet-after='please wait'"),
    (("--greet-after", "a" * 255), f" greet-after='{'a' * 124}...'"),
    ((), ""),
])
def test_the_start_line_says_what_clients_must_send(server, options, said):
    one = server(*options)
    assert one.line.partition(f"pid={one.pid}")[2] == said + "\n"
    one.stop()


@pytest.mark.parametrize("given, line", [
    (("--content-type", "text/html"), "--content-type has no effect without --answer http"),
    (("--content-type", "text/html", "--greet-after", "x"), "--content-type has no effect without --answer http"),
    (("--request-timeout", "1s"), "--request-timeout has no effect without --greet-after or --answer http"),
    ({"HELLO_REQUEST_TIMEOUT": "1s"}, "HELLO_REQUEST_TIMEOUT has no effect without --greet-after or --answer http"),
])
def test_an_option_without_effect_is_named_and_stops_nobody(server, given, line):
    one = server(env=given) if isinstance(given, dict) else server(*given)
    assert one.stderr() == [f"hello-server: warning: {line}"]
    one.stop(warnings=None)


@pytest.mark.parametrize("given", [
    ("--answer", "http", "--content-type", "text/html", "--request-timeout", "1s"),
    ("--greet-after", "x", "--request-timeout", "1s"),
])
def test_an_option_with_effect_is_not_warned_of(server, given):
    one = server(*given)
    assert one.stderr() == []
    one.stop()


# Wrong usage


@pytest.mark.parametrize(
    "arguments, line",
    [
        (("--answer", "http", "--close", "swift"),
         "--close 'swift' cannot go with --answer 'http': what a client sends after its request would cost it the"
         " answer; use --close linger"),
        (("--greet-after", r"\n", "--close", "swift"),
         "--close 'swift' cannot go with --greet-after: what a client sends after its request would cost it the"
         " answer; use --close linger"),
        (("--greet-after", r"\n", "--answer", "http"),
         "--answer 'http' waits for the head of a request, and --greet-after for a text; give one of them"),
        (("--greet-after", "a" * 256), "--greet-after: must be 1 to 255 bytes long"),
        (("--greet-after", ""), "--greet-after: must be 1 to 255 bytes long"),
        (("--answer", "http", "--content-type", "text"),
         "--content-type 'text': must be a media type such as text/plain, in ASCII, of up to 320 characters"),
        (("--answer", "http", "--content-type", "text/a\r\nb"),
         r"--content-type 'text/a\r\nb': must be a media type such as text/plain, in ASCII, of up to 320 characters"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_one_line(arguments, line):
    result = run(server_path(), *arguments, "0", env=environment())
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"hello-server: {line}\n")
