"""Fixtures: a hello-server per test, and the axes along which tests are repeated."""
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
pytest.register_assert_rewrite(
    "clients", "faults", "firewall", "kernel", "misbehaving", "naming", "network", "programs", "reports",
    "nginx", "scraping", "syscalls"
)

import clients
import factory
import faults
import kernel
import misbehaving
import naming
import network
import programs
import reports

# How hello-load may be made to end. That starts are on time is asserted where a busy machine cannot make them
# late; what is due while it stands still at the end of the time is dropped.
LOOPS = {
    "closed": ("-c", 50, "-n", 3000),
    "closed for a time": ("-c", 50, "-d", "1s"),
    "open": ("-r", "2k/s", "-n", 3000, "--assert", "dropped==0"),
    "open for a time": ("-r", "2k/s", "-d", "1500ms", "--assert", "dropped<100%"),
}


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute")
    config.addinivalue_line("markers", "timed: compares durations; tried anew if it fails")
    if "HELLO_BLACKBOX_NAMESPACE" not in os.environ:
        pytest.exit("these tests need a network of their own: start them by run.py", 1)
    for name in ("HELLO_SERVER", "HELLO_LOAD"):
        if name not in os.environ:
            pytest.exit(f"{name} must hold the path of the program", 1)


def pytest_collection_modifyitems(items):
    """Others on this machine make durations longer, now and then; a program that measures wrongly
    does so in every try. The output names each try that failed."""
    for item in items:
        if item.get_closest_marker("timed"):
            item.add_marker(pytest.mark.flaky(reruns=4))


@pytest.fixture(params=programs.ENGINES)
def engine(request):
    if request.param.endswith("uring") and kernel.io_uring_error():
        pytest.skip(f"no io_uring here: {kernel.io_uring_error()}")
    return request.param


@pytest.fixture
def hello_server():
    """The path of the program, for tests that start it in their own way."""
    return os.environ["HELLO_SERVER"]


@pytest.fixture
def hello_load():
    return os.environ["HELLO_LOAD"]


@pytest.fixture(params=LOOPS.values(), ids=LOOPS)
def loop(request):
    return request.param


@pytest.fixture(params=clients.FAMILIES, ids=lambda family: family.name)
def family(request):
    return request.param


@pytest.fixture(params=["linger", "swift"])
def close(request):
    return request.param


@pytest.fixture
def server():
    """server(*options, env=..., before=...) starts a hello-server on a free port, see Server."""
    def end(one):
        one.kill()
        if one.stderr():
            print(f"stderr of hello-server {one.pid}:", *one.stderr(), sep="\n")

    yield from factory.each(programs.Server, end)


@pytest.fixture
def load():
    """load(*options) runs hello-load to its end, see Load."""
    return programs.Load


@pytest.fixture
def start():
    """start(*options) starts a hello-load that prints JSON, see reports.Run."""
    yield from factory.each(reports.Run, reports.Run.kill)


@pytest.fixture
def report(start):
    """report(*options) runs hello-load to its end, and returns what it reports."""
    return lambda *args, **options: start(*args, **options).report()


@pytest.fixture(scope="session")
def shim():
    """The path of the library that makes calls fail, or holds them up (fault.c)."""
    return faults.library()


@pytest.fixture
def pauses():
    """What this machine kept the test waiting, see programs.Pauses."""
    one = programs.Pauses()
    yield one
    one.stop()


@pytest.fixture
def link():
    """link(there_ms=..., ...) makes a link to another network namespace, see network.Link."""
    yield from factory.each(network.Link, network.Link.kill)


@pytest.fixture
def peer():
    """peer(answer, ...) starts a server in the test itself, see misbehaving.Peer."""
    yield from factory.each(misbehaving.Peer, misbehaving.Peer.stop)


@pytest.fixture
def door():
    """A service at every address of this machine, see naming.Door."""
    one = naming.Door()
    yield one
    one.stop()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Programs run where /etc is another, see naming.Machine."""
    for name in ("LOCALDOMAIN", "RES_OPTIONS", "CARES_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    one = naming.Machine(tmp_path)
    try:
        trial = one.run("true")
    except FileNotFoundError:
        pytest.skip("no unshare(1): install util-linux")
    if trial.returncode != 0:
        pytest.skip(f"cannot mount over /etc/hosts and the like: {trial.stderr.strip()}")
    return one


@pytest.fixture
def inside():
    """inside(program, ...) runs it as PID 1, see programs.Inside."""
    trial = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "true"]
    try:
        result = subprocess.run(trial, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no unshare(1): install util-linux")
    if result.returncode != 0:
        pytest.skip(f"no namespace of processes: {result.stderr.strip()}")
    return programs.Inside
