"""hello-load: what it is asked to do, it does; what cannot be, it says in one line."""
import errno
import os
import re
import select
import signal
import socket
import subprocess

import pytest

from clients import GREETING, IPV4, IPV6
from kernel import refusal
from misbehaving import says
from programs import LOAD_LINE, environment, run, totals, wait_until


def hello_load(*args, **options):
    return run(os.environ["HELLO_LOAD"], *args, **options)


def complaint(*args, code=2, **options):
    result = hello_load(*args, **options)
    assert (result.returncode, result.stdout) == (code, ""), result
    assert re.fullmatch(r"hello-load: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


# How many


def test_it_makes_as_many_connections_as_asked_for(server, load, engine, family):
    one = server()
    for count in (1, 2, 999):
        result = load("-n", count, "-c", 7, "-e", engine, family.flag, one.target(family))
        assert (result.code, result.started, result.ok) == (0, count, count)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1002)


@pytest.mark.timed
def test_it_goes_on_for_as_long_as_asked_for(server, load, engine):
    one = server()
    result = load("-d", "1s", "-c", 50, "-e", engine, one.target(IPV6))
    assert result.failures == {}
    assert 0.9 < result.seconds < 5
    assert result.connections_per_s == pytest.approx(result.ok / result.seconds, rel=0.05)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=result.ok)


def test_it_keeps_as_many_in_flight_as_asked_for(peer, load, engine):
    held, most = [], 0

    def answers_when_all_are_there(connection):
        nonlocal most
        held.append(connection.dup())
        if len(held) == 30:
            one_too_many = bool(select.select([one.sock], [], [], 0.02)[0])
            most = max(most, len(held) + one_too_many)
            for waiting in held:
                with waiting:
                    waiting.sendall(GREETING)
                    waiting.shutdown(socket.SHUT_RDWR)
            held.clear()

    one = peer(answers_when_all_are_there)
    result = load("-n", 300, "-c", 30, "-e", engine, one.target)
    assert (result.code, result.ok, most) == (0, 300, 30)


def test_threads_share_the_work(server, load, engine):
    one = server()
    result = load("-n", 1001, "-c", 10, "-t", 2, "-e", engine, one.target(IPV4))
    assert (result.code, result.ok) == (0, 1001)
    wait_until(lambda: one.open_connections() == 0, "the last to end")
    assert one.stop() == totals(greeted=1001)


def test_the_last_line_has_what_programs_need(peer, load, engine):
    answers = [says(GREETING)] * 70 + [says(b"hell")] * 30
    one = peer(lambda connection: answers.pop()(connection))
    result = load("-n", 100, "-c", 5, "--close", "rst", "-e", engine, one.target)
    assert (result.code, result.ok, result.failures) == (3, 70, {"short": 30})
    assert (result.late, result.dropped, result.line["close"]) == (0, 0, "rst")
    times = [float(result.line[name]) for name in ("p50_us", "p99_us", "max_us")]
    assert 0 < times[0] <= times[1] <= times[2] < 5e6


def test_quiet_prints_the_last_line_only(server, load):
    one = server()
    result = load("-q", "-n", 10, one.target(IPV4))
    assert (len(result.stdout.splitlines()), result.stderr) == (1, "")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_early_with_a_summary_that_says_so(server, engine, signum):
    one = server()
    with subprocess.Popen(
        [os.environ["HELLO_LOAD"], "-c", "5", "-d", "1h", "-e", engine, one.target(IPV4)],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    ) as process:
        wait_until(lambda: one.counters["TcpPassiveOpens"] > 100, "some connections")
        process.send_signal(signum)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    match = LOAD_LINE.fullmatch(output.splitlines()[-1])
    assert match and int(match["ok"]) >= 90
    assert "CUT SHORT" in output


# What is said


@pytest.mark.parametrize(
    "text, data",
    [("hi", b"hi"), (r"a\r\n\x00\\", b"a\r\n\0\\"), ("", b""), ("any", b"what it likes"),
     ("any", b"")],
    ids=["plain", "escapes", "empty", "any", "any, and that is nothing"],
)
def test_it_expects_what_the_option_says(load, peer, engine, text, data):
    result = load("-n", 10, "-e", engine, "--expect", text, peer(says(data)).target)
    assert (result.code, result.ok) == (0, 10)


def test_it_expects_what_a_file_holds(load, peer, engine, tmp_path):
    data = bytes(range(256)) * 3
    (tmp_path / "file").write_bytes(data)
    options = ("-n", 10, "-e", engine, "--expect", f"@{tmp_path}/file")
    assert load(*options, peer(says(data)).target).ok == 10
    assert load(*options, peer(says(data[:-1])).target).failures == {"short": 10}


def test_it_can_expect_64_KiB(server, load, engine, family):
    one = server("--greeting", "x" * 65536)
    result = load("-n", 500, "-e", engine, "--expect", "x" * 65536, one.target(family))
    assert (result.code, result.ok) == (0, 500)


def reads_then_greets(count, heard):
    """Waits for so many bytes before it says anything."""

    def answer(connection):
        data = b""
        while len(data) < count and (part := connection.recv(1 << 16)):
            data += part
        heard.append(data)
        connection.sendall(GREETING)

    return answer


@pytest.mark.parametrize(
    "option, data",
    [("hi", b"hi"), (r"GET /\r\n\x00", b"GET /\r\n\0"), ("@", bytes(range(256)) * 256)],
    ids=["plain", "escapes", "64 KiB from a file"],
)
def test_it_speaks_first_with_send(load, peer, engine, tmp_path, option, data):
    if option == "@":
        (tmp_path / "file").write_bytes(data)
        option = f"@{tmp_path}/file"
    heard = []
    one = peer(reads_then_greets(len(data), heard), at_once=True)
    result = load("-n", 20, "-c", 5, "--send", option, "-e", engine, one.target)
    assert (result.code, result.ok) == (0, 20)
    assert heard == [data] * 20


