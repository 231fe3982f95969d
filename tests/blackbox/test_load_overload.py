"""Open loop, far more starts than can be made: they are given up, and nothing else suffers from it."""
import signal
import time

import pytest

from clients import IPV4
from programs import DEADLINE_S

RATE = 10_000_000  # the highest that may be asked for


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_connections_start_in_each_second_however_many_are_given_up(server, report, engine, arrivals):
    target = server("-w", 1).target(IPV4)
    told = report("-r", RATE, "-d", "4s", "--timeout", "1s", "--arrivals", arrivals, "-e", engine,
                  "-c", 1000, "--assert", "errors<100%", *[target] * 64)
    seconds = [one["all"] for one in told.json["series"]["intervals"] if one["start_ns"] < 4e9]
    assert len(seconds) >= 4
    assert all(second["started"] > 0 for second in seconds), seconds
    assert told.started + told.dropped == pytest.approx(4 * RATE, rel=0.001)


def test_what_is_given_up_is_shared_out_by_weight(server, report):
    target = server("-w", 1).target(IPV4)
    told = report("-r", RATE, "-d", "1500ms", "--timeout", "300ms", "--assert", "errors<100%",
                  *(f"{target}={weight}" for weight in (1, 1000, 7)))
    intended = [lane["started"] + lane["dropped"] for lane in told.lanes]
    assert [one / sum(intended) for one in intended] == pytest.approx(
        [1 / 1008, 1000 / 1008, 7 / 1008], rel=1e-4)


def test_a_count_is_exact_whatever_is_given_up(server, report):
    target = server("-w", 1).target(IPV4)
    told = report("-r", RATE, "-n", 3_000_003, "-t", 2, "--timeout", "20ms", "--assert", "errors<100%", target)
    assert told.started + told.dropped == 3_000_003
    assert told.dropped > 0


def test_a_signal_ends_it_as_ever(server, start):
    target = server("-w", 1).target(IPV4)
    run = start("-r", RATE, "-d", "1h", "--timeout", "100ms", "--assert", "errors<100%", *[target] * 64)
    time.sleep(1)  # so that there is a second of it to be told
    run.process.send_signal(signal.SIGINT)
    told = run.report(within=DEADLINE_S)
    assert told.json["run"]["cut_short"] and told.started > 0 and told.dropped > 0
