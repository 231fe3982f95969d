"""A kernel whose monotonic clock steps back, as seen on virtual machines, breaks neither program."""
import os

import pytest

from clients import GREETING, IPV4, connect, crowd, read_exactly, read_to_end
from faults import Fault
from programs import ended, environment, running, totals, wait_until

BEHIND_MS = 300


def test_a_server_goes_on_when_the_clock_steps_back(server, engine, close, tmp_path):
    fault = Fault("clock_gettime", tmp_path)
    one = server("--engine", engine, "--close", close, "--workers", 1, "--linger-timeout", "1h",
                 env=fault.environment)
    holders = [connect(one.address(IPV4)) for _ in range(20)]
    assert [read_exactly(sock, len(GREETING)) for sock in holders] == [GREETING] * 20
    fault.begin(BEHIND_MS)
    assert crowd(one.address(IPV4), 100) == {"greeted": 100}
    fault.end()
    assert crowd(one.address(IPV4), 100) == {"greeted": 100}
    fault.begin(BEHIND_MS)
    assert [read_to_end(sock) for sock in holders] == [b""] * 20
    one.wait_until_idle()
    assert one.stop() == totals(greeted=220)


@pytest.mark.parametrize("pace", [("-c", "50"), ("-r", "2k/s")], ids=["closed", "open"])
def test_a_run_goes_on_when_the_clock_steps_back(server, engine, pace, tmp_path):
    one = server()
    fault = Fault("clock_gettime", tmp_path)
    with running(os.environ["HELLO_LOAD"], "--engine", engine, *pace, "-d", "1s", "-q",
                 "--assert", "errors==0",  # a clock that jumps makes starts late, which is true
                 f"127.0.0.1:{one.port}", env=environment(fault.environment)) as process:
        wait_until(lambda: one.counters["TcpPassiveOpens"] > 0, "the first connections")
        for _ in range(5):
            fault.begin(BEHIND_MS)
            fault.end()
        fault.begin(BEHIND_MS)
        code, report, errors = ended(process)
    assert (code, errors) == (0, ""), errors
    assert " failed=0 " in report, report
