"""How a run ends and what is counted of it: nothing is lost at its edges, and nothing said that is not so."""
import signal
import time

import pytest

from clients import GREETING, IPV4
from misbehaving import waits_then_says
from programs import wait_until

pytestmark = pytest.mark.timed

TOTALS = ("started", "ok", "failed", "late", "dropped")


def check_series(measured):
    """The series adds up to the totals."""
    for name in TOTALS:
        assert sum(point["all"][name] for point in measured.json["series"]["intervals"]) == measured.all[name], name


def silent(peer):
    one = peer(lambda connection: one.hold(connection))
    return one


@pytest.mark.parametrize("loop", [("-c", 10), ("-r", "200/s", "-c", 10)], ids=["closed", "open"])
def test_what_is_open_at_a_signal_is_counted_as_abandoned(peer, start, engine, loop):
    one = silent(peer)
    run = start(*loop, "-d", "1h", "--timeout", "1h", "-e", engine, one.target)
    wait_until(lambda: len(one.held) == 10, "10 connections")
    time.sleep(1.5)  # beyond the end of an interval, so that the series has them already
    run.process.send_signal(signal.SIGINT)
    measured = run.report()
    assert (measured.started, measured.ok, measured.failed, measured.all["abandoned"]) == (10, 0, 0, 10)
    assert measured.json["run"]["cut_short"] and measured.code == 3  # nothing ended well
    assert measured.json["series"]["intervals"][-1]["in_flight"] == 0
    check_series(measured)
    if "-r" in loop:  # what the full cap kept from starting is not left out
        assert measured.started + measured.dropped == pytest.approx(200 * measured.json["run"]["window_s"], abs=2)
    else:
        assert measured.dropped == 0


def test_a_run_in_which_all_starts_were_dropped_does_not_pass(peer, report, engine):
    one = silent(peer)
    measured = report("-r", "500/s", "-c", 1, "--warmup", "300ms", "-d", "500ms", "--timeout", "1s",
                  "-e", engine, one.target)
    assert (measured.started, measured.dropped, measured.code) == (0, 250, 3)
    assert {one["text"]: one["holds"] for one in measured.json["assertions"]} == {
        "errors==0": True, "ok>0": False, "dropped==0": False, "lateness.p99<100ms": False}


def test_a_signal_in_the_warm_up_measures_nothing_and_blames_nobody(peer, start, engine):
    one = peer(waits_then_says(0.01), at_once=True)
    run = start("-c", 3, "--warmup", "1h", "-d", "1s", "-e", engine, one.target)
    wait_until(lambda: len(one.accepted_at) > 10, "some connections")
    time.sleep(1.2)
    run.process.send_signal(signal.SIGINT)
    measured = run.report()
    assert (measured.started, measured.ok, measured.failed, measured.json["run"]["window_s"]) == (0, 0, 0, 0)
    assert measured.warmup == pytest.approx(len(one.accepted_at), abs=3)
    assert set(measured.verdicts) <= {"cut_short", "too_short"}, measured.verdicts
    assert all(thread["busy_share"] == 0 for thread in measured.json["threads"])


def test_the_rate_is_what_ended_in_the_measured_time_whenever_it_started(peer, report, engine):
    """At 40/s, each takes 0.5 s: after the warm-up, 40 end in each second."""
    one = peer(waits_then_says(0.5), at_once=True, ahead=True)
    measured = report("-r", "40/s", "--warmup", "1s", "-d", "2s", "-e", engine, one.target)
    assert (measured.started, measured.ok, measured.errors) == (80, 80, {})
    assert measured.connections_per_s == pytest.approx(40, abs=4)


def test_waiting_for_the_last_to_end_costs_next_to_nothing(peer, report, engine):
    one = silent(peer)
    measured = report("-c", 5, "-d", "200ms", "--timeout", "3s", "-e", engine, one.target)
    assert measured.failed == 5
    after = [one for one in measured.json["series"]["intervals"] if one["start_ns"] > 0.9e9]
    seconds = sum(one["length_ns"] for one in after) / 1e9
    assert seconds > 1
    assert sum(one["usage"]["process_ns"] for one in after) / 1e9 < 0.2 * seconds


def test_each_target_is_connected_to_from_each_source(peer, report, engine):
    seen = {}

    def remembers(connection):
        seen.setdefault(connection.getsockname()[1], set()).add(connection.getpeername()[0])
        connection.sendall(GREETING)

    peers = [peer(remembers), peer(remembers)]
    measured = report("-c", 4, "-n", 40, "-t", 1, "--source", "127.0.0.2,127.0.0.3", "-e", engine,
                  *(one.target for one in peers))
    assert measured.ok == 40
    assert seen == {one.port: {"127.0.0.2", "127.0.0.3"} for one in peers}


def test_threads_do_not_all_begin_with_the_first_target(server, report, engine):
    ones = [server(), server()]
    measured = report("-c", 2, "-n", 2, "-t", 2, "-e", engine, *(one.target(IPV4) for one in ones))
    assert [target["started"] for target in measured.targets] == [1, 1]
