"""One connection from SYN to EOF, on epoll."""
import os

import pytest

import connections
import micro

# server: accept, send, (linger: half-close; swift: close), and waiting for each connection; those that
# linger are read to EOF and closed a little later, so that a few more or less of these are counted.
# client: socket, connect, read, close, and waiting.
LEAST = {
    "linger": {"server": 4, "client": 5},
    "swift": {"server": 4, "client": 5},
}


@pytest.fixture(scope="module", name="run")
def fixture_run():
    return connections.run_all("epoll")


def test_each_combination_ends_well(run):
    connections.expect_every_combination(run, "epoll")


def test_both_sides_are_measured_separately(run):
    connections.expect_counters(run)


def test_system_calls_are_counted(run):
    connections.expect_system_calls(run, LEAST)


# The first connection fails. Later calls may be others: the server asks the kernel things when it stops. Calls
# before it are those that the engines of both sides try at their start (src/engine/self_test.c).
@pytest.mark.parametrize("function, call, said", [
    ("socket", 1 + 2 + 1, "connect: "),  # of the client; the first is the listener
    ("send", 3 + 1, "greeting: "),  # of the server: the greeting is lost
])
@pytest.mark.parametrize("close", ["linger", "swift"])
def test_a_connection_that_fails_fails_the_benchmark(function, call, said, close):
    if "HELLO_FAULT" not in os.environ:
        pytest.skip("HELLO_FAULT does not name the library that makes calls fail")
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    run = micro.Run(
        micro.program("BENCH_CONNECTION"), f"--benchmark_filter=epoll/close:{close}/family:ipv4/bytes:6/",
        close_fds=False, LD_PRELOAD=os.environ["HELLO_FAULT"], FAULT_FUNCTION=function,
        FAULT_CALL=str(call), FAULT_REPORT=str(writer))
    os.close(writer)
    assert os.read(reader, 1) == b"!"
    assert run.code == 1
    assert any("failed: 1 of " in error and said in error for error in run.errors if error), run.printed
