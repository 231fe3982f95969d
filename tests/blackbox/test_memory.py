"""Too little memory: a start that cannot be is refused in one line, a start that was is safe."""
import os
import re
import resource

import pytest

from clients import GREETING, IPV4, connect, crowd, read_to_end, visit
from kernel import address_space_bytes
from programs import SANITIZED, Server, limits, run, server_path, totals

pytestmark = pytest.mark.skipif(bool(SANITIZED), reason="a sanitizer needs memory of its own")

FAULTS_MAX = 300
FUNCTIONS = (
    "malloc calloc realloc aligned_alloc mmap eventfd epoll_create1 epoll_ctl socket listen"
    " pthread_create"
).split()
ALWAYS_CALLED = {"eventfd", "socket", "listen", "pthread_create"}  # whatever the engine


def start_and_stop(*args, **options):
    """True if the server started and served; False if it refused to, as it should."""
    options.setdefault("env", {})
    try:
        one = Server(*args, **options)
    except AssertionError as failure:
        text = str(failure)
        assert "ended with 1 " in text, text
        assert len(re.findall(r"hello-server: ", text)) == 1, text
        return False
    try:
        assert visit(one.address(IPV4)) == GREETING
        one.wait_until_idle()
        # Where waiting for the client's end failed, this is not "greeted", though the client was.
        assert one.stop(warnings=None) in (totals(greeted=1), totals(failed=1))
    finally:
        one.kill()
    return True


def test_too_little_address_space_at_start_is_refused(engine):
    """From what does not suffice to what does. Below the first, not even the C library loads."""
    loads_mib = next(
        mib for mib in range(1, 64)
        if run(server_path(), "--version", before=limits(AS=mib << 20)).returncode == 0
    )
    started = []
    for mib in (loads_mib + extra for extra in (0, 1, 2, 4, 8, 16, 32, 64, 128, 512)):
        options = ("--engine", engine, "--workers", 2, "--max-connections", "10k")
        started.append(start_and_stop(*options, before=limits(AS=mib << 20)))
    assert not started[0] and started[-1]
    assert started == sorted(started), "less memory sufficed where more did not"


def test_address_space_that_is_capped_later_does_not_matter(server, engine, family, close):
    """All memory is had at start, and none is asked for while it serves."""
    one = server("--engine", engine, "--close", close, "--workers", 2)
    cap = address_space_bytes(one.pid)
    resource.prlimit(one.pid, resource.RLIMIT_AS, (cap, cap))
    assert crowd(one.address(family), 3000, in_flight=1000) == {"greeted": 3000}
    holders = [connect(one.address(family)) for _ in range(1000)]
    assert [read_to_end(sock) for sock in holders] == [GREETING] * 1000
    one.wait_until_idle()
    assert one.stop() == totals(greeted=4000)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_call_at_start_may_fail(shim, engine, function, tmp_path):
    """The first fails, then only the second, and so on until the start makes no more of them."""
    greeting = tmp_path / "greeting"
    greeting.write_bytes(GREETING)
    for call in range(FAULTS_MAX):
        report_read, report_write = os.pipe()
        os.set_blocking(report_read, False)
        try:
            fault = {"LD_PRELOAD": shim, "FAULT_FUNCTION": function, "FAULT_CALL": str(call),
                     "FAULT_REPORT": str(report_write)}
            started = start_and_stop(
                "--engine", engine, "--workers", 2, "--max-connections", 100, "--admin", "127.0.0.1:0",
                "--greeting-file", greeting, env=fault, keep=(report_write,),
            )
            os.close(report_write)
            reached = os.read(report_read, 1) == b"!"
        finally:
            os.close(report_read)
        if not reached:
            assert started
            assert call > 0 or function not in ALWAYS_CALLED, "the fault was never asked for"
            return
    pytest.fail(f"more than {FAULTS_MAX} calls of {function}")
