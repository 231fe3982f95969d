"""Where connections come from: --source and --source-ports, as the other side sees it."""
import collections
import contextlib
import ipaddress
import os
import re
import socket
import subprocess
import threading

import pytest

import factory
from clients import GREETING, IPV4, IPV6
from programs import run


class Door:
    """Greets whoever comes, and writes down from where."""

    def __init__(self, family):
        self.peers = []
        self.sock = socket.socket(family.number)
        self.sock.bind((family.loopback, 0))
        self.sock.listen(100)
        host = f"[{family.loopback}]" if family is IPV6 else family.loopback
        self.target = f"{host}:{self.sock.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):  # accept fails once the test is over
            while True:
                connection, (host, port, *_) = self.sock.accept()
                with connection:
                    self.peers.append((host, port))
                    connection.sendall(GREETING)

    @property
    def hosts(self):
        return collections.Counter(host for host, _ in self.peers)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.sock.close()


@pytest.fixture
def door():
    yield from factory.each(Door, Door.stop)


@pytest.fixture
def local_route():
    """local_route(block) makes all addresses of a block those of this machine (AnyIP)."""
    added = []

    def add(block):
        flag = "-6" if ":" in block else "-4"
        route = [flag, "route", "add", "local", block, "dev", "lo"]
        result = subprocess.run(["ip", *route], capture_output=True, text=True)
        if result.returncode != 0:
            pytest.skip(f"cannot add a local route: {result.stderr.strip()}")
        added.append(route)

    yield add
    for route in added:
        route[2] = "del"
        subprocess.run(["ip", *route], check=True)


def hello_load(*args):
    return run(os.environ["HELLO_LOAD"], "-c", 1, *args)


def complaint(*args, codes):
    result = hello_load(*args)
    assert result.returncode in codes and result.stdout == "", result
    assert re.fullmatch(r"hello-load: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


def test_the_addresses_of_the_list_take_turns(door, engine):
    one = door(IPV4)
    result = hello_load("-n", 9, "-e", engine, "--source", "127.0.0.9,127.0.1.0/30", one.target)
    assert result.returncode == 0, result
    assert one.hosts == {"127.0.0.9": 3, "127.0.1.1": 3, "127.0.1.2": 3}


@pytest.mark.parametrize(
    "family, block", [(IPV4, "10.77.0.0/16"), (IPV6, "fd77::/64")], ids=["ipv4", "ipv6"]
)
def test_a_routed_block_is_used_without_configuring_each_address(
    door, local_route, engine, family, block
):
    local_route(block)
    one = door(family)
    result = hello_load("-n", 20, "-e", engine, "--source", block, one.target)
    assert result.returncode == 0, result
    assert len(one.hosts) == 20
    assert all(ipaddress.ip_address(host) in ipaddress.ip_network(block) for host in one.hosts)


@pytest.mark.parametrize("source", [[], ["--source", "127.0.0.9"]], ids=["any address", "one"])
def test_ports_are_those_of_the_range(door, engine, source):
    one = door(IPV4)
    result = hello_load(
        "-n", 20, "-e", engine, *source, "--source-ports", "20000-20099", "--close", "rst",
        one.target,
    )
    assert result.returncode == 0, result
    assert len(one.peers) == 20
    assert all(20000 <= port <= 20099 for _, port in one.peers)


def test_ports_outside_of_what_the_kernel_chooses_from_are_used_all_the_same(door, engine):
    """ip_local_port_range begins at 1024 here."""
    one = door(IPV4)
    result = hello_load("-n", 3, "-e", engine, "--source-ports", "1000-1010", one.target)
    assert result.returncode == 0, result
    assert sorted(port for _, port in one.peers) == [1000, 1001, 1002]


def test_addresses_that_cannot_reach_a_target_are_refused(door):
    one = door(IPV6)
    line = complaint("--source", "127.0.0.9", "-n", 2, one.target, codes=(2,))
    assert "'127.0.0.9'" in line and one.target in line
    assert hello_load("-n", 2, "--source", "127.0.0.9,::1", one.target).returncode == 0
    assert one.hosts == {"::1": 2}


@pytest.mark.parametrize("source", ["192.0.2.1", "127.0.0.9,192.0.2.1", "2001:db8::/64"])
def test_an_address_of_another_machine_is_refused_at_once(source):
    line = complaint("--source", source, "127.0.0.1:9", codes=(1, 2))
    assert f"'{source.split(',')[-1]}'" in line


@pytest.mark.parametrize("source", ["localhost", "127.0.0.1/8", "127.0.0.1:5", ""])
def test_what_is_no_source_is_wrong_usage(source):
    assert f"'{source}'" in complaint(f"--source={source}", "127.0.0.1:9", codes=(2,))
