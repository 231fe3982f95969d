"""The admin port: what it answers, to whom, and that nobody who asks can harm the clients."""
import contextlib
import errno
import re
import signal
import socket
import subprocess

import pytest

from clients import GREETING, IPV4, IPV6, close_all, connect, read_to_end, reset, socket_for, visit, wait_until_acknowledged
from kernel import threads_are
from programs import DEADLINE_S, run, server_config, server_path, totals, wait_until
from scraping import Answer, Metrics, ask, get, say
from syscalls import Calls

ADMIN = ("--admin", "127.0.0.1:0")
HEAD_BYTES = 4096
DRAIN_BYTES = 1 << 20


def is_served(one):
    """The server is well, for its clients and for those who watch it."""
    assert visit(one.address(IPV4)) == GREETING
    assert get(one, "/healthz") == (200, "ok\n")


# What there is


def test_it_is_off_unless_it_is_asked_for(server):
    one = server()
    assert one.admin is None
    assert server_config()["admin"] == ""
    one.stop()


@pytest.mark.parametrize("host, family", [("127.0.0.1", IPV4), ("[::1]", IPV6)])
def test_it_listens_where_it_is_told_and_says_where(server, host, family):
    one = server("--admin", f"{host}:0")
    assert one.admin[0] == family.loopback
    is_served(one)
    one.stop(all_accepted=False)


def test_a_name_stands_for_its_address_and_a_variable_for_the_option(server, machine):
    machine.write("hosts", "127.0.0.1 watched\n")
    one = server(env={"HELLO_SERVER_ADMIN": "watched:0"}, before=machine.enter)
    assert one.admin[0] == "127.0.0.1"
    assert "\nadmin=127.0.0.1:0  # $HELLO_SERVER_ADMIN: watched\n" in get(one, "/config").body
    one.stop(all_accepted=False)


def test_config_is_what_print_config_prints(server):
    one = server(*ADMIN, "--greeting", "hi\\n")
    expected = run(server_path(), "--print-config", *ADMIN, "--greeting", "hi\\n", 0).stdout
    answer = get(one, "/config")
    moving = re.compile(r"^platform\.steal=.*$", re.MULTILINE)
    assert (answer.status, moving.sub("", answer.body)) == (200, moving.sub("", expected))
    one.stop(all_accepted=False)


def test_head_has_the_fields_of_get_and_no_body(server):
    one = server(*ADMIN)
    answer = ask(one, b"HEAD /healthz HTTP/1.0\r\n\r\n", has_body=False)
    assert (answer.status, answer.fields["Content-Length"]) == (200, "3")
    assert get(one, "/metrics").fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer.fields["Date"])
    one.stop(all_accepted=False)


@pytest.mark.parametrize("request_text, status, body", [
    ("GET /metric HTTP/1.0", 404, "404 Not Found; there is /metrics, /healthz, /config\n"),
    ("GET / HTTP/1.0", 404, "404 Not Found; there is /metrics, /healthz, /config\n"),
    ("POST /metrics HTTP/1.0", 405, "405 Method Not Allowed\n"),
    ("GET /healthz", 400, "400 Bad Request\n"),
    ("GET /healthz HTTP/1.1", 400, "400 Bad Request\n"),  # without a Host
    ("hello", 400, "400 Bad Request\n"),
    ("GET /healthz?a=b HTTP/1.0", 200, "ok\n"),
    ("GET http://here/healthz HTTP/1.1\r\nHost: here", 200, "ok\n"),
])
def test_each_request_gets_its_status(server, request_text, status, body):
    one = server(*ADMIN)
    answer = ask(one, request_text.encode() + b"\r\n\r\n")
    assert answer == (status, body)
    assert answer.fields.get("Allow") == ("GET, HEAD" if status == 405 else None)
    one.stop(all_accepted=False)


@pytest.mark.parametrize("options, error", [
    (["--admin", "127.0.0.1"], "--admin '127.0.0.1': needs a port, such as 127.0.0.1:9101"),
    (["--admin", "9101"], "--admin '9101': is a port without an address; did you mean '127.0.0.1:9101', or '[::]:9101', "
                          "which is every address?"),
    (["--admin", "localhost"], "--admin 'localhost': needs a port, such as 127.0.0.1:9101"),
    (["--admin", "[::1]:7000"], "--admin '[::1]:7000': clients are greeted on this port; give another one"),
    (["--admin", "127.0.0.1:99999"], "--admin '127.0.0.1:99999': the port must be 0 to 65535"),
    (["--admin", "224.0.0.1:9101"], "--admin '224.0.0.1': 224.0.0.1 is a multicast address, where TCP cannot listen; "
                                    "give one of an interface, or [::] for all"),
    (["--admin", "no-such-name.invalid:9101"],
     "--admin 'no-such-name.invalid:9101': no such name in /etc/hosts, and names are looked up only there; add it there, "
     "or give an address, such as 127.0.0.1:1848 or [::1]"),
])
def test_a_wrong_address_is_wrong_usage(options, error):
    result = run(server_path(), *options, 7000)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"hello-server: {error}\n")


