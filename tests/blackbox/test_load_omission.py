"""A server that stands still for a second: those who should have come meanwhile are not forgotten.

Of an open loop of `length` seconds, the starts of S seconds find the server stopped. They wait from
S down to nothing, evenly: so the share of all that waits longer than x is (S - x) / length, and the
percentile p is S - (1 - p) * length."""
import time

import pytest

from clients import IPV4
from programs import ahead_of_others, last_cpu, one_after_the_other, stop_for
from reports import histograms

pytestmark = pytest.mark.timed

RATE, LENGTH_S = 200, 10


def test_an_open_loop_tells_what_each_that_should_have_come_would_have_waited(server, start, engine,
                                                                             tmp_path):
    one = server("--engine", engine, before=one_after_the_other(last_cpu, ahead_of_others))
    log = tmp_path / "log"
    run = start("-r", f"{RATE}/s", "-d", f"{LENGTH_S}s", "-t", 1, "-e", engine, "--hlog", log,
                one.target(IPV4), before=ahead_of_others)
    time.sleep(LENGTH_S / 2)
    stop_s = stop_for(one.process, 1)
    told = run.report()
    assert (told.code, told.dropped) == (0, 0)
    assert told.started == told.ok == pytest.approx(RATE * LENGTH_S, abs=1)

    total = histograms(log)["total"]
    assert total.count == told.ok
    for percentile in (95, 96, 97, 98, 99, 99.5):
        expected = stop_s - (1 - percentile / 100) * LENGTH_S
        assert total.percentile(percentile) == pytest.approx(expected, rel=0.02), percentile
    for percentile in ("95", "99"):
        assert told.time("total", percentile) == pytest.approx(
            stop_s - (1 - float(percentile) / 100) * LENGTH_S, rel=0.02)
    assert told.time("total", "max") == pytest.approx(stop_s, rel=0.02)
    # The kernel went on to complete handshakes, so that it was the greeting that was waited for.
    assert told.time("greeting", "max") == pytest.approx(stop_s, rel=0.02)
    assert told.time("connect", "99") < 0.1
    assert told.time("total", "50") < 0.1


def test_a_closed_loop_hides_it(server, start, engine):
    """Here ten connections wait a second, and nobody else comes: for contrast."""
    one = server("--engine", engine)
    run = start("-c", 10, "-d", "4s", "-t", 1, "-e", engine, one.target(IPV4))
    time.sleep(2)
    stop_s = stop_for(one.process, 1)
    told = run.report()
    assert (told.code, told.errors) == (0, {})
    assert told.time("total", "99") < 0.2
    assert 0.9 * stop_s < told.time("total", "max") < 1.5 * stop_s
