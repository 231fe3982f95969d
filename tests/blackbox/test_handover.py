"""A running server is replaced by a new process, and no client notices."""
import collections
import contextlib
import itertools
import os
import pathlib
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

import kernel
import programs
from clients import FAMILIES, GREETING, IPV4, connect, read_exactly, read_to_end, refuses, visit
from handovers import (
    ASK, CLIENTS, DESCRIPTORS, GIVE_UP, LEAVE, READY, Chain, asking, message, offered, predecessor, receive,
)
from kernel import switches
from programs import DEADLINE_S, ServiceManager, run, server_path, wait_until

ENDED_WELL = ("expired", "reset", "stalled", "orphaned", "failed", "abandoned")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hello.sock"


@pytest.fixture
def chain(path):
    """chain(*options) makes servers that take over from each other, see Chain."""
    chains = []

    def begin(*options, **others):
        chains.append(Chain(path, *options, **others))
        return chains[-1]

    yield begin
    for one in chains:
        one.kill()


def listens(process):
    """Whether one of its descriptors is a listening TCP socket."""
    inodes = {line.split()[9] for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}", encoding="ascii")
              if line.split()[3] == "0A"}
    return any(os.readlink(f"/proc/{process.pid}/fd/{fd}")[8:-1] in inodes for fd in os.listdir(f"/proc/{process.pid}/fd"))


def scraped(port):
    """What the admin port at 127.0.0.1 shows: the sum of each metric over its labels."""
    sums = collections.Counter()
    for line in urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=DEADLINE_S).read().decode().splitlines():
        if not line.startswith("#"):
            sums[re.match(r"\w+", line)[0]] += float(line.split()[-1])
    return sums


def wait_for_child(process):
    """The process id of its child, once that has more than one thread. strace has others before, which end at once."""
    found = []

    def look():
        with contextlib.suppress(OSError):
            for child in open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii").read().split():
                if len(os.listdir(f"/proc/{child}/task")) > 1:
                    found.append(int(child))
        return found

    wait_until(look, "it to begin")
    return found[0]


def successor(path, *options):
    """Run a new process that is to fail: (exit code, standard output, standard error)."""
    result = run(server_path(), "--handover", str(path), *map(str, options))
    return result.returncode, result.stdout, result.stderr


@contextlib.contextmanager
def asked(path, *options):
    """(old, new): a predecessor that heard what a successor asks, and the future of that one."""
    with predecessor(path) as old, ThreadPoolExecutor(1) as pool:
        new = pool.submit(successor, path, *options)
        old.hear()
        yield old, new


# What is promised


@pytest.mark.parametrize("engines", [("uring", "uring"), ("epoll", "epoll"), ("uring", "epoll")], ids="-".join)
def test_no_client_is_lost_while_servers_replace_each_other(chain, start, engines):
    """At 2,000 connections per second, half of them over IPv6."""
    one = chain("--workers", 2)
    next_engine = itertools.cycle(engines)
    before = one.start("--engine", next(next_engine))
    client = start("-d", "10s", "-r", 2000, "--family", "both", f"localhost:{one.port}")
    ends = []
    while client.process.poll() is None:
        after = one.start("--engine", next(next_engine))
        ends.append(one.ended(before))
        before = after
    measured = client.report()
    before.send_signal(signal.SIGTERM)
    ends.append(one.ended(before))
    assert len(ends) >= 3  # about 20, unless the machine is busy
    assert (measured.ok, measured.errors) == (measured.started, {})
    assert [code for code, _, _ in ends] == [0] * len(ends)
    assert {name: sum(counts[name] for _, counts, _ in ends) for name in ENDED_WELL} == dict.fromkeys(ENDED_WELL, 0)
    assert sum(counts["greeted"] for _, counts, _ in ends) == measured.started


