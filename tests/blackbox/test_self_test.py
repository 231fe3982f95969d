"""A sandbox that refuses what each connection needs is reported at the start, not by the first client."""
import errno
import os
import re

import pytest

from clients import GREETING, IPV4, visit
from faults import Fault
from kernel import io_uring_error, refusal
from programs import run, server_path, totals

BOTH, URING, EPOLL, NEITHER = {"uring", "epoll"}, {"uring"}, {"epoll"}, set()

# Which engines cannot do without a call, by the names of kernel.SYSCALLS.
SERVER_NEEDS = {
    "send": BOTH,
    "recv": BOTH,
    "shutdown": BOTH,
    "accept4": EPOLL,
    "epoll_create1": EPOLL,
    "epoll_ctl": EPOLL,
    "epoll_wait": EPOLL,
    "io_uring_setup": URING,
    "io_uring_enter": URING,
    "epoll_pwait2": NEITHER,  # epoll_wait, with coarser timeouts
    "getsockopt": NEITHER,  # it helps not to try accepts in vain
    "ioctl": NEITHER,  # it helps to judge who is late
    "connect": NEITHER,
    "socketpair": NEITHER,  # only the test itself wants it
}
LOAD_NEEDS = {
    "connect": EPOLL,
    "recv": EPOLL,
    "epoll_create1": EPOLL,
    "epoll_ctl": EPOLL,
    "epoll_wait": EPOLL,
    "io_uring_setup": URING,
    "io_uring_enter": URING,
    "send": NEITHER,  # unless --send is given
    "shutdown": NEITHER,  # it helps to use a socket again
    "accept4": NEITHER,
    "epoll_pwait2": NEITHER,
    "getsockopt": NEITHER,
    "ioctl": NEITHER,
    "socketpair": NEITHER,
}
# What sandboxes know them by.
PROFILE_NAMES = {"send": "sendto", "recv": "recvfrom"}

by_server_need = pytest.mark.parametrize("call, engines", SERVER_NEEDS.items(), ids=SERVER_NEEDS)
by_load_need = pytest.mark.parametrize("call, engines", LOAD_NEEDS.items(), ids=LOAD_NEEDS)


def why(call):
    """What is said of a call that is refused."""
    name = PROFILE_NAMES.get(call, call)
    return (f"{name}: {os.strerror(errno.EPERM)} (EPERM); a sandbox refuses it (a seccomp filter is in "
            f"force): allow {name} in its profile")


def assert_refuses(program, words, *options, before, env=None):
    """It does not start, and one line says so."""
    result = run(program, *options, before=before, env=env)
    assert (result.returncode, result.stdout) == (1, ""), result
    assert re.fullmatch(r"hello-(server|load): [^\n]+\n", result.stderr), result.stderr
    assert words in result.stderr


def assert_serves(one):
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    assert one.stop(warnings=None) == totals(greeted=1)


@by_server_need
def test_an_engine_that_was_asked_for_starts_only_if_it_can_serve(server, engine, call, engines):
    before = refusal(call, errno.EPERM)
    if engine in engines:
        words = f"engine {engine} does not work here: {why(call)}\n"
        assert_refuses(server_path(), words, "--engine", engine, "0", before=before)
    else:
        assert_serves(server("--engine", engine, before=before))


@by_server_need
def test_auto_takes_the_engine_that_can_serve_and_says_why(server, call, engines):
    if io_uring_error():
        pytest.skip(f"no io_uring here: {io_uring_error()}")
    before = refusal(call, errno.EPERM)
    if engines == BOTH:
        assert_refuses(server_path(), f"no engine works here: {why(call)}\n", "0", before=before)
        return
    one = server(before=before)
    assert one.engine == ("epoll" if engines == URING else "uring")
    line = f"hello-server: engine uring does not work here: {why(call)}; using epoll"
    assert one.stderr() == ([line] if engines == URING else [])
    assert_serves(one)


@pytest.mark.parametrize("error", [errno.EACCES, errno.ENOSYS], ids=errno.errorcode.get)
def test_with_whatever_error_it_is_refused(error):
    words = f"no engine works here: sendto: {os.strerror(error)} ({errno.errorcode[error]}); "
    assert_refuses(server_path(), words, "--engine", "auto", "0", before=refusal("send", error))


def test_a_close_that_is_refused_is_reported_at_the_start(engine, tmp_path):
    """Not by a filter: no dynamic program loads where close is refused."""
    fault = Fault("close", tmp_path)
    fault.begin(errno.EPERM)
    words = f"engine {engine} does not work here: close: {os.strerror(errno.EPERM)} (EPERM); "
    assert_refuses(server_path(), words, "--engine", engine, "--workers", 1, "0", before=None,
                   env=fault.environment)


@pytest.mark.parametrize("program", ["HELLO_SERVER", "HELLO_LOAD"])
def test_a_program_that_could_never_be_stopped_does_not_start(program):
    words = f": cannot wait for signals: {why('rt_sigtimedwait')}\n"
    assert_refuses(os.environ[program], words, "127.0.0.1:9" if program == "HELLO_LOAD" else "0",
                   before=refusal("rt_sigtimedwait", errno.EPERM))


def test_print_config_says_what_is_refused():
    result = run(server_path(), "--print-config", before=refusal("send", errno.EPERM))
    engines = [line for line in result.stdout.splitlines() if line.startswith("engine.")]
    assert len(engines) == 2
    assert all("=sendto: Operation not permitted; " in line for line in engines), engines


def test_the_start_is_seen_by_no_counter_of_connections(server, engine):
    """The sockets that it tries its calls on are local ones."""
    one = server("--engine", engine, "--workers", 4)
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    assert one.counters["TcpPassiveOpens"] == 1
    assert one.stop() == totals(greeted=1)


@by_load_need
def test_the_generator_starts_only_if_it_can_connect(server, load, engine, call, engines):
    before = refusal(call, errno.EPERM)
    if engine in engines:
        words = f"engine {engine} does not work here: {why(call)}\n"
        assert_refuses(os.environ["HELLO_LOAD"], words, "--engine", engine, "-n", 1, "127.0.0.1:9",
                       before=before)
        return
    one = server()
    result = load("--engine", engine, "-n", 20, "-c", 2, one.target(IPV4), before=before)
    assert (result.ok, result.failures) == (20, {})
    assert one.stop() == totals(greeted=20)
