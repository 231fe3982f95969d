"""100,000 connections of hello-load in flight at once. That takes more descriptors and memory than many
machines give, so it is shown in a virtual one, from both sides: hello-server, stopped, lets the kernel
keep them all waiting, and greets them all once it goes on."""
import json
import re
import time

import pytest

from machine import DEADLINE_S, Machine

KERNEL = "6.12"
MEMORY_MB = 3072
FEW, MANY = 1_000, 100_000
BYTES_PER_FLOW_MAX = 1024
PORT = 1849
SETTINGS = {  # so many wait to be accepted, from 14 addresses
    "net/core/somaxconn": 2 * MANY,
    "net/ipv4/ip_local_port_range": "1024 65535",
}


@pytest.fixture(scope="module", params=[KERNEL])
def machine(request, network, tmp_path_factory):
    one = Machine(request.param, tmp_path_factory.mktemp("machine"), MEMORY_MB)
    try:
        one.wait_until(lambda: one.greeting("ipv4") == b"hello\n", "a greeting")
        for name, value in SETTINGS.items():
            one.output_of(f"echo {value} >/proc/sys/{name}")
        yield one
    finally:
        one.kill()


def starts(machine, name, *options):
    """Start a program with room for descriptors; what it prints goes to /run/NAME. Returns its process id."""
    command = " ".join(map(str, (name, *options)))
    machine.output_of(f"ulimit -n {3 * MANY}; for end in '' .pid .code; do : >/run/{name}$end; done; "
                      f"{{ {command} & echo $! >/run/{name}.pid; wait $!; echo $? >/run/{name}.code; }}"
                      f" >/run/{name} 2>/run/{name}.errors &")
    machine.wait_until(lambda: said(machine, f"{name}.pid"), name)
    return int(said(machine, f"{name}.pid"))


def said(machine, name):
    return machine.output_of(f"cat /run/{name}")


def ended(machine, name):
    machine.wait_until(lambda: pause() or said(machine, f"{name}.code"), f"the end of {name}")
    return int(said(machine, f"{name}.code"))


def pause():
    time.sleep(0.5)  # the machine has one CPU, and better things to do than to answer


def memory_kib(machine, path, field):
    return int(re.search(rf"^{field}:\s+(\d+) kB$", machine.output_of(f"cat {path}"), re.M)[1])


def established(machine):
    """Both ends of each connection."""
    names, values = re.findall(r"^Tcp: (.*)$", machine.output_of("cat /proc/net/snmp"), re.M)
    return int(dict(zip(names.split(), values.split()))["CurrEstab"])


def rss_kib(machine, pid):
    """Of a process that has nothing left to do."""
    before, now = -1, 0
    while before != now:
        before, now = now, memory_kib(machine, f"/proc/{pid}/status", "VmRSS")
        pause()
    return now


def rss_with(machine, engine, count):
    """Memory of hello-load with so many in flight, which all have to end well. Returns KiB."""
    server = starts(machine, "hello-server", "--backlog", 2 * MANY, "--linger-timeout", "10m", PORT)
    machine.wait_until(lambda: "listening" in said(machine, "hello-server"), "the server")
    machine.output_of(f"kill -STOP {server}")
    load = starts(machine, "hello-load", "--json", "-t", 1, "-n", count, "-c", count, "-e", engine,
                  "--timeout", "1h", "--source", "127.0.0.0/28", f"127.0.0.1:{PORT}")
    machine.wait_until(lambda: pause() or established(machine) >= 2 * count, f"{count} in flight")
    rss = rss_kib(machine, load)
    machine.output_of(f"kill -CONT {server}")
    assert ended(machine, "hello-load") == 0, said(machine, "hello-load.errors")
    totals = json.loads(said(machine, "hello-load"))["result"]["all"]
    assert (totals["started"], totals["ok"], totals["failed"]) == (count, count, 0)
    machine.output_of(f"kill -TERM {server}")
    assert ended(machine, "hello-server") == 0
    return rss


@pytest.mark.timeout(4 * DEADLINE_S)
@pytest.mark.parametrize("engine", ["uring", "epoll"])
def test_100_000_connections_in_flight_cost_less_than_1_KiB_each(machine, engine, figures):
    few = rss_with(machine, engine, FEW)
    many = rss_with(machine, engine, MANY)
    per_flow = (many - few) * 1024 / (MANY - FEW)
    figures.setdefault(machine.kernel, {})[f"{engine}_bytes_per_connection_in_flight"] = round(per_flow)
    assert per_flow < BYTES_PER_FLOW_MAX
