"""Which engine is taken, and what happens where io_uring is refused."""
import errno
import os
import re

import pytest

from clients import FAMILIES, crowd
from kernel import io_uring_error, refusal
from programs import one_after_the_other, run, server_path, totals

REFUSALS = [
    ("io_uring_setup", errno.EPERM),  # Docker, containerd
    ("io_uring_setup", errno.ENOSYS),  # Podman, gVisor, old kernels
    ("io_uring_setup", errno.EINVAL),  # kernels that lack a flag
    ("io_uring_setup", errno.ENOMEM),  # a low RLIMIT_MEMLOCK on kernels before 5.12
    ("io_uring_enter", errno.EPERM),
    ("io_uring_enter", errno.ENOSYS),
    ("io_uring_register", errno.EPERM),
    ("io_uring_register", errno.ENOSYS),
]
by_refusal = pytest.mark.parametrize(
    "syscall, error", REFUSALS, ids=[f"{s}-{errno.errorcode[e]}" for s, e in REFUSALS]
)


def names(line, error):
    return errno.errorcode[error] in line or os.strerror(error) in line


def test_auto_takes_io_uring_where_it_works(server):
    if io_uring_error():
        pytest.skip(f"no io_uring here: {io_uring_error()}")
    one = server()
    assert one.engine == "uring"
    assert one.stop() == totals()


@by_refusal
def test_auto_takes_epoll_where_io_uring_is_refused_and_says_why(server, syscall, error):
    one = server("--engine", "auto", before=refusal(syscall, error))
    for family in FAMILIES:
        assert crowd(one.address(family), 500) == {"greeted": 500}
    one.wait_until_idle()
    if one.engine == "uring":
        assert syscall == "io_uring_register", "this call cannot be done without"
        assert one.stop() == totals(greeted=1000)
        return
    assert one.stop(warnings=1) == totals(greeted=1000)
    line = one.stderr()[0]
    assert line.startswith("hello-server: engine uring does not work here: "), line
    assert names(line, error) and line.endswith("; using epoll"), line


@by_refusal
def test_uring_where_it_is_refused_ends_with_the_same_advice(server, syscall, error):
    refuse = refusal(syscall, error)
    auto = server("--engine", "auto", before=refuse)
    if auto.engine == "uring":
        assert syscall == "io_uring_register", "this call cannot be done without"
        return
    result = run(server_path(), "--engine", "uring", "0", before=refuse)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"hello-server: [^\n]+\n", result.stderr), result.stderr
    assert names(result.stderr, error)
    assert auto.stderr()[0].removesuffix("; using epoll") == result.stderr.rstrip()


def test_if_no_engine_works_one_line_says_what_each_of_them_lacks():
    before = one_after_the_other(refusal("io_uring_setup", errno.EPERM),
                                 refusal("epoll_create1", errno.EPERM))
    result = run(server_path(), "--engine", "auto", "0", before=before)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        r"hello-server: engine uring does not work here: io_uring_setup: [^\n]+; "
        r"engine epoll does not work here: epoll_create1: [^\n]+ in its profile\n", result.stderr), (
            result.stderr)


def test_epoll_does_not_need_io_uring(server):
    one = server("--engine", "epoll", before=refusal("io_uring_setup", errno.EPERM))
    for family in FAMILIES:
        assert crowd(one.address(family), 500) == {"greeted": 500}
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1000)


def test_hello_load_falls_back_as_well(server, load):
    one = server("--engine", "epoll")
    refuse = refusal("io_uring_setup", errno.EPERM)
    result = load("-n", 1000, one.target(FAMILIES[0]), before=refuse)
    assert (result.ok, result.failures) == (1000, {})
    assert one.stop() == totals(greeted=1000)