def test_open_connections_stay_with_the_old_process(chain, engine):
    one = chain("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    old = one.start()
    with connect((IPV4.loopback, one.port)) as client:
        assert read_exactly(client, len(GREETING)) == GREETING
        new = one.start()
        wait_until(lambda: not listens(old), "it to close its listeners")
        assert visit((IPV4.loopback, one.port)) == GREETING
        assert old.poll() is None
    code, counts, _ = one.ended(old)
    assert (code, counts["accepted"], counts["greeted"]) == (0, 1, 1)
    new.send_signal(signal.SIGTERM)
    assert one.ended(new)[1]["greeted"] == 1


def test_who_waits_in_the_queue_is_served(chain, engine):
    """Neither process runs meanwhile; both families."""
    one = chain("--engine", engine)
    old = one.start()
    old.send_signal(signal.SIGSTOP)
    clients = [connect((FAMILIES[n % 2].loopback, one.port)) for n in range(200)]
    old.send_signal(signal.SIGCONT)
    one.start()
    assert [read_to_end(client) for client in clients] == [GREETING] * 200


def test_the_path_is_for_this_user_only_and_goes_with_the_last(chain, path):
    one = chain()
    first = one.start()
    status = os.stat(path)
    assert (stat.S_ISSOCK(status.st_mode), stat.S_IMODE(status.st_mode)) == (True, 0o600)
    second = one.start()
    assert one.ended(first)[0] == 0
    assert os.stat(path).st_ino == status.st_ino
    second.send_signal(signal.SIGTERM)
    assert one.ended(second)[0] == 0
    assert not path.exists()


def test_the_start_line_names_the_path(chain, path):
    assert chain().start().start_line.endswith(f" handover='{path}'\n")


def test_both_say_what_happens(chain):
    one = chain()
    old = one.start()
    new = one.start()
    assert one.ended(old)[2] == f"hello-server: handing over to process {new.pid}\n"


def test_it_sleeps_before_and_after(chain):
    one = chain("--workers", 2)
    one.start()
    new = one.start()

    def settled():
        before = switches(new.pid)
        time.sleep(2.5)  # lost clients are looked for in that time
        return switches(new.pid) == before

    wait_until(settled, "it to fall asleep", within=30)
    before = switches(new.pid)
    time.sleep(3)
    assert switches(new.pid) == before
    assert visit((IPV4.loopback, one.port)) == GREETING


def admin_of(process):
    """The address of its admin port, as its start line names it."""
    return re.search(r" admin=127\.0\.0\.1:(\d+)", process.start_line)[1]


def test_the_admin_port_goes_to_the_new_process_too(chain):
    """Who watches is answered by the one that serves, at the same port, without a gap."""
    one = chain("--workers", 1, "--admin", "127.0.0.1:0")
    old = one.start()
    port = admin_of(old)
    assert visit((IPV4.loopback, one.port)) == GREETING
    assert scraped(port)["hello_connections_accepted_total"] == 1
    new = one.start("--admin", f"127.0.0.1:{port}")
    assert admin_of(new) == port
    assert one.ended(old)[0] == 0
    assert scraped(port)["hello_connections_accepted_total"] == 0
    assert one.start("--admin", "127.0.0.1:0") and one.ended(new)[0] == 0


def test_who_waits_at_the_admin_port_of_the_old_process_is_answered(chain):
    """Also if the new one has none. One who says nothing keeps the others waiting."""
    one = chain("--workers", 1)
    old = one.start("--admin", "127.0.0.1:0")
    address = ("127.0.0.1", int(admin_of(old)))
    with connect(address) as silent:
        waiting = [connect(address) for _ in range(3)]
        for sock in waiting:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        one.start()
        silent.close()
        answers = [read_to_end(sock) for sock in waiting]
    assert [(answer[:15], answer[-7:]) for answer in answers] == [(b"HTTP/1.1 200 OK", b"\r\n\r\nok\n")] * 3
    assert one.ended(old)[0] == 0
    assert refuses(address)


def test_an_admin_port_that_is_asked_for_elsewhere_is_opened_there(chain):
    one = chain("--workers", 1)
    old = one.start("--admin", "127.0.0.1:0")
    new = one.start("--admin", "127.0.0.2:0")
    assert one.ended(old)[0] == 0
    assert " admin=127.0.0.2:" in new.start_line


def test_the_service_manager_learns_who_serves_now_even_if_it_is_busy(chain, tmp_path):
    """It does not read its messages, and no more fit; the old process has nothing else to do."""
    with ServiceManager(tmp_path) as manager, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        one = chain(env=manager.environment)
        old = one.start()
        manager.expect("READY=1")
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"STATUS=busy", manager.environment["NOTIFY_SOCKET"])
        new = one.start()
        wait_until(lambda: not listens(old), "it to close its listeners")
        states = []
        while f"MAINPID={new.pid}" not in states or "READY=1" not in states:
            states.append(manager.socket.recv(4096).decode())
        assert one.ended(old) == (0, dict.fromkeys((*ENDED_WELL, "accepted", "greeted"), 0),
                                  f"hello-server: handing over to process {new.pid}\n")


