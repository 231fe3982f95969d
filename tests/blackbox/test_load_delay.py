"""hello-load over a link whose delay is known: what it measures is arithmetic.

Where the link itself is late, as on a machine that others use, it says by how much: that is allowed for."""
import collections

import pytest

from clients import IPV4, IPV6
from misbehaving import waits_then_says
from programs import ahead_of_others

ONE_WAY_MS = 40
ROUND_TRIP_S = 2 * ONE_WAY_MS / 1000


class Within:
    """Equal to times that a link may have made longer on each of some round trips, and nothing else by more
    than a part of them."""

    def __init__(self, seconds, extra_s=0, round_trips=1, rel=0.01):
        self.least, self.most = seconds * (1 - rel), seconds * (1 + rel) + round_trips * extra_s

    def __eq__(self, seconds):
        return self.least <= seconds <= self.most

    def __repr__(self):
        return f"{self.least:.6f} to {self.most:.6f}"


def extra_of(way):
    """By how much the link made round trips longer that should take their exact time."""
    measured = way.stop()
    return (measured["there_extra_us"] + measured["back_extra_us"]) / 1e6


@pytest.mark.parametrize(
    "loop", [("-c", 20), ("-r", "200/s"), ("-r", "200/s", "--arrivals", "poisson")],
    ids=["closed", "constant", "poisson"],
)
def test_each_phase_takes_the_round_trips_that_it_must(link, server, report, engine, family, loop):
    """The handshake is one round trip; so is its last part and the greeting, which the server sends
    at once, in one segment with its FIN."""
    way = link(there_ms=ONE_WAY_MS, back_ms=ONE_WAY_MS)
    one = server(link=way, before=ahead_of_others)
    measured = report(*loop, "-n", 300, "-t", 1, "-e", engine, one.target(way.far(family)),
                  before=ahead_of_others)
    assert (measured.code, measured.ok, measured.errors) == (0, 300, {})
    extra_s = extra_of(way)
    assert measured.time("connect", "50") == Within(ROUND_TRIP_S, extra_s)
    assert measured.time("greeting", "50") == Within(ROUND_TRIP_S, extra_s)
    assert measured.time("close", "50") < 0.005
    assert measured.time("total", "50") == Within(2 * ROUND_TRIP_S, extra_s, round_trips=2)
    assert measured.time("connect", "min") >= ROUND_TRIP_S  # nothing outruns the link
    assert measured.time("total", "min") >= 2 * ROUND_TRIP_S


def test_a_server_that_thinks_shows_in_the_phase_in_which_it_thinks(link, peer, report, engine):
    way = link(there_ms=ONE_WAY_MS, back_ms=ONE_WAY_MS)
    one = peer(waits_then_says(0.1, after_s=0.05), way.far(IPV4), link=way, at_once=True,
               ahead=True)
    measured = report("-c", 10, "-n", 100, "-t", 1, "-e", engine, one.target,
                  before=ahead_of_others)
    assert measured.ok == 100
    extra_s = extra_of(way)
    assert measured.time("connect", "50") == Within(ROUND_TRIP_S, extra_s)
    assert measured.time("greeting", "50") == Within(ROUND_TRIP_S + 0.1, extra_s, rel=0.02)
    assert measured.time("close", "50") == Within(0.05, extra_s, rel=0.05)
    assert measured.time("total", "50") == Within(2 * ROUND_TRIP_S + 0.15, extra_s, round_trips=2, rel=0.02)


def test_targets_near_and_far_are_separate(link, server, report, engine):
    """One at the other end of the link, and one here."""
    way = link(there_ms=20, back_ms=20)
    targets = [server(link=way, before=ahead_of_others).target(way.far(IPV4)),
               server(before=ahead_of_others).target(IPV6)]
    measured = report("-c", 20, "-n", 200, "-t", 1, "-e", engine, *targets,
                  before=ahead_of_others)
    assert collections.Counter({target["family"]: target["ok"] for target in measured.targets}) == {
        "ipv4": 100, "ipv6": 100}
    far, near = measured.targets
    extra_s = extra_of(way)
    assert measured.time("connect", "50", far) == Within(0.04, extra_s, rel=0.02)
    assert measured.time("connect", "50", near) < 0.01
    # Half of all, so that the median of all is one or the other, and the rest is far.
    assert measured.time("connect", "75") == Within(0.04, extra_s, rel=0.05)