def test_a_wrong_address_in_a_variable_names_the_variable():
    result = run(server_path(), 0, env={"HELLO_SERVER_ADMIN": "::1"})
    assert (result.returncode, result.stderr) == (
        2, "hello-server: HELLO_SERVER_ADMIN='[::1]': needs a port, such as 127.0.0.1:9101\n")


def test_a_port_in_use_ends_the_start_and_names_its_holder(server):
    first = server(*ADMIN)
    result = run(server_path(), "--admin", "127.0.0.1:{}".format(first.admin[1]), 0)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"hello-server: cannot listen on '127.0.0.1:{first.admin[1]}' for --admin: bind: Address already in use; "
        f"hello-server (pid {first.pid}) listens there already (see 'ss -ltnp'); stop it or choose another port\n")
    is_served(first)
    first.stop(all_accepted=False)


# Who asks in another way


def test_a_client_that_half_closes_gets_its_answer(server):
    one = server(*ADMIN)
    sock = say(one, b"GET /healthz HTTP/1.0\r\n\r\n")
    sock.shutdown(socket.SHUT_WR)
    assert Answer(read_to_end(sock)) == (200, "ok\n")
    sock = say(one, b"GET /healthz HTTP/1.0\r\n")
    sock.shutdown(socket.SHUT_WR)
    assert Answer(read_to_end(sock)) == (400, "400 Bad Request\n")
    one.stop(all_accepted=False)


@pytest.mark.timed
def test_a_head_that_comes_in_pieces_is_read_up_to_its_end(server):
    one = server(*ADMIN)
    sock = connect(one.admin)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in (b"\r", b"\nGET /heal", b"thz HTTP/1.1\r\nHost: here\r", b"\n\r", b"\n"):
        sock.sendall(piece)
        wait_until_acknowledged(sock)
    assert Answer(read_to_end(sock)) == (200, "ok\n")
    one.stop(all_accepted=False)


@pytest.mark.parametrize("said", [b"", b"GET /metrics HTTP/1.1\r\nHost: "])
def test_a_request_that_does_not_end_is_given_up(server, said):
    one = server(*ADMIN)
    assert Answer(read_to_end(say(one, said))) == (408, "408 Request Timeout\n")
    is_served(one)
    one.stop(all_accepted=False)


@pytest.mark.parametrize("excess_bytes, status", [(0, 200), (1, 431)])
def test_a_head_has_at_most_4_kilobytes(server, excess_bytes, status):
    one = server(*ADMIN)
    start, end = b"GET /healthz HTTP/1.0\r\nX: ", b"\r\n\r\n"
    request = start + b"x" * (HEAD_BYTES - len(start) - len(end) + excess_bytes) + end
    assert ask(one, request).status == status
    one.stop(all_accepted=False)


