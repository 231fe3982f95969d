"""Open loop: what cannot start in time is measured from when it should have, counted, and reported."""
import time

import pytest

from clients import IPV4
from misbehaving import waits_then_says
from programs import ahead_of_others, stop_for

pytestmark = pytest.mark.timed


def test_starts_that_the_cap_delays_are_measured_from_when_they_should_have_been(peer, report,
                                                                                engine):
    """Ten at a time that take 100 ms each are 100/s. At 200/s the nth of them should start at
    n / 200 and starts at n / 100. After two seconds 200 have started and 200 are given up."""
    one = peer(waits_then_says(0.1), at_once=True, ahead=True)
    run_result = report("-r", "200/s", "-c", 10, "-d", "2s", "-t", 1, "-e", engine, one.target,
                  before=ahead_of_others)
    assert run_result.started + run_result.dropped == pytest.approx(400, abs=1)
    assert run_result.started == pytest.approx(200, abs=20)
    assert (run_result.errors, run_result.ok) == ({}, run_result.started)
    assert run_result.late == pytest.approx(run_result.started - 10, abs=10)
    for timing, more in (("lateness", 0), ("connect", 0), ("total", 0.1)):
        assert run_result.time(timing, "50") == pytest.approx(0.5 + more, abs=0.1), timing
        assert run_result.time(timing, "max") == pytest.approx(1 + more, abs=0.15), timing
    assert run_result.time("greeting", "50") == pytest.approx(0.1, abs=0.03)


def test_with_a_count_none_is_given_up(peer, report, engine):
    one = peer(waits_then_says(0.05), at_once=True, ahead=True)
    run_result = report("-r", "400/s", "-c", 10, "-n", 300, "-t", 1, "-e", engine, one.target,
                  before=ahead_of_others)
    assert (run_result.started, run_result.dropped, run_result.ok) == (300, 0, 300)
    assert run_result.time("lateness", "max") == pytest.approx(300 / 200 - 300 / 400, abs=0.25)


def test_a_generator_that_stood_still_catches_up_and_says_so(server, start, engine):
    """It is stopped for 0.5 s of 2.5 s: what should have started then is late by up to that."""
    one = server(before=ahead_of_others)
    run = start("-r", "400/s", "-d", "2500ms", "-t", 1, "-e", engine, one.target(IPV4),
                before=ahead_of_others)
    time.sleep(1.3)  # well away from the end of a second, when it looks at other things than clocks
    stop_s = stop_for(run.process, 0.5)
    run_result = run.report()
    assert run_result.started + run_result.dropped == pytest.approx(1000, abs=1)
    assert (run_result.dropped, run_result.ok) == (0, run_result.started)
    assert run_result.late == pytest.approx(400 * stop_s, abs=0.1 * 400)
    # A fifth of the starts fell into the stop, and waited from all of it down to nothing.
    assert run_result.time("lateness", "90") == pytest.approx(stop_s / 2, abs=0.05)
    assert run_result.time("lateness", "max") == pytest.approx(stop_s, rel=0.05)
    assert run_result.time("connect", "max") == pytest.approx(stop_s, rel=0.05)
    assert "starts_late" in run_result.verdicts
    assert run_result.stalled(0.9 * stop_s), run_result.stalls


def test_a_generator_in_time_says_nothing(server, report, engine):
    one = server(before=ahead_of_others)
    run_result = report("-r", "200/s", "-d", "2s", "-t", 1, "-e", engine, one.target(IPV4),
                before=ahead_of_others)
    assert run_result.time("lateness", "50") < 0.001
    if run_result.time("lateness", "99") < 0.001 and run_result.stalls["count"] == 0:
        assert set(run_result.verdicts) - {"cpus_full", "steal"} <= {"generator_fine"}, run_result.verdicts
        assert not {"starts_late", "starts_dropped", "generator_busy"} & set(run_result.verdicts)
