"""A server that stands still for a second: those who should have come meanwhile are not forgotten.

Of an open loop of LENGTH_S seconds, the starts of STOP_S seconds find the server stopped. They wait
from STOP_S down to nothing, evenly: so the percentile p is the wait of who came (1 - p) * LENGTH_S
after the stop began, STOP_S - (1 - p) * LENGTH_S. A slow machine is slow to go on, and takes its time
with those who wait. Two witnesses, one from each end of the stop, see how slow: that is added."""
import os
import time

import pytest

from clients import IPV4, connect, read_to_end
from programs import (ahead_of_all, ahead_of_others, last_cpu, one_after_the_other, stop_for,
                      stopped)
from reports import histograms

pytestmark = pytest.mark.timed

RATE, LENGTH_S, STOP_S = 200, 10, 1


def stop_with_witnesses(server):
    """Stop the server for STOP_S. Returns what a client waits that came so many seconds after."""
    address = server.address(IPV4)
    with ahead_of_all():
        with stopped(server.process):
            began = time.monotonic()
            first = connect(address)
            time.sleep(began + STOP_S - time.monotonic())
            last = connect(address)
        read_to_end(first)
        first_s = time.monotonic() - began
        read_to_end(last)
        last_s = time.monotonic() - began
    return lambda after_s: first_s + (last_s - first_s) * after_s / STOP_S - after_s


def test_an_open_loop_counts_the_wait_of_each_that_should_have_come(server, start, engine,
                                                                             tmp_path):
    one = server("--engine", engine, before=one_after_the_other(last_cpu, ahead_of_others))
    log = tmp_path / "log"
    run = start("-r", f"{RATE}/s", "-d", f"{LENGTH_S}s", "-t", 1, "-e", engine, "--hlog", log,
                "--cpus", min(os.sched_getaffinity(0)), one.target(IPV4), before=ahead_of_others)
    time.sleep(LENGTH_S / 2)
    wait_of = stop_with_witnesses(one)
    measured = run.report()
    assert (measured.code, measured.dropped) == (0, 0)
    assert measured.started == measured.ok == pytest.approx(RATE * LENGTH_S, abs=1)

    def expected(percentile):
        return pytest.approx(wait_of((1 - percentile / 100) * LENGTH_S), rel=0.02)

    assert wait_of(STOP_S / 2) == pytest.approx(STOP_S / 2, rel=0.2)
    total = histograms(log)["total"]
    assert total.count == measured.ok
    for percentile in (95, 96, 97, 98, 99, 99.5):
        assert total.percentile(percentile) == expected(percentile), percentile
    for percentile in (95, 99):
        assert measured.time("total", str(percentile)) == expected(percentile)
    assert measured.time("total", "max") == expected(100)
    # The kernel went on to complete handshakes, so that it was the greeting that was waited for.
    assert measured.time("greeting", "max") == expected(100)
    assert measured.time("connect", "99") < 0.1
    assert measured.time("total", "50") < 0.1


def test_a_closed_loop_hides_it(server, start, engine):
    """Here ten connections wait a second, and nobody else comes: for contrast."""
    one = server("--engine", engine)
    run = start("-c", 10, "-d", "4s", "-t", 1, "-e", engine, one.target(IPV4))
    time.sleep(2)
    stop_s = stop_for(one.process, STOP_S)
    measured = run.report()
    assert (measured.code, measured.errors) == (0, {})
    assert measured.time("total", "99") < 0.2
    assert 0.9 * stop_s < measured.time("total", "max") < 1.5 * stop_s
