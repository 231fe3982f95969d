"""Rates of few connections, checked by arithmetic: N starts at R per second take N / R seconds, not
the (N - 1) / R between the first and the last of them."""
import pytest

from clients import IPV4

PER_S = {"1/s": 1, "20/s": 20, "1/m": 1 / 60, "90/m": 1.5, "1/h": 1 / 3600}


def check(measured, rate_per_s, count):
    run, whole = measured.json["run"], measured.all
    assert (whole["ok"], whole["failed"], whole["dropped"]) == (count, 0, 0)
    assert run["rate_s"] == pytest.approx(max(count / rate_per_s, run["window_s"]), rel=1e-6)
    assert whole["connections_per_s"] == pytest.approx(whole["ok_in_window"] / run["rate_s"])
    assert whole["connections_per_s"] <= rate_per_s * (1 + 1e-6)  # it never reports more than was asked for


def test_a_count_of_starts_is_divided_by_the_time_that_they_take_up(server, start):
    target = server().target(IPV4)
    cases = [("1/s", 1), ("1/s", 2), ("1/s", 3), ("20/s", 5), ("20/s", 10), ("90/m", 3), ("1/m", 1), ("1/h", 1)]
    runs = [(rate, count, start("-r", rate, "-n", count, "-t", threads, "-c", 64, target))
            for rate, count in cases for threads in (1, 2)]
    for rate, count, run in runs:
        check(run.report(), PER_S[rate], count)


def test_the_last_start_within_a_duration_takes_up_its_time_too(server, start):
    target = server().target(IPV4)
    cases = [("1/h", "300ms", 1), ("1/m", "300ms", 1), ("1/s", "1500ms", 2), ("20/s", "990ms", 20)]
    runs = [(rate, count, start("-r", rate, "-d", duration, target)) for rate, duration, count in cases]
    for rate, count, run in runs:
        check(run.report(), PER_S[rate], count)


def test_at_rates_that_fill_their_time_nothing_is_added(server, report):
    run = report("-r", "200/s", "-d", "1s", server().target(IPV4)).json["run"]
    assert run["window_s"] == pytest.approx(1) and run["rate_s"] == pytest.approx(1, rel=1e-6)


def test_random_arrivals_for_a_time_are_divided_by_that_time(server, report):
    run = report("-r", "5/s", "-d", "300ms", "--arrivals", "poisson", "--assert", "ok>=0",
                 server().target(IPV4)).json["run"]
    assert run["rate_s"] == run["window_s"] == pytest.approx(0.3)


def seed_of(measured):
    return measured.json["run"]["options"]["seed"]


def test_random_arrivals_differ_from_run_to_run_unless_a_seed_is_given(server, start, load):
    target = server().target(IPV4)
    random = ("-r", "2k/s", "-n", 200, "--arrivals", "poisson", "--assert", "ok>0", "--assert", "late>=0")
    runs = [start(*random, *seed, target) for seed in ((), (), ("--seed", 7), ("--seed", 7))]
    measured = [run.report() for run in runs]
    seeds = [seed_of(one) for one in measured]
    assert seeds[0] != seeds[1] and seeds[2:] == [7, 7]
    # The last start is due when the schedule says: to the nanosecond, so that the seed has made it.
    assert measured[2].json["run"]["rate_s"] != measured[0].json["run"]["rate_s"]
    assert "poisson, at most 16,384 in flight, seed 7," in " ".join(load(*random, "--seed", 7, target).stdout.split())
    assert seed_of(start("-r", "2k/s", "-n", 20, target).report()) is None


def test_a_closed_loop_is_divided_by_the_time_that_it_took(server, report):
    run = report("-c", 1, "-n", 3, server().target(IPV4)).json["run"]
    assert run["rate_s"] == run["window_s"] > 0


def test_a_low_rate_is_not_rounded_to_nothing(server, load):
    result = load("-r", "1/h", "-n", 1, server().target(IPV4))
    assert result.connections_per_s == pytest.approx(1 / 3600, rel=0.01)
    assert "0.000278" in result.stdout
