"""kernel.io_uring_disabled, played: it is a setting of the whole machine, so nothing here changes it. The call is refused
as the kernel would refuse it, and the setting reads as if it were set. The real one is tested in ../vm."""
import errno

import pytest

from clients import FAMILIES, crowd
from kernel import refusal, sysctl_shown
from programs import one_after_the_other, run, server_path, totals

SETTING = "kernel.io_uring_disabled"


@pytest.fixture
def disabled(tmp_path):
    """disabled(value): a preexec_fn after which io_uring is disabled like that, for one program."""
    return lambda value: one_after_the_other(sysctl_shown(SETTING, value, tmp_path),
                                             refusal("io_uring_setup", errno.EPERM))


def test_auto_takes_epoll_and_names_the_setting(server, disabled):
    one = server(before=disabled(2))
    assert one.engine == "epoll"
    assert f"the sysctl {SETTING} is 2: set it to 0" in one.stderr()[0]
    for family in FAMILIES:
        assert crowd(one.address(family), 500) == {"greeted": 500}
    one.wait_until_idle()
    assert one.stop(warnings=1) == totals(greeted=1000)


def test_uring_ends_and_names_the_setting(disabled):
    result = run(server_path(), "--engine", "uring", "0", before=disabled(2))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and f"{SETTING} is 2: set it to 0" in result.stderr


def test_where_a_group_may_use_it_the_group_is_named(disabled):
    result = run(server_path(), "--engine", "uring", "0", before=disabled(1))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{SETTING} is 1: set it to 0, or join the group kernel.io_uring_group" in result.stderr


def test_where_it_is_enabled_it_is_not_blamed(disabled):
    """A sandbox refuses the call."""
    result = run(server_path(), "--engine", "uring", "0", before=disabled(0))
    assert (result.returncode, result.stdout) == (1, "")
    assert "io_uring_setup" in result.stderr and SETTING not in result.stderr
