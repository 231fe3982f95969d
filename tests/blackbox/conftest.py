"""Fixtures: a hello-server per test, and the axes along which tests are repeated."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
pytest.register_assert_rewrite("clients", "kernel", "programs")

import clients
import kernel
import programs


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute")
    if "HELLO_BLACKBOX_NAMESPACE" not in os.environ:
        pytest.exit("these tests need a network of their own: start them by run.py", 1)
    for name in ("HELLO_SERVER", "HELLO_LOAD"):
        if name not in os.environ:
            pytest.exit(f"{name} must hold the path of the program", 1)


@pytest.fixture(params=["uring", "epoll"])
def engine(request):
    if request.param == "uring" and kernel.io_uring_error():
        pytest.skip(f"no io_uring here: {kernel.io_uring_error()}")
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
    started = []

    def start(*args, **options):
        started.append(programs.Server(*args, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        if one.stderr():
            print(f"stderr of hello-server {one.pid}:", *one.stderr(), sep="\n")


@pytest.fixture
def load():
    """load(*options) runs hello-load to its end, see Load."""
    return programs.Load
