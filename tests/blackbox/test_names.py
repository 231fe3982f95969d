"""Names of targets: what hello-load makes of what /etc/hosts and DNS servers say."""
import contextlib
import errno
import os
import socket

import pytest

from naming import A, AAAA, CNAME, SERVER_FAILURE, V4, V6, NameServer
from programs import run
from syscalls import Calls

# What the name server knows. A name that has nothing of a type is answered without any.
RECORDS = {
    "both.test": {A: [V4], AAAA: [V6]},
    "other.test": {A: ["127.0.0.7"], AAAA: [V6]},
    "four.test": {A: [V4]},
    "six.test": {AAAA: [V6]},
    "several.test": {A: [V4, "127.0.0.2"]},
    "alias.test": {CNAME: ["second.test"]},
    "second.test": {CNAME: ["both.test"]},
    "broken.test": SERVER_FAILURE,
    "half.test": {A: [V4], AAAA: None},
    "localhost": {A: ["127.0.0.66"]},  # a lie
}

@pytest.fixture
def name_server():
    server = NameServer("127.0.0.1", RECORDS)
    yield server
    server.stop()


# Which addresses are connected to


@pytest.mark.parametrize(
    "args, name, expected",
    [
        ([], "both.test", {V6: 4}),  # RFC 6724 prefers the loopback address of IPv6
        (["-4"], "both.test", {V4: 4}),
        (["-6"], "both.test", {V6: 4}),
        (["--family", "ipv4"], "both.test", {V4: 4}),
        (["--family", "ipv6"], "both.test", {V6: 4}),
        (["--family", "both"], "both.test", {V4: 2, V6: 2}),
        ([], "four.test", {V4: 4}),
        ([], "six.test", {V6: 4}),
        (["-4"], "several.test", {V4: 4}),
        ([], "BOTH.Test", {V6: 4}),
        ([], "both.test.", {V6: 4}),
        ([], "alias.test", {V6: 4}),
        (["--family", "both"], "alias.test", {V4: 2, V6: 2}),
    ],
)
def test_the_addresses_of_a_name_are_those_of_the_family_asked_for(
    name_server, machine, door, args, name, expected
):
    result = machine.load(*args, f"{name}:{door.port}")
    assert (result.returncode, result.stderr) == (0, "")
    assert door.visits == expected
    assert name.lower().rstrip(".") in name_server.asked


def test_a_name_is_found_also_where_nothing_can_be_waited_for(name_server, machine, door):
    calls = Calls(["ppoll", "pselect6"])
    fault = calls.begin("ppoll", errno.EPERM, also=("pselect6",))

    def before():
        machine.enter()
        calls.before()

    result = run(os.environ["HELLO_LOAD"], "-n", 4, "-c", 2, f"both.test:{door.port}", before=before)
    calls.stop()
    assert (result.returncode, result.stderr) == (0, "")
    assert door.visits == {V6: 4}
    assert fault.hits > 0


def test_several_names_are_several_targets(name_server, machine, door):
    result = machine.load("-4", f"both.test:{door.port}", f"other.test:{door.port}")
    assert result.returncode == 0, result
    assert door.visits == {V4: 2, "127.0.0.7": 2}


def test_the_hosts_file_comes_before_the_servers(name_server, machine, door):
    machine.write("hosts", "127.0.0.9 four.test other-name\n::1 six.test\n")
    name_server.asked.clear()
    for args in (["-4", f"four.test:{door.port}"], [f"other-name:{door.port}"]):
        assert machine.load(*args).returncode == 0
    assert door.visits == {"127.0.0.9": 8}
    assert name_server.asked == []


def test_a_name_without_dots_is_looked_for_in_the_search_domains(name_server, machine, door):
    machine.write("resolv.conf", "search nowhere.test test\nnameserver 127.0.0.1\n")
    assert machine.load(f"four:{door.port}").returncode == 0
    assert door.visits == {V4: 4}


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "localhost.", "any.localhost"])
def test_localhost_is_asked_of_no_server(name_server, machine, door, name):
    name_server.asked.clear()
    assert machine.load("--family", "both", f"{name}:{door.port}").returncode == 0
    assert door.visits == {V4: 2, V6: 2}
    assert name_server.asked == []


def test_a_numeric_address_is_asked_of_no_server(name_server, machine, door):
    name_server.asked.clear()
    for target in (f"127.0.0.1:{door.port}", f"[::1]:{door.port}"):
        assert machine.load(target).returncode == 0
    for wrong in ("127.0.0.256", "127.1", "1848", "1:2:3"):
        assert f"'{wrong}'" in machine.complaint(wrong, code=2)
    assert door.visits == {V4: 4, V6: 4}
    assert name_server.asked == []


# What names cannot be used, and what is said of them


@pytest.mark.parametrize(
    "args, named",
    [
        (["nobody.test"], ["'nobody.test'"]),
        (["nobody.test:7=3"], ["'nobody.test'"]),
        (["-4", "six.test"], ["'six.test'", "IPv4", "-4"]),
        (["-6", "four.test"], ["'four.test'", "IPv6", "-6"]),
        (["--family", "ipv6", "four.test"], ["'four.test'", "IPv6", "--family ipv6"]),
        (["--family", "both", "four.test"], ["'four.test'", "IPv6", "--family both"]),
        (["--family", "both", "six.test"], ["'six.test'", "IPv4", "--family both"]),
        (["both.test", "nobody.test"], ["'nobody.test'"]),
    ],
    ids=" ".join,
)
def test_a_name_that_is_not_there_is_wrong_usage(name_server, machine, args, named):
    line = machine.complaint(*args, code=2)
    assert all(part in line for part in named), line


def test_a_server_that_fails_is_reported(name_server, machine):
    line = machine.complaint("broken.test", code=1)
    assert "'broken.test'" in line and "/etc/resolv.conf" in line


@pytest.mark.timed
def test_servers_that_never_answer_are_reported_and_not_waited_for_one_by_one(machine):
    """Asked in turn, each again and again, they would take longer than run() waits."""
    hosts = [f"127.0.0.{i}" for i in range(2, 5)]
    machine.write("resolv.conf", "".join(f"nameserver {host}\n" for host in hosts))
    with contextlib.ExitStack() as stack:
        for host in hosts:
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.bind((host, 53))
        line = machine.complaint("four.test", code=1)
    assert "'four.test'" in line and "/etc/resolv.conf" in line


def test_no_server_at_all_is_reported(machine):
    machine.write("resolv.conf", "nameserver 127.0.0.99\n")
    line = machine.complaint("both.test", code=1)
    assert "'both.test'" in line and "/etc/resolv.conf" in line


def test_a_server_that_is_gone_does_not_hide_the_next_one(name_server, machine, door):
    machine.write("resolv.conf", "nameserver 127.0.0.99\nnameserver 127.0.0.1\n")
    assert machine.load(f"four.test:{door.port}").returncode == 0
    assert door.visits == {V4: 4}


def test_a_server_that_answers_for_one_family_only_is_enough(name_server, machine, door):
    assert machine.load(f"half.test:{door.port}").returncode == 0
    assert door.visits == {V4: 4}
