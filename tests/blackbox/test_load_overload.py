"""Open loop, far more starts than can be made: they are given up, and nothing else suffers from it."""
import signal
import time

import pytest

from clients import IPV4
from misbehaving import waits_then_says
from programs import DEADLINE_S, ahead_of_others

RATE = 10_000_000  # the highest that may be asked for
ANY_ERRORS = ("--assert", "errors<100%", "--assert", "dropped>0")


def holds(measured):
    return {one["text"]: one["holds"] for one in measured.json["assertions"]}


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_connections_start_in_each_second_however_many_are_given_up(server, report, engine, arrivals):
    target = server("-w", 1).target(IPV4)
    measured = report("-r", RATE, "-d", "4s", "--timeout", "1s", "--arrivals", arrivals, "-e", engine,
                  "-c", 1000, *ANY_ERRORS, *[target] * 64)
    seconds = [one["all"] for one in measured.json["series"]["intervals"] if one["start_ns"] < 4e9]
    assert len(seconds) >= 2  # a machine that is busy with others may report longer ones
    assert all(second["started"] > 0 for second in seconds), seconds
    assert measured.started + measured.dropped == pytest.approx(4 * RATE, rel=0.001)


def test_what_is_given_up_is_shared_out_by_weight(server, report):
    target = server("-w", 1).target(IPV4)
    measured = report("-r", RATE, "-d", "1500ms", "--timeout", "300ms", *ANY_ERRORS,
                  *(f"{target}={weight}" for weight in (1, 1000, 7)))
    intended = [target["started"] + target["dropped"] for target in measured.targets]
    assert [one / sum(intended) for one in intended] == pytest.approx(
        [1 / 1008, 1000 / 1008, 7 / 1008], rel=1e-4)


def test_a_count_is_exact_whatever_is_given_up(server, report):
    target = server("-w", 1).target(IPV4)
    measured = report("-r", RATE, "-n", 3_000_003, "-t", 2, "--timeout", "20ms", *ANY_ERRORS, target)
    assert measured.started + measured.dropped == 3_000_003
    assert measured.dropped > 0


def test_a_signal_ends_it_as_ever(server, start):
    target = server("-w", 1).target(IPV4)
    run = start("-r", RATE, "-d", "1h", "--timeout", "100ms", *ANY_ERRORS, *[target] * 64)
    time.sleep(1)  # so that there is a second of it to report
    run.process.send_signal(signal.SIGINT)
    measured = run.report(within=DEADLINE_S)
    assert measured.json["run"]["cut_short"] and measured.started > 0 and measured.dropped > 0


def test_a_rate_that_was_missed_is_no_success(peer, report):
    """One connection at a time, of 50 ms each: 20 per second, where 400 are asked for."""
    slow = peer(waits_then_says(0.05), ahead=True)
    asked = ("-r", "400/s", "-c", 1, "-d", "2s", "--timeout", "500ms", slow.target)
    measured = report(*asked, before=ahead_of_others)
    assert measured.code == 3 and measured.dropped > measured.started > 0
    assert holds(measured) == {"errors==0": True, "ok>0": True, "dropped==0": False, "lateness.p99<100ms": False}
    for own in ("dropped<100%", "late<=100%", "rate>1", "lateness.p99<1h"):
        measured = report("--assert", own, *asked, before=ahead_of_others)
        assert measured.code == 0 and set(holds(measured)) == {own, "errors==0", "ok>0"}


def test_starts_that_are_much_too_late_are_no_success_though_none_is_dropped(peer, report):
    measured = report("-r", "400/s", "-c", 1, "-n", 40, peer(waits_then_says(0.02)).target)
    assert measured.dropped == 0 and measured.started == 40
    assert measured.code == 3 and not holds(measured)["lateness.p99<100ms"] and holds(measured)["dropped==0"]


def test_a_closed_loop_asks_for_no_rate_that_could_be_missed(peer, report):
    measured = report("-c", 1, "-n", 3, peer(waits_then_says(0.02)).target)
    assert measured.code == 0 and set(holds(measured)) == {"errors==0", "ok>0"}


def test_a_signal_drops_nothing_that_was_on_time(server, start):
    run = start("-r", "2k/s", "-d", "1h", server(before=ahead_of_others).target(IPV4), before=ahead_of_others)
    time.sleep(1)
    run.process.send_signal(signal.SIGINT)
    assert run.report().dropped == 0
