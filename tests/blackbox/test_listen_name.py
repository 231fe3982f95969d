"""Names in --listen: hello-server finds them in /etc/hosts, and nowhere else."""
import os
import re
import socket
from errno import EAFNOSUPPORT

import pytest

from clients import GREETING, IPV4, IPV6, refuses, visit
from kernel import refusal, sysctl
from naming import A, V4, V6, NameServer
from programs import one_after_the_other, run, server_config_and_sources, server_path, totals

# As a Fly Machine has it, but for the addresses.
HOSTS = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
127.0.0.1\t148ed726c12a89
::1\tfly-local-6pn
"""
FORMS = "must be ADDR, ADDR:PORT or [V6]:PORT"
ALSO = ("hello-server: 'localhost' is taken as [::1]; in /etc/hosts it is also 127.0.0.1; give the"
        " address that is meant, or [::] for all")


@pytest.fixture
def hosts(machine):
    """The machine with such an /etc/hosts, and without anybody to ask."""
    machine.write("hosts", HOSTS)
    (machine.directory / "resolv.conf").unlink()
    os.mkfifo(machine.directory / "resolv.conf")  # who opens it waits for ever
    return machine


def complaint(machine, *args, code, **options):
    result = run(server_path(), *args, **{"before": machine.enter, **options})
    assert (result.returncode, result.stdout) == (code, ""), result
    assert re.fullmatch(r"hello-server: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


# Where it listens


@pytest.mark.parametrize("name, printed, answering, other", [
    ("fly-local-6pn", "[::1]", IPV6, IPV4), ("FLY-Local-6PN", "[::1]", IPV6, IPV4),
    ("148ed726c12a89", "127.0.0.1", IPV4, IPV6),
])
def test_it_listens_on_the_address_that_the_name_has(server, engine, hosts, name, printed, answering, other):
    one = server("--engine", engine, "--listen", name, before=hosts.enter)
    assert one.line.startswith(f"hello-server: listening on {printed}:{one.port} ")
    assert visit(one.address(answering)) == GREETING
    assert refuses(one.address(other))
    assert one.stop() == totals(greeted=1)


@pytest.mark.parametrize("name, host", [("fly-local-6pn", "::1"), ("148ed726c12a89", "127.0.0.1")])
def test_a_port_follows_the_name(server, hosts, name, host):
    first = server()
    first.stop()
    again = server("--listen", f"{name}:{first.port}", port=None, before=hosts.enter)
    assert (again.host, again.port) == (host, first.port)
    assert again.stop() == totals()


@pytest.mark.parametrize("variable", ["HELLO_SERVER_LISTEN", "HELLO_LISTEN"])
def test_variables_take_names_too(server, hosts, variable):
    one = server(env={variable: "fly-local-6pn"}, before=hosts.enter)
    assert one.host == "::1"
    settings = server_config_and_sources(env={variable: "fly-local-6pn:7"}, before=hosts.enter)
    assert settings["listen"] == ("[::1]:7", f"${variable}: fly-local-6pn")


def test_print_config_shows_the_address_and_the_name(hosts):
    settings = server_config_and_sources("--listen", "148ed726c12a89", before=hosts.enter)
    assert settings["listen"] == ("127.0.0.1:1848", "command line: 148ed726c12a89")


def test_help_reads_no_file(machine):
    (machine.directory / "hosts").unlink()
    result = run(server_path(), "--listen", "nobody", "--help", before=machine.enter_alone)
    assert (result.returncode, result.stderr) == (0, "")


# A name that has several addresses


def test_of_both_families_IPv6_is_taken_and_the_other_is_reported(server, hosts):
    one = server("--listen", "localhost", before=hosts.enter)
    assert one.host == "::1"
    assert one.stderr() == [ALSO]
    assert refuses(one.address(IPV4))
    assert one.stop(warnings=1) == totals()


def test_quiet_prints_nothing_else(hosts):
    quiet = server_config_and_sources("-q", "--listen", "localhost", before=hosts.enter)
    assert quiet["listen"] == ("[::1]:1848", "command line: localhost")
    done = run(server_path(), "--print-config", "--listen", "localhost", before=hosts.enter)
    assert done.stderr == ALSO + "\n"


def test_hello_load_finds_it_by_the_same_name(server, hosts):
    (hosts.directory / "resolv.conf").unlink()
    for name in ("localhost", "fly-local-6pn", "148ed726c12a89"):
        one = server("--listen", name, before=hosts.enter)
        assert hosts.load(f"{name}:{one.port}").returncode == 0
        assert one.stop(warnings=None) == totals(greeted=4)


@pytest.mark.parametrize("lines, taken, also", [
    (["127.0.0.2 a", "127.0.0.1 a"], "127.0.0.2", "127.0.0.1"),
    (["::1 a", "127.0.0.2 a", "::2 a", "127.0.0.1 a"], "[::1]", "127.0.0.2, [::2], 127.0.0.1"),
    ([f"127.0.0.{i} a" for i in range(1, 6)], "127.0.0.1", "127.0.0.2, 127.0.0.3, 127.0.0.4 and 1 more"),
])
def test_within_a_family_the_first_line_is_taken(machine, lines, taken, also):
    machine.write("hosts", "\n".join(lines))
    done = run(server_path(), "--print-config", "--listen", "a", before=machine.enter)
    assert f"listen={taken}:1848  # command line: a\n" in done.stdout
    assert f"'a' is taken as {taken}; in /etc/hosts it is also {also}; give" in done.stderr


def test_an_address_that_is_there_twice_is_one(server, machine):
    machine.write("hosts", "::1 a\n0::1 b A\n")
    one = server("--listen", "a", before=machine.enter)
    assert one.stop(warnings=0) == totals()


def is_taken_as_ipv4(one):
    assert one.host == "127.0.0.1"
    assert "'localhost' is taken as 127.0.0.1, as IPv6 is off; in /etc/hosts it is also [::1]" in one.stderr()[0]
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop(warnings=1) == totals(greeted=1)


def test_without_IPv6_the_address_of_IPv4_is_taken(server, hosts):
    with sysctl("net.ipv6.conf.all.disable_ipv6", 1):
        is_taken_as_ipv4(server("--listen", "localhost", before=hosts.enter))


def test_with_a_kernel_that_has_no_IPv6_too(server, hosts):
    before = one_after_the_other(hosts.enter, refusal("socket", EAFNOSUPPORT, socket.AF_INET6))
    is_taken_as_ipv4(server("--listen", "localhost", before=before))


def test_without_IPv6_a_name_that_has_nothing_else_is_refused(hosts):
    before = one_after_the_other(hosts.enter, refusal("socket", EAFNOSUPPORT, socket.AF_INET6))
    assert "'[::1]:0'" in complaint(hosts, "--listen", "fly-local-6pn", "0", code=1, before=before)


# What cannot be had


@pytest.mark.parametrize("typed", ["fly-local-6pm", "fly-local-6pn.", "nobody:1848", "127.0.0.l"])
def test_a_name_that_is_not_there_is_wrong_usage(hosts, typed):
    line = complaint(hosts, "--listen", typed, code=2)
    assert f"--listen '{typed}': no such name in /etc/hosts, and names are looked up only there" in line
    line = complaint(hosts, env={"HELLO_LISTEN": typed}, code=2)
    assert f"HELLO_LISTEN='{typed}': no such name in /etc/hosts" in line


def test_a_name_server_is_never_asked(machine):
    name_server = NameServer("127.0.0.1", {"four.test": {A: [V4]}})
    try:
        assert "no such name" in complaint(machine, "--listen", "four.test", code=2)
        assert name_server.asked == []
    finally:
        name_server.stop()


@pytest.mark.parametrize("typed", ["127.0.0.256", "1.2.3", "[::1", ":80x", "localhost:80x", "[localhost]"])
def test_a_misspelt_address_is_no_name(hosts, typed):
    line = complaint(hosts, "--listen", typed, code=2)
    assert FORMS in line and "no such name" not in line


def test_a_name_of_a_multicast_address_is_wrong_usage(machine):
    machine.write("hosts", "ff02::1 ip6-allnodes\n")
    line = complaint(machine, code=2, env={"HELLO_SERVER_LISTEN": "ip6-allnodes"})
    assert line == ("hello-server: HELLO_SERVER_LISTEN='ip6-allnodes': [ff02::1] is a multicast address,"
                    " where TCP cannot listen; give one of an interface, or [::] for all\n")


def test_a_name_with_too_many_addresses_is_reported(machine):
    machine.write("hosts", "".join(f"127.0.0.{i} a\n" for i in range(1, 18)))
    assert "more than 16 addresses" in complaint(machine, "--listen", "a", code=2)


def test_a_hosts_file_that_nobody_writes_to_is_not_waited_for(hosts):
    (hosts.directory / "hosts").unlink()
    os.mkfifo(hosts.directory / "hosts")
    line = complaint(hosts, "--listen", "localhost", code=1)
    assert "--listen 'localhost': /etc/hosts is not a regular file" in line


def test_a_hosts_file_that_does_not_end_is_not_read_to_its_end(hosts):
    os.truncate(hosts.directory / "hosts", 1 << 40)
    assert "/etc/hosts has more than 16 MiB" in complaint(hosts, "--listen", "localhost", code=1)


def test_a_hosts_file_that_is_not_there_is_reported(machine):
    (machine.directory / "hosts").unlink()
    line = complaint(machine, "--listen", "localhost", code=1, before=machine.enter_alone)
    assert "cannot read /etc/hosts: No such file or directory" in line


@pytest.mark.parametrize("listen", [V4, f"[{V6}]", "[::]"])
def test_addresses_need_no_hosts_file(server, machine, listen):
    (machine.directory / "hosts").unlink()
    one = server("--listen", listen, before=machine.enter_alone)
    assert one.stop() == totals()
