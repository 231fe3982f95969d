"""scripts/bench: its statistics, its probe of responders, its tables, its cgroups, and a short run."""
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import types

import pytest

from conftest import SUITE

import cgroup
import curves
import field as fields
import meter
import plots
import probe
import profiles
import ratios
import responders
import rounds
import scenarios
import tables

GREETING = b"hello\n"


# Statistics


def test_a_ratio_is_of_runs_of_one_round():
    """A machine that becomes half as fast from round to round changes no ratio."""
    slow_down = [1000 / 2 ** number for number in range(9)]
    middle, low, high = ratios.paired([1.5 * value for value in slow_down], slow_down)
    assert (middle, low, high) == pytest.approx((1.5, 1.5, 1.5))


def test_an_interval_holds_the_median_and_narrows_with_agreement():
    spread = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    low, high = ratios.interval(spread)
    assert low < 5 < high
    calm_low, calm_high = ratios.interval([5 + value / 100 for value in spread])
    assert calm_high - calm_low < (high - low) / 50


@pytest.mark.parametrize("low, high, verdict", [
    (1.01, 1.2, "faster"), (0.8, 0.99, "slower"), (0.9, 1.1, "cannot tell")])
def test_a_verdict_needs_the_whole_interval(low, high, verdict):
    assert ratios.verdict(low, high) == verdict


def test_each_round_measures_all_once_in_an_order_of_its_own():
    order = []
    measured = rounds.Rounds(9)
    measured.run({name: lambda name=name: order.append(name) or len(order) for name in "abcd"})
    by_round = [order[start:start + 4] for start in range(0, 36, 4)]
    assert all(sorted(names) == list("abcd") for names in by_round)
    assert len({tuple(names) for names in by_round}) > 1
    assert [len(measured.runs[name]) for name in "abcd"] == [9] * 4


def test_a_subject_that_fails_takes_no_further_part_and_says_why():
    def fail():
        raise OSError("it is gone")
    measured = rounds.Rounds(3)
    assert measured.run({"a": lambda: 1, "b": fail}) == {"b": "it is gone"}
    assert measured.runs == {"a": [1, 1, 1]}


# Responders


class Listener:
    """A responder in a thread: takes clients while it is not held, and answers each by a function."""

    def __init__(self, answer):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.address = self.sock.getsockname()
        self.go = threading.Event()
        self.go.set()
        self.answer = answer
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.sock.accept()
                self.go.wait(10)
                with client, contextlib.suppress(OSError):
                    self.answer(client)

    @contextlib.contextmanager
    def stopped(self):
        self.go.clear()
        try:
            yield
        finally:
            self.go.set()


def greet_and_drain(client):
    client.sendall(GREETING)
    client.shutdown(socket.SHUT_WR)
    while client.recv(4096):
        pass


def greet_and_close(client):
    client.sendall(GREETING)  # what the client said is unread: it is reset


def say_half(client):
    client.sendall(GREETING[:3])
    client.shutdown(socket.SHUT_WR)
    client.recv(4096)


@pytest.mark.parametrize("answer, words", [
    (greet_and_drain, None), (greet_and_close, "resets"), (say_half, "loses the greeting")])
def test_talkative_clients_find_out_what_a_responder_does_to_them(answer, words):
    one = Listener(answer)
    fault = probe.faults(one.address, one.stopped(), clients=20)
    one.sock.close()
    assert fault is None if words is None else words in fault


def test_an_answer_that_is_no_greeting_is_an_error():
    one = Listener(say_half)
    with pytest.raises(OSError, match="hel"):
        probe.expected_answer(one.address, b"")
    one.sock.close()


SLOW_STARTER = """
import pathlib, socket, sys
sock = socket.create_server(("127.0.0.1", int(sys.argv[1])))
sock.accept()[0].close()
client = sock.accept()[0]
pathlib.Path(sys.argv[2]).touch()
client.sendall(b"hello\\n")
client.close()
sock.accept()
"""


def test_a_responder_has_started_when_it_answers(tmp_path, group):
    """One that listens only may be charged for the rest of its start in a run."""
    answered = tmp_path / "answered"
    slow = responders.Responder("slow", lambda setup: [
        sys.executable, "-c", SLOW_STARTER, setup.port, answered])
    one = responders.Running(slow, responders.Setup(None, tmp_path, 2001, 1), {0}, group)
    assert answered.exists()
    one.stop()


