"""scripts/bench: its statistics, its probe of responders, its tables, its cgroups, and a short run."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

import pytest

SUITE = pathlib.Path(__file__).resolve().parents[2] / "bench" / "suite"
sys.path.insert(0, str(SUITE))

import cgroup  # noqa: E402
import generators  # noqa: E402
import plots  # noqa: E402
import probe  # noqa: E402
import profiles  # noqa: E402
import ratios  # noqa: E402
import rounds  # noqa: E402
import tables  # noqa: E402

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
    told = rounds.Rounds(9)
    told.run({name: lambda name=name: order.append(name) or len(order) for name in "abcd"})
    by_round = [order[start:start + 4] for start in range(0, 36, 4)]
    assert all(sorted(names) == list("abcd") for names in by_round)
    assert len({tuple(names) for names in by_round}) > 1
    assert [len(told.runs[name]) for name in "abcd"] == [9] * 4


def test_a_subject_that_fails_takes_no_further_part_and_says_why():
    def fail():
        raise OSError("it is gone")
    told = rounds.Rounds(3)
    assert told.run({"a": lambda: 1, "b": fail}) == {"b": "it is gone"}
    assert told.runs == {"a": [1, 1, 1]}


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


# What is told


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


@pytest.fixture(name="group")
def fixture_group():
    try:
        made = cgroup.make(f"bench-test-{os.getpid()}")
    except OSError as error:
        pytest.skip(str(error))
    yield made
    cgroup.remove(made)


def test_a_cgroup_limits_and_counts(group):
    group.limit(10000, 100000)
    subprocess.run([sys.executable, "-c", "import time\nend = time.monotonic() + 1\n"
                    "while time.monotonic() < end: pass"], check=True,
                   preexec_fn=lambda: cgroup.add_self(group))
    stalls, throttled_s = group.throttled()
    assert 0 < group.used_s() < 0.5
    assert stalls > 0 and throttled_s > 0.1


def told_by(results, scenario, *options):
    """What a run of the suite leaves as JSON."""
    done = subprocess.run(
        [sys.executable, "-B", SUITE / "bench.py", scenario, *options, "--build", os.environ["HELLO_BUILD"],
         "--results", results], capture_output=True, text=True, check=False, timeout=100,
        cwd=SUITE.parents[1])
    assert done.returncode == 0, done.stderr
    return json.loads((results / f"{scenario}.json").read_text())


def test_a_short_run_fills_the_tables(tmp_path, group):
    if os.environ.get("HELLO_SANITIZE"):
        pytest.skip("sanitizers are too slow for a CPU quota")
    del group  # only that there can be one
    told = told_by(tmp_path, "headline", "--rounds", "2", "--seconds", "0.3", "--warmup-s", "0.1",
                   "--connections", "64")
    by_title = {table["title"]: table for table in told["tables"]}
    rows = {row[0]: row for row in by_title["A quota of 5 ms per 80 ms (shared-cpu-1x)"]["rows"]}
    assert {"epoll, swift", "blocking loop"} <= set(rows)
    remarks = "".join(by_title["A quota of 5 ms per 80 ms (shared-cpu-1x)"]["remarks"])
    assert all(name in rows or name in remarks for name in ("uring, swift", "uring, linger"))
    assert rows["epoll, swift"][1] > 0 and rows["epoll, swift"][-1] == ""
    assert "resets" in rows["blocking loop"][-1]
    idle = {row[0]: row[1] for row in by_title["Idle"]["rows"]}
    assert idle["epoll, swift"] == 0
    for fact in ("date", "command", "revision", "kernel", "cpu", "congestion control"):
        assert told["facts"][fact]


@pytest.mark.parametrize("read, printed, rate, failures", [
    (generators.read_done_line, "hello-load: done connections_per_s=1234.5 ok=9 failed=2\n", 1234.5, 2),
    (generators.read_wrk, "Requests/sec:  15040.56\n", 15040.56, 0),
    (generators.read_wrk, "  Socket errors: connect 0, read 3, write 0, timeout 1\n"
     "  Non-2xx or 3xx responses: 5\nRequests/sec:  10.5\n", 10.5, 9),
    (generators.read_hey, "  Requests/sec:\t8033.1\n", 8033.1, 0),
    (generators.read_hey, "  Requests/sec:\t80.1\n\nError distribution:\n  [7]\tGet: EOF\n  [2]\tother\n",
     80.1, 9),
    (generators.read_h2load, "finished in 129.53ms, 15440.56 req/s, 0B/s\n"
     "requests: 9 total, 9 started, 9 done, 6 succeeded, 1 failed, 2 errored, 4 timeout\n", 15440.56, 7),
])
def test_what_generators_print_is_read(read, printed, rate, failures):
    told_rate, told_failures = read(printed)
    assert (told_rate, sum(told_failures.values())) == (rate, failures)


def test_generators_are_compared_in_both_answers(tmp_path, group):
    if os.environ.get("HELLO_SANITIZE"):
        pytest.skip("sanitizers are too slow to be compared with others")
    del group  # only that there can be one
    told = told_by(tmp_path, "generators", "--rounds", "1", "--seconds", "1")
    targets, plain, http, lateness = told["tables"]
    for table in (plain, http):
        rows = {row[0]: row for row in table["rows"]}
        for name in ("hello-load, epoll", "epoll generator"):
            assert rows[name][1] > 0 and rows[name][-1] == ""
        for name in ("hello-load, uring", "wrk", "hey", "h2load"):
            assert name in rows or any(name in remark for remark in table["remarks"]) or (
                table is plain and "," not in name)
    assert targets["columns"][-1] == "verdict"
    assert all(row[2] > 0 for row in lateness["rows"])


def test_bad_options_are_told_in_one_line():
    done = subprocess.run([sys.executable, "-B", SUITE / "bench.py", "--rounds", "0"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "bench: " in done.stderr
