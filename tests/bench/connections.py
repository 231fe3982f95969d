"""What must hold of bench_connection with either engine."""
import itertools

import pytest

import micro

CLOSES, FAMILIES = ("linger", "swift"), ("ipv4", "ipv6")
SIZES, CONCURRENCIES = (6, 1024, 65536), (1, 16, 256)
CPU_COUNTERS = ("client_cpu_us", "server_cpu_us")
TICKS_NS = 100_000_000  # the kernel adds up the CPU time of other threads at ticks: in less it may not have seen them
SIDES = ("client", "server")


def name(engine, close, family, size, concurrency):
    return (f"connection/engine:{engine}/close:{close}/family:{family}/bytes:{size}"
            f"/concurrency:{concurrency}/real_time")


def run_all(engine):
    """All benchmarks of an engine, or skip if one cannot run here."""
    run = micro.Run(micro.program("BENCH_CONNECTION"), f"--benchmark_filter=/engine:{engine}/")
    skipped = {error for error in run.errors if error and error.startswith("skipped: ")}
    if skipped:
        pytest.skip("; ".join(skipped))
    return run


def expect_every_combination(run, engine):
    combinations = itertools.product(CLOSES, FAMILIES, SIZES, CONCURRENCIES)
    expected = {name(engine, *combination) for combination in combinations}
    assert (0, expected) == (run.code, set(run.records)), run.printed
    assert {None} == set(run.errors)


def expect_counters(run):
    for record in run.records.values():
        assert record["connections_per_s"] > 0, record
        if record["iterations"] * record["real_time"] > TICKS_NS:
            assert all(record[counter] > 0 for counter in CPU_COUNTERS), record
        # A connection's time and the connections in a second are one number, printed twice.
        assert record["connections_per_s"] * record["real_time"] == pytest.approx(1e9, rel=0.01)
        # Nobody can use more than one CPU; ticks and the ends of the time are allowed for.
        assert record["client_cpu_us"] < 1.5 * record["real_time"] / 1e3 + 100
        assert "server_switches" in record and "client_switches" in record
    ones = [record for called, record in run.records.items() if "/concurrency:1/" in called]
    for side in SIDES:  # one at a time: each side has to wait for the other
        assert sum(record[f"{side}_switches"] for record in ones) > 0


def expect_system_calls(run, least):
    """least: how few each side can do with on one connection at a time, {close: {side: calls}}."""
    if not run.context["system_calls"].startswith("counted"):
        assert all("server_calls" not in record for record in run.records.values())
        pytest.skip(run.context["system_calls"])
    for called, record in run.records.items():
        for close, sides in least.items():
            if f"/close:{close}/" in called and "/concurrency:1/" in called:
                for side, calls in sides.items():
                    assert calls <= record[f"{side}_calls"] < 1000, called
        # The client reads a large greeting in large parts.
        if "/bytes:65536/concurrency:1/" in called:
            assert record["client_calls"] < 65536 / 1024
