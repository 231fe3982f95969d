"""scripts/bench generators: what others print, how it is judged, and a short run."""
import os
import types

import pytest

import generators
import rounds


@pytest.mark.parametrize("read, printed, rate, ok, failures", [
    (generators.read_done_line, "hello-load: done connections_per_s=1234.5 ok=9 failed=2\n", 1234.5, 9, 2),
    (generators.read_wrk, "  75211 requests in 5.00s, 5.02MB read\nRequests/sec:  15040.56\n",
     15040.56, 75211, 0),
    (generators.read_wrk, "  90 requests in 9.00s, 1KB read\n"
     "  Socket errors: connect 0, read 3, write 0, timeout 1\n"
     "  Non-2xx or 3xx responses: 5\nRequests/sec:  10.5\n", 10.5, 90, 9),
    (generators.read_hey, "  Requests/sec:\t8033.1\n\nStatus code distribution:\n"
     "  [200]\t40187 responses\n  [503]\t4 responses\n", 8033.1, 40187, 4),
    (generators.read_hey, "  Requests/sec:\t80.1\n\nError distribution:\n  [7]\tGet: EOF\n  [2]\tother\n",
     80.1, 0, 9),
    # What errored is among what failed.
    (generators.read_h2load, "finished in 129.53ms, 15440.56 req/s, 0B/s\n"
     "requests: 9 total, 9 started, 9 done, 6 succeeded, 3 failed, 2 errored, 1 timeout\n", 15440.56, 6, 3),
])
def test_what_generators_print_is_read(read, printed, rate, ok, failures):
    measured = read(printed)
    assert (measured.connections_per_s, measured.ok, sum(measured.failures.values())) == (rate, ok, failures)


def run(failures=None, ok=1000, opened=1000, cpu_share=0.99, responder_share=0.5):
    return types.SimpleNamespace(connections_per_s=1, cpu_us=1, ok=ok, opened=opened, cpu_share=cpu_share,
                                 responder_share=responder_share, failures=failures or {})


def test_a_generator_that_makes_no_connection_is_an_error_of_its_own():
    failing = generators.Generator("failing", lambda *_: ["echo", "done connections_per_s=0 ok=0 failed=9"],
                                   generators.read_done_line)
    options = types.SimpleNamespace(generator_cpus={0}, seconds=1)
    one = types.SimpleNamespace(used_s=lambda: 0, setup=types.SimpleNamespace(port=1))
    with pytest.raises(OSError, match="no connection ended well: {'failed': 9}"):
        generators.measure(options, failing, generators.ANSWERS[0], one)


@pytest.mark.parametrize("runs, remarks", [
    ([run(), run()], ""),
    ([run({"read": 2}), run({"read": 3, "timeout": 1}), run()],
     "disqualified, failures: 5 read, 1 timeout"),
    ([run(ok=1010, opened=1000)], ""),
    ([run({"read": 500}, ok=500, opened=1000)], "disqualified, failures: 500 read"),
    ([run(ok=2000, opened=1000)], "it reports 2,000 connections where the kernel counts 1,000"),
    ([run(cpu_share=0.5)], "its CPU was not used up"),
    ([run(responder_share=0.99)], "the responder was the limit"),
])
def test_what_is_wrong_with_the_runs_of_a_generator_is_reported(runs, remarks):
    measured = rounds.Rounds(len(runs))
    measured.runs = {"one": runs}
    table = generators.rate_table(measured, "plain", 64, {})
    assert table.rows[0][-1] == remarks


def test_generators_are_compared_in_both_answers(suite, group):
    if os.environ.get("HELLO_SANITIZE"):
        pytest.skip("sanitizers are too slow to be compared with others")
    del group  # only that there can be one
    result = suite("generators", "--rounds", "1", "--seconds", "1", "--connections", "32")
    targets, plain, http, lateness = result["tables"]
    for table in (plain, http):
        rows = {row[0]: row for row in table["rows"]}
        for name in ("hello-load, epoll", "epoll generator"):
            assert rows[name][1] > 0 and "disqualified" not in rows[name][-1]
        for name in ("hello-load, uring", "wrk", "hey", "h2load"):
            assert name in rows or any(name in remark for remark in table["remarks"]) or (
                table is plain and "," not in name)
    assert [row[0] for row in targets["rows"]][0] == "hello-load, uring : epoll generator, plain"
    assert "32 connections in flight" in plain["title"]
    assert all(row[2] > 0 for row in lateness["rows"])