def test_a_responder_that_ends_at_once_is_reported_with_its_last_line(tmp_path, group):
    failing = responders.Responder("failing", lambda _: [
        sys.executable, "-c", "import sys; sys.exit('no such luck')"])
    with pytest.raises(OSError, match="no such luck"):
        responders.Running(failing, responders.Setup(None, tmp_path, 2001, 1), {0}, group)


def test_a_responder_is_started_without_its_quota_and_measured_with_it():
    done = []

    class Responder:
        stop, start = (lambda _: done.append("stop")), (lambda _: done.append("start"))
        group = property(lambda self: self)

        def limit(self, quota_us, _):
            done.append(quota_us)

    field = fields.Field(None, [], quota_us=5000)
    field.measure = lambda one, load: done.append("measure")
    field.measure_afresh(Responder(), None)
    assert done == ["stop", None, "start", 5000, "measure"]


# What fails


def test_a_program_that_hangs_is_an_error_of_its_own():
    with pytest.raises(OSError, match="sleep did not end within 0 s"):
        meter.run_to_end({0}, ["sleep", "60"], 0.1)


def test_what_a_responder_does_after_a_run_is_charged_to_its_connections():
    """All of it, also after a pause as a quota makes it; but nobody is waited for for ever."""
    start = time.monotonic()

    class Works:
        def used_s(self):
            passed_s = time.monotonic() - start
            return 1 if passed_s < 0.1 else 2 if passed_s < 0.3 else 3 if passed_s < 0.4 else 4

    class WorksForEver:
        def used_s(self):
            return time.monotonic()

    assert meter.used_s_at_rest(Works()) == 4
    assert meter.used_s_at_rest(WorksForEver()) >= start + meter.REST_TIMEOUT_S


class Options:
    """A scenario's options, of which hardly one is used."""
    rounds, seed, seconds, warmup_s = 1, 1, 1, 0

    def progress(self, _title):
        return None


def test_a_curve_says_what_it_lacks_once(monkeypatch):
    def fail():
        raise OSError("it is gone")
    document = tables.Document("curves", {})
    field = fields.Field(Options(), [])
    field.missing = {"nginx": "not installed"}
    monkeypatch.setattr(curves, "measures", lambda *_: {"one": fail})
    for _ in range(2):
        assert curves.median_costs(Options(), document, "Load", field, None) == {}
    assert document.remarks == ["Load: nginx is missing: not installed", "Load: one is missing: it is gone"]


def rounds_of(**rates):
    """One run each, of these rates."""
    measured = rounds.Rounds(1)
    measured.runs = {name: [types.SimpleNamespace(connections_per_s=rate)] for name, rate in rates.items()}
    return measured


def test_without_its_baseline_half_of_saturation_is_left_out(monkeypatch):
    document = tables.Document("headline", {})
    monkeypatch.setattr(scenarios, "BASELINE", "base")
    monkeypatch.setattr(scenarios, "compare", lambda *_: rounds_of(one=1))  # it failed at this
    scenarios.half_of_saturation(Options(), document, None, rounds_of(one=2, base=1))
    assert document.tables == []


@pytest.mark.parametrize("rate, faulty, verdict, remarks", [
    (10, "", "MISSED", []), (15, "", "reached", []), (20, "", "aim reached", []),
    (20, "one", "DISQUALIFIED", ["one: why"]), (15, "other", "reached", ["other: why"])])
def test_a_target_is_judged(rate, faulty, verdict, remarks):
    table = scenarios.target_table(rounds_of(one=rate, other=10), [("one", "other", 1.5, 2.0)] * 2,
                                   lambda name: "why" if name == faulty else "")
    assert table.columns[-1] == "verdict" and [row[-1] for row in table.rows] == [verdict] * 2
    assert table.remarks == remarks


# What is printed


def test_a_table_lines_up_and_numbers_are_to_the_right():
    table = tables.Table("Title", ["name", "rate"], [["a", 12345], ["bcd", None]], ["a remark"])
    assert table.markdown() == ("### Title\n\n| name |   rate |\n|------|-------:|\n"
                                "| a    | 12,345 |\n| bcd  |      – |\n\n- a remark\n")


def test_a_document_holds_the_same_in_markdown_json_and_a_picture(tmp_path):
    document = tables.Document("peers", {"kernel": "6.18"}, [tables.Table("T", ["x"], [[1.5]])],
                               raw={"T": {"one": [{"connections_per_s": 100.0}]}})
    document.write(tmp_path)
    drawn = plots.draw(document, tmp_path)
    assert "1.5" in (tmp_path / "peers.md").read_text()
    assert json.loads((tmp_path / "peers.json").read_text())["tables"][0]["rows"] == [[1.5]]
    assert drawn == (plots.pyplot is not None) == (tmp_path / "peers.svg").exists()


