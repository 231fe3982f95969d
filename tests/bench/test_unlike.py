"""A comparison of unlike runs carries a warning that names each fact that differs."""
import json
import subprocess
import sys
import types

import pytest

from conftest import SUITE

import curves
import generators
import rounds
import scenarios
import tables
import unlike

CONTEXT = {"host_name": "one", "num_cpus": 2, "mhz_per_cpu": 3000, "cpu_scaling_enabled": False,
           "library_build_type": "release", "here": {"clock_source": "tsc"}}


def result_json(clock_source="tsc", reused=98, timestamps="1", features=("defer_taskrun",), tracked=0, gro=True):
    """What hello-load prints, as far as it matters here."""
    return {"run": {"engine": "uring", "engine_features": list(features), "target_is_local": True,
                    "sockets": {"opened": 100 - reused, "reused": reused}},
            "result": {"targets": [{"device": "lo", "mtu_bytes": 65536, "gro": gro, "gso": True,
                                  "tso": None}]},
            "machine": {"tracked_connections": tracked, "clock_source": clock_source, "memory_bytes": 1 << 30,
                        "settings": {"net.ipv4.tcp_timestamps": timestamps}}}


def line(**sides):
    return unlike.line({name: [unlike.facts_of_run(one) for one in runs] for name, runs in sides.items()})


def test_each_fact_that_differs_is_named_with_its_sides():
    assert line(A=[result_json()], B=[result_json("hpet", 0, "0")]) == (
        "unlike: clock_source tsc (A) / hpet (B); net.ipv4.tcp_timestamps 1 (A) / 0 (B); "
        "sockets reused 98% (A) / 0% (B)")


@pytest.mark.parametrize("other, said", [
    ({"features": []}, "engine features defer_taskrun (A) / none (B)"),
    ({"tracked": 1}, "connections tracked no (A) / yes (B)"),
    ({"tracked": None}, "connections tracked no (A) / unknown (B)"),
    ({"gro": False}, "device lo of MTU 65536, gro on, gso on, tso unknown (A)"
                     " / lo of MTU 65536, gro off, gso on, tso unknown (B)"),
])
def test_what_the_kernel_does_beside_is_a_difference(other, said):
    assert line(A=[result_json()], B=[result_json(**other)]) == f"unlike: {said}"


def test_how_many_connections_were_tracked_is_no_difference():
    assert line(A=[result_json(tracked=7)], B=[result_json(tracked=70000)]) == ""


def test_what_an_older_hello_load_does_not_report_is_unknown():
    older = result_json()
    del older["run"]["engine_features"], older["machine"]["tracked_connections"]
    assert line(A=[older], B=[older]) == ""
    assert line(A=[result_json()], B=[older]) == (
        "unlike: connections tracked no (A) / unknown (B); engine features defer_taskrun (A) / unknown (B)")


def test_runs_that_are_alike_have_no_warning():
    assert line(A=[result_json(), result_json(reused=97)], B=[result_json(reused=90)]) == ""


def test_what_is_unknown_on_one_side_only_is_a_difference():
    assert line(A=[result_json()], B=[result_json(None)]) == "unlike: clock_source tsc (A) / unknown (B)"
    assert line(A=[result_json(None)], B=[result_json(None)]) == ""


def test_sides_that_agree_are_named_together():
    assert line(A=[result_json()], B=[result_json("hpet")], C=[result_json()]) == "unlike: clock_source tsc (A, C) / hpet (B)"


def test_what_changed_between_the_runs_of_one_side_is_reported():
    assert line(A=[result_json(), result_json("hpet")], B=[result_json()]) == "unlike: clock_source hpet, tsc (A) / tsc (B)"


def rounds_of(*runs):
    made = rounds.Rounds(1)
    made.runs = {name: [types.SimpleNamespace(
        facts=unlike.facts_of_run(one), connections_per_s=1, p50_ms=1, p99_ms=1, cpu_us=1, cpu_share=1,
        stalls=0, failed=0, generator_busy=0)] for name, one in zip("AB", runs)}
    return made


WARNING = "warning: unlike: clock_source tsc (A) / hpet (B)"


@pytest.mark.parametrize("other, remarks", [("hpet", [WARNING]), ("tsc", [])])
def test_a_table_of_the_suite_carries_the_warning(other, remarks):
    field = types.SimpleNamespace(missing={}, faults={})
    load = types.SimpleNamespace(rate=None, seconds=1, warmup_s=0)
    table = scenarios.responder_table("t", field, rounds_of(result_json(), result_json(other)), {}, load)
    assert table.remarks == remarks


def test_a_curve_carries_the_warning(monkeypatch):
    made = rounds_of(result_json(), result_json("hpet"))
    made.run = lambda *_: {}
    monkeypatch.setattr(curves, "Rounds", lambda *_: made)
    monkeypatch.setattr(curves, "measures", lambda *_: {})
    document = tables.Document("curves", {})
    options = types.SimpleNamespace(rounds=1, seed=1, progress=lambda _: None)
    curves.median_costs(options, document, "t", types.SimpleNamespace(missing={}), None)
    assert document.remarks == [WARNING]


def test_facts_of_a_run_come_from_the_result_of_hello_load(monkeypatch):
    every = {"failed": 0, "timings": {"lateness": {"percentiles_ns": {"50": 1, "99": 2}}}}
    done = types.SimpleNamespace(returncode=0, stdout=json.dumps({**result_json("hpet"), "result": {"all": every, "targets": []}}))
    monkeypatch.setattr(generators, "run_to_end", lambda *_: done)
    options = types.SimpleNamespace(build=SUITE, seconds=1, generator_cpus={0})
    one = types.SimpleNamespace(setup=types.SimpleNamespace(port=1))
    assert generators.late_run(options, "epoll", one).facts["clock_source"] == "hpet"


def compare(tmp_path, a, b):
    record = {"name": "x", "run_type": "iteration", "time_unit": "ns", "real_time": 1}
    for side, context in (("A", a), ("B", b)):
        (tmp_path / f"{side}.json").write_text(json.dumps({"context": context, "benchmarks": [record]}))
    return subprocess.run(
        [sys.executable, "-B", SUITE.parent / "compare.py", tmp_path / "A.json", tmp_path / "B.json"],
        capture_output=True, text=True, check=True, timeout=50).stderr


@pytest.mark.parametrize("changed, said", [
    ({}, ""),
    ({"mhz_per_cpu": 3050}, ""),
    ({"mhz_per_cpu": 3500}, "mhz_per_cpu 3000 (A) / 3500 (B)"),
    ({"host_name": "two", "num_cpus": 4}, "host_name one (A) / two (B); num_cpus 2 (A) / 4 (B)"),
    ({"here": {"clock_source": "hpet"}}, "clock_source tsc (A) / hpet (B)"),
])
def test_kept_results_of_unlike_machines_are_compared_with_a_warning(tmp_path, changed, said):
    expected = f"compare: warning: unlike: {said}\n" if said else ""
    assert compare(tmp_path, CONTEXT, {**CONTEXT, **changed}) == expected