@pytest.mark.timed
def test_a_body_is_dropped_and_does_not_cost_the_answer(server):
    one = server(*ADMIN)
    body = b"x" * (DRAIN_BYTES // 2)
    request = b"POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert ask(one, request + body) == (405, "405 Method Not Allowed\n")
    one.stop(all_accepted=False)


def send_without_end(sock):
    """Send until the other end has had enough. Returns how many bytes went out."""
    count = 0
    try:
        while True:
            count += sock.send(b"x" * 65536)
    except (BrokenPipeError, ConnectionResetError):
        return count


def test_a_body_without_end_is_cut_off(server):
    one = server(*ADMIN)
    sock = say(one, b"POST /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
    assert send_without_end(sock) < 64 * DRAIN_BYTES
    sock.close()
    is_served(one)
    one.stop(all_accepted=False)


def hostile_silent(one):
    return connect(one.admin)


def hostile_reset(one):
    sock = say(one, b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
    reset(sock)
    return sock


def hostile_deaf(one):
    """Asks, and does not read."""
    sock = socket_for(one.admin, window_bytes=1024)
    sock.settimeout(5)
    sock.connect(one.admin)
    sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n" * 20)
    return sock


def hostile_gone(one):
    sock = connect(one.admin)
    sock.close()
    return sock


def hostile_binary(one):
    return say(one, bytes(range(256)) * 8)


HOSTILE = [hostile_silent, hostile_reset, hostile_deaf, hostile_gone, hostile_binary]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_scrapers_harm_nobody(server, engine, hostile):
    """As many as the queue takes; clients are served all the while, and those who watch afterwards."""
    one = server("--engine", engine, *ADMIN)
    socks = [hostile(one) for _ in range(4)]
    for _ in range(20):
        assert visit(one.address(IPV4)) == GREETING
    close_all(socks)
    wait_until(lambda: get(one, "/healthz") == (200, "ok\n"), "the admin port to answer", 60)
    one.wait_until_idle()
    assert Metrics(one).outcomes()["greeted"] == 20
    assert one.stop(all_accepted=False) == totals(greeted=20)


def test_the_kernel_keeps_nothing_for_a_client_that_does_not_read(server):
    one = server(*ADMIN)
    with hostile_deaf(one):
        wait_until(lambda: get(one, "/healthz") == (200, "ok\n"), "it to be given up")
        wait_until(lambda: unfinished(one.admin[1]) == "", "the kernel to give it up")
    one.stop(all_accepted=False)


def unfinished(port):
    """The closed sockets of a port of which not everything is delivered, as ss(8) prints them."""
    return subprocess.run(["ss", "-tnH", "state", "fin-wait-1", f"( sport = {port} )"], capture_output=True, text=True,
                          check=True).stdout


def test_more_scrapers_than_fit_wait_for_each_other(server):
    one = server(*ADMIN)
    socks = []
    for _ in range(200):
        sock = socket_for(one.admin)
        sock.setblocking(False)
        sock.connect_ex(one.admin)
        socks.append(sock)
    assert visit(one.address(IPV4)) == GREETING
    close_all(socks)
    wait_until(lambda: get(one, "/healthz") == (200, "ok\n"), "the admin port to answer", 60)
    one.wait_until_idle()
    assert one.stop(all_accepted=False) == totals(greeted=1)


# How the server is


def test_while_it_stops_it_says_so_until_the_end(server, engine):
    one = server("--engine", engine, *ADMIN, "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    with connect(one.address(IPV4)) as holder:
        assert holder.recv(100) == GREETING
        one.process.send_signal(signal.SIGTERM)
        wait_until(lambda: get(one, "/healthz") == (503, "stopping\n"), "it to stop")
        assert Metrics(one)["hello_ready"] == 0
        assert get(one, "/config").status == 200
    assert one.finish(all_accepted=False) == totals(greeted=1)


@pytest.mark.timed
def test_a_scraper_that_says_nothing_is_not_waited_for_at_the_end(server):
    """It is cut off: with the time that it has it would get an answer."""
    one = server(*ADMIN)
    with connect(one.admin) as silent:
        wait_until(lambda: threads_are(one.pid, "S"), "the server to wait for it")
        assert one.stop(all_accepted=False) == totals()
        with pytest.raises(ConnectionResetError):
            silent.recv(100)


def test_a_worker_that_does_not_get_on_is_stuck_and_no_longer_when_it_does(server, engine):
    calls = Calls(["sendto"])
    one = server("--engine", engine, "--workers", 1, *ADMIN, before=calls.before)
    try:
        calls.hold("sendto", where={2: len(GREETING)})  # the greeting, and not an answer
        with connect(one.address(IPV4)) as client:
            wait_until(lambda: calls.held, "the worker to be held")
            assert get(one, "/healthz") == (200, "ok\n")
            wait_until(lambda: get(one, "/healthz") == (503, "stuck\n"), "it to be called stuck", 60)
            metrics = Metrics(one)
            assert (metrics["hello_ready"], metrics["hello_workers_stuck"]) == (0, 1)
            calls.let_go()
            assert read_to_end(client) == GREETING
        wait_until(lambda: get(one, "/healthz") == (200, "ok\n"), "it to be well")
        assert Metrics(one)["hello_workers_stuck"] == 0
        assert one.stop(all_accepted=False) == totals(greeted=1)
    finally:
        calls.let_go()
        one.kill()
        calls.stop()


FAULTS = [("accept4", "EMFILE"), ("accept4", "EPERM"), ("ppoll", "EPERM"), ("ppoll", "ENOMEM"), ("pread64", "EIO"),
          ("shutdown", "EPERM"), ("recvfrom", "EPERM"), ("getsockopt", "EPERM")]


@pytest.mark.parametrize("call, error", FAULTS)
def test_calls_that_fail_cost_the_admin_port_at_most(server, call, error):
    """With swift, which makes none of these calls but recvfrom, whose result it does not need."""
    calls = Calls([call])
    one = server("--close", "swift", *ADMIN, before=calls.before)
    try:
        calls.begin(call, getattr(errno, error))
        with socket_for(one.admin) as sock:
            sock.settimeout(DEADLINE_S)
            with contextlib.suppress(ConnectionError):  # it may be reset before it has said all, or anything
                sock.connect(one.admin)
                sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            wait_until(lambda: calls.fault.hits > 0, "a call to fail")
            if call == "pread64":
                body = Answer(read_to_end(sock)).body
                assert "process_threads" not in body and "hello_tcp" not in body
            assert visit(one.address(IPV4)) == GREETING
        calls.end()
        wait_until(lambda: get(one, "/healthz") == (200, "ok\n"), "the admin port to answer")
        assert one.stop(all_accepted=False) == totals(greeted=1)
    finally:
        one.kill()
        calls.stop()
