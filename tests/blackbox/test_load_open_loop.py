"""Open loop: connections start when they should, and as many as should."""
import itertools
import statistics

import pytest

from clients import GREETING, IPV4
from misbehaving import says, waits_then_says
from programs import ahead_of_others

pytestmark = pytest.mark.timed

RATE = 500


def gaps(times):
    return [later - earlier for earlier, later in itertools.pairwise(times)]


# How many


@pytest.mark.parametrize(
    "rate, duration, expected",
    [("333/s", "3s", 999), ("1k/s", "2500ms", 2500), ("6000/m", "2s", 200), ("500", "1s", 500),
     ("7200/h", "2s", 4)],
)
def test_as_many_start_as_the_rate_says(server, report, engine, rate, duration, expected):
    one = server(before=ahead_of_others)
    measured = report("-r", rate, "-d", duration, "-e", engine, one.target(IPV4),
                      before=ahead_of_others)
    assert measured.started + measured.dropped == pytest.approx(expected, abs=1)
    assert (measured.dropped, measured.ok) == (0, measured.started)
    assert measured.connections_per_s == pytest.approx(expected / float(measured.json["run"]["window_s"]),
                                                   rel=0.02, abs=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_with_a_rate_is_exact_and_takes_its_time(server, report, engine, threads):
    one = server()
    measured = report("-r", "500/s", "-n", 777, "-t", threads, "-e", engine, one.target(IPV4))
    assert (measured.started, measured.ok, measured.dropped) == (777, 777, 0)
    assert measured.json["run"]["elapsed_s"] == pytest.approx(776 / 500, abs=0.3)


def test_threads_share_the_rate(server, report, engine):
    one = server()
    measured = report("-r", "1001/s", "-d", "2s", "-t", 2, "-e", engine, one.target(IPV4))
    assert measured.started == pytest.approx(2002, abs=1)


# When


def test_constant_arrivals_come_in_even_steps(peer, report, engine):
    one = peer(says(GREETING), ahead=True)
    measured = report("-r", "200/s", "-d", "3s", "-t", 1, "-e", engine, one.target,
                  before=ahead_of_others)
    assert measured.started == pytest.approx(600, abs=1)
    between = gaps(one.accepted_at)
    assert statistics.mean(between) == pytest.approx(0.005, rel=0.02)
    assert statistics.quantiles(between, n=10)[1] > 0.004  # most of them, whatever else runs here
    assert statistics.quantiles(between, n=10)[7] < 0.006


def test_poisson_arrivals_come_as_if_nobody_knew_of_the_others(peer, report, engine):
    """Gaps are exponential: their deviation is their mean, and 1/e of them are longer than it."""
    one = peer(says(GREETING), ahead=True)
    measured = report("-r", "400/s", "-d", "5s", "--arrivals", "poisson", "-t", 1, "-e", engine,
                  one.target, before=ahead_of_others)
    assert measured.started == pytest.approx(2000, abs=6 * 2000 ** 0.5)
    between = gaps(one.accepted_at)
    mean = statistics.mean(between)
    assert mean == pytest.approx(5 / measured.started, rel=0.05)
    assert statistics.pstdev(between) == pytest.approx(mean, rel=0.2)
    longer = sum(gap > mean for gap in between) / len(between)
    assert longer == pytest.approx(0.368, abs=0.06)
    shortest = sum(gap < mean / 4 for gap in between) / len(between)
    assert shortest == pytest.approx(0.221, abs=0.06)


def test_a_ramp_rises_evenly(peer, report, engine):
    """Over 2 s to 500/s: t seconds after the start there were 500 / 2 * t^2 / 2 arrivals."""
    one = peer(says(GREETING), ahead=True)
    measured = report("-r", "500/s", "-d", "3s", "--ramp", "2s", "-e", engine, one.target,
                  before=ahead_of_others)
    assert measured.started + measured.dropped == pytest.approx(1000, abs=2)
    began = one.accepted_at[0]
    for seconds, expected in ((0.5, 31), (1, 125), (1.5, 281), (2, 500), (2.5, 750)):
        seen = sum(at < began + seconds for at in one.accepted_at)
        assert seen == pytest.approx(expected, abs=20 + 0.05 * expected), seconds


def test_a_ramp_of_a_closed_loop_raises_what_is_in_flight(peer, report, engine):
    one = peer(waits_then_says(0.05), at_once=True, ahead=True)
    measured = report("-c", 40, "-d", "2s", "--ramp", "2s", "-e", engine, one.target,
                  before=ahead_of_others)
    assert (measured.code, measured.errors) == (0, {})
    began = one.accepted_at[0]
    halves = [sum(low <= at - began < low + 1 for at in one.accepted_at) for low in (0, 1)]
    assert halves[0] / halves[1] == pytest.approx(1 / 3, abs=0.12)
