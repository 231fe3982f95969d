"""Idle means asleep."""
import time

import pytest

from clients import FAMILIES, GREETING, IPV4, crowd, visit
from kernel import cpu_seconds, io_uring_error, sleeps, switches, threads_are
from programs import SANITIZED, totals, wait_until
from scraping import get

IDLE_S = 10
LEAVING_S = 0.1  # how long a greeted client may take to close before it is looked for


def settled(servers):
    """No thread has run for a while, or waits for a CPU."""
    before = [switches(one.pid) for one in servers]
    time.sleep(0.3)
    return [switches(one.pid) for one in servers] == before and all(threads_are(one.pid, "S") for one in servers)


def test_no_thread_runs_while_there_is_nothing_to_do(server, tmp_path):
    """Before the first client and after many. All kinds of server at once, since it takes a while."""
    if "thread" in SANITIZED:
        pytest.skip("ThreadSanitizer has a thread of its own that wakes up")
    engines = ["epoll"] if io_uring_error() else ["epoll", "uring"]
    kinds = [("--engine", engine, "--close", close) for engine in engines for close in ("linger", "swift")]
    kinds.append(("--admin", "127.0.0.1:0"))
    (tmp_path / "greeting").write_bytes(GREETING)
    kinds.append(("--greeting-file", tmp_path / "greeting"))
    fresh, used = ([server(*kind, "--linger-timeout", "1h") for kind in kinds] for _ in range(2))
    for one in used:
        for family in FAMILIES:
            assert crowd(one.address(family), 500) == {"greeted": 500}
            assert one.admin is None or get(one, "/metrics").status == 200
        one.wait_until_idle()
    wait_until(lambda: settled(fresh + used), "the threads to fall asleep")

    before = [(one.engine, switches(one.pid), cpu_seconds(one.pid)) for one in fresh + used]
    time.sleep(IDLE_S)
    assert [(one.engine, switches(one.pid), cpu_seconds(one.pid)) for one in fresh + used] == before
    for one in (one for one in fresh + used if one.admin):  # and who sleeps is not stuck
        assert get(one, "/healthz") == (200, "ok\n")

    for one in fresh + used:
        assert crowd(one.address(IPV4), 1) == {"greeted": 1}
        one.wait_until_idle()
    assert [one.stop(all_accepted=False) for one in fresh] == [totals(greeted=1)] * len(fresh)
    assert [one.stop(all_accepted=False) for one in used] == [totals(greeted=1001)] * len(used)


def test_it_wakes_once_for_each_client_that_comes_and_goes(server, engine, close, family):
    """That one has left is seen in the turn of one that comes, if one comes soon: else it is looked by itself,
    and waited for. This machine may hold up one who comes."""
    visitors, slow = 200, 0
    one = server("--engine", engine, "--close", close, "--workers", 1)
    before = sleeps(one.pid)
    came = time.monotonic()
    for _ in range(visitors):
        assert visit(one.address(family)) == GREETING
        wait_until(lambda: threads_are(one.pid, "S"), "the threads to fall asleep")
        slow += time.monotonic() - came > LEAVING_S
        came = time.monotonic()
    one.wait_until_idle()
    assert 0.5 * visitors < sleeps(one.pid) - before < 1.5 * visitors + 3 * slow
