"""kernel.io_uring_disabled, a setting of the whole machine: nothing else may run meanwhile."""
import pytest

from clients import FAMILIES, crowd
from kernel import io_uring_error, sysctl
from programs import Server, run, server_path, totals

SETTING = "kernel.io_uring_disabled"


def started_while_disabled(start):
    """Start something while io_uring is disabled, and enable it again at once."""
    if io_uring_error():
        pytest.skip(f"no io_uring here even without the setting: {io_uring_error()}")
    with sysctl(SETTING, 2):
        assert io_uring_error() == "io_uring_setup: EPERM"
        return start()


def test_auto_takes_epoll_and_names_the_setting(server):
    one = started_while_disabled(server)
    assert isinstance(one, Server) and one.engine == "epoll"
    assert SETTING in one.stderr()[0]
    for family in FAMILIES:
        assert crowd(one.address(family), 500) == {"greeted": 500}
    one.wait_until_idle()
    assert one.stop(warnings=1) == totals(greeted=1000)


def test_uring_ends_and_names_the_setting():
    result = started_while_disabled(lambda: run(server_path(), "--engine", "uring", "0"))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and SETTING in result.stderr


def test_a_server_that_runs_already_goes_on(server):
    one = server("--engine", "uring")
    started_while_disabled(lambda: crowd(one.address(FAMILIES[0]), 500))
    one.wait_until_idle()
    assert one.stop() == totals(greeted=500)