def test_a_sample_counts_for_the_innermost_work_that_has_a_name():
    script = """\
 ffffffff81 _raw_spin_lock ([kernel.kallsyms])
 ffffffff82 try_to_wake_up ([kernel.kallsyms])
 ffffffff83 tcp_rcv_established ([kernel.kallsyms])

 ffffffff84 memcpy ([kernel.kallsyms])
 ffffffff85 tcp_sendmsg ([kernel.kallsyms])

     55d1 connection_accept (/usr/bin/hello-server)
"""
    assert profiles.shares(script) == pytest.approx(
        {"wake-ups and scheduling": 1 / 3, "TCP and IP": 1 / 3, "user code": 1 / 3})


# The machine


def test_a_cgroup_limits_and_counts(group):
    group.limit(10000, 100000)
    subprocess.run([sys.executable, "-c", "import time\nend = time.monotonic() + 1\n"
                    "while time.monotonic() < end: pass"], check=True,
                   preexec_fn=lambda: cgroup.add_self(group))
    stalls, throttled_s = group.throttled()
    assert 0 < group.used_s() < 0.5
    assert stalls > 0 and throttled_s > 0.1


@pytest.mark.parametrize("controllers, handed_down, reason", [
    ("cpu memory", "memory", r"/sys hands its CPU controller down to no cgroup, which this allows: echo \+cpu >"),
    ("memory", "", "/sys has no CPU controller"),
])
def test_a_machine_that_hands_no_cpu_time_down_is_left_as_it_is(
        tmp_path, monkeypatch, controllers, handed_down, reason):
    top = tmp_path / "sys"
    top.mkdir()
    (top / "cgroup.controllers").write_text(controllers)
    (top / "cgroup.subtree_control").write_text(handed_down)
    monkeypatch.setattr(cgroup, "ROOT", top)
    with pytest.raises(OSError, match=reason):
        cgroup.make("bench-test")
    assert (top / "cgroup.subtree_control").read_text() == handed_down
    assert sorted(path.name for path in top.iterdir()) == ["cgroup.controllers", "cgroup.subtree_control"]


def test_a_short_run_fills_the_tables(suite, group):
    if os.environ.get("HELLO_SANITIZE"):
        pytest.skip("sanitizers are too slow for a CPU quota")
    del group  # only that there can be one
    result = suite("headline", "--rounds", "2", "--seconds", "0.3", "--warmup-s", "0.1",
                   "--connections", "64")
    by_title = {table["title"]: table for table in result["tables"]}
    rows = {row[0]: row for row in by_title["A quota of 5 ms per 80 ms (shared-cpu-1x)"]["rows"]}
    remarks = "".join(by_title["A quota of 5 ms per 80 ms (shared-cpu-1x)"]["remarks"])
    # On a busy machine none of a responder's connections may end within so short a time.
    assert all(name in rows or name in remarks for name in ("epoll, swift", "uring, swift", "uring, linger"))
    assert "resets" in rows["blocking loop"][-1]
    assert all(row[1] > 0 and row[-1] == "" for name, row in rows.items() if "swift" in name)
    idle = {row[0]: row[1] for row in by_title["Idle"]["rows"]}
    assert idle["epoll, swift"] == 0
    for fact in ("date", "command", "revision", "kernel", "cpu", "congestion control"):
        assert result["facts"][fact]


@pytest.mark.parametrize("options, expected", [
    (["--rounds", "0"], "--rounds"),
    (["generators", "--generator-cpus", "0", "--responder-cpus", "0"], "two different ones"),
    (["generators", "--generator-cpus", "0,1", "--responder-cpus", "2"], "one CPU each"),
    (["generators", "--only", "ab"], "'ab' is none of: hello-load, uring; "),
    (["--only", "wrk"], "'wrk' is none of: uring, swift; "),
    (["generators", "--seconds", "1.5"], "whole seconds"),
    (["generators", "--warmup-s", "1"], "--warmup-s"),
])
def test_bad_options_are_reported_in_one_line(options, expected):
    done = subprocess.run([sys.executable, "-B", SUITE / "bench.py", *options],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "bench: " in done.stderr and expected in done.stderr
