"""The greeting: whatever was asked for arrives whole, however slowly it is read."""
import contextlib
import re

import pytest

from clients import FAMILIES, IPV4, connect, crowd, read_exactly, reading, reset, silent_client, visit
from kernel import sysctl
from programs import run, server_path, totals

LARGE = bytes(range(256)) * 256  # 64 KiB
TINY_WINDOW_BYTES = 1024


@pytest.fixture
def large_file(tmp_path):
    path = tmp_path / "greeting"
    path.write_bytes(LARGE)
    return path


@pytest.mark.parametrize(
    "text, greeting",
    [
        ("hello", b"hello"),
        (r"a\nb\rc\td\\e", b"a\nb\rc\td\\e"),
        (r"\x00\xff\x7F", b"\x00\xff\x7f"),
        (r"\x41B", b"AB"),
        ("grüß dich", "grüß dich".encode()),
        ("x" * 65536, b"x" * 65536),
    ],
    ids=["plain", "escapes", "hex", "hex then letter", "utf-8", "64 KiB"],
)
def test_a_greeting_text_is_sent_with_its_escapes_resolved(server, text, greeting):
    one = server("--greeting", text)
    assert visit(one.address(IPV4)) == greeting
    assert one.stop() == totals(greeted=1)


def test_an_empty_greeting_is_an_orderly_end_at_once(server, engine, close):
    one = server("--greeting", "", "--engine", engine, "--close", close)
    assert crowd(one.address(IPV4), 100, silent_client(b"")) == {"greeted": 100}
    assert one.stop() == totals(greeted=100)


def test_a_greeting_file_is_sent_as_it_is(server, engine, family, close, large_file):
    one = server("--engine", engine, "--close", close, "--greeting-file", large_file)
    assert visit(one.address(family)) == LARGE
    assert crowd(one.address(family), 300, silent_client(LARGE), in_flight=50) == {"greeted": 300}
    assert one.stop() == totals(greeted=301)


def test_escapes_in_a_greeting_file_are_left_alone(server, tmp_path):
    (tmp_path / "greeting").write_bytes(rb"a\nb")
    assert visit(server("--greeting-file", tmp_path / "greeting").address(IPV4)) == rb"a\nb"


def test_a_greeting_file_over_64_KiB_is_refused(tmp_path):
    path = tmp_path / "greeting"
    path.write_bytes(LARGE + b"!")
    result = run(server_path(), "--greeting-file", path, "0")
    assert result.returncode == 1
    assert re.fullmatch(rf"hello-server: [^\n]*{path}[^\n]*64 KiB[^\n]*\n", result.stderr)


@pytest.mark.parametrize("path", ["/no/such/file", "/", "/proc/self/mem"])
def test_a_greeting_file_that_cannot_be_read_is_refused(path):
    result = run(server_path(), "--greeting-file", path, "0")
    assert result.returncode == 1
    assert re.fullmatch(rf"hello-server: [^\n]*'{path}'[^\n]*\n", result.stderr)


# Slow readers


def test_a_client_with_a_tiny_window_gets_all_of_64_KiB(server, engine, family, close, large_file):
    one = server("--engine", engine, "--close", close, "--greeting-file", large_file)
    outcomes = crowd(
        one.address(family), 20, silent_client(LARGE), window_bytes=TINY_WINDOW_BYTES
    )
    assert outcomes == {"greeted": 20}
    assert one.stop() == totals(greeted=20)


@contextlib.contextmanager
def small_send_buffers():
    """So that the kernel does not take the whole greeting from the server at once."""
    with sysctl("net.ipv4.tcp_wmem", "4096 4096 4096"):
        yield


def test_a_greeting_that_the_kernel_takes_in_pieces_arrives_whole(
    server, engine, family, close, large_file
):
    with small_send_buffers():
        one = server("--engine", engine, "--close", close, "--greeting-file", large_file)
        outcomes = crowd(one.address(family), 200, silent_client(LARGE), in_flight=50)
        assert outcomes == {"greeted": 200}
        assert one.stop() == totals(greeted=200)


def test_a_slow_reader_who_makes_progress_is_waited_for(server, engine, close, large_file):
    """It takes several linger timeouts, but in each of them some of the greeting."""

    def slow_reader(sock):
        got = b""
        while part := (yield from reading(sock, 8192)):
            got += part
            yield 0.1
        return "greeted" if got == LARGE else f"EOF after {len(got)} bytes"

    with small_send_buffers():
        one = server("--engine", engine, "--close", close, "--greeting-file", large_file,
                     "--linger-timeout", "400ms")
        outcomes = crowd(one.address(IPV4), 20, slow_reader, window_bytes=8192)
        assert outcomes == {"greeted": 20}
        assert one.stop() == totals(greeted=20)


def test_a_client_that_reads_nothing_is_given_up(server, engine, family, close, large_file):
    with small_send_buffers():
        one = server("--engine", engine, "--close", close, "--greeting-file", large_file,
                     "--linger-timeout", "300ms")
        stuck = [connect(one.address(family), TINY_WINDOW_BYTES) for _ in range(20)]
        assert visit(one.address(family)) == LARGE
        one.wait_until_idle()
        assert one.stop() == totals(greeted=1, stalled=20)
        for sock in stuck:
            sock.close()


def test_clients_that_reset_in_the_middle_cost_nobody_anything(server, engine, close, large_file):
    with small_send_buffers():
        one = server("--engine", engine, "--close", close, "--greeting-file", large_file)
        for family in FAMILIES:
            for _ in range(100):
                sock = connect(one.address(family), TINY_WINDOW_BYTES)
                read_exactly(sock, 100)
                reset(sock)
        one.wait_until_idle()
        assert visit(one.address(IPV4)) == LARGE
        assert one.stop() == totals(greeted=1, reset=200)
