"""Fixtures of tests/blackbox that are of use here."""
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]
pytest.register_assert_rewrite("programs", "proxies")

import kernel
import programs


def pytest_configure():
    if "HELLO_BLACKBOX_NAMESPACE" not in os.environ:
        pytest.exit("these tests need a network of their own: start them by ../blackbox/run.py", 1)


@pytest.fixture(params=programs.ENGINES)
def engine(request):
    if request.param.endswith("uring") and kernel.io_uring_error():
        pytest.skip(f"no io_uring here: {kernel.io_uring_error()}")
    return request.param


@pytest.fixture
def server():
    """server(*options) starts a hello-server on a free port, see programs.Server."""
    started = []

    def start(*args, **options):
        started.append(programs.Server(*args, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
