"""How many may wait to be accepted: what is printed is what the kernel made of it."""
import os
import subprocess

import pytest

from clients import IPV4, IPV6, visit, GREETING
from kernel import lay_nothing_over, mounts_of_its_own, sysctl
from programs import server_config_and_sources, totals


@pytest.fixture(autouse=True)
def at_most_100():
    with sysctl("net.core.somaxconn", 100):
        yield


def in_force(port):
    """Of each listener, as ss(8) shows it."""
    shown = subprocess.run(
        ["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    return {int(line.split()[2]) for line in shown.stdout.splitlines()}


def settings(lines):
    return dict(line.split("=", 1) for line in lines if "  # " in line)


def warnings(lines):
    return [line for line in lines if line.startswith("hello-server: ")]


@pytest.mark.parametrize("asked, holds", [(1, 1), (99, 99), (100, 100), ("auto", 100)])
def test_a_backlog_that_the_kernel_allows_holds(server, engine, asked, holds):
    one = server("--engine", engine, "-v", "--workers", 2, "--backlog", asked)
    assert in_force(one.port) == {holds}
    assert settings(one.stderr())["backlog"].startswith(f"{holds}  # ")
    assert warnings(one.stderr()) == []


@pytest.mark.parametrize("asked", [101, 100_000, 2**31 - 1])
@pytest.mark.parametrize("listen", ["[::]", "127.0.0.1"])
def test_a_backlog_that_the_kernel_cuts_is_reported_in_one_line(server, asked, listen):
    one = server("-v", "--workers", 2, "--listen", listen, "--backlog", asked)
    assert in_force(one.port) == {100}
    assert settings(one.stderr())["backlog"] == f"100  # cut from {asked} by net.core.somaxconn"
    assert warnings(one.stderr()) == [
        f"hello-server: warning: --backlog {asked} is cut to 100 by the kernel; raise net.core.somaxconn, or lower --backlog"
    ]


def test_it_is_reported_once_and_printed_though_quiet(server):
    one = server("--backlog", 100_000)
    assert one.stop(warnings=1) == totals()
    assert server_config_and_sources("-q", "--backlog", 100_000)["backlog"][0] == "100"


def test_print_config_says_what_would_hold():
    config = server_config_and_sources("--backlog", 5000)
    assert config["backlog"] == ("100", "cut from 5000 by net.core.somaxconn")
    config = server_config_and_sources(env={"HELLO_SERVER_BACKLOG": "5000"})
    assert config["backlog"] == ("100", "cut from 5000 by net.core.somaxconn")


def hide_settings():
    """A preexec_fn: the limit is in force, and cannot be read."""
    mounts_of_its_own()
    lay_nothing_over("/proc/sys/net/core")


@pytest.mark.parametrize("asked, note", [
    (5000, "cut from 5000 by the kernel, as read back"), ("auto", "auto: the kernel, as read back"),
])
def test_where_the_limit_cannot_be_read_the_listener_reports_it(server, asked, note):
    if os.geteuid() != 0:
        pytest.skip("needs to hide a file")
    one = server("-v", "--backlog", asked, before=hide_settings)
    assert settings(one.stderr())["backlog"] == f"100  # {note}"
    assert len(warnings(one.stderr())) == (asked != "auto")
    assert [visit(one.address(family)) for family in (IPV4, IPV6)] == [GREETING] * 2
