"""hello-load's counts equal those of others: the kernel and the servers."""
import collections
import signal
import time

import pytest

from clients import FAMILIES, GREETING, IPV4
from kernel import Counters, sysctl
from misbehaving import says
from programs import totals, wait_until

# The kernel


def test_the_kernel_opened_as_many_connections(server, report, engine, family, loop):
    one = server()
    counters = Counters()
    measured = report(*loop, "-e", engine, one.target(family))
    assert (measured.code, measured.errors) == (0, {})
    one.wait_until_idle()
    assert counters["TcpActiveOpens"] == measured.started
    assert counters["TcpPassiveOpens"] == measured.started
    assert counters["TcpAttemptFails"] == 0
    # Where the time decides, it reads the kernel's counters a moment before or after it is over: a longer one where this
    # machine holds up the thread that starts connections and the one that reads. Late starts may come after it.
    moment_s = 0.02 + 2 * measured.stalls["longest_ns"] / 1e9
    some = 0 if "-n" in loop else moment_s / measured.json["run"]["window_s"] * measured.started + measured.late
    for name in ("active_opens", "passive_opens"):
        assert measured.usage[name] == pytest.approx(measured.started, abs=some), name
    assert one.stop() == totals(greeted=measured.ok)


@pytest.mark.parametrize("timestamps", [0, 1])
@pytest.mark.parametrize("ports", ["40000 40199", "20000 23999"])
def test_ports_that_come_again_soon_are_no_trouble(server, load, engine, family, timestamps, ports):
    """A server that closed first knows the pair of ports for a minute yet (TIME_WAIT). It takes a SYN
    for them if that has a later timestamp, or a higher sequence number, and repels others for a while."""
    with sysctl("net.ipv4.tcp_timestamps", timestamps), \
            sysctl("net.ipv4.ip_local_port_range", ports):
        one = server()
        counters = Counters()
        result = load("-c", 8, "-n", 6000, "-e", engine, one.target(family))
    assert (result.code, result.ok) == (0, 6000)
    assert counters["TcpExtTCPSynRetrans"] == 0
    # What a server that this machine holds up sends twice may find that its client is gone.
    assert counters["TcpOutRsts"] <= counters["TcpRetransSegs"]


def test_connections_that_failed_were_opened_too(peer, report, engine):
    answers = [says(GREETING), says(b"")] * 500
    one = peer(lambda connection: answers.pop()(connection))
    counters = Counters()
    measured = report("-c", 20, "-n", 1000, "-e", engine, one.target)
    assert counters["TcpActiveOpens"] == measured.started == 1000
    assert (measured.ok, measured.errors) == (500, {("greeting", "short"): 500})


@pytest.mark.parametrize("how, per_connection", [("fin", 0), ("rst", 1)])
def test_the_kernel_sent_a_reset_for_each_connection_that_was_to_be_reset(
        link, server, report, engine, family, how, per_connection):
    """At the other end, so that only this end's segments are counted; a FIN leaves the server in
    TIME_WAIT, as it closed first, and a reset leaves nothing. What either end sends twice, as they
    do when the link stood still for 200 ms, can have this end answer one reset more each."""
    way = link()
    one = server("--close", "linger", link=way)
    counters, there = Counters(), way.counters()
    measured = report("-c", 50, "-n", 2000, "--close", how, "-e", engine, one.target(way.far(family)))
    assert (measured.code, measured.ok) == (0, 2000)
    assert measured.json["run"]["options"]["close"] == how
    one.wait_until_idle()
    resets = counters["TcpOutRsts"]
    repeated = counters["TcpRetransSegs"] + there["TcpRetransSegs"]
    assert 0 <= resets - per_connection * 2000 <= repeated
    assert there["TcpPassiveOpens"] == 2000


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_early_and_what_it_measured_is_right(server, start, engine, signum):
    one = server()
    run = start("-r", "500/s", "-d", "1h", "-e", engine, one.target(IPV4))
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 250, "some connections")
    run.process.send_signal(signum)
    measured = run.report(within=10)
    assert (measured.errors, measured.json["run"]["cut_short"]) == ({}, True)
    assert measured.started + measured.dropped == pytest.approx(500 * measured.json["run"]["window_s"], abs=50)
    assert 250 <= measured.ok <= one.counters["TcpPassiveOpens"] <= measured.ok + 10