@pytest.mark.parametrize("version, header", [
    ("v1", rb"PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 (\d+) (\d+)\r\n"),
    ("v2", rb"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01(..)(..)"),
])
def test_what_it_sends_follows_the_PROXY_header(load, peer, engine, version, header):
    heard, ports = [], []

    def answer(connection):
        ports.append(connection.getpeername()[1])
        data = b""
        while not data.endswith(b"and a word"):
            data += connection.recv(1000)
        heard.append(data)
        connection.sendall(GREETING)

    one = peer(answer)
    result = load("-n", 5, "-c", 1, "--proxy-protocol", version, "--send", "and a word",
                  "-e", engine, one.target)
    assert result.ok == 5
    for data, port in zip(heard, ports, strict=True):
        match = re.fullmatch(header + b"and a word", data, re.DOTALL)
        assert match, data
        shown = [int(text) if version == "v1" else int.from_bytes(text) for text in match.groups()]
        assert shown == [port, one.port]


def test_a_server_that_does_not_listen_to_the_end_of_a_long_word_is_not_waited_for(load, peer,
                                                                                  engine):
    """What the server says counts, and it may say it before it has read all."""
    one = peer(lambda connection: (connection.recv(10), connection.sendall(b"no")), at_once=True)
    result = load("-n", 20, "-c", 5, "--send", "x" * 60000, "--expect", "no", "--timeout", "2s",
                  "-e", engine, one.target)
    assert set(result.failures) <= {"reset"}  # closed with input unread, it resets: RFC 2525 2.17


# What cannot be


def test_a_name_is_looked_up_in_the_family_asked_for(peer, load, family):
    result = load("-n", 1, family.flag, f"localhost:{peer(says(GREETING), family).port}")
    assert (result.code, result.ok) == (0, 1)


def test_an_address_that_is_not_of_the_family_asked_for_is_refused():
    assert "127.0.0.1" in complaint("-6", "127.0.0.1:1")
    assert "::1" in complaint("-4", "[::1]:1")
    assert "127.0.0.1" in complaint("--family", "both", "127.0.0.1:1")


@pytest.mark.parametrize(
    "args, named",
    [
        ([], "HOST"),
        (["127.0.0.1:70000"], "127.0.0.1:70000"),
        (["127.0.0.1:1", "127.0.0.1:2x"], "127.0.0.1:2x"),
        (["127.0.0.1:1=0"], "127.0.0.1:1=0"),
        (["-c", "0", "127.0.0.1"], "0"),
        (["-c", "many", "127.0.0.1"], "many"),
        (["-n", "0", "127.0.0.1"], "0"),
        (["-n", "-1", "127.0.0.1"], "-1"),
        (["-d", "5", "127.0.0.1"], "5"),
        (["-d", "0s", "127.0.0.1"], "0s"),
        (["-r", "0", "127.0.0.1"], "0"),
        (["-r", "fast", "127.0.0.1"], "fast"),
        (["-r", "5/day", "127.0.0.1"], "5/day"),
        (["-r", "-5/s", "127.0.0.1"], "-5/s"),
        (["--arrivals", "poisson", "127.0.0.1"], "--rate"),
        (["--arrivals", "random", "-r", "5", "127.0.0.1"], "random"),
        (["-n", "5", "-d", "5s", "127.0.0.1"], "--duration"),
        (["-4", "-6", "127.0.0.1"], "--ipv6"),
        (["-4", "--family", "both", "127.0.0.1"], "--family"),
        (["--json", "--csv", "127.0.0.1"], "--csv"),
        (["-t", "0", "127.0.0.1"], "0"),
        (["-t", "2", "-c", "1", "127.0.0.1"], "2"),
        (["--timeout", "never", "127.0.0.1"], "never"),
        (["--timeout", "1s", "--connect-timeout", "2s", "127.0.0.1"], "--connect-timeout"),
        (["--ramp", "6s", "-d", "5s", "127.0.0.1"], "--ramp"),
        (["--close", "gently", "127.0.0.1"], "gently"),
        (["--proxy-protocol", "v3", "127.0.0.1"], "v3"),
        (["--source-ports", "9-8", "127.0.0.1"], "9-8"),
        (["--source", "not-an-address", "127.0.0.1"], "not-an-address"),
        (["--send", "@/no/such/file", "127.0.0.1"], "/no/such/file"),
        (["--expect", "@/no/such/file", "127.0.0.1"], "/no/such/file"),
        (["--expect", r"\q", "127.0.0.1"], r"\q"),
        (["--hlog", "/no/such/directory/log", "127.0.0.1"], "/no/such/directory/log"),
        (["--assert", "p99", "127.0.0.1"], "p99"),
        (["-e", "kqueue", "127.0.0.1"], "kqueue"),
        (["--conections", "3", "127.0.0.1"], "--conections"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_refused_in_one_line_that_names_it(args, named):
    assert named in complaint(*args)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        assert str(path) in complaint("--send", f"@{path}", "127.0.0.1")


def test_help_and_version(engine):
    for option in ("--help", "-h", "--version", "-V"):
        result = hello_load(option)
        assert (result.returncode, result.stderr) == (0, "") and result.stdout


def test_an_engine_that_is_asked_for_and_refused_ends_it():
    line = complaint("-e", "uring", "-n", "1", "127.0.0.1:9", code=1,
                     before=refusal("io_uring_setup", errno.EPERM))
    assert "EPERM" in line or os.strerror(errno.EPERM) in line
