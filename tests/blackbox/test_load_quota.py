"""A CPU quota: on the generator it is reported with the result, on the server it is not."""
import contextlib
import os
import time

import pytest

from clients import IPV4
from programs import ahead_of_others, wait_until

pytestmark = pytest.mark.timed

QUOTA_US, PERIOD_US = 5000, 80000
ROOTS = ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup",
         "/sys/fs/cgroup/unified")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


def quota_set(path):
    """True if this directory is a cgroup whose CPU time can be limited, and now is. It has the greatest weight there
    is, so that only the quota holds it up, and not what else runs on this machine."""
    if os.path.exists(f"{path}/cpu.cfs_quota_us"):  # version 1
        write(f"{path}/cpu.cfs_period_us", PERIOD_US)
        write(f"{path}/cpu.cfs_quota_us", QUOTA_US)
        write(f"{path}/cpu.shares", 262144)
        return True
    if os.path.exists(f"{path}/cpu.max"):  # version 2
        write(f"{path}/cpu.max", f"{QUOTA_US} {PERIOD_US}")
        write(f"{path}/cpu.weight", 10000)
        return True
    return False


def remove(path):
    def is_removed():
        with contextlib.suppress(OSError):  # busy until the last process in it is gone
            os.rmdir(path)
        return not os.path.exists(path)

    wait_until(is_removed, f"{path} to be empty")


@pytest.fixture
def limited():
    """A preexec_fn that puts a process under a quota of 5 ms in each 80 ms."""
    tried = []
    for root in ROOTS:
        path = f"{root}/hello-blackbox-{os.getpid()}"
        try:
            os.mkdir(path)
        except OSError as error:
            tried.append(f"{root}: {error.strerror}")
            continue
        try:
            if quota_set(path):
                yield lambda: write(f"{path}/cgroup.procs", os.getpid())
                return
            tried.append(f"{root}: has no CPU quota")
        except OSError as error:
            tried.append(f"{root}: {error.strerror}")
        finally:
            remove(path)
    pytest.skip("no cgroup can be made here that limits CPU time: " + "; ".join(tried))


def test_a_quota_on_the_generator_is_reported(limited, server, report, engine):
    one = server(before=ahead_of_others)
    measured = report("-c", 20, "-d", "8s", "-t", 1, "-e", engine, one.target(IPV4), before=limited)
    assert (measured.code, measured.errors) == (0, {})
    assert "throttled" in measured.verdicts
    assert measured.usage["throttled_count"] >= 5
    assert measured.usage["throttled_ns"] > 1e9
    assert measured.json["machine"]["quota_ns"] == QUOTA_US * 1000
    assert measured.json["machine"]["quota_period_ns"] == PERIOD_US * 1000
    assert measured.stalls["count"] >= 5
    assert measured.stalls["grid_ns"] == pytest.approx(PERIOD_US * 1000, rel=0.01)
    for thread in measured.json["threads"]:
        assert thread["allowed_share"] == pytest.approx(QUOTA_US / PERIOD_US, rel=0.01)
        assert thread["busy_share"] == pytest.approx(thread["allowed_share"], rel=0.5)


def test_a_quota_that_the_generator_does_not_reach_is_no_limit(limited, server, report, engine):
    """Ten connections a second are far below it."""
    one = server()
    measured = report("-r", "10/s", "--warmup", "1s", "-d", "3s", "-t", 1, "-e", engine,
                  one.target(IPV4), before=limited)
    assert measured.ok + measured.dropped == 30
    assert "generator_busy" not in measured.verdicts
    if measured.usage["throttled_count"] == 0:  # it may be that it woke up late, and hurried
        assert "throttled" not in measured.verdicts


def test_a_quota_on_the_server_is_not_the_generators(limited, server, report, engine):
    one = server(before=limited)
    began = time.monotonic()
    measured = report("-c", 20, "-d", "3s", "-t", 1, "-e", engine, one.target(IPV4))
    assert (measured.code, measured.errors) == (0, {})
    assert time.monotonic() - began < 30
    assert "throttled" not in measured.verdicts and "generator_busy" not in measured.verdicts
    assert measured.usage["throttled_count"] == 0
    assert measured.time("total", "max") > 0.05  # it was there, and its connections waited for it