def test_a_stop_ends_the_tries_to_reach_a_service_manager_that_is_gone(chain, tmp_path):
    one = chain(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    old = one.start()
    new = one.start()
    wait_until(lambda: not listens(old), "it to close its listeners")
    old.send_signal(signal.SIGTERM)
    code, _, errors = one.ended(old)
    assert code == 0
    assert errors.splitlines()[2:] == [
        f"hello-server: warning: cannot send MAINPID={new.pid} to $NOTIFY_SOCKET: No such file or directory; the service"
        " manager may end that process with this one: see whether it runs"]


# One of them fails


def test_a_new_process_that_cannot_start_says_why_and_the_old_one_serves_on(chain, path):
    one = chain("--workers", 1)
    old = one.start()
    code, out, errors = successor(path, one.port + 1)
    assert (code, out) == (1, "")
    assert errors == (f"hello-server: cannot listen on '[::]:{one.port + 1}': the sockets of process {old.pid} are on"
                      f" '[::]:{one.port}'; ask for that address, or for none\n")
    assert visit((IPV4.loopback, one.port)) == GREETING
    old.send_signal(signal.SIGTERM)
    code, counts, errors = one.ended(old)
    assert (code, counts["greeted"], counts["abandoned"]) == (0, 1, 0)
    assert "could not start\n" in errors


@pytest.mark.parametrize("step", ["asks", "is offered", "is ready"])
def test_if_the_new_process_is_killed_the_old_one_serves_on(chain, path, step):
    """Until it is told that the old one leaves."""
    one = chain()
    old = one.start()
    with asking(path) as channel:
        if step != "asks":
            descriptors = offered(channel)
            for fd in sum(descriptors.values(), []):
                os.close(fd)
    assert [visit((family.loopback, one.port)) for family in FAMILIES] == [GREETING] * 2
    new = one.start()
    assert one.ended(old)[0] == 0
    assert visit((IPV4.loopback, one.port)) == GREETING
    assert new.poll() is None


def killed_at(call, nth):
    """A prefix for a command: it is killed when it makes this call for the nth time, before anything happens."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:error=EINTR:signal=SIGKILL:when={nth}"]


@pytest.mark.parametrize("call, nth", [("connect", 1), ("sendmsg", 1), ("recvmsg", 1), ("recvmsg", 2),
                                       ("recvmsg", 3), ("sendmsg", 2)])
def test_a_new_process_that_dies_at_any_step_before_it_is_ready_changes_nothing(chain, path, start, engine, call, nth):
    """It may have begun to accept: clients are then counted by whoever has them."""
    one = chain("--engine", engine, "--workers", 2)
    one.start()
    client = start("-d", "2s", "-r", 500, "--family", "both", f"localhost:{one.port}")
    result = subprocess.run([*killed_at(call, nth), server_path(), "--handover", str(path), "--engine", engine],
                            capture_output=True, timeout=DEADLINE_S)
    assert result.returncode in (137, -signal.SIGKILL), result
    measured = client.report()
    lost = measured.started - measured.ok
    assert measured.errors == {} or (call, nth) == ("sendmsg", 2) and lost < 20, measured.errors
    assert visit((IPV4.loopback, one.port)) == GREETING


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_an_old_process_that_dies_at_any_step_leaves_the_port_to_the_new_one(chain, path, nth):
    """Its descriptors, its offer, its leave: each is a message that it does not come to send."""
    server = subprocess.Popen([*killed_at("sendmsg", nth), server_path(), "--handover", str(path), "0"],
                              stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().split("]:")[1].split()[0])
    one = chain(port=port)
    new = one.start()
    server.communicate(timeout=DEADLINE_S)
    assert [visit((family.loopback, port)) for family in FAMILIES] == [GREETING] * 2
    new.send_signal(signal.SIGTERM)
    assert one.ended(new)[0] == 0


def test_a_successor_may_speak_a_later_version(chain, path):
    """It says the highest that it speaks, in a longer message, and is answered in the lower one."""
    one = chain()
    old = one.start()
    with asking(path) as channel:
        channel.send(message(ASK, version=7) + b"more")
        assert receive(channel)[0] == DESCRIPTORS
    assert old.poll() is None


def test_a_predecessor_may_offer_what_this_version_does_not_know(chain, path):
    """Descriptors of an unknown role are closed."""
    with predecessor(path) as old, socket.socket() as other, ThreadPoolExecutor(1) as pool:
        new = pool.submit(chain().start)
        old.hear()
        old.send(DESCRIPTORS, 99, fds=[other.fileno()])
        old.offer(version=9)
        old.expect(READY)
        old.send(LEAVE)
        assert new.result().poll() is None
        assert visit(old.address) == GREETING


def test_a_predecessor_that_does_not_leave_is_not_replaced(path):
    """Clients that the new process has accepted by then are finished."""
    with asked(path) as (old, new):
        old.offer()
        old.expect(READY)
        assert visit(old.address) == GREETING
        old.send(GIVE_UP, text=b"changed its mind")
        code, out, errors = new.result()
        assert (code, out) == (1, "")
        assert errors.endswith(f"process {os.getpid()} does not hand over: changed its mind\n"), errors
        with connect(old.address), old.listener.accept()[0]:
            pass  # the listener is as it was: no filter, not shut down


@pytest.mark.parametrize("call", ["bind:error=EACCES:when=2+", "sched_getaffinity:error=EPERM:when=2+", "eventfd2:error=EMFILE:when=5+"])
def test_a_new_process_that_fails_with_more_workers_changes_nothing(chain, path, call):
    """Not the listeners that it shares, nor the path: the next one can take over."""
    one = chain("--workers", 1)
    old = one.start()
    result = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}", server_path(), "--handover",
                             str(path), "--workers", "3"], capture_output=True, timeout=DEADLINE_S, text=True)
    assert (result.returncode, result.stdout) == (1, ""), result
    assert [visit((family.loopback, one.port)) for family in FAMILIES * 5] == [GREETING] * 10
    one.start()
    assert one.ended(old)[0] == 0
    assert visit((IPV4.loopback, one.port)) == GREETING


def test_a_new_process_that_is_stopped_before_it_is_ready_leaves_the_old_one_alone(chain, path):
    """It is held up where its workers are ready, until its first signal has come."""
    one = chain()
    old = one.start()
    held = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=sendmsg:delay_enter=1000000:when=1",
                             server_path(), "--handover", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    new = wait_for_child(held)
    os.kill(new, signal.SIGTERM)
    held.communicate(timeout=DEADLINE_S)
    assert [visit((family.loopback, one.port)) for family in FAMILIES] == [GREETING] * 2
    one.start()
    assert one.ended(old)[0] == 0


def test_a_stop_of_the_old_process_while_it_offers_leaves_the_port_to_the_new_one(chain, path):
    """It is held up before it sends its listeners, and closes its own meanwhile."""
    held = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg", "-e", "inject=sendmsg:delay_enter=2000000:when=2",
         server_path(), "--handover", str(path), "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = int(held.stdout.readline().split("]:")[1].split()[0])
    one = chain(port=port)
    with ThreadPoolExecutor(1) as pool:
        new = pool.submit(one.start)
        assert "handing over to process" in held.stderr.readline()
        os.kill(wait_for_child(held), signal.SIGTERM)
        new.result()
    held.communicate(timeout=DEADLINE_S)
    assert [visit((family.loopback, port)) for family in FAMILIES] == [GREETING] * 2


def test_a_signal_while_it_leaves_is_the_first_one(chain, engine):
    """Who is still there is waited for, as in any stop."""
    one = chain("--engine", engine, "--linger-timeout", "1h", "--shutdown-timeout", "1h")
    old = one.start()
    with connect((IPV4.loopback, one.port)) as client:
        assert read_exactly(client, len(GREETING)) == GREETING
        one.start()
        wait_until(lambda: not listens(old), "it to close its listeners")
        old.send_signal(signal.SIGTERM)
        time.sleep(0.2)  # it would end within that time
        assert old.poll() is None
    assert one.ended(old)[:2] == (0, {**dict.fromkeys(ENDED_WELL, 0), "accepted": 1, "greeted": 1})


def test_a_process_that_was_given_up_is_not_the_successor(path):
    """It learns so only after it is ready: the listeners stay as they are."""
    with asked(path) as (old, new):
        old.offer()
        old.send(GIVE_UP, text=b"it took too long to start")
        code, out, errors = new.result()
        assert (code, out) == (1, "")
        assert errors.endswith(": it took too long to start\n"), errors
        assert path.exists()
        with connect(old.address), old.listener.accept()[0]:
            pass


def test_one_who_asks_nothing_delays_the_next_for_a_moment_only(chain, path):
    one = chain()
    old = one.start()
    with asking(path), asking(path):
        one.start()
        assert one.ended(old)[0] == 0


@pytest.mark.parametrize("question", [b"", b"GET / HTTP/1.1\r\n\r\n", message(READY), message(99), message(ASK)[:20]],
                         ids=["nothing", "HTTP", "ready", "unknown", "short"])
def test_who_asks_something_else_is_refused(chain, path, question):
    one = chain()
    old = one.start()
    with asking(path) as channel:
        channel.send(question)
        kind, *_ = receive(channel)
        assert (kind, receive(channel)) == (GIVE_UP, None)
    assert visit((IPV4.loopback, one.port)) == GREETING
    old.send_signal(signal.SIGTERM)
    assert one.ended(old)[2] == ""


def test_a_predecessor_whose_sockets_take_no_others_decides_how_many_workers_there_are(path):
    with asked(path, "--workers", 3) as (old, new):
        old.offer()
        old.expect(GIVE_UP)
        assert new.result() == (
            1, "", f"hello-server: 3 workers need a socket each, but 1 were passed, and the sockets of process {os.getpid()} take"
            " no others; start this one as the user of that process (SO_REUSEPORT in socket(7)), or lower --workers\n")


def test_an_offer_of_more_descriptors_than_there_may_be_names_the_limit(path):
    with predecessor(path) as old, ThreadPoolExecutor(1) as pool:
        new = pool.submit(run, "prlimit", "--nofile=64:64", server_path(), "--handover", path)
        old.hear()
        old.send(DESCRIPTORS, CLIENTS, fds=[old.listener.fileno()] * 100)
        assert (new.result().returncode, new.result().stderr) == (
            1, f"hello-server: cannot take over at '{path}': process {os.getpid()} offers more descriptors than the limit of 64"
            " allows; raise it (ulimit -Hn, LimitNOFILE=)\n")


def test_an_offer_of_more_listeners_than_there_may_be_is_refused(path):
    with asked(path) as (old, new):
        for _ in range(5):
            old.send(DESCRIPTORS, CLIENTS, fds=[old.listener.fileno()] * 250)
        assert new.result() == (
            1, "", f"hello-server: cannot take over at '{path}': process {os.getpid()} offers more than 1024 listeners; choose"
            " another path\n")


def test_a_predecessor_that_is_busy_is_not_to_be_ended(path):
    with asked(path) as (old, new):
        assert new.result() == (
            1, "", f"hello-server: cannot take over at '{path}': process {os.getpid()} does not answer within 10 s; see whether it"
            " runs, or hands over to another one just now, and start this one again\n")


def test_a_predecessor_that_speaks_something_else_is_kept(path):
    with asked(path) as (old, new):
        old.channel.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert new.result() == (
            1, "", f"hello-server: cannot take over at '{path}': the answer of process {os.getpid()} is not understood; choose"
            " another path\n")


# The reload of the shipped drop-in

RELOAD = (pathlib.Path(__file__).resolve().parents[2] / "packaging/examples/handover.conf").read_text(encoding="utf-8")


@contextlib.contextmanager
def reloading(path, main_pid, **variables):
    """The command with which systemd reloads the service, as a process."""
    (command,) = re.findall(r"^ExecReload=/bin/sh -c '(.*)'$", RELOAD.replace("\\\n", ""), re.MULTILINE)
    assert command.startswith("/usr/bin/hello-server ")
    command = command.replace("/usr/bin/hello-server", shlex.quote(server_path())).replace("$$", "$")
    shell = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=programs.environment({"MAINPID": str(main_pid), "HELLO_SERVER_HANDOVER": str(path),
                                                       **variables}))
    try:
        yield shell
    finally:
        shell.kill()
        shell.communicate(timeout=DEADLINE_S)


def test_a_reload_returns_when_the_old_process_has_ended_and_leaves_the_new_one(chain, path):
    one = chain()
    old = one.start()
    with reloading(path, old.pid) as reload:
        new_pid = int(programs.START_LINE.fullmatch(reload.stdout.readline())["pid"])
        try:
            with connect((IPV4.loopback, one.port)) as client:
                assert read_to_end(client) == GREETING
            assert one.ended(old)[0] == 0
            assert reload.wait(DEADLINE_S) == 0
            assert visit((IPV4.loopback, one.port)) == GREETING
        finally:
            os.kill(new_pid, signal.SIGTERM)


def test_a_reload_waits_for_the_clients_of_the_old_process(chain, path):
    one = chain("--linger-timeout", "1h")
    old = one.start()
    with connect((IPV4.loopback, one.port)) as client:
        assert read_exactly(client, len(GREETING)) == GREETING
        with reloading(path, old.pid) as reload:
            new_pid = int(programs.START_LINE.fullmatch(reload.stdout.readline())["pid"])
            try:
                assert visit((IPV4.loopback, one.port)) == GREETING
                assert (old.poll(), reload.poll()) == (None, None)
                client.close()
                assert one.ended(old)[0] == 0
                assert reload.wait(DEADLINE_S) == 0
            finally:
                os.kill(new_pid, signal.SIGTERM)


def test_a_reload_fails_if_the_new_process_cannot_start_and_the_old_one_serves_on(chain, path):
    one = chain()
    old = one.start()
    with reloading(path, old.pid, HELLO_SERVER_WORKERS="few") as reload:
        assert reload.wait(DEADLINE_S) != 0
        assert reload.stderr.read().startswith("hello-server: HELLO_SERVER_WORKERS='few': ")
    assert old.poll() is None
    assert visit((IPV4.loopback, one.port)) == GREETING


# Bad input


def test_a_file_at_the_path_is_kept(path):
    path.write_text("mine")
    code, out, errors = successor(path, 0)
    assert (code, out) == (1, "")
    assert errors == (f"hello-server: cannot take over at '{path}': a file is there (ENOTSOCK); remove that file, or"
                      " choose another path\n")
    assert path.read_text() == "mine"


def test_a_directory_is_not_to_be_removed(tmp_path):
    code, out, errors = successor(tmp_path, 0)
    assert (code, out) == (1, "")
    assert errors == (f"hello-server: cannot take over at '{tmp_path}': Is a directory (EISDIR); give the path of a socket in"
                      " it\n")


def test_a_socket_that_nobody_serves_is_replaced(chain, path):
    one = chain()
    one.start().kill()
    assert path.exists()
    one.start()
    assert visit((IPV4.loopback, one.port)) == GREETING


def test_a_socket_of_another_program_is_kept(path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        code, _, errors = successor(path, 0)
    assert code == 1
    assert errors == (f"hello-server: cannot take over at '{path}': Protocol wrong type for socket (EPROTOTYPE); another"
                      " program listens there: choose another path\n")


def test_another_user_is_not_trusted(path):
    """Neither one who asks, nor one who offers."""
    if not kernel.is_root_of_the_machine():
        pytest.skip("cannot be another user")
    other = subprocess.Popen(
        [sys.executable, "-c", "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
         "s.bind(sys.argv[1]); s.listen(); print(flush=True); sys.stdin.read()", "/tmp/" + path.parent.name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=programs.unprivileged)
    try:
        other.stdout.readline()
        code, out, errors = successor("/tmp/" + path.parent.name, 0)
        assert (code, out) == (1, "")
        assert f"user {kernel.NOBODY} serves there, whose listeners must not be trusted; choose another path" in errors
    finally:
        other.communicate()
        os.unlink("/tmp/" + path.parent.name)


@pytest.mark.parametrize("value", ["", "x" * 108])
def test_a_path_that_cannot_be_a_socket_is_wrong_usage(value):
    code, out, errors = successor(value, 0)
    assert (code, out) == (2, "")
    shown = value if len(value) < 96 else value[:92] + "..."
    assert errors == (f"hello-server: --handover '{shown}' is not a path of 1 to 107 bytes, as a Unix socket needs it;"
                      " try /run/hello-server.sock\n")


def test_a_directory_that_is_not_there_is_named(path):
    code, out, errors = successor(path / "none" / "x", 0)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"hello-server: cannot offer a handover at '[^']+': listen: No such file or directory; make its"
                        r" directory \(RuntimeDirectory= of a systemd unit does it\)\n", errors), errors
