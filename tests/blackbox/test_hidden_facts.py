"""What changes a rate and is seen nowhere else is in the result, as it holds on this machine."""
import contextlib
import ctypes
import errno
import fcntl
import socket
import struct

import pytest

import kernel
from clients import IPV4, IPV6
from firewall import firewall
from programs import unprivileged

_SIOCETHTOOL = 0x8946
_GET = {"gro": 0x2B, "gso": 0x23, "tso": 0x1E}  # ETHTOOL_GGRO and so on, linux/ethtool.h
_SET = {"gro": 0x2C, "gso": 0x24, "tso": 0x1F}


def ethtool(device, command, value=0):
    reported = (ctypes.c_uint32 * 2)(command, value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCETHTOOL,
                    struct.pack("16sP16x", device.encode(), ctypes.addressof(reported)))
    return reported[1]


@contextlib.contextmanager
def only(device, wanted):
    """A device has this offload, and not the others."""
    before = {name: ethtool(device, command) for name, command in _GET.items()}
    try:
        for name in ("tso", "gso", "gro"):  # the kernel takes tso away with gso
            ethtool(device, _SET[name], 0)
        for name in ("gso", wanted):
            ethtool(device, _SET[name], name == wanted or wanted == "tso")
        yield {name: bool(ethtool(device, command)) for name, command in _GET.items()}
    finally:
        for name in ("gso", "gro", "tso"):
            ethtool(device, _SET[name], before[name])


def offloads(target):
    return {name: target[name] for name in _GET}


@pytest.mark.parametrize("wanted", _GET)
def test_offloads_are_those_of_the_device_to_each_target(server, report, link, wanted):
    """Loopback has one of them now, the way to another namespace its own; anybody may see both."""
    far = link()
    here, there = server(), server(link=far)
    with only("lo", wanted) as expected:
        assert expected[wanted] and not all(expected.values())
        targets = report("-n", 10, here.target(IPV4), there.target(far.far(IPV4)),
                       before=unprivileged).targets
    assert [target["device"] for target in targets] == ["lo", "near0"]
    assert offloads(targets[0]) == expected
    assert offloads(targets[1]) == {name: bool(ethtool("near0", get)) for name, get in _GET.items()}
    assert offloads(targets[1]) != expected


def test_offloads_that_cannot_be_read_are_unknown(server, report):
    target = report("-n", 10, server().target(IPV4), before=kernel.refusal("ioctl", errno.EPERM)).targets[0]
    assert offloads(target) == {"gro": None, "gso": None, "tso": None}


def test_connections_that_the_kernel_tracks_are_reported_to_any_user(server, report, load):
    """With a rule that asks for their state it tracks all; no other rule makes it do so."""
    target = server().target(IPV4)

    def reported():
        tracked = report("-n", 100, target, before=unprivileged).json["machine"]["tracked_connections"]
        summary = " ".join(load("-n", 10, target, before=unprivileged).stdout.split())
        return tracked, "the kernel tracks connections (" in summary

    with firewall("tcp dport 1 accept"):
        assert reported() == (0, False)
    with firewall("ct state established accept"):
        tracked, is_in_summary = reported()
    assert tracked >= 100 and is_in_summary


def test_features_of_the_engine_are_reported(server, report, engine):
    reported = report("-n", 10, "-t", 2, "-e", engine, server().target(IPV6)).json["run"]
    if engine == "epoll":
        assert reported["engine_features"] == ["nanosecond_timeout"]
    else:
        assert reported["engine_features"][:3] == ["single_issuer", "defer_taskrun", "registered_ring"]


@pytest.mark.parametrize("engine, call, missing", [
    ("uring", "io_uring_register", "registered_ring"),
    ("epoll", "epoll_pwait2", "nanosecond_timeout"),
])
def test_a_feature_that_the_engine_did_not_get_is_not_reported(server, report, engine, call, missing):
    if engine == "uring" and kernel.io_uring_error():
        pytest.skip(f"no io_uring here: {kernel.io_uring_error()}")
    target = server().target(IPV4)
    refused = kernel.refusal(call, errno.EPERM)
    with_it = report("-n", 100, "-e", engine, target)
    without = report("-n", 100, "-e", engine, target, before=refused)
    assert without.ok == 100
    expected = [name for name in with_it.json["run"]["engine_features"] if name != missing]
    assert without.json["run"]["engine_features"] == expected
