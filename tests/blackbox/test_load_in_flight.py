"""Very many connections in flight: they all are there at once, and cost little memory."""
import contextlib
import os
import resource
import socket
import threading

import pytest

from clients import GREETING
from kernel import rss_bytes
from misbehaving import target_of
from programs import SANITIZED, wait_until

MANY, FEW = 100_000, 1_000
BYTES_PER_FLOW_MAX = 1024
SPARE = 1000  # descriptors for all else


class Holder:
    """Accepts, and greets nobody before the test lets it."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(65535)
        self.target = target_of(self.sock.getsockname())
        self.held = []
        self.thread = threading.Thread(target=self._accept)
        self.thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.held.append(self.sock._accept()[0])  # a descriptor only, for speed

    def release(self):
        while self.held:
            descriptor = self.held.pop()
            with contextlib.suppress(OSError):
                os.write(descriptor, GREETING)
            os.close(descriptor)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.sock.close()
        self.release()


@pytest.fixture
def holder():
    one = Holder()
    yield one
    one.stop()


def rss_and_report(start, holder, engine, count):
    """Memory of a run while so many connections are in flight, and how it ended."""
    run = start("-n", count, "-c", count, "-t", 1, "--timeout", "10m", "--source", "127.0.0.0/28",
                "-e", engine, holder.target)
    wait_until(lambda: len(holder.held) == count, f"{count} in flight", within=120)
    rss = rss_bytes(run.pid)
    holder.release()
    return rss, run.report()


def check(start, holder, engine, count):
    less, measured = rss_and_report(start, holder, engine, FEW)
    assert (measured.code, measured.ok, measured.errors) == (0, FEW, {})
    more, measured = rss_and_report(start, holder, engine, count)
    assert (measured.code, measured.ok, measured.errors) == (0, count, {})
    if not SANITIZED:
        assert (more - less) / (count - FEW) < BYTES_PER_FLOW_MAX


def test_each_connection_in_flight_costs_less_than_1_KiB(start, engine, holder):
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(20_000, limit - SPARE)
    if count < 2 * FEW:
        pytest.skip(f"the limit of descriptors is {limit}")
    check(start, holder, engine, count)


@pytest.fixture
def many_descriptors():
    """So many as 100,000 connections need, for this process and those that it starts."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + SPARE
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, before[1])))
    except (ValueError, PermissionError):
        pytest.skip(f"the limit of descriptors is {before[1]}, and cannot be raised to {wanted}")
    yield
    with contextlib.suppress(PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_100_000_in_flight_cost_less_than_1_KiB_each(start, engine, holder, many_descriptors):
    check(start, holder, engine, MANY)
