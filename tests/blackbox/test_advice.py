"""What is said when the start fails: the limit that is exhausted, with its value, or who refuses."""
import errno
import os
import re
import shutil
import tempfile

import pytest

from clients import GREETING, IPV4, visit
from kernel import io_uring_error, refusal
from programs import SANITIZED, limits, one_after_the_other, run, server_path, totals, unprivileged

needs_plain_memory = pytest.mark.skipif(
    bool(SANITIZED), reason="a sanitizer needs memory and threads of its own")


def failure(*options, before=None):
    """The one line of a hello-server that cannot start."""
    result = run(server_path(), *options, "0", before=before)
    assert (result.returncode, result.stdout) == (1, ""), result
    assert re.fullmatch(r"hello-server: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


@pytest.fixture
def anybodys_server(monkeypatch):
    """Everybody may run the program, wherever it was built."""
    directory = tempfile.mkdtemp(dir="/tmp")
    os.chmod(directory, 0o755)
    monkeypatch.setenv("HELLO_SERVER", shutil.copy(server_path(), directory))
    yield
    shutil.rmtree(directory)


# Limits, as somebody without privileges meets them


@needs_plain_memory
def test_a_ring_beyond_the_limit_of_locked_memory_names_that_limit(anybodys_server):
    if io_uring_error():
        pytest.skip(f"no io_uring here: {io_uring_error()}")
    before = one_after_the_other(unprivileged, limits(MEMLOCK=64 << 10))
    result = run(server_path(), "--engine", "uring", "--print-config", before=before)
    assert result.returncode == 0, result
    engine = next(line for line in result.stdout.splitlines() if line.startswith("engine.uring="))
    if "works" in engine:
        pytest.skip("this kernel does not count rings as locked memory (Linux 5.12 to 6.13)")
    line = failure("--engine", "uring", "--workers", "1", before=before)
    for text in (engine, line):
        assert "ulimit -l (LimitMEMLOCK=), which is 64 KiB" in text
        assert "ulimit -v" not in text and "MemoryMax" not in text


def test_without_locked_memory_auto_serves_all_the_same(server, anybodys_server):
    one = server(before=one_after_the_other(unprivileged, limits(MEMLOCK=0)))
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    assert one.stop(warnings=None) == totals(greeted=1)
    # Where nobody may filter sockets, the stop says so.
    for line in (line for line in one.stderr() if "SO_ATTACH_FILTER" not in line):
        assert "ulimit -l (LimitMEMLOCK=), which is 0 KiB" in line and "using epoll" in line


@needs_plain_memory
def test_threads_beyond_the_users_limit_name_that_limit(engine, anybodys_server):
    line = failure("--engine", engine, "--workers", "2",
                   before=one_after_the_other(unprivileged, limits(NPROC=1)))
    assert "pthread_create" in line and "ulimit -u (LimitNPROC=), which is 1" in line


@needs_plain_memory
@pytest.mark.parametrize("before", [None, unprivileged], ids=["root", "nobody"])
def test_too_little_address_space_names_that_limit(engine, before, anybodys_server):
    line = failure("--engine", engine, "--workers", "9",
                   before=one_after_the_other(before, limits(AS=20 << 20)))
    assert "ulimit -v (LimitAS=), which is 20480 KiB" in line
    assert "ulimit -l" not in line


@pytest.fixture
def pids_cgroup():
    """A preexec_fn: be in a cgroup that may have two tasks."""
    for hierarchy in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        directory = f"{hierarchy}/hello-test-{os.getpid()}"
        try:
            os.mkdir(directory)
        except OSError:
            continue
        try:
            with open(f"{directory}/pids.max", "w", encoding="ascii") as limit:
                limit.write("2")
        except OSError:
            os.rmdir(directory)
            continue
        break
    else:
        pytest.skip("no cgroup with the controller pids can be made here")

    def enter():
        with open(f"{directory}/cgroup.procs", "w", encoding="ascii") as tasks:
            tasks.write(str(os.getpid()))

    yield enter
    os.rmdir(directory)


@needs_plain_memory
def test_threads_beyond_the_cgroups_limit_name_that_limit(engine, pids_cgroup):
    line = failure("--engine", engine, "--workers", "4", before=pids_cgroup)
    assert "pthread_create" in line and "pids.max of the cgroup" in line
    assert "which is 2" in line and "ulimit" not in line


# Refusals, as a sandbox makes them


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES, errno.ENOSYS], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["eventfd", "epoll_create1", "epoll_ctl"])
def test_a_call_that_a_sandbox_refuses_is_named_and_no_limit_is(call, error):
    line = failure("--engine", "epoll", before=refusal(call, error))
    assert f"{call}: {os.strerror(error)} ({errno.errorcode[error]})" in line
    assert f"seccomp filter is in force): allow {call}" in line
    assert "raise" not in line


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES], ids=errno.errorcode.get)
def test_threads_that_a_sandbox_refuses_are_not_answered_with_limits(engine, error):
    """ENOSYS is no refusal: the C library has an older call then."""
    line = failure("--engine", engine, before=refusal("clone3", error))
    assert "pthread_create" in line and "allow clone3" in line and "raise" not in line


def test_an_old_sandbox_without_clone3_is_served_by_clone(server, engine):
    one = server("--engine", engine, before=refusal("clone3", errno.ENOSYS))
    assert visit(one.address(IPV4)) == GREETING
    one.wait_until_idle()
    assert one.stop() == totals(greeted=1)
