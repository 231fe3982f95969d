"""hello-load over a link that loses packets: what was lost is seen, to the packet."""
import pytest

from clients import IPV4
from kernel import Counters, sysctl
from misbehaving import target_of
from reports import histograms

pytestmark = pytest.mark.timed


def test_each_lost_SYN_shows_as_a_second_more_and_is_counted(link, server, report, engine, family,
                                                            tmp_path):
    """Of every 100th connection the first SYN is lost, of every 1000th the second, too: they are
    repeated 1 s and then 2 s later. A machine that others use may hold up some of them, but hardly all."""
    way = link(there_ms=10, back_ms=10, lost_syns={100: 1, 1000: 2})
    one = server(link=way)
    log = tmp_path / "log"
    counters = Counters()
    measured = report("-c", 200, "-n", 3000, "-e", engine, "--hlog", log, one.target(way.far(family)))
    assert (measured.code, measured.errors, measured.ok) == (0, {}, 3000)

    expected = 27 * 1 + 3 * 2
    assert way.stop()["syns_lost"] == expected
    assert counters["TcpExtTCPSynRetrans"] == expected
    assert measured.usage["syn_retransmits"] == expected
    assert measured.usage["retransmits"] == counters["TcpRetransSegs"]

    connect = histograms(log)["connect"]
    assert connect.count == 3000
    modes = [connect.count_between(low, high) for low, high in ((0, 1), (1, 3), (3, 60))]
    assert modes == [2970, 27, 3]
    quickest = [connect.percentile(100 * (before + 1) / 3000) for before in (0, 2970, 2997)]
    for seconds, (least, most) in zip(quickest, ((0.02, 0.5), (1.02, 1.3), (3.02, 3.5))):
        assert least <= seconds < most, quickest
    assert measured.time("connect", "95") < 0.5
    assert measured.time("connect", "99.9") == pytest.approx(
        connect.percentile(99.9), rel=0.002)
    assert measured.time("connect", "max") >= 3.02


def test_loss_by_chance_shows_at_the_rate_at_which_it_happens(link, server, report, engine,
                                                             tmp_path):
    """A handshake takes a second more if its SYN is lost, or the answer: 1.99 % of them."""
    way = link(there_ms=10, back_ms=10, loss=0.01, seed=1848)
    one = server("--linger-timeout", "1h", link=way)  # a greeting may come 3 s late
    log = tmp_path / "log"
    counters = Counters()
    measured = report("-c", 300, "-n", 4000, "--timeout", "60s", "-e", engine, "--hlog", log,
                  one.target(way.far(IPV4)))
    assert (measured.code, measured.errors, measured.ok) == (0, {}, 4000)
    assert measured.usage["syn_retransmits"] == counters["TcpExtTCPSynRetrans"]
    connect = histograms(log)["connect"]
    late = connect.count_between(1, 60)
    assert late == pytest.approx(0.0199 * 4000, abs=6 * 9)  # six standard deviations
    assert connect.count_between(0.9, 1) == 0
    assert connect.count_between(1, 1.4) == pytest.approx(late, abs=10)
    assert measured.usage["syn_retransmits"] >= late - 10  # what is later for it repeated its SYN


# A black hole


@pytest.mark.parametrize(
    "options, kind, least_s",
    [
        (("--connect-timeout", "300ms"), "connect_timeout", 0.3),
        (("--timeout", "400ms"), "timeout", 0.4),
        (("--connect-timeout", "300ms", "--timeout", "3s"), "connect_timeout", 0.3),
    ],
    ids=["connect", "total", "both"],
)
@pytest.mark.parametrize("loop", [("-c", 20), ("-r", "200/s")], ids=["closed", "open"])
def test_SYNs_into_a_black_hole_end_at_the_timeout(link, report, engine, family, loop, options,
                                                  kind, least_s):
    way = link(lost_syns={1: 1000})
    target = target_of((way.far(family).loopback, 9))
    measured = report(*loop, "-n", 20, *options, "-e", engine, target)
    assert (measured.code, measured.ok, measured.errors) == (3, 0, {("connect", kind): 20})
    assert least_s <= measured.json["run"]["elapsed_s"] < least_s + 1


def test_a_kernel_that_gives_up_is_a_timeout_of_the_handshake(link, report, engine):
    way = link(lost_syns={1: 1000})
    with sysctl("net.ipv4.tcp_syn_retries", 1):
        measured = report("-c", 20, "-n", 20, "-e", engine, f"{way.far(IPV4).loopback}:9")
    assert measured.errors == {("connect", "connect_timeout"): 20}
    assert measured.usage["syn_retransmits"] == 20
