"""Sockets that make further connections are counted, and if there are none, the reason is given."""
import pytest

from clients import IPV4, IPV6
from kernel import sysctl

COUNT = 400


def reuse(report, target, *args):
    """What a run reports about its sockets."""
    measured = report("-n", COUNT, "-c", 4, *args, target)
    assert (measured.code, measured.errors) == (0, {})
    sockets = measured.json["run"]["sockets"]
    assert sockets["opened"] + sockets["reused"] == COUNT
    return sockets


@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["IPv4", "IPv6"])
def test_over_loopback_sockets_make_further_connections(server, report, engine, family):
    sockets = reuse(report, server().target(family), "-e", engine)
    assert sockets["refusal"] is None
    assert sockets["reused"] > 0


def test_none_is_reused_with_reuse_sockets_no(server, report, engine):
    assert reuse(report, server().target(IPV4), "-e", engine, "--reuse-sockets", "no") == {
        "opened": COUNT, "reused": 0, "refusal": "--reuse-sockets is no"}


def test_with_few_local_ports_they_do_only_if_asked_to(server, report, engine):
    target = server().target(IPV4)
    with sysctl("net.ipv4.ip_local_port_range", "30000 39999"):
        assert reuse(report, target, "-e", engine) == {
            "opened": COUNT, "reused": 0,
            "refusal": "net.ipv4.ip_local_port_range has fewer than 16384 ports"}
        sockets = reuse(report, target, "-e", engine, "--reuse-sockets", "yes")
        assert sockets["refusal"] is None
        assert sockets["reused"] > 0


@pytest.mark.parametrize("args, refusal", [
    (("--close", "rst"), "--close rst leaves none to use again"),
    (("--source", "127.0.0.1"), "--source or --source-ports binds them"),
    (("--expect", "any"), "with --expect any or of more than 16 KiB their buffers may have grown"),
], ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_one_that_is_not_as_good_as_new_never_does(server, report, args, refusal):
    assert reuse(report, server().target(IPV4), "--reuse-sockets", "yes", *args) == {
        "opened": COUNT, "reused": 0, "refusal": refusal}


def test_without_timestamps_none_does(server, report):
    with sysctl("net.ipv4.tcp_timestamps", "0"):
        assert reuse(report, server().target(IPV4), "--reuse-sockets", "yes") == {
            "opened": COUNT, "reused": 0, "refusal": "net.ipv4.tcp_timestamps is 0"}


def test_the_summary_reports_them(server, load):
    result = load("-n", 10, "-c", 1, "--reuse-sockets", "no", server().target(IPV4))
    assert "\nsockets   0 of 10 reused, --reuse-sockets is no\n" in result.stdout
