"""Addresses that mean something else: both programs refuse them, ask, or say what may have been meant."""
import os

import pytest

from programs import run, server_path

BRACKETS = "an IPv6 address needs brackets before a port"


def hello_load(*args):
    return run(os.environ["HELLO_LOAD"], "--no-live", *args)


@pytest.mark.parametrize("typed, meant", [
    ("::1:1848", "[::1]:1848"), ("::1848", "[::]:1848"), (":::1848", "[::]:1848"),
    ("fe80::1%lo:1848", "[fe80::1%lo]:1848"),
    ("::ffff:127.0.0.1:1848", "[::ffff:127.0.0.1]:1848"),
])
def test_what_can_only_have_been_meant_with_a_port_is_asked_for(typed, meant):
    for result in (run(server_path(), "-l", typed), hello_load("-n", 1, typed)):
        assert (result.returncode, result.stdout) == (2, "")
        assert f"'{typed}'" in result.stderr and result.stderr.count("\n") == 1
        assert f"did you mean '{meant}'? {BRACKETS}" in result.stderr


def test_what_is_an_address_as_well_is_taken_and_the_other_meaning_is_reported():
    result = run(server_path(), "-l", "2001:db8::1:1848")
    assert result.returncode == 1
    assert "cannot listen on '[2001:db8::1:1848]:1848'" in result.stderr
    assert result.stderr.endswith("; or did you mean '[2001:db8::1]:1848'?\n")
    result = hello_load("-n", 1, "2001:db8::1:1848")
    assert result.returncode == 3
    assert ("hello-load: warning: '2001:db8::1:1848' is taken as an address without a port; if you meant"
            " one, write '[2001:db8::1]:1848'\n") in result.stderr


@pytest.mark.parametrize("address", ["::1", "[::1]", "127.0.0.1"])
def test_a_plain_address_is_taken_without_a_word(server, address):
    one = server("-l", address)
    target = f"[::1]:{one.port}" if ":" in address else f"127.0.0.1:{one.port}"
    result = hello_load("-n", 1, target)
    assert (result.returncode, result.stderr) == (0, "")
    assert one.stop(warnings=0)["greeted"] == 1


def test_a_port_alone_is_asked_for_by_the_server():
    result = run(server_path(), "--listen", ":8080")
    assert result.returncode == 2 and "is a port without an address; did you mean '127.0.0.1:8080', or '[::]:8080'" in result.stderr


def test_the_error_for_an_address_in_place_of_the_port_says_where_it_goes():
    for typed in ("127.0.0.1", "[::]:7000", "localhost:7000"):
        result = run(server_path(), typed)
        assert result.returncode == 2
        assert result.stderr.endswith("; an address is given by --listen\n")
    assert "--listen" not in run(server_path(), "70000").stderr


def test_the_error_for_a_port_as_a_second_word_and_for_a_url_says_what_to_write():
    assert "did you mean 'localhost:1848'?" in hello_load("-n", 1, "localhost", "1848").stderr
    result = hello_load("-n", 1, "http://localhost:1848/")
    assert result.returncode == 2 and "--send 'GET / HTTP/1.0" in result.stderr


@pytest.mark.parametrize("address, kind", [
    ("224.0.0.1", "multicast"), ("[ff02::1%lo]", "multicast"), ("[ff0e::1]", "multicast"),
    ("[::ffff:239.1.2.3]", "multicast"), ("255.255.255.255", "broadcast"),
    ("[::ffff:255.255.255.255]", "broadcast"),
    ("127.255.255.255", "broadcast"),  # of the network of lo
])
def test_an_address_of_several_hosts_is_refused(address, kind):
    plain = address.replace("%lo", "%1")
    assert run(server_path(), "--listen", address).stderr == (
        f"hello-server: --listen '{plain}': {plain} is a {kind} address, where TCP cannot listen;"
        " give one of an interface, or [::] for all\n")
    assert hello_load("-n", 1, f"{address}:9").stderr == (
        f"hello-load: '{address}:9' cannot be connected to: {plain}:9 is a {kind} address;"
        " give the address of one host\n")
    source = address.strip("[]")
    assert hello_load("-n", 1, "--source", source, "127.0.0.1:9").stderr == (
        f"hello-load: --source '{source}' is a {kind} address;"
        " name one of an interface\n")
    for program, *args in ((server_path(), "-l", address), (os.environ["HELLO_LOAD"], address),
                           (os.environ["HELLO_LOAD"], "--source", source, "127.0.0.1:9")):
        result = run(program, *args)
        assert (result.returncode, result.stdout) == (2, "")