def test_a_signal_ends_it_while_a_server_keeps_silent(peer, start, engine):
    one = peer(lambda connection: one.hold(connection))
    run = start("-c", 20, "-d", "1h", "--timeout", "1h", "-e", engine, one.target)
    wait_until(lambda: len(one.held) == 20, "20 connections")
    run.process.send_signal(signal.SIGINT)
    measured = run.report(within=10)
    assert measured.json["run"]["cut_short"] and measured.ok == 0


# The servers


def servers_and_weights(server, weights):
    ones = [server() for _ in weights]
    return ones, [f"{one.target(IPV4)}={weight}" for one, weight in zip(ones, weights)]


@pytest.mark.parametrize("loop", [("-c", 30), ("-r", "2k/s")], ids=["closed", "open"])
def test_targets_get_shares_by_weight(server, report, engine, loop):
    ones, targets = servers_and_weights(server, (5, 3, 1))
    measured = report(*loop, "-n", 1800, "-t", 1, "-e", engine, *targets)
    assert measured.ok == 1800
    assert [target["ok"] for target in measured.targets] == [1000, 600, 200]
    for one, count in zip(ones, (1000, 600, 200)):
        one.wait_until_idle()
        assert one.counters["TcpPassiveOpens"] == 1800
        assert one.stop(all_accepted=False) == totals(greeted=count)


def test_shares_by_weight_are_smooth(peer, report):
    """Never more than one away from the exact share, not only in the end."""
    order = []

    def server_named(name):
        return peer(lambda connection: (order.append(name), connection.sendall(GREETING)))

    ones = {name: server_named(name) for name in "abc"}
    weights = {"a": 5, "b": 3, "c": 1}
    measured = report("-c", 1, "-n", 180, "-t", 1,
                  *(f"{one.target}={weights[name]}" for name, one in ones.items()))
    assert measured.ok == 180
    for count in range(1, 181):
        seen = collections.Counter(order[:count])
        for name, weight in weights.items():
            assert abs(seen[name] - count * weight / 9) <= 1, (count, seen)


def test_shares_by_weight_hold_over_all_threads(server, report, engine):
    ones, targets = servers_and_weights(server, (3, 1))
    measured = report("-c", 20, "-n", 2000, "-t", 2, "-e", engine, *targets)
    assert [target["started"] for target in measured.targets] == pytest.approx([1500, 500], abs=2)
    assert sum(target["ok"] for target in measured.targets) == 2000


# The warm-up


@pytest.mark.parametrize("loop", [("-c", 10), ("-r", "500/s", "-c", 1000)], ids=["closed", "open"])
def test_the_warmup_is_not_measured_but_made(peer, report, engine, loop):
    """The server is slow and wrong until it is warm, and only then right."""
    warm_at = time.monotonic() + 0.5

    def answer(connection):
        if time.monotonic() < warm_at:
            time.sleep(0.2)
            connection.sendall(b"wait\n")
        else:
            connection.sendall(GREETING)

    one = peer(answer, at_once=True)
    counters = Counters()
    measured = report(*loop, "-n", 500, "--warmup", "1s", "-e", engine, one.target)
    assert (measured.ok, measured.started, measured.dropped, measured.errors) == (500, 500, 0, {})
    assert measured.warmup >= 10
    assert counters["TcpActiveOpens"] == measured.warmup + 500 == len(one.accepted_at)
    assert measured.json["run"]["warmup_s"] == pytest.approx(1, abs=0.1)


@pytest.mark.timed
def test_seconds_of_the_series_add_up(server, report, engine):
    one = server()
    measured = report("-r", "1k/s", "-d", "3s", "--warmup", "1s", "--family", "both", "-e", engine,
                  f"localhost:{one.port}")
    intervals = measured.json["series"]["intervals"]
    for name in ("started", "ok", "failed", "late", "dropped"):
        assert sum(interval["all"][name] for interval in intervals) == measured.all[name], name
        for position, target in enumerate(measured.targets):
            assert sum(one["targets"][position][name] for one in intervals) == target[name], name
    assert [interval["warmup"] for interval in intervals[:4]] == [True, False, False, False]
    assert measured.started + measured.dropped == pytest.approx(3000, abs=1)
    for interval in intervals[1:4]:
        assert interval["all"]["started"] > 0
        assert interval["length_ns"] == pytest.approx(1e9, rel=0.25)


def test_both_families_are_printed_side_by_side(server, load, engine):
    one = server()
    result = load("-n", 400, "--family", "both", "-e", engine, f"localhost:{one.port}")
    assert result.ok == 400
    assert [family.name for family in FAMILIES] == ["ipv4", "ipv6"]
    assert f"127.0.0.1:{one.port}" in result.stdout and f"[::1]:{one.port}" in result.stdout
