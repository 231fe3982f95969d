"""Fixtures: a world per test, and those of the black-box tests that are of use here."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]
pytest.register_assert_rewrite("fly", "flyctl", "programs", "misbehaving")

import factory
import fly
import misbehaving
import programs


def pytest_configure():
    if "HELLO_BLACKBOX_NAMESPACE" not in os.environ:
        pytest.exit("these tests need a network of their own: start them by ../blackbox/run.py", 1)


@pytest.fixture
def machines():
    """The stand-in starts what Machines run in namespaces."""
    trial = subprocess.run(["unshare", "-mn", "mount", "-t", "tmpfs", "tmpfs", "/usr/local/bin"],
                           capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no namespaces here: {trial.stderr.strip()}")


@pytest.fixture
def world(tmp_path):
    one = fly.World(tmp_path)
    one.write_config(1848)
    yield one
    one.close()


def configured(world, kind):
    """A function like kind: starts one, whose port the configuration then has."""
    def start(*args, **options):
        one = kind(*args, **options)
        world.write_config(one.port)
        return one

    return start


@pytest.fixture
def server(world):
    """server(*options) starts a hello-server, whose port the configuration then has."""
    yield from factory.each(configured(world, programs.Server), programs.Server.kill)


@pytest.fixture
def peer(world):
    """peer(answer) starts a server in the test itself, whose port the configuration then has."""
    yield from factory.each(configured(world, misbehaving.Peer), misbehaving.Peer.stop)
