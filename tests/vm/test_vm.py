"""The image in a virtual machine, as the platform boots it. Started by scripts/vm, as root, in a
network namespace of its own."""
import json
import os
import re
import subprocess
import time

import pytest

from machine import DEADLINE_S, PORT, THERE, Machine

CONNECTIONS = 10_000
KERNELS = ("5.10", "6.1", "6.12")
ENGINES = {"5.10": "epoll", "6.1": "uring", "6.12": "uring"}
DISABLES_IO_URING = {"5.10": False, "6.1": False, "6.12": True}  # by a setting of the whole machine
START_LINE = re.compile(r"hello-server: listening on \[::\]:1848 engine=(\w+) workers=1 close=linger")
STOP_LINE = re.compile(r"hello-server: stopped accepted=(\d+) greeted=(\d+) expired=0 reset=0 "
                       r"stalled=0 orphaned=0 failed=0 abandoned=0\n")


@pytest.fixture(scope="module", params=KERNELS)
def machine(request, network, figures, tmp_path_factory):
    one = Machine(request.param, tmp_path_factory.mktemp("machine"))
    one.clients = 0  # how many it has seen
    try:
        one.wait_until(lambda: one.greeting("ipv4") == b"hello\n", "a greeting")
        one.clients += 1
        figures.setdefault(one.kernel, {})["boot_to_greeting_s"] = round(time.monotonic() - one.started, 1)
        yield one
    finally:
        one.kill()


@pytest.mark.parametrize("family", THERE)
def test_a_client_is_greeted(machine, family):
    assert machine.greeting(family) == b"hello\n"
    machine.clients += 1


def test_the_engine_is_the_best_that_the_kernel_has_and_it_says_why(machine):
    expected = ENGINES[machine.kernel]
    assert START_LINE.search(machine.said())[1] == expected
    values = config(machine)
    assert values["platform.kernel"].startswith(machine.kernel + ".")
    assert values["engine.epoll"].startswith("works")
    if expected == "uring":
        assert values["engine.uring"].startswith("works")
    else:
        assert re.search(r"hello-server: .*io_uring.*", machine.said()), machine.said()
        assert "kernel" in values["engine.uring"]


def config(machine):
    return dict(line.split("=", 1) for line in
                machine.output_of("hello-server --print-config 0").splitlines() if "=" in line)


def test_it_finds_out_what_it_runs_on_and_sizes_itself(machine):
    values = {name: value.split("  # ")[0] for name, value in config(machine).items()}
    assert values["platform.name"] == "fly" and values["platform.region"] == "iad"
    assert values["platform.cpu_kind"] == "shared" and values["platform.cpus"] == "1"
    assert 200 << 20 < int(values["platform.memory_bytes"]) < 256 << 20
    assert (values["workers"], values["max-connections"]) == ("1", "10212")


def test_root_may_tune_it(machine):
    limit = "/proc/sys/net/ipv4/tcp_max_tw_buckets"
    before = machine.output_of(f"cat {limit}").strip()
    said = machine.output_of("hello-server --tune 0 >/run/tuned 2>&1 & "
                             "until busybox grep listening /run/tuned; do sleep 1; done; "
                             "kill $!; wait $!; cat /run/tuned")
    values = re.search(rf"tune: net\.ipv4\.tcp_max_tw_buckets {before} -> (\d+)\n", said)
    assert values and machine.output_of(f"cat {limit}").strip() == values[1], said
    assert int(values[1]) > int(before)


def test_io_uring_can_be_disabled_for_servers_that_start_and_one_that_runs_goes_on(machine):
    setting = "/proc/sys/kernel/io_uring_disabled"
    assert (machine.run(f"test -e {setting}")[0] == 0) == DISABLES_IO_URING[machine.kernel]
    if not DISABLES_IO_URING[machine.kernel]:
        return
    named = "kernel.io_uring_disabled is 2: set it to 0"
    machine.output_of(f"echo 2 >{setting}")
    try:
        assert named in config(machine)["engine.uring"]
        code, said = machine.run("hello-server --engine uring 0")
        assert (code, named in said) == (1, True), said
        said = machine.output_of("hello-server 0 >/run/disabled 2>&1 & "
                                 "until busybox grep listening /run/disabled; do sleep 1; done; "
                                 "kill $!; wait $!; cat /run/disabled")
        assert named in said and "engine=epoll" in said, said
        for family in THERE:
            assert machine.greeting(family) == b"hello\n"
            machine.clients += 1
    finally:
        machine.output_of(f"echo 0 >{setting}")
    assert config(machine)["engine.uring"].startswith("works")


def test_it_runs_as_the_platform_does_it(machine):
    """As a child that is nobody of importance, with the platform's limits and MTU."""
    pid = server_pid(machine)
    status = machine.output_of(f"cat /proc/{pid}/status")
    assert re.search(r"^Uid:\t65532\t", status, re.M)
    assert not re.search(r"^Pid:\t1$", status, re.M)
    limits = machine.output_of(f"cat /proc/{pid}/limits")
    assert re.search(r"^Max open files +10240 +10240 ", limits, re.M), limits
    assert "mtu 1420" in machine.output_of("ip link")


def server_pid(machine):
    pid = re.search(r"^ *(\d+) .*hello-server$", machine.output_of("ps"), re.M)
    return int(pid[1])


def test_netstat_shows_the_listener(machine):
    assert re.search(r"^tcp +\d+ +\d+ :::1848 +:::\* +LISTEN", machine.output_of("netstat -tln"), re.M)


@pytest.mark.parametrize("family", THERE)
def test_of_10_000_connections_none_is_lost(machine, family, figures):
    host = f"[{THERE[family]}]" if family == "ipv6" else THERE[family]
    count = CONNECTIONS // len(THERE)
    result = subprocess.run(
        [os.environ["HELLO_LOAD"], "--json", "-n", str(count), "-c", "64", "--timeout", "60s",
         f"{host}:{PORT}"],
        capture_output=True, text=True, timeout=DEADLINE_S)
    values = json.loads(result.stdout)["result"]["all"]
    assert (result.returncode, values["ok"], values["failed"]) == (0, count, 0)
    machine.clients += count
    figures[machine.kernel][f"{family}_connections_per_s"] = round(values["connections_per_s"])


def test_memory_is_recorded(machine, figures):
    memory = {name: int(kib) for name, kib in re.findall(
        r"^(\w+): +(\d+) kB$", machine.output_of("cat /proc/meminfo"), re.M)}
    rss = re.search(r"^VmRSS:\t *(\d+) kB$", machine.output_of(
        f"cat /proc/{server_pid(machine)}/status"), re.M)
    used = memory["MemTotal"] - memory["MemAvailable"]
    assert memory["MemTotal"] < 256 << 10
    assert memory["MemAvailable"] > memory["MemTotal"] // 3
    assert int(rss[1]) < 8 << 10
    figures[machine.kernel].update(guest_total_kib=memory["MemTotal"], guest_used_kib=used,
                                   process_rss_kib=int(rss[1]))


def test_a_stop_ends_in_exit_0_and_the_right_totals(machine):
    """The last one, since it switches the machine off."""
    said = machine.stop()
    totals = STOP_LINE.search(said)
    assert totals and int(totals[1]) == int(totals[2]) == machine.clients, said
    assert "init: main child exited with code 0\n" in said
